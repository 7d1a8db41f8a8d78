// A run in hand: its frames are processed in order and, where it is kept, appended to the files they
// will stay in while more come. A file that would outgrow its limit is followed by another.

import type { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { UidGenerator } from "../dicom/iod/uid.ts";
import type { Protocol } from "../model/protocol.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { ArrivedFrame } from "./acquisition.ts";
import { memoryPixels } from "./object-writer.ts";
import type { PixelChain } from "./pixel-chain.ts";
import type { SlotQueue } from "./slot-queue.ts";

/** A windowed frame of a run for the screen; the pixels are valid during the call only. */
export interface DisplayFrame {
  readonly sequence: number;
  readonly columns: number;
  readonly rows: number;
  readonly atMs: number;
  readonly pixels: Uint8Array;
}

export interface RunParts {
  readonly log: Log;
  readonly storage: StoragePort;
  readonly uids: Pick<UidGenerator, "next">;
  readonly pixels: PixelChain;
  readonly imageSlots: SlotQueue;
  readonly display: Listeners<DisplayFrame>;
}

export interface RunOrder {
  /** Index into the panel's modes. */
  readonly modeIndex: number;
  readonly protocol: Protocol;
  /** Significant bits of the images. */
  readonly bitsStored: number;
  /** False: looked at and not kept. */
  readonly save: boolean;
  /** Why its frames are not to be corrected; null: they are. */
  readonly uncorrected: string | null;
  readonly frameBytes: number;
  /** Pixel bytes of one file at most. */
  readonly instancePixelBytesMax: number;
}

/** One file of a run. */
export interface RunPart {
  readonly runId: number;
  readonly sopInstanceUid: string;
  readonly frames: number;
  readonly framesBefore: number;
  readonly pixelBytes: number;
  /** Size and window, as of the run's first frame. */
  readonly result: FrameResult;
}

export interface EndedRun {
  /** In order, none without frames. */
  readonly parts: readonly RunPart[];
  /** Frames that came from the panel. */
  readonly delivered: number;
  /** Frames in the files. */
  readonly kept: number;
  /** Why frames are missing; null where none is. */
  readonly failure: unknown;
}

type OpenPart = { -readonly [K in keyof RunPart]: RunPart[K] };

/** The disk has no room for the next frame. */
class RunDiskFull extends Error {
  override readonly name = "RunDiskFull";
}

export class Run {
  readonly order: RunOrder;
  readonly #parts: RunParts;
  readonly #written: OpenPart[] = [];
  #first: FrameResult | null = null;
  #processing: Promise<void> = Promise.resolve();
  #appending: Promise<void> = Promise.resolve();
  #delivered = 0;
  #kept = 0;
  #failure: unknown = null;
  /** Once a frame could not be written, those after it are not written either. */
  #closed = false;
  #sequence = 0;

  constructor(parts: RunParts, order: RunOrder) {
    this.#parts = parts;
    this.order = order;
  }

  /** Frames taken so far. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Takes over the frame's slot; returns at once. */
  take(frame: ArrivedFrame): void {
    this.#delivered++;
    this.#processing = this.#processing.then(() => this.#process(frame));
  }

  /** Waits until every frame is written or given up. */
  async end(): Promise<EndedRun> {
    await this.#processing;
    await this.#appending;
    const empty = this.#written.filter((part) => part.frames === 0);
    for (const part of empty) await this.#parts.storage.abandonRun(part.runId);
    return {
      parts: this.#written.filter((part) => part.frames > 0),
      delivered: this.#delivered,
      kept: this.#kept,
      failure: this.#failure,
    };
  }

  /** Drops everything: the exposure came to nothing. */
  async abandon(): Promise<void> {
    const { parts } = await this.end();
    for (const part of parts) await this.#parts.storage.abandonRun(part.runId);
  }

  async #process(frame: ArrivedFrame): Promise<void> {
    const { pixels, imageSlots, display, log } = this.#parts;
    const { protocol, bitsStored } = this.order;
    const imageSlot = await imageSlots.take();
    const displaySlot = pixels.display.take();
    let handedOn = false;
    try {
      const result = await pixels
        .processFluoroFrame({
          rawSlot: frame.slot,
          imageSlot,
          displaySlot: displaySlot ?? undefined,
          modeIndex: frame.header.mode,
          processing: protocol.processing,
          bitsStored,
          uncorrected: this.order.uncorrected !== null,
          window: this.#first?.window,
        })
        .finally(() => pixels.raw.release(frame.slot));
      this.#first ??= result;
      if (displaySlot !== null)
        display.emit({
          sequence: this.#sequence++,
          columns: result.columns,
          rows: result.rows,
          atMs: frame.header.lastPacketMs,
          pixels: pixels.display.bytes(displaySlot, result.columns * result.rows),
        });
      if (this.order.save && !this.#closed) {
        handedOn = true;
        this.#appending = this.#appending.then(() => this.#append(imageSlot, result));
      }
    } catch (error) {
      log.error("frame-lost", { sequence: frame.header.sequence, error });
      this.#failure ??= error;
    } finally {
      if (!handedOn) imageSlots.release(imageSlot);
      if (displaySlot !== null) pixels.display.release(displaySlot);
    }
  }

  async #append(slot: number, result: FrameResult): Promise<void> {
    const { pixels, storage, imageSlots, log } = this.#parts;
    try {
      if (this.#closed) return;
      const part = await this.#openPart(result);
      const outcome = await storage.appendRun(
        part.runId,
        memoryPixels(pixels.image.offset(slot), this.order.frameBytes),
      );
      if (outcome.kind === "disk-full") throw new RunDiskFull("the disk is full");
      part.frames++;
      part.pixelBytes = outcome.pixelBytes;
      this.#kept++;
    } catch (error) {
      log.error("frame-not-written", { kept: this.#kept, error });
      this.#failure ??= error;
      this.#closed = true;
    } finally {
      imageSlots.release(slot);
    }
  }

  /** The file the next frame goes into; a new one where the last would outgrow its limit. */
  async #openPart(result: FrameResult): Promise<OpenPart> {
    const { frameBytes, instancePixelBytesMax } = this.order;
    const last = this.#written.at(-1);
    if (last !== undefined && last.pixelBytes + frameBytes <= instancePixelBytesMax) return last;
    const sopInstanceUid = this.#parts.uids.next();
    const begun = await this.#parts.storage.beginRun({ sopInstanceUid, expectedBytes: frameBytes });
    if (begun.kind === "disk-full") throw new RunDiskFull("the disk is full");
    const part: OpenPart = {
      runId: begun.runId,
      sopInstanceUid,
      frames: 0,
      framesBefore: this.#kept,
      pixelBytes: 0,
      result: this.#first ?? result,
    };
    this.#written.push(part);
    return part;
  }
}
