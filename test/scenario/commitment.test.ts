// Storage commitment over the whole device: with Orthanc, which reports on associations of its own; with
// an archive that has none; and over power cuts on both sides of the request. Deleting asks for it.

import { expect, test } from "bun:test";
import { Glob } from "bun";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { connect, scriptedPeer } from "../dicom/peer.ts";
import { freePort } from "../peers/free-port.ts";
import { hasOrthanc, startOrthanc } from "../peers/orthanc.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";
import {
  type AskedFor,
  askedIn,
  PUSH,
  sendReport,
} from "../services/commitment/commitment-site.ts";
import {
  commitState,
  deleteStudy,
  type ExamAnswer,
  examine,
  type HealthAnswer,
  instance,
} from "./device-room.ts";

const archive = (port: number) => ({
  id: "archive",
  aeTitle: "ARCHIVE",
  host: "127.0.0.1",
  port,
  archive: true,
  send: "on-completion",
  services: ["storage", "verification"],
});

const configuration = (port: number) => ({
  associationResponseTimeout: 30,
  storage: { retryDelay: 1 },
  remotes: [archive(port)],
});

test.skipIf(!hasOrthanc)(
  "Orthanc commits an exam on an association that it opens, and only then the study may be deleted",
  async () => {
    const dicom = await freePort();
    await using orthanc = await startOrthanc({
      DicomModalities: { device: ["UDR10A", "127.0.0.1", dicom] },
    });
    await using device = await startDevice({
      dicom,
      configuration: configuration(orthanc.dicomPort),
    });
    const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "A^B" } });
    await device.post("simulator/expose", { kind: "radiography" });
    const open = await until("the image", async () => {
      const now = await device.get<ExamAnswer>(`exams/${id}`);
      return now.instances.length > 0 ? now : undefined;
    });
    const early = await deleteStudy(device, open.studyInstanceUid);
    expect([early.status, early.detail]).toEqual([
      409,
      expect.stringContaining("archive has not committed every image"),
    ]);
    const exam = await device.post<ExamAnswer>(`exams/${id}/complete`);
    const all = await commitState(device, exam, "committed");
    expect(all).toHaveLength(2);
    expect(await orthanc.instances()).toHaveLength(2);
    const requests = device.log.filter((l) => l["event"] === "commitment-requested");
    expect(requests).toHaveLength(1);
    const health = await device.get<HealthAnswer>("health");
    expect(health.remotes[0]?.commitment).toMatchObject({ supported: true, failed: 0 });
    expect((await deleteStudy(device, exam.studyInstanceUid)).status).toBe(204);
    const gone = await device.get(`studies/${exam.studyInstanceUid}`).then(() => "there", String);
    expect(gone).toContain("404");
  },
  60_000,
);

test.skipIf(!hasStorescp)(
  "S10: an archive without commitment is shown as such, and its studies stay",
  async () => {
    await using storescp = await startStorescp();
    await using device = await startDevice({ configuration: configuration(storescp.port) });
    const exam = await examine(device);
    const [first] = await commitState(device, exam, "failed");
    expect(first?.commit[0]?.reason).toContain("does not support storage commitment");
    const health = await until("the health that tells it", async () => {
      const now = await device.get<HealthAnswer>("health");
      return now.remotes[0]?.commitment?.supported === false ? now : undefined;
    });
    expect(health.problems.join(" ")).toContain("does not support storage commitment");
    expect((await deleteStudy(device, exam.studyInstanceUid)).status).toBe(409);
  },
  60_000,
);

test("a power cut before the answer to the request, one before its result, the first result at last, and space", async () => {
  const asked: AskedFor[] = [];
  const stored: string[] = [];
  let onRequest: (() => Promise<unknown>) | null = null;
  await using peer = await scriptedPeer({
    collectedBytesMax: 64 * 1024 * 1024,
    handlers: {
      "C-STORE-RQ": ({ command }, reply) => ({
        async end() {
          stored.push(command.affectedSopInstanceUid);
          await reply.respond({ status: 0 });
        },
      }),
      "N-ACTION-RQ": (_request, reply) => ({
        async end(data) {
          asked.push(askedIn(data));
          await onRequest?.();
          await reply.respond({ status: 0 }).catch(() => {});
        },
      }),
    },
  });
  const dicom = await freePort();
  const box: { device: DeviceProcess | null } = { device: null };
  onRequest = async () => box.device?.stop("SIGKILL");
  await using first = await startDevice({ dicom, configuration: configuration(peer.port) });
  box.device = first;
  const exam = await examine(first);
  const sops = exam.instances.map((i) => i.sopInstanceUid).sort();
  // the transaction is durable, the request left, the device is gone before its answer
  await first.process.exited;
  onRequest = null;
  const restart = () => startDevice({ dicom, dataFolder: first.dataFolder });
  const second = await restart();
  await until("the second request", () => (asked.length === 2 ? true : undefined));
  const waiting = await commitState(second, exam, "requested");
  expect(waiting.map((i) => i.commit[0]?.at ?? "").every((at) => at !== "")).toBe(true);
  expect((await deleteStudy(second, exam.studyInstanceUid)).status).toBe(409);
  await second.stop("SIGKILL");

  const third = await restart();
  try {
    await until("the third request", () => (asked.length === 3 ? true : undefined));
    await commitState(third, exam, "requested");
    expect(asked.map((a) => [...a.sops].sort())).toEqual([sops, sops, sops]);
    expect(new Set(asked.map((a) => a.transactionUid)).size).toBe(3);
    const classes = await Promise.all(
      sops.map(async (uid) => third.get<{ sopClassUid: string }>(`instances/${uid}`)),
    );
    for (const [index, uid] of sops.entries()) {
      const channel = await connect(
        dicom,
        [{ abstractSyntax: PUSH, transferSyntaxes: ["1.2.840.10008.1.2.1"] }],
        { calling: "ARCHIVE", called: "UDR10A" },
      );
      // the first transaction's, in two parts, long after two restarts
      const sopClassUid = classes[index]?.sopClassUid ?? "";
      const transactionUid = asked[0]?.transactionUid ?? "";
      expect(await sendReport(channel, { transactionUid, committed: [uid], sopClassUid })).toBe(0);
      await channel.release();
    }
    await commitState(third, exam, "committed");
    // S13: what was acknowledged was never sent again
    expect([...stored].sort()).toEqual(sops);
    expect(await third.stop()).toBe(0);
  } finally {
    if (third.process.exitCode === null) await third.stop("SIGKILL");
  }

  // space runs low: the committed study goes at the start, and its files with it
  const store = { deleteCommittedWhenFreeBelowBytes: 2 ** 49 };
  const low = { ...configuration(peer.port), store };
  const fourth = await startDevice({ dicom, dataFolder: first.dataFolder, configuration: low });
  try {
    const gone = await until("the deletion", () =>
      fourth.log.find((l) => l["event"] === "study-deleted-for-space"),
    );
    expect(gone).toMatchObject({ studyInstanceUid: exam.studyInstanceUid, instances: 2 });
    expect(await fourth.get("studies")).toEqual([]);
    const objects = new Glob("objects/**/*.dcm").scan(first.dataFolder);
    expect(await Array.fromAsync(objects)).toEqual([]);
  } finally {
    await fourth.stop("SIGKILL");
  }
}, 60_000);

test.skipIf(!hasStorescp)(
  "M7: images of the wrong worklist entry wait for the operator, who releases or deletes them",
  async () => {
    await using storescp = await startStorescp();
    await using device = await startDevice({ configuration: configuration(storescp.port) });
    const held = await examine(device, { reasonCode: "110514" });
    expect(held).toMatchObject({ state: "discontinued", held: true });
    const uid = held.instances[0]?.sopInstanceUid ?? "";
    expect(await instance(device, uid)).toMatchObject({ held: true, send: [] });
    const { studyInstanceUid } = held;
    const by = { studyInstanceUid };
    const target = { kind: "usb", device: device.dataFolder };
    for (const job of [
      { type: "send", remoteId: "archive", ...by },
      { type: "send", remoteId: "archive", sopInstanceUids: [uid] },
      { type: "export", target, studyInstanceUids: [studyInstanceUid] },
      { type: "export", target, sopInstanceUids: [uid] },
    ])
      expect(await device.post("jobs", job).then(() => "made", String)).toContain(
        "release the exam",
      );
    expect(await device.get("jobs")).toEqual([]);
    const released = await device.post<ExamAnswer>(`exams/${held.id}/release`);
    expect(released.held).toBeUndefined();
    await until("both objects", async () =>
      (await storescp.files()).length === 2 ? true : undefined,
    );
    const again = await device.post(`exams/${held.id}/release`).then(() => "released", String);
    expect(again).toContain("409");
    expect(await instance(device, uid)).not.toHaveProperty("held");

    const other = await examine(device, { reasonCode: "110514" });
    expect((await deleteStudy(device, other.studyInstanceUid)).status).toBe(204);
    expect(await storescp.files()).toHaveLength(2);
  },
  60_000,
);
