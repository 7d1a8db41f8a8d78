// A station with acceptor, Storage SCP, query service and retrieve jobs on real sockets, and a scripted
// archive that knows one study and moves it as the test says.

import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { bodyIn } from "../../../src/dicom/ae/storage/instance-body.ts";
import { STORAGE_ACCEPTED } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import { PRIORITY } from "../../../src/dicom/dimse/command.ts";
import type { Reply } from "../../../src/dicom/dimse/message.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { JobQueue } from "../../../src/jobs/job-queue.ts";
import type { Job, RetrieveParameters } from "../../../src/model/job.ts";
import { Acceptor } from "../../../src/services/acceptor/acceptor.ts";
import { serveIncoming } from "../../../src/services/incoming.ts";
import { QueryService } from "../../../src/services/query-retrieve/query-service.ts";
import { RetrieveExecutor } from "../../../src/services/query-retrieve/retrieve-executor.ts";
import { Retrieves } from "../../../src/services/query-retrieve/retrieves.ts";
import { StorageScp } from "../../../src/services/query-retrieve/storage-scp.ts";
import { Turn } from "../../../src/services/query-retrieve/turn.ts";
import type { TestInstance } from "../../dicom/instances.ts";
import { connect, type PeerScript, type ScriptedPeer, scriptedPeer } from "../../dicom/peer.ts";
import type { MadeStudy } from "../../peers/fill-archive.ts";
import { openStation, type Station } from "../station.ts";

export interface RetrievingStation extends AsyncDisposable {
  readonly station: Station;
  readonly port: number;
  readonly queries: QueryService;
  readonly jobs: JobQueue;
  readonly retrieves: Retrieves;
  readonly scp: StorageScp;
  readonly turn: Turn;
  /** Makes the job and waits for its end (or until it waits). */
  retrieve(parameters: Omit<RetrieveParameters, "type" | "remoteId">): Promise<Job>;
  begin(parameters: Omit<RetrieveParameters, "type" | "remoteId">): Promise<Job>;
  ended(id: string): Promise<Job>;
}

export const archiveRemote = (port: number) => ({
  id: "archive",
  aeTitle: "ARCHIVE",
  host: "127.0.0.1",
  port,
  services: ["query-retrieve"],
});

export async function retrievingStation(
  archivePort: number,
  more: object = {},
): Promise<RetrievingStation> {
  const station = await openStation({
    remotes: [archiveRemote(archivePort)],
    storageScp: { maxAssociations: 3 },
    ...more,
  });
  const { clock, log, configuration, storage, states, dial } = station;
  const turn = new Turn();
  const retrieves = new Retrieves();
  const scp = new StorageScp({ clock, log, configuration, storage, retrieves });
  const network = { clock, log, configuration, dial, states, turn };
  const queries = new QueryService(network);
  const jobs = new JobQueue({
    storage,
    clock,
    log,
    executors: { retrieve: new RetrieveExecutor({ ...network, retrieves, storage }) },
  });
  const acceptor = new Acceptor({
    clock,
    log,
    listen: tcpListen({ clock, log }),
    resolve: async () => [],
    configuration,
    onAssociation: (association) =>
      serveIncoming(
        { clock, log, configuration, states, handlers: (a) => scp.handlers(a) },
        association,
      ),
  });
  await acceptor.listen({ host: "127.0.0.1", port: 0 });
  await jobs.start();
  const begin = async (parameters: Omit<RetrieveParameters, "type" | "remoteId">) => {
    const made = await jobs.create({ type: "retrieve", remoteId: "archive", ...parameters }, [], 1);
    if (made.kind !== "created") throw new Error(made.kind);
    return made.job;
  };
  const ended = (id: string) =>
    new Promise<Job>((resolve) => {
      const over = (job: Job | null) =>
        job !== null && !["queued", "active"].includes(job.state) ? job : null;
      const now = over(jobs.job(id));
      if (now !== null) return resolve(now);
      const stop = jobs.changes.add((job) => {
        if (job.id !== id || over(job) === null) return;
        stop();
        resolve(job);
      });
    });
  return {
    station,
    port: acceptor.port ?? 0,
    queries,
    jobs,
    retrieves,
    scp,
    turn,
    begin,
    ended,
    retrieve: async (parameters) => ended((await begin(parameters)).id),
    async [Symbol.asyncDispose]() {
      await Promise.all([queries.stop(), jobs.stop(), acceptor.close()]);
      await storage.close();
    },
  };
}

// ---- the archive ------------------------------------------------------------------------------------

/** What a script of a move has at hand. */
export interface MoveScript {
  readonly reply: Reply<"C-MOVE-RQ">;
  readonly messageId: number;
  readonly destination: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** The series' images. */
  readonly instances: readonly TestInstance[];
  /** Opens the storage association; released when the script ends. */
  connect(): Promise<DimseChannel>;
  /** Sends one over it, as of this move unless told otherwise; answers the status. */
  push(channel: DimseChannel, instance: TestInstance, origin?: Origin): Promise<number>;
  /** The archive breaks its association with us off. */
  abort(): void;
}

export interface Origin {
  readonly moveOriginatorAeTitle?: string | undefined;
  readonly moveOriginatorMessageId?: number | undefined;
}

export interface ArchiveScript {
  readonly study: MadeStudy;
  /** Where the device listens; asked when a move comes. */
  readonly devicePort: () => number;
  /** Modality by series; DX unless told. */
  readonly modalities?: readonly string[];
  /** Number of Series Related Instances: told (default), left out, or another number. */
  readonly counts?: "told" | "absent" | readonly number[];
  readonly move?: (script: MoveScript) => Promise<void>;
  readonly find?: PeerScript["handlers"];
  /** Identifiers of the queries and moves that came, in order. */
  readonly seen?: DataSet[];
}

/** Sends every image of the series and says so. */
export async function obedientMove(script: MoveScript): Promise<void> {
  const channel = await script.connect();
  let completed = 0;
  for (const instance of script.instances) {
    await script.push(channel, instance);
    completed++;
    await script.reply.respond({
      status: 0xff00,
      remainingSubOperations: script.instances.length - completed,
      completedSubOperations: completed,
      failedSubOperations: 0,
      warningSubOperations: 0,
    });
  }
  await channel.release();
  await script.reply.respond({ status: 0, completedSubOperations: completed });
}

const TEXT = { explicitVr: false, characterSet: "default-kanji" } as const;

/** Instance bytes as a C-STORE with the move's originator. */
export async function push(
  channel: DimseChannel,
  instance: TestInstance,
  origin: Origin = {},
): Promise<number> {
  const context = channel.context(instance.sopClassUid);
  if (context === undefined) throw new Error("the class was not accepted");
  const opened = await instance.open();
  const exchange = channel.request(
    context,
    {
      kind: "C-STORE-RQ",
      affectedSopClassUid: instance.sopClassUid,
      affectedSopInstanceUid: instance.sopInstanceUid,
      priority: PRIORITY.medium,
      ...origin,
    },
    bodyIn(opened, context.transferSyntax) ?? [],
  );
  const step = await exchange.next(20_000);
  return step.kind === "response" ? step.response.status : -1;
}

/** Storage contexts of the whole of Table 4.2-57. */
export const storageLink = (port: number, calling = "ARCHIVE"): Promise<DimseChannel> =>
  connect(port, proposedContexts(STORAGE_ACCEPTED.rows), { calling, called: "UDR10A" });

export function scriptedArchive(script: ArchiveScript): Promise<ScriptedPeer> {
  const { study, modalities = [], counts = "told", move = obedientMove } = script;
  const imagesOf = (series: string) =>
    study.instances.filter((i) => i.dataSet.string(Tag.SeriesInstanceUID) === series);
  const seriesItem = (series: string, at: number) => {
    const item = new DataSet()
      .text(Tag.Modality, "CS", modalities[at] ?? "DX")
      .text(Tag.StudyInstanceUID, "UI", study.studyInstanceUid)
      .text(Tag.SeriesInstanceUID, "UI", series)
      .text(Tag.SeriesNumber, "IS", String(at + 1));
    const count = counts === "told" ? imagesOf(series).length : counts[at];
    return counts === "absent"
      ? item
      : item.text(Tag.NumberOfSeriesRelatedInstances, "IS", String(count));
  };
  const answersOf = (asked: DataSet): DataSet[] => {
    switch (asked.string(Tag.QueryRetrieveLevel)) {
      case "SERIES":
        return study.seriesInstanceUids.map(seriesItem);
      case "IMAGE":
        return imagesOf(asked.string(Tag.SeriesInstanceUID) ?? "").map((i) =>
          new DataSet()
            .text(Tag.SOPClassUID, "UI", i.sopClassUid)
            .text(Tag.SOPInstanceUID, "UI", i.sopInstanceUid),
        );
      default:
        return [
          new DataSet()
            .text(Tag.PatientID, "LO", "P1")
            .text(Tag.StudyInstanceUID, "UI", study.studyInstanceUid),
        ];
    }
  };
  const read = (data: Uint8Array | null) => {
    const { dataSet } = decodeDataSet(data ?? new Uint8Array(), { explicitVr: false });
    script.seen?.push(dataSet);
    return dataSet;
  };
  return scriptedPeer({
    handlers: (seen) => ({
      "C-FIND-RQ": (_, reply) => ({
        async end(data) {
          for (const item of answersOf(read(data)))
            await reply.respond({ status: 0xff00 }, [encodeDataSet(item, TEXT)]);
          await reply.respond({ status: 0 });
        },
      }),
      "C-MOVE-RQ": ({ command }, reply) => ({
        async end(data) {
          const asked = read(data);
          const seriesInstanceUid = asked.string(Tag.SeriesInstanceUID) ?? "";
          const { messageId } = command;
          await move({
            reply,
            messageId,
            destination: command.moveDestination,
            studyInstanceUid: asked.string(Tag.StudyInstanceUID) ?? "",
            seriesInstanceUid,
            instances: imagesOf(seriesInstanceUid),
            connect: () => storageLink(script.devicePort()),
            push: (channel, instance, origin) =>
              push(
                channel,
                instance,
                origin ?? { moveOriginatorAeTitle: "UDR10A", moveOriginatorMessageId: messageId },
              ),
            abort: () => seen().association.abort(),
          });
        },
      }),
      ...(typeof script.find === "function" ? script.find(seen) : script.find),
    }),
  });
}

export const DX = SopClassUid.DigitalXRayImageStorageForPresentation;
