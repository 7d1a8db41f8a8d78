// A device that was installed with nothing is given its archive, loses it while a job needs it, and gets it back;
// and takes settings with certificates from a stick, which outlive a power cut.

import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type {
  Configuration,
  Problem,
  Released,
  RemoteView,
  SettingsPreview,
} from "../../src/api/contract.ts";
import { type DeviceProcess, startDevice } from "../device-process.ts";
import { Authority, opensslMissing } from "../hal/net/certificates.ts";
import { freePort } from "../peers/free-port.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";
import { examine, type JobAnswer, jobInState } from "./device-room.ts";

const PIN = "4711-service";

async function service<T>(device: DeviceProcess, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${device.http}/api/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${PIN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? null : JSON.parse(text)) as T & Problem };
}

test.skipIf(!hasStorescp)(
  "an archive that is removed while a job waits for it leaves a job that can be tried again",
  async () => {
    await using device = await startDevice({ configuration: { http: { pin: PIN } } });
    const port = await freePort();
    const archive = { id: "archive", aeTitle: "STORESCP", host: "127.0.0.1", port };
    expect((await service<RemoteView>(device, "POST", "remotes", archive)).status).toBe(201);
    const exam = await examine(device);
    const order = {
      type: "send",
      remoteId: "archive",
      sopInstanceUids: exam.instances.map((i) => i.sopInstanceUid),
    };
    const { id } = await device.post<JobAnswer>("jobs", order);
    await jobInState(device, id, "waiting");

    const refused = await service(device, "DELETE", "remotes/archive");
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      expect.stringContaining("1 send job for archive is not done"),
    ]);
    expect((await service(device, "DELETE", "remotes/archive?force=true")).status).toBe(204);
    await device.post(`jobs/${id}/retry`);
    const failed = await jobInState(device, id, "failed");
    expect(failed.reason).toContain("has no remote archive");

    await using storescp = await startStorescp([], port);
    expect((await service<RemoteView>(device, "POST", "remotes", archive)).status).toBe(201);
    await device.post(`jobs/${id}/retry`);
    await jobInState(device, id, "done");
    expect((await storescp.files()).length).toBe(exam.instances.length);
  },
  60_000,
);

test.skipIf(opensslMissing)(
  "settings and certificates of a stick are in force at once and after a power cut",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "udr-settings-"));
    using authority = new Authority();
    try {
      const [stick, dataFolder] = [join(folder, "stick"), join(folder, "data")];
      for (const path of [join(stick, "udr-settings"), dataFolder])
        mkdirSync(path, { recursive: true });
      const { certFile, keyFile } = authority.issue("device");
      const put = (name: string, content: string) =>
        writeFileSync(join(stick, "udr-settings", name), content);
      const ca = readFileSync(authority.caFile, "utf8");
      put("device.pem", readFileSync(certFile, "utf8"));
      put("key.pem", readFileSync(keyFile, "utf8"));
      const tlsPort = await freePort();
      put(
        "config.json",
        JSON.stringify({
          device: { stationName: "ROOM 2" },
          tls: { port: tlsPort, certFile: "device.pem", keyFile: "key.pem" },
        }),
      );
      await using first = await startDevice({ dataFolder, configuration: { http: { pin: PIN } } });
      const at = { device: stick };
      const shown = await service<SettingsPreview>(first, "POST", "settings/stick/preview", at);
      expect(shown.body.changes.map(({ key }) => key)).toEqual(["device.stationName", "tls"]);
      const { ticket } = shown.body;
      const applied = await service(first, "POST", "settings/stick/apply", { ...at, ticket });
      expect(applied.status).toBe(200);
      await speaksTls(tlsPort, ca);
      const before = await first.get<Configuration>("config");
      await first.stop("SIGKILL");
      expect(JSON.stringify(first.log)).not.toContain("PRIVATE KEY");

      await using second = await startDevice({ dataFolder });
      expect(await second.get<Configuration>("config")).toEqual(before);
      await speaksTls(tlsPort, ca);
      const written = await service<Released>(second, "POST", "settings/stick/export", at);
      expect(written.status).toBe(200);
      const text = readFileSync(join(stick, "udr-settings", "config.json"), "utf8");
      expect(text).not.toContain(PIN);
      expect(JSON.parse(text)).toMatchObject({
        device: { stationName: "ROOM 2" },
        tls: { certFile: "device.pem", keyFile: "key.pem" },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);

/** The device shows the certificate of this authority. @throws Error */
async function speaksTls(port: number, ca: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined });
  socket.once("secureConnect", resolve).once("error", reject);
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}
