// A run in hand: its frames are processed in order and, where it is kept, appended to the files they
// will stay in while more come. A file that would outgrow its limit is followed by another.

import type { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import { SharedHold } from "../core/shared-hold.ts";
import type { UidGenerator } from "../dicom/iod/uid.ts";
import { FRAME_FIRST_AFTER_ARM } from "../model/frame.ts";
import type { ExposureKind, Protocol } from "../model/protocol.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { PixelWindow } from "../workers/pixel/window.ts";
import type { ArrivedFrame } from "./acquisition.ts";
import { type DisplayFrame, type LastFrame, releaseFrame } from "./live-picture.ts";
import { memoryPixels } from "./object-writer.ts";
import type { PixelChain } from "./pixel-chain.ts";
import { followed, LOOK_EVERY_FRAMES } from "./shown-window.ts";
import type { SlotQueue } from "./slot-queue.ts";

export interface RunParts {
  readonly log: Log;
  readonly storage: StoragePort;
  readonly uids: Pick<UidGenerator, "next">;
  readonly pixels: PixelChain;
  readonly imageSlots: SlotQueue;
  readonly display: Listeners<DisplayFrame>;
}

export interface RunOrder {
  /** Fluoroscopy is filtered in time, followed by its window, and its last frame is held. */
  readonly kind: Exclude<ExposureKind, "radiography">;
  /** Index into the panel's modes. */
  readonly modeIndex: number;
  readonly protocol: Protocol;
  /** Significant bits of the images. */
  readonly bitsStored: number;
  /** False: looked at, and kept on the disk only until it is known whether it shall be saved after all. */
  readonly save: boolean;
  /** Why its frames are not to be corrected; null: they are. */
  readonly uncorrected: string | null;
  /** Pixel bytes of a run at most that is kept so; a longer one cannot be saved any more. */
  readonly unsavedBytesMax: number;
  /** Told the mean counts in the middle of each frame, and when it was complete. */
  readonly onBrightness?: ((centralMean: number, atMs: number) => void) | undefined;
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

/** An unsaved run is longer than is kept. */
export class RunTooLong extends Error {
  override readonly name = "RunTooLong";
}

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
  #shown: PixelWindow | null = null;
  #last: LastFrame | null = null;

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

  /** In words, why an unsaved run cannot be saved whole; null: it can. */
  async lostWhileUnsaved(): Promise<string | null> {
    const { kept, failure } = await this.end();
    if (failure instanceof RunTooLong)
      return "the run is longer than is kept unsaved; store its last image, or choose to save before the pedal is pressed";
    return kept === 0 ? "no frame of the run is kept any more; store its last image" : null;
  }

  /** The last frame of fluoroscopy, once all are processed; who takes it lets it go. */
  async takeLast(): Promise<LastFrame | null> {
    await this.#processing;
    const last = this.#last;
    this.#last = null;
    return last;
  }

  /** Drops everything: the exposure came to nothing, or nobody wanted it saved. */
  async abandon(): Promise<void> {
    const { parts } = await this.end();
    const last = await this.takeLast();
    if (last !== null) releaseFrame(last);
    for (const part of parts) await this.#parts.storage.abandonRun(part.runId);
  }

  async #process(frame: ArrivedFrame): Promise<void> {
    const { pixels, imageSlots, display, log } = this.#parts;
    const { protocol, bitsStored, kind, onBrightness } = this.order;
    const { header } = frame;
    const imageSlot = await imageSlots.take();
    const displaySlot = pixels.display.take();
    const image = new SharedHold(() => imageSlots.release(imageSlot));
    const shown =
      displaySlot === null ? null : new SharedHold(() => pixels.display.release(displaySlot));
    const sequence = this.#sequence++;
    try {
      const result = await pixels
        .processFluoroFrame({
          rawSlot: frame.slot,
          imageSlot,
          displaySlot: displaySlot ?? undefined,
          modeIndex: header.mode,
          processing: protocol.processing,
          bitsStored,
          uncorrected: this.order.uncorrected !== null,
          window: this.#shown ?? undefined,
          look: kind === "fluoroscopy" && sequence % LOOK_EVERY_FRAMES === 0,
          place:
            kind === "fluoroscopy"
              ? {
                  run: header.exposureEvent,
                  deviceFrameId: header.deviceFrameId,
                  afterArm: (header.status & FRAME_FIRST_AFTER_ARM) !== 0,
                }
              : undefined,
        })
        .finally(() => pixels.raw.release(frame.slot));
      this.#first ??= result;
      const { columns, rows, window, centralMean } = result;
      this.#shown = this.#nextWindow(result);
      const picture: DisplayFrame | null =
        displaySlot === null
          ? null
          : {
              sequence,
              columns,
              rows,
              atMs: header.lastPacketMs,
              pixels: pixels.display.bytes(displaySlot, columns * rows),
              state: "live",
            };
      if (kind === "fluoroscopy") {
        image.hold();
        shown?.hold();
        if (this.#last !== null) releaseFrame(this.#last);
        const slots = { imageSlot, image, display: shown };
        this.#last = { header, result, bitsStored, window, picture, ...slots };
        if (centralMean !== undefined) onBrightness?.(centralMean, header.lastPacketMs);
      }
      if (picture !== null) display.emit(picture);
      if (!this.#closed) {
        image.hold();
        this.#appending = this.#appending
          .then(() => this.#append(imageSlot, result))
          .finally(() => image.release());
      }
    } catch (error) {
      log.error("frame-lost", { sequence: header.sequence, error });
      this.#failure ??= error;
    } finally {
      image.release();
      shown?.release();
    }
  }

  /** The next frame's window: the first one's for serial runs, following what is found for fluoroscopy. */
  #nextWindow({ window, found }: FrameResult): PixelWindow {
    const shown = this.#shown ?? window;
    return this.order.kind === "fluoroscopy" && found !== undefined
      ? followed(shown, found)
      : shown;
  }

  async #append(slot: number, result: FrameResult): Promise<void> {
    const { pixels, storage, log } = this.#parts;
    const { save, frameBytes, unsavedBytesMax } = this.order;
    try {
      if (this.#closed) return;
      if (!save && (this.#kept + 1) * frameBytes > unsavedBytesMax)
        throw new RunTooLong("the run is longer than can be kept unsaved");
      const part = await this.#openPart(result);
      const outcome = await storage.appendRun(
        part.runId,
        memoryPixels(pixels.image.offset(slot), frameBytes),
      );
      if (outcome.kind === "disk-full") throw new RunDiskFull("the disk is full");
      part.frames++;
      part.pixelBytes = outcome.pixelBytes;
      this.#kept++;
    } catch (error) {
      // Nobody has asked for an unsaved run yet: whoever does is told.
      if (save) log.error("frame-not-written", { kept: this.#kept, error });
      this.#failure ??= error;
      this.#closed = true;
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
