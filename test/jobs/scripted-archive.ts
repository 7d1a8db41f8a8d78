// An archive that does what a test tells it, and a device's queue in front of it.

import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { Random } from "../../src/core/random.ts";
import { STORE_STATUS, STORE_STATUS_STRICT } from "../../src/dicom/ae/storage/status.ts";
import { matchStatus } from "../../src/dicom/dimse/status.ts";
import { JobQueue } from "../../src/jobs/job-queue.ts";
import { SendJobExecutor, type StorageSender } from "../../src/jobs/send-job.ts";
import type { AssociationOutcome, InstanceAnswer } from "../../src/jobs/send-policy.ts";
import type { Database } from "../../src/store/database.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import { inProcessStorage } from "../../src/workers/storage/in-process-storage.ts";
import { MemoryDisk } from "../store/memory-disk.ts";
import { memoryDatabase, objectOf, openStore, START_MS } from "../store/objects.ts";

export type Reply =
  /** A C-STORE status, read by the statement's table. */
  | number
  | "not-supported"
  | "unreadable"
  | "timeout"
  | "aborted"
  /** No answer before the signal. */
  | "silent";

export class ScriptedArchive implements StorageSender {
  /** Instances that arrived with a remote's name, in order, over all associations. */
  readonly received: string[] = [];
  /** Instances per association. */
  readonly associations: string[][] = [];
  warningPolicy: "accept" | "fail" = "accept";
  /** What the next instances are answered; 0000 unless told. */
  reply: (sopInstanceUid: string, remoteId: string) => Reply = () => 0;
  /** How an association request is answered; null accepts it. */
  answerAssociation: (remoteId: string) => AssociationOutcome | null = () => null;
  /** Called while an association stands. */
  onInstance: (sopInstanceUid: string) => void = () => {};

  async send(
    ...[request, onAnswer]: Parameters<StorageSender["send"]>
  ): Promise<AssociationOutcome> {
    const refusal = this.answerAssociation(request.remoteId);
    if (refusal !== null) return refusal;
    const sent: string[] = [];
    this.associations.push(sent);
    for (const { sopInstanceUid: uid } of request.instances) {
      if (request.signal.aborted) return { kind: "interrupted" };
      const reply = this.reply(uid, request.remoteId);
      if (typeof reply === "number") {
        this.received.push(uid);
        sent.push(uid);
      }
      this.onInstance(uid);
      if (reply === "silent") {
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
        return { kind: "interrupted" };
      }
      if (reply === "timeout" || reply === "aborted") return { kind: reply, text: `it ${reply}` };
      const answer = this.#answer(reply);
      await onAnswer(uid, answer);
      if (answer.kind === "refused") return { kind: "stopped" };
    }
    return { kind: "finished" };
  }

  #answer(reply: number | "not-supported" | "unreadable"): InstanceAnswer {
    if (typeof reply === "string") return { kind: reply, text: `it is ${reply}` };
    const table = this.warningPolicy === "fail" ? STORE_STATUS_STRICT : STORE_STATUS;
    const { row, text } = matchStatus(table, reply);
    return row.actions.includes("mark-instance-stored")
      ? { kind: "stored", status: reply, text, warning: row.service !== "Success" }
      : { kind: "refused", status: reply, text };
  }
}

export const RETRY_MS = 60_000;

/** A device with a store in memory, a clock that waits to be told, and the archive. */
export interface Site {
  readonly disk: MemoryDisk;
  readonly db: Database;
  readonly clock: SimulatedClock;
  readonly archive: ScriptedArchive;
  storage: StoragePort;
  queue: JobQueue;
}

/** A running device that holds the instances named, all of study 1.2.3. */
export async function siteWith(...sops: readonly string[]): Promise<Site> {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const clock = new SimulatedClock(START_MS);
  const archive = new ScriptedArchive();
  const site = { disk, db, clock, archive, ...(await boot({ disk, db, clock, archive })) };
  for (const sop of sops) await site.storage.writeObject(objectOf(sop));
  return site;
}

/** Starts the device on what its disk and database hold. */
export async function boot(
  site: Pick<Site, "disk" | "db" | "clock" | "archive">,
  wrap: (storage: StoragePort) => StoragePort = (storage) => storage,
): Promise<Pick<Site, "storage" | "queue">> {
  const store = await openStore(site.db, site.disk);
  const storage = wrap(inProcessStorage(store, site.disk));
  const { clock } = site;
  const send = new SendJobExecutor({
    storage,
    sender: site.archive,
    clock,
    random: new Random(1),
    retryDelayMs: () => RETRY_MS,
  });
  const queue = new JobQueue({ storage, clock, log: silentLog, executors: { send } });
  await queue.start();
  return { storage, queue };
}

/** Creates a send job and gives its id. */
export async function send(
  site: Pick<Site, "queue">,
  sops: readonly string[],
  remoteId = "archive",
): Promise<string> {
  const outcome = await site.queue.create(
    { type: "send", remoteId, studyInstanceUid: "1.2.3", sopInstanceUids: sops },
    sops,
  );
  if (outcome.kind !== "created") throw new Error(outcome.kind);
  return outcome.job.id;
}

/** Lets everything that can happen now happen. */
export function settle(site: Pick<Site, "clock">): Promise<void> {
  return site.clock.advance(0);
}
