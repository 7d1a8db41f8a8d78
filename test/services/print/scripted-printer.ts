// A printer that does what a test says, over the real upper layer, and a device with images that
// prints on it.

import { Random } from "../../../src/core/random.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, WellKnownInstanceUid } from "../../../src/dicom/dict/uids.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import type { RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import { JobQueue } from "../../../src/jobs/job-queue.ts";
import { PrintJobExecutor } from "../../../src/jobs/print-job.ts";
import type { FilmBoxPicture } from "../../../src/model/film.ts";
import type { Job, PrintFilm } from "../../../src/model/job.ts";
import type { Compose } from "../../../src/services/print/box-composer.ts";
import { filmPrinter } from "../../../src/services/print/film-printer.ts";
import type { ObjectWrite } from "../../../src/store/object-writer.ts";
import { type ScriptedPeer, type SeenAssociation, scriptedPeer } from "../../dicom/peer.ts";
import { objectOf } from "../../store/objects.ts";
import { openStation, type Station } from "../station.ts";

export type Step =
  | "get"
  | "session"
  | "film-box"
  | "image-box"
  | "print"
  | "delete-film-box"
  | "delete-session";

export interface Asked {
  readonly step: Step;
  readonly command: Command;
  readonly dataSet: DataSet;
}

export interface PrinterScript {
  /** Printer Status and its info; normal where absent. */
  state?: readonly [status: string, info: string];
  /** Status of a step's answer; "silence" never answers, "abort" ends the association. */
  answer?: (asked: Asked, nth: number) => number | "silence" | "abort" | undefined;
  /** Called before a step is answered: the place to report events. */
  before?: (asked: Asked, seen: SeenAssociation) => Promise<void> | void;
}

export interface ScriptedPrinter extends AsyncDisposable {
  readonly port: number;
  readonly script: PrinterScript;
  /** Requests in order, an array an association. */
  readonly asked: Asked[][];
  steps(association?: number): Step[];
  /** Sheets the printer was asked for and accepted. */
  readonly sheets: number;
  readonly peer: ScriptedPeer;
}

const STEPS: Readonly<Record<string, Step>> = {
  [`N-CREATE-RQ ${SopClassUid.BasicFilmSession}`]: "session",
  [`N-CREATE-RQ ${SopClassUid.BasicFilmBox}`]: "film-box",
  [`N-DELETE-RQ ${SopClassUid.BasicFilmSession}`]: "delete-session",
  [`N-DELETE-RQ ${SopClassUid.BasicFilmBox}`]: "delete-film-box",
};

function stepOf(command: Command): Step {
  const uid =
    ("affectedSopClassUid" in command ? command.affectedSopClassUid : undefined) ??
    ("requestedSopClassUid" in command ? command.requestedSopClassUid : undefined);
  if (command.kind === "N-GET-RQ") return "get";
  if (command.kind === "N-SET-RQ") return "image-box";
  if (command.kind === "N-ACTION-RQ") return "print";
  const step = STEPS[`${command.kind} ${uid}`];
  if (step === undefined) throw new Error(`${command.kind} of ${uid}`);
  return step;
}

const encoded = (dataSet: DataSet) =>
  encodeDataSet(dataSet, { explicitVr: false, characterSet: "default-kanji" });

export async function scriptedPrinter(script: PrinterScript = {}): Promise<ScriptedPrinter> {
  const asked: Asked[][] = [];
  let sheets = 0;
  const handlers = (seenOf: () => SeenAssociation): RequestHandlers => {
    const mine: Asked[] = [];
    asked.push(mine);
    const take =
      (data: Uint8Array | null, command: Command) =>
      async (respond: (status: number, asked: Asked) => Promise<void>) => {
        const dataSet =
          data === null ? new DataSet() : decodeDataSet(data, { explicitVr: false }).dataSet;
        const one = { step: stepOf(command), command, dataSet };
        const nth = asked.flat().filter(({ step }) => step === one.step).length;
        mine.push(one);
        await script.before?.(one, seenOf());
        const answer = script.answer?.(one, nth) ?? 0;
        // A handler that ended would be answered for.
        if (answer === "silence") return new Promise<void>(() => {});
        if (answer === "abort") return seenOf().association.abort();
        if (one.step === "print" && (answer === 0 || (answer & 0xf000) === 0xb000)) sheets++;
        await respond(answer, one);
      };
    return {
      "N-GET-RQ": ({ command }, reply) => ({
        end: (data) =>
          take(
            data,
            command,
          )(async (status) => {
            const [value, info] = script.state ?? ["NORMAL", "NORMAL"];
            const state = new DataSet()
              .text(Tag.PrinterStatus, "CS", value)
              .text(Tag.PrinterStatusInfo, "CS", info);
            await reply.respond({ status }, [encoded(state)]);
          }),
      }),
      "N-CREATE-RQ": ({ command }, reply) => ({
        end: (data) =>
          take(
            data,
            command,
          )(async (status, { step, dataSet }) => {
            const box = step === "film-box";
            const format = dataSet.string(Tag.ImageDisplayFormat) ?? "STANDARD\\1,1";
            const [c = 1, r = 1] = format.slice("STANDARD\\".length).split(",").map(Number);
            const nth = asked.flat().filter((other) => other.step === step).length;
            const boxes = Array.from({ length: c * r }, (_, i) =>
              new DataSet()
                .text(Tag.ReferencedSOPClassUID, "UI", SopClassUid.BasicGrayscaleImageBox)
                .text(Tag.ReferencedSOPInstanceUID, "UI", `1.9.${nth}.${i + 1}`),
            );
            await reply.respond(
              { status, affectedSopInstanceUid: box ? `1.9.${nth}` : `1.8.${nth}` },
              box
                ? [encoded(new DataSet().sequence(Tag.ReferencedImageBoxSequence, ...boxes))]
                : undefined,
            );
          }),
      }),
      "N-SET-RQ": ({ command }, reply) => ({
        end: (data) => take(data, command)((status) => reply.respond({ status })),
      }),
      "N-ACTION-RQ": ({ command }, reply) => ({
        end: (data) => take(data, command)((status) => reply.respond({ status })),
      }),
      "N-DELETE-RQ": ({ command }, reply) => ({
        end: (data) => take(data, command)((status) => reply.respond({ status })),
      }),
    };
  };
  const peer = await scriptedPeer({ handlers, collectedBytesMax: 64 * 1024 * 1024 });
  return {
    port: peer.port,
    script,
    asked,
    peer,
    steps: (association = 0) => (asked[association] ?? []).map(({ step }) => step),
    get sheets() {
      return sheets;
    },
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

/** Sends an event of the printer and gives the status it was answered with. */
export async function report(
  { channel }: SeenAssociation,
  eventTypeId: number,
  info: string,
): Promise<number> {
  const context = channel.context(SopClassUid.BasicGrayscalePrintManagementMeta);
  if (context === undefined) throw new Error("no context");
  const exchange = channel.request(
    context,
    {
      kind: "N-EVENT-REPORT-RQ",
      affectedSopClassUid: SopClassUid.Printer,
      affectedSopInstanceUid: WellKnownInstanceUid.Printer,
      eventTypeId,
    },
    [encoded(new DataSet().text(Tag.PrinterStatusInfo, "CS", info))],
  );
  const step = await exchange.next(5_000);
  exchange.close();
  if (step.kind !== "response") throw new Error(step.kind);
  return step.response.status;
}

export interface House extends AsyncDisposable {
  readonly station: Station;
  readonly queue: JobQueue;
  readonly composed: FilmBoxPicture[];
  print(films: readonly PrintFilm[], copies?: number): Promise<string>;
  /** The job once it is in one of the states. */
  settled(id: string, ...states: readonly Job["state"][]): Promise<Job>;
  printsOf(uid: string): readonly string[];
}

export const film = (...uids: readonly string[]): PrintFilm => ({
  displayFormat: "STANDARD\\2,1",
  orientation: "PORTRAIT",
  filmSize: "8INX10IN",
  images: uids.map((sopInstanceUid) => ({ sopInstanceUid })),
});

const IMAGES = ["1.1", "1.2", "1.3", "1.4"];
const SMALL = { "14INX17IN": [140, 170], "8INX10IN": [80, 100] };

/** A device with the images 1.1 to 1.4, whose printer is the port's. */
export async function openHouse(
  port: number,
  options: {
    readonly print?: object;
    readonly printer?: object;
    readonly before?: Pick<Station, "db" | "disk">;
    readonly wrap?: (storage: Station["storage"]) => Station["storage"];
    readonly objects?: readonly ObjectWrite[];
    readonly compose?: Compose;
  } = {},
): Promise<House> {
  const remote = { id: "film", aeTitle: "PRINTER", host: "127.0.0.1", port, services: ["print"] };
  const station = await openStation(
    {
      remotes: [remote],
      printers: { film: { filmSizes: SMALL, ...options.printer } },
      print: options.print ?? {},
    },
    options.before,
  );
  const storage = options.wrap?.(station.storage) ?? station.storage;
  if (options.before === undefined)
    for (const object of options.objects ?? IMAGES.map((sop) => objectOf(sop)))
      await storage.writeObject(object);
  const composed: FilmBoxPicture[] = [];
  const { clock, log, configuration, dial, states } = station;
  const printer = filmPrinter({
    dial,
    clock,
    log,
    configuration,
    storage,
    states,
    async compose(box, into) {
      composed.push(box);
      if (options.compose !== undefined) await options.compose(box, into);
      else new Uint8Array(into, 0, box.columns * box.rows).fill(composed.length);
    },
  });
  const queue = new JobQueue({
    storage,
    clock,
    log,
    executors: {
      print: new PrintJobExecutor({
        storage,
        printer,
        clock,
        random: new Random(3),
        retryDelayMs: () => configuration().print.retryDelay * 1000,
      }),
    },
  });
  await queue.start();
  return {
    station,
    queue,
    composed,
    async print(films, copies = 1) {
      const items = films.flatMap((f) => f.images.map((i) => i.sopInstanceUid));
      const made = await queue.create({ type: "print", remoteId: "film", films, copies }, items);
      if (made.kind !== "created") throw new Error(made.kind);
      return made.job.id;
    },
    settled: (id, ...states) =>
      new Promise((resolve) => {
        const look = () => {
          const job = queue.job(id);
          if (job === null || !states.includes(job.state)) return false;
          // E09: told as failed on its way to waiting.
          resolve(job);
          return true;
        };
        if (look()) return;
        queue.changes.add(() => void look());
      }),
    printsOf: (uid) => {
      const record = storage.reader.instance(uid);
      const [listing] = record === null ? [] : storage.reader.listings([record]);
      return (listing?.outputs ?? []).filter((o) => o.kind === "print").map((o) => o.target);
    },
    async [Symbol.asyncDispose]() {
      await queue.stop();
    },
  };
}
