// The Storage SCP (Tables 4.2-57, 4.2-58): instances are checked, written and made durable before they
// are answered. What a retrieve asked for is listed; what nobody asked for is kept out of sight and
// answered all the same.

import type { Configuration } from "../../config/configuration.ts";
import type { Clock } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import type { Log } from "../../core/log.ts";
import type { ReceivedPixels } from "../../dicom/ae/storage/received-header.ts";
import {
  type IncomingInstance,
  type InstanceSink,
  serveStorage,
} from "../../dicom/ae/storage/serve-storage.ts";
import { writeBehind } from "../../dicom/ae/storage/write-behind.ts";
import type { DataSet } from "../../dicom/data/data-set.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import type { RequestHandlers } from "../../dicom/dimse/message.ts";
import type { Association } from "../../dicom/ul/association.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import { type HeaderRecords, recordsOfHeader } from "../../store/header-records.ts";
import type { IncomingFile } from "../../store/incoming-file.ts";
import type { WriteOutcome } from "../../store/object-writer.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { StoreError } from "../../store/store-error.ts";
import type { ActiveRetrieve, Retrieves } from "./retrieves.ts";

/** Free space is asked for in steps of this size: nobody says beforehand how large an instance is. */
export const SPACE_STEP_BYTES = 64 * 1024 * 1024;

export interface StorageScpParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
  readonly storage: Pick<
    StoragePort,
    | "reader"
    | "reserveIncoming"
    | "openIncoming"
    | "commitIncoming"
    | "commitWhole"
    | "commitUnasked"
    | "canStore"
  >;
  readonly retrieves: Retrieves;
}

export class StorageScp {
  /** Instances that a retrieve brought, after they are durable. */
  readonly received = new Listeners<InstanceRecord>();
  readonly #parts: StorageScpParts;
  readonly #arriving = new Set<IncomingInstance>();

  constructor(parts: StorageScpParts) {
    this.#parts = parts;
  }

  /** Instances on their way in: begun and not answered. */
  get arriving(): number {
    return this.#arriving.size;
  }

  /** Serves C-STORE on an association that a peer opened. */
  handlers(association: Association): RequestHandlers {
    const { log, configuration, storage } = this.#parts;
    const { device, local } = configuration();
    return {
      "C-STORE-RQ": serveStorage({
        log,
        identity: device,
        callingAeTitle: association.calling,
        fallbackCharacterSet: local.fallbackCharacterSet,
        open: (instance) => this.#open(instance),
        validate: (instance, header, pixels) =>
          faultOf(header, pixels) ?? conflictOf(storage, instance, header),
      }),
    };
  }

  #open(instance: IncomingInstance): InstanceSink {
    const { storage, retrieves } = this.#parts;
    let opening: Promise<OpenFile> | null = null;
    /** Small instances never need a file of ours: the store writes them. */
    const opened = () => {
      opening ??= openFile(storage, instance.sopInstanceUid);
      return opening;
    };
    const brought = retrieves.originatorsOf(instance).map((retrieve) => ({
      retrieve,
      end: retrieve.begin(),
    }));
    let spaceBytes = SPACE_STEP_BYTES;
    this.#arriving.add(instance);
    const over = () => {
      this.#arriving.delete(instance);
      for (const { end } of brought) end();
    };
    const writeAll = async (pieces: readonly Uint8Array[]) => {
      const { incoming } = await opened();
      const bytes = bytesOf(pieces);
      while (incoming.byteLength + bytes > spaceBytes) {
        orThrow(await storage.canStore(SPACE_STEP_BYTES));
        spaceBytes += SPACE_STEP_BYTES;
      }
      await incoming.appendAll(pieces);
      for (const { retrieve } of brought) retrieve.arrivals.emit();
    };
    const commitFile = async (arrival: Arrival) => {
      const { incoming, partPath } = await opened();
      await incoming.close();
      const { records, asker, pixels } = arrival;
      if (asker === null) return this.#keepUnasked(arrival, partPath);
      const { offset: pixelOffset, bytes: pixelBytes } = pixels;
      await this.#keep(
        asker,
        await storage.commitIncoming({ ...records, partPath, pixelOffset, pixelBytes }),
      );
    };
    return writeBehind({
      writeAll,
      commit: async (header, pixels) => {
        await commitFile(this.#arrival(instance, header, pixels));
        over();
      },
      commitWhole: async (pieces, header, pixels) => {
        const arrival = this.#arrival(instance, header, pixels);
        const { records, asker } = arrival;
        if (asker === null) {
          await writeAll(pieces);
          await commitFile(arrival);
        } else {
          const { offset: pixelOffset, bytes: pixelBytes } = pixels;
          const whole = { ...records, bytes: joined(pieces), pixelOffset, pixelBytes };
          await this.#keep(asker, await storage.commitWhole(whole));
        }
        over();
      },
      discard: async () => {
        over();
        const file = await opening?.catch(() => null);
        await file?.incoming.abandon();
      },
    });
  }

  /** What has come, and who asked for it. */
  #arrival(instance: IncomingInstance, header: DataSet, pixels: ReceivedPixels): Arrival {
    const { clock, retrieves } = this.#parts;
    const { transferSyntaxUid, sopInstanceUid } = instance;
    const records = recordsOfHeader(
      { meta: { transferSyntaxUid }, dataSet: header },
      { createdMs: clock.nowMs(), examId: null, local: false },
    );
    if (records === null) throw new StoreError(`${sopInstanceUid} lacks a UID`);
    const { studyInstanceUid, seriesInstanceUid } = records.instance;
    const asker = retrieves.askerOf(instance, studyInstanceUid, seriesInstanceUid);
    return { instance, records, asker, pixels };
  }

  async #keep(asker: ActiveRetrieve, outcome: WriteOutcome): Promise<void> {
    if (outcome.kind === "disk-full") return orThrow(outcome);
    const { record } = outcome;
    asker.count(record.seriesInstanceUid, record.sopInstanceUid);
    // Told after the answer is on its way: the archive waits for that one.
    this.#parts.clock.after(0, () => {
      asker.arrived.emit({ seriesInstanceUid: record.seriesInstanceUid });
      if (outcome.kind === "stored") this.received.emit(record);
    });
  }

  async #keepUnasked({ instance, records }: Arrival, partPath: string): Promise<void> {
    const { storage, log } = this.#parts;
    const { sopInstanceUid, studyInstanceUid, createdMs } = records.instance;
    orThrow(await storage.commitUnasked({ partPath, sopInstanceUid, receivedMs: createdMs }));
    log.warn("instance-not-asked-for", {
      sopInstanceUid,
      studyInstanceUid,
      calling: instance.callingAeTitle,
      originator: instance.moveOriginatorAeTitle,
    });
  }
}

interface Arrival {
  readonly instance: IncomingInstance;
  readonly records: HeaderRecords;
  /** Null: nobody. */
  readonly asker: ActiveRetrieve | null;
  readonly pixels: ReceivedPixels;
}

interface OpenFile {
  readonly incoming: IncomingFile;
  readonly partPath: string;
}

const bytesOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, piece) => sum + piece.byteLength, 0);

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(bytesOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

async function openFile(
  storage: StorageScpParts["storage"],
  sopInstanceUid: string,
): Promise<OpenFile> {
  const reserved = await storage.reserveIncoming(sopInstanceUid, SPACE_STEP_BYTES);
  if (reserved.kind === "disk-full") return orThrow(reserved);
  const { partPath } = reserved;
  return { incoming: await storage.openIncoming(partPath), partPath };
}

/** Too little space: answered A700. @throws StoreError */
function orThrow(outcome: { readonly kind: "kept" } | null): void;
function orThrow(outcome: { readonly kind: "disk-full" }): never;
function orThrow(outcome: { readonly kind: "kept" | "disk-full" } | null): void;
function orThrow(outcome: { readonly kind: "kept" | "disk-full" } | null): void {
  if (outcome?.kind === "disk-full")
    throw new StoreError("no room for what a peer sends: delete studies or free space");
}

const BITS_PER_BYTE = 8;

/** What makes it no image of its class (PS3.3 §C.7.6.3): all classes accepted are images. */
function faultOf(header: DataSet, { offset, bytes }: ReceivedPixels): string | null {
  const rows = header.number(Tag.Rows) ?? 0;
  const columns = header.number(Tag.Columns) ?? 0;
  if (rows === 0 || columns === 0) return "Rows or Columns is missing";
  if (offset === 0) return "Pixel Data is missing";
  // Two pixels share their colour (PS3.3 §C.7.6.3.1.2): shorter than the product.
  if (header.string(Tag.PhotometricInterpretation)?.endsWith("422")) return null;
  const frames = Math.max(1, header.number(Tag.NumberOfFrames) ?? 1);
  const samples = header.number(Tag.SamplesPerPixel) ?? 1;
  const bits = header.number(Tag.BitsAllocated) ?? BITS_PER_BYTE;
  const wantedBytes = Math.ceil((rows * columns * samples * frames * bits) / BITS_PER_BYTE);
  return bytes < wantedBytes
    ? `Pixel Data has ${bytes} bytes, its description asks for ${wantedBytes}`
    : null;
}

/** An instance of that UID is here, and it is another one. */
function conflictOf(
  { reader }: Pick<StoragePort, "reader">,
  { sopInstanceUid, sopClassUid }: IncomingInstance,
  header: DataSet,
): string | null {
  const known = reader.instance(sopInstanceUid);
  if (known === null) return null;
  return known.sopClassUid === sopClassUid &&
    known.studyInstanceUid === header.string(Tag.StudyInstanceUID) &&
    known.seriesInstanceUid === header.string(Tag.SeriesInstanceUID)
    ? null
    : "SOP Instance UID is that of another instance here";
}
