// DCMTK's storescp with its fault switches as the archive of the whole device: the job waits with the
// reason, is tried again by itself, and every object lies in the archive in the end. What was answered
// with success was not sent again (S13).

import { expect, test } from "bun:test";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { freePort } from "../peers/free-port.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";
import { examine, type JobAnswer, jobInState } from "./device-room.ts";

interface Fault {
  readonly switches: readonly string[];
  readonly what: string;
  /** What the waiting job says; null where the fault only makes it slow. */
  readonly reason: RegExp | null;
  /** The dose report alone goes: the archive sleeps at each PDU. */
  readonly reportOnly?: true;
}

const FAULTS: readonly Fault[] = [
  { switches: ["--refuse"], what: "refuses the association", reason: /rejected the association/ },
  {
    switches: ["--abort-after"],
    what: "aborts after it received an object",
    reason: /aborted by the peer|connection lost/,
  },
  {
    switches: ["--abort-during"],
    what: "aborts while it receives an object",
    reason: /aborted by the peer|connection lost/,
  },
  { switches: ["--sleep-after", "1"], what: "is slow to answer", reason: null },
  { switches: ["--sleep-during", "1"], what: "is slow to receive", reason: null, reportOnly: true },
];

/** Sends an exam to the archive while it has the fault, and once more while it has not. */
async function sendThrough(device: DeviceProcess, port: number, fault: Fault): Promise<void> {
  const { what, reason } = fault;
  const exam = await examine(device);
  const sops = exam.instances
    .filter((i) => fault.reportOnly === undefined || i.modality === "SR")
    .map((i) => i.sopInstanceUid);
  let job: JobAnswer;
  {
    await using ill = await startStorescp(fault.switches, port);
    const order = { type: "send", remoteId: "archive", sopInstanceUids: sops };
    job = await device.post<JobAnswer>("jobs", order);
    if (reason === null) {
      await jobInState(device, job.id, "done");
      expect([what, (await ill.files()).length]).toEqual([what, sops.length]);
      return;
    }
    const waiting = await until(what, async () => {
      const now = await device.get<JobAnswer>(`jobs/${job.id}`);
      return now.state === "waiting" ? now : undefined;
    });
    expect([what, waiting.reason]).toEqual([what, expect.stringMatching(reason)]);
    expect([what, waiting.progress]).toEqual([what, { done: 0, total: sops.length }]);
  }
  await using well = await startStorescp([], port);
  const { progress } = await jobInState(device, job.id, "done");
  expect(progress).toEqual({ done: sops.length, total: sops.length });
  const files = await well.files();
  expect([what, files.length]).toEqual([what, sops.length]);
  for (const uid of sops) expect(files.some((file) => file.endsWith(uid))).toBe(true);
}

test.skipIf(!hasStorescp)(
  "an archive in trouble gets every object once it is well, and each of them once",
  async () => {
    const port = await freePort();
    await using device = await startDevice({
      configuration: {
        associationResponseTimeout: 30,
        storage: { retryDelay: 1 },
        remotes: [{ id: "archive", aeTitle: "ARCHIVE", host: "127.0.0.1", port }],
      },
    });
    for (const fault of FAULTS) await sendThrough(device, port, fault);
  },
  90_000,
);
