// A device's commitment service on a store in memory, and an archive on loopback that does what a test
// tells it. The service's time stands still until a test moves it.

import { type Configuration, parseConfiguration } from "../../../src/config/configuration.ts";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { jsonLog, type Log } from "../../../src/core/log.ts";
import { Random } from "../../../src/core/random.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, WellKnownInstanceUid } from "../../../src/dicom/dict/uids.ts";
import type { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import type { Exam } from "../../../src/model/exam.ts";
import {
  type CommitmentParts,
  CommitmentService,
} from "../../../src/services/commitment/commitment-service.ts";
import { RemoteStates } from "../../../src/services/remotes/remote-states.ts";
import type { Database } from "../../../src/store/database.ts";
import type { CommitState } from "../../../src/store/records.ts";
import type { StoragePort } from "../../../src/store/storage-port.ts";
import type { Store } from "../../../src/store/store.ts";
import { inProcessStorage } from "../../../src/workers/storage/in-process-storage.ts";
import { MemoryDisk } from "../../store/memory-disk.ts";
import { examOf, memoryDatabase, objectOf, openStore, START_MS } from "../../store/objects.ts";

export const PUSH = SopClassUid.StorageCommitmentPushModel;
export const STUDY = "1.2.3";
const DX = SopClassUid.DigitalXRayImageStorageForPresentation;

/** The stated configuration with these remotes, with answers awaited as long as a busy machine needs. */
export function configured(remotes: readonly unknown[], more = {}): Configuration {
  const parsed = parseConfiguration({ remotes, associationResponseTimeout: 30, ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

export const archive = (port: number, more = {}) => ({
  id: "archive",
  aeTitle: "ARCHIVE",
  host: "127.0.0.1",
  port,
  archive: true,
  ...more,
});

export class CommitmentSite implements AsyncDisposable {
  readonly disk: MemoryDisk;
  readonly db: Database;
  readonly clock = new SimulatedClock(START_MS);
  readonly logged: { event: string; [field: string]: unknown }[] = [];
  readonly log: Log = jsonLog(
    (line) => this.logged.push(JSON.parse(line)),
    () => this.clock.nowMs(),
  );
  configuration: Configuration;
  readonly states = new RemoteStates(this.clock);
  /** Studies that changed, in order. */
  readonly news: string[] = [];
  storage: StoragePort;
  service: CommitmentService;
  #uid = 0;

  private constructor(configuration: Configuration, disk: MemoryDisk, db: Database, store: Store) {
    this.configuration = configuration;
    this.disk = disk;
    this.db = db;
    this.storage = inProcessStorage(store, disk);
    this.service = this.#serve();
  }

  /** A device whose service has not been started yet. */
  static async with(configuration: Configuration): Promise<CommitmentSite> {
    const disk = new MemoryDisk();
    const db = memoryDatabase();
    return new CommitmentSite(configuration, disk, db, await openStore(db, disk));
  }

  /** As after a power cut: nothing but disk and database is left. */
  async boot(wrap: (storage: StoragePort) => StoragePort = (s) => s): Promise<void> {
    const store = await openStore(this.db, this.disk);
    this.storage = wrap(inProcessStorage(store, this.disk));
    this.service = this.#serve();
  }

  #serve(): CommitmentService {
    const service = new CommitmentService(this.parts());
    service.changes.add((n) => this.news.push(n.studyInstanceUid));
    return service;
  }

  parts(): CommitmentParts {
    return {
      dial: tcpDial({ clock: this.clock }),
      clock: this.clock,
      log: this.log,
      configuration: () => this.configuration,
      storage: this.storage,
      states: this.states,
      random: new Random(1),
      uids: { next: () => `9.9.${++this.#uid}` },
    };
  }

  /** Ends the process and starts it again. */
  async restart(): Promise<void> {
    await this.service.stop();
    await this.boot();
    this.service.start();
  }

  /** Objects of an exam, acquired; stored at the remotes named. */
  async acquired(
    sops: readonly string[],
    options: {
      exam?: string;
      state?: Exam["state"];
      study?: string;
      at?: readonly string[];
    } = {},
  ): Promise<void> {
    const { exam = "e1", state = "completed", study = STUDY, at = ["archive"] } = options;
    await this.storage.apply([{ kind: "exam", exam: examOf(exam, study, state) }]);
    for (const sop of sops) {
      await this.storage.writeObject(objectOf(sop, { examId: exam, study }));
      for (const remoteId of at) await this.stored(sop, remoteId, study);
    }
  }

  /** The remote acknowledged the object. */
  async stored(sop: string, remoteId = "archive", study = STUDY): Promise<void> {
    const { storage } = this;
    const job = await storage.createJob({
      parameters: { type: "send", remoteId, studyInstanceUid: study, sopInstanceUids: [sop] },
      items: [sop],
      createdMs: this.clock.nowMs(),
    });
    const item = { sopInstanceUid: sop, state: "done", refusals: 0, status: 0 } as const;
    await storage.recordSend({
      jobId: job.id,
      remoteId,
      item,
      sendState: "stored",
      atMs: this.clock.nowMs(),
    });
    await storage.saveJob({ ...job, state: "done" });
  }

  /** A send job to the remote has ended, or an attempt of one that has `done` of its objects there. */
  jobDone(remoteId = "archive", studyInstanceUid = STUDY, done?: number): void {
    this.service.onJob({
      id: "1",
      type: "send",
      state: done === undefined ? "done" : "waiting",
      createdMs: 0,
      progress: { done: done ?? 1, total: 1 },
      attempts: 1,
      log: [],
      parameters: { type: "send", remoteId, studyInstanceUid, sopInstanceUids: [] },
    });
  }

  /** Waits for something that the network brings about; time stands still meanwhile. */
  async until<T>(probe: () => T | undefined | false): Promise<T> {
    const endMs = performance.now() + 20_000;
    while (performance.now() < endMs) {
      const value = probe();
      if (value !== undefined && value !== false) return value;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    throw new Error(`never came: ${probe}; log: ${JSON.stringify(this.logged.slice(-5))}`);
  }

  /** Moves the time to the next timer and tells how far that was; the network then takes its own. */
  async nextTimer(): Promise<number> {
    const byMs = (this.clock.nextDueMs() ?? this.clock.nowMs()) - this.clock.nowMs();
    await this.clock.advance(byMs);
    return byMs;
  }

  event(name: string): Promise<Record<string, unknown>> {
    return this.until(() => this.logged.find((line) => line.event === name));
  }

  /** What counts for an object at the remote. */
  state(sop: string, remoteId = "archive"): CommitState | undefined {
    const record = this.storage.reader.instance(sop);
    const [listing] = record === null ? [] : this.storage.reader.listings([record]);
    return listing?.commits.find((c) => c.remoteId === remoteId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.stop();
    await this.storage.close();
  }
}

// ---- the archive's side -----------------------------------------------------------------------------

export interface AskedFor {
  readonly transactionUid: string;
  readonly sops: readonly string[];
}

/** Serves N-ACTION with a status, and remembers what was asked for. */
export function takingRequests(asked: AskedFor[], status: () => number = () => 0): RequestHandlers {
  return {
    "N-ACTION-RQ": (_request, reply) => ({
      async end(data) {
        asked.push(askedIn(data));
        await reply.respond({ status: status() });
      },
    }),
  };
}

export function askedIn(data: Uint8Array | null): AskedFor {
  const { dataSet } = decodeDataSet(data ?? new Uint8Array(), { explicitVr: false });
  return {
    transactionUid: dataSet.string(Tag.TransactionUID) ?? "",
    sops: dataSet
      .items(Tag.ReferencedSOPSequence)
      .map((item) => item.string(Tag.ReferencedSOPInstanceUID) ?? ""),
  };
}

export interface Report {
  readonly transactionUid: string;
  readonly committed?: readonly string[];
  readonly failed?: readonly (readonly [string, number])[];
  readonly eventTypeId?: number;
  readonly sopClassUid?: string;
}

/** Sends N-EVENT-REPORT over any context of the channel and answers the status it was answered. */
export async function sendReport(channel: DimseChannel, report: Report): Promise<number> {
  const [first] = channel.association.contexts;
  const context = channel.context(PUSH) ?? first;
  if (context === undefined) throw new Error("no context was accepted");
  const { committed = [], failed = [], sopClassUid = DX } = report;
  const item = (uid: string, reason?: number) => {
    const dataSet = new DataSet()
      .text(Tag.ReferencedSOPClassUID, "UI", sopClassUid)
      .text(Tag.ReferencedSOPInstanceUID, "UI", uid);
    return reason === undefined ? dataSet : dataSet.numbers(Tag.FailureReason, "US", reason);
  };
  const dataSet = new DataSet()
    .text(Tag.TransactionUID, "UI", report.transactionUid)
    .sequence(Tag.ReferencedSOPSequence, ...committed.map((uid) => item(uid)));
  if (failed.length > 0)
    dataSet.sequence(Tag.FailedSOPSequence, ...failed.map(([uid, reason]) => item(uid, reason)));
  const exchange = channel.request(
    context,
    {
      kind: "N-EVENT-REPORT-RQ",
      affectedSopClassUid: PUSH,
      affectedSopInstanceUid: WellKnownInstanceUid.StorageCommitmentPushModel,
      eventTypeId: report.eventTypeId ?? (failed.length > 0 ? 2 : 1),
    },
    [
      encodeDataSet(dataSet, {
        explicitVr: context.transferSyntax !== "1.2.840.10008.1.2",
        characterSet: "default-kanji",
      }),
    ],
  );
  const step = await exchange.next(10_000);
  exchange.close();
  if (step.kind !== "response") throw new Error(`no response: ${step.kind}`);
  return step.response.status;
}
