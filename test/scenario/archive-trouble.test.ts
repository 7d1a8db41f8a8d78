// An archive that is down, or knows us under another name: the exam goes on, the job waits and says why
// in words, and goes on by itself or by the operator when the archive is there.

import { expect, test } from "bun:test";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { freePort } from "../peers/free-port.ts";
import { hasOrthanc, startOrthanc } from "../peers/orthanc.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";

interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly attempts: number;
}

async function exposeAndSend(device: DeviceProcess): Promise<JobAnswer> {
  const { id } = await device.post<{ id: string }>("exams", {
    patient: { name: "Trouble^Archive" },
  });
  await device.post("simulator/expose", { kind: "radiography" });
  const { studyInstanceUid } = await device.post<{ studyInstanceUid: string }>(
    `exams/${id}/complete`,
  );
  return device.post<JobAnswer>("jobs", { type: "send", remoteId: "archive", studyInstanceUid });
}

const inState = (device: DeviceProcess, id: string, state: string) =>
  until(`job ${state}`, async () => {
    const job = await device.get<JobAnswer>(`jobs/${id}`);
    return job.state === state ? job : undefined;
  });

const configuration = (port: number, retryDelay: number, more = {}) => ({
  associationResponseTimeout: 30,
  storage: { retryDelay },
  remotes: [{ id: "archive", aeTitle: "ARCHIVE", host: "127.0.0.1", port, ...more }],
});

test.skipIf(!hasStorescp)(
  "a job for an archive that is down waits with the reason and is done when it is up",
  async () => {
    const port = await freePort();
    await using device = await startDevice({ configuration: configuration(port, 1) });
    const job = await exposeAndSend(device);
    const waiting = await inState(device, job.id, "waiting");
    expect(waiting.reason).toContain(`ARCHIVE at 127.0.0.1:${port}`);
    expect(waiting.reason).toMatch(/refuses the connection/);
    await using storescp = await startStorescp([], port);
    const done = await inState(device, job.id, "done");
    expect(done.attempts).toBeGreaterThan(1);
    expect(await storescp.files()).toHaveLength(2);
  },
  60_000,
);

test("a waiting job can be cancelled, and a failed echo says why", async () => {
  const port = await freePort();
  await using device = await startDevice({ configuration: configuration(port, 600) });
  const job = await exposeAndSend(device);
  await inState(device, job.id, "waiting");
  expect((await device.post<JobAnswer>(`jobs/${job.id}/cancel`)).state).toBe("cancelled");
  const echo = await device.post<{ ok: boolean; reason?: string }>("remotes/archive/echo");
  expect(echo.ok).toBe(false);
  expect(echo.reason).toContain("ARCHIVE");
}, 60_000);

test.skipIf(!hasOrthanc)(
  "an archive that does not know its title rejects, and the job names the title",
  async () => {
    await using orthanc = await startOrthanc({ DicomAet: "OTHER", DicomCheckCalledAet: true });
    await using device = await startDevice({
      configuration: configuration(orthanc.dicomPort, 600),
    });
    const job = await exposeAndSend(device);
    const waiting = await inState(device, job.id, "waiting");
    expect(waiting.reason).toContain("ARCHIVE");
    expect(waiting.reason).toMatch(/called.AE.title/i);
  },
  60_000,
);

test.skipIf(Bun.which("echoscu") === null)(
  "a peer that calls us by another title, or that we do not know, is turned away",
  async () => {
    await using device = await startDevice({ configuration: configuration(await freePort(), 600) });
    const echo = (calling: string, called: string) =>
      Bun.spawnSync([
        "echoscu",
        "-aet",
        calling,
        "-aec",
        called,
        "127.0.0.1",
        String(device.dicomPort),
      ]);
    expect(echo("ARCHIVE", "UDR10A").exitCode).toBe(0);
    const wrongCalled = echo("ARCHIVE", "SOMEBODY");
    expect(wrongCalled.exitCode).not.toBe(0);
    expect(wrongCalled.stderr.toString()).toContain("Called AE Title Not Recognized");
    expect(echo("STRANGER", "UDR10A").stderr.toString()).toContain(
      "Calling AE Title Not Recognized",
    );
    const health = await device.get<{ remotes: { id: string; reachable: boolean }[] }>("health");
    expect(health.remotes).toMatchObject([{ id: "archive", reachable: true }]);
  },
  60_000,
);
