// What becomes of frames: a radiograph is one frame through the pixel chain into one object; a run is
// written frame by frame while it is acquired and cut into objects of at most 2 GiB. Slots are owned
// here from the frame's arrival until its object is durable.

import type { Configuration } from "../config/configuration.ts";
import { assert } from "../core/assert.ts";
import { Listeners } from "../core/listeners.ts";
import type { BuiltObject } from "../dicom/iod/build.ts";
import type { ImageFacts } from "../dicom/iod/facts.ts";
import type { IodProblem } from "../dicom/iod/iod-error.ts";
import { buildImage, imageProblems } from "../dicom/iod/objects.ts";
import type { UidGenerator } from "../dicom/iod/uid.ts";
import type { ExposureIndexResult } from "../model/exposure-index.ts";
import { exposureIndex } from "../model/exposure-index.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { ImageObject, Protocol } from "../model/protocol.ts";
import { type Gy, milliseconds } from "../model/units.ts";
import { RUN_HEADER_BYTES } from "../store/object-writer.ts";
import type { Change } from "../store/records.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { ArrivedFrame } from "./acquisition.ts";
import {
  type ImageDetails,
  type ImageFactsParts,
  type ImageSubject,
  imageFacts,
} from "./image-facts.ts";
import { type DisplayFrame, type LastFrame, NOTHING_SHOWN, releaseFrame } from "./live-picture.ts";
import { reasonOf, textNotices, uncorrectedImage, unkeptFrames } from "./notices.ts";
import {
  encodeObject,
  InstanceNumbers,
  memoryPixels,
  objectRows,
  storedRecord,
} from "./object-writer.ts";
import { Run, type RunOrder, type RunPart, type RunParts } from "./run.ts";
import { SlotQueue } from "./slot-queue.ts";

export interface ImageMakerParts
  extends ImageFactsParts,
    Pick<RunParts, "log" | "storage" | "pixels"> {
  readonly nowMs: () => number;
  readonly uids: Pick<UidGenerator, "next" | "series">;
  /** Why the frames of a mode are not to be corrected; null: they are. */
  readonly uncorrected: (modeIndex: number) => string | null;
  /** Pixel bytes of an instance at most; {@link INSTANCE_PIXEL_BYTES_MAX} unless told. */
  readonly instancePixelBytesMax?: number | undefined;
}

/** What the pictures tell besides themselves. */
export interface ImageFound {
  readonly exposureIndex?: ExposureIndexResult | undefined;
  /** For the operator. */
  readonly notices: readonly string[];
}

/** What an image is made for; the exam as it is when the header is written. */
export interface ImageOrder extends ImageSubject {
  readonly object: ImageObject;
  /**
   * Called when an object can be written: makes it durable by `write`, together with the changes that
   * follow from what was found.
   */
  readonly commit: (
    found: ImageFound,
    write: (changes: readonly Change[]) => Promise<InstanceRecord>,
  ) => Promise<InstanceRecord>;
}

/**
 * A file of 2 GiB with its header, where an instance ends: Pixel Data's length and FAT32 end at 4 GiB,
 * many receivers before.
 */
export const INSTANCE_PIXEL_BYTES_MAX = 2 ** 31 - RUN_HEADER_BYTES;

/** An unsaved run of fluoroscopy is kept up to here, some forty seconds at 30 frames a second. */
export const UNSAVED_BYTES_MAX = 4 * 2 ** 30;

export class ImageMaker {
  /** What the live screen shows. */
  readonly display = new Listeners<DisplayFrame>();
  readonly #parts: ImageMakerParts;
  readonly #imageSlots: SlotQueue;
  readonly #numbers: InstanceNumbers;
  #held: LastFrame | null = null;

  constructor(parts: ImageMakerParts) {
    this.#parts = parts;
    this.#imageSlots = new SlotQueue(parts.pixels.image);
    this.#numbers = new InstanceNumbers(parts.storage);
  }

  /** Bytes on disk of one frame of a mode. */
  frameBytes(modeIndex: number): number {
    const mode = this.#parts.panel.modes[modeIndex];
    assert(mode !== undefined, `mode ${modeIndex} of the panel`);
    return mode.columns * mode.rows * 2;
  }

  /** What would keep an image of such an exposure from being made; asked before it. */
  problems(subject: ImageSubject, object: ImageObject, modeIndex: number): readonly IodProblem[] {
    const mode = this.#parts.panel.modes[modeIndex];
    assert(mode !== undefined, `mode ${modeIndex} of the panel`);
    const { bitsStored } = this.#parts.configuration().acquisition;
    const facts = imageFacts(this.#parts, subject, {
      modeIndex,
      columns: mode.columns,
      rows: mode.rows,
      window: { center: 2 ** (bitsStored - 1), width: 2 ** bitsStored },
      bitsStored,
      sopInstanceUid: PROBE_UID,
      instanceNumber: 1,
      contentMs: this.#parts.nowMs(),
      frames: subject.exposure.frames,
      frameTimeMs: milliseconds(1000 / Math.max(1, subject.exposure.report.pulseRate)),
    });
    return imageProblems(object, facts);
  }

  /**
   * Raw frame → corrected, windowed, stored object. Takes over the frame's slot.
   * @throws PixelError, IodError, DiskFullError, StoreError
   */
  async radiograph(frame: ArrivedFrame, order: ImageOrder): Promise<InstanceRecord> {
    const { pixels, configuration, uids } = this.#parts;
    const { bitsStored } = configuration().acquisition;
    const uncorrected = this.#parts.uncorrected(frame.header.mode);
    const imageSlot = await this.#imageSlots.take();
    try {
      const result = await pixels
        .processRadiograph({
          uncorrected: uncorrected !== null,
          rawSlot: frame.slot,
          imageSlot,
          modeIndex: frame.header.mode,
          processing: order.protocol.processing,
          bitsStored,
        })
        .finally(() => pixels.raw.release(frame.slot));
      const byteLength = result.columns * result.rows * 2;
      // Counts that still hold the offset tell no exposure index.
      const found =
        uncorrected === null ? this.#exposureIndex(frame, order.protocol, result) : undefined;
      const seen = { ...order, exposure: { ...order.exposure, exposureIndex: found } };
      const facts = this.#facts(seen, {
        modeIndex: frame.header.mode,
        columns: result.columns,
        rows: result.rows,
        window: result.window,
        bitsStored,
        sopInstanceUid: uids.next(),
        frames: 1,
      });
      const made = this.#encode(order.object, facts, byteLength);
      const notices = uncorrected === null ? [] : [uncorrectedImage(uncorrected)];
      const told = { exposureIndex: found, notices: [...notices, ...made.notices] };
      return await order.commit(told, async (changes) =>
        storedRecord(
          await this.#parts.storage.writeObject({
            ...this.#rows(made.built, order, facts, changes),
            header: made.header,
            pixels: memoryPixels(pixels.image.offset(imageSlot), byteLength),
            fromReserve: true,
          }),
        ),
      );
    } finally {
      this.#imageSlots.release(imageSlot);
    }
  }

  /** IEC 62494-1: from the mean of the relevant region, where the panel's sensitivity is known. */
  #exposureIndex(
    frame: ArrivedFrame,
    protocol: Protocol,
    result: FrameResult,
  ): ExposureIndexResult | undefined {
    const mean = result.analysis?.counts.mean;
    const sensitivity = this.#parts.panel.modes[frame.header.mode]?.countsPerMicroGray;
    if (mean === undefined || sensitivity === undefined) return undefined;
    return exposureIndex((mean / sensitivity / 1e6) as Gy, protocol.targetExposureIndex);
  }

  /** Gives back the slot of a frame of which nothing shall become. */
  drop(rawSlot: number): void {
    this.#parts.pixels.raw.release(rawSlot);
  }

  /** Begins a run; its frames are given one by one, its objects come when it is finished. */
  run(
    modeIndex: number,
    protocol: Protocol,
    more: Pick<RunOrder, "kind" | "save" | "onBrightness">,
  ): Run {
    return new Run(
      { ...this.#parts, imageSlots: this.#imageSlots, display: this.display },
      {
        ...more,
        modeIndex,
        protocol,
        uncorrected: this.#parts.uncorrected(modeIndex),
        unsavedBytesMax: UNSAVED_BYTES_MAX,
        bitsStored: this.#parts.configuration().acquisition.bitsStored,
        frameBytes: this.frameBytes(modeIndex),
        instancePixelBytesMax: this.#parts.instancePixelBytesMax ?? INSTANCE_PIXEL_BYTES_MAX,
      },
    );
  }

  /** The picture that is held on the screen; its pixels are valid until it is cleared. */
  get held(): DisplayFrame | null {
    const picture = this.#held?.picture ?? null;
    return picture === null ? null : { ...picture, state: "held" };
  }

  /**
   * Last image hold: the run's last frame stays on the screen, once all its frames are processed and
   * unless something else has begun by then.
   */
  async hold(run: Run, stillWanted: () => boolean): Promise<void> {
    const last = await run.takeLast();
    if (last === null) return;
    if (!stillWanted()) return releaseFrame(last);
    this.clearHeld();
    this.#held = last;
    if (this.held !== null) this.display.emit(this.held);
  }

  /** Something else begins: nothing is held any more. */
  clearHeld(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    releaseFrame(held);
    this.display.emit(NOTHING_SHOWN);
  }

  /**
   * The held frame as an image of its own, with the window it is shown with; null where none is held.
   * @throws IodError, DiskFullError, StoreError
   */
  async storeHeld(order: ImageOrder): Promise<InstanceRecord | null> {
    const held = this.#held;
    if (held === null) return null;
    const { pixels, uids } = this.#parts;
    const { columns, rows } = held.result;
    const byteLength = columns * rows * 2;
    return held.image.during(async () => {
      const facts = this.#facts(order, {
        modeIndex: held.header.mode,
        columns,
        rows,
        window: held.window,
        bitsStored: held.bitsStored,
        sopInstanceUid: uids.next(),
        frames: 1,
      });
      const made = this.#encode(order.object, facts, byteLength);
      return order.commit({ notices: made.notices }, async (changes) =>
        storedRecord(
          await this.#parts.storage.writeObject({
            ...this.#rows(made.built, order, facts, changes),
            header: made.header,
            pixels: memoryPixels(pixels.image.offset(held.imageSlot), byteLength),
            fromReserve: true,
          }),
        ),
      );
    });
  }

  /**
   * The objects of a run that has ended, in order. A part that cannot be made does not take the others
   * with it.
   * @throws IodError, DiskFullError, StoreError where nothing could be kept
   */
  async finishRun(run: Run, order: ImageOrder, fps: number): Promise<readonly InstanceRecord[]> {
    const ended = await run.end();
    const records: InstanceRecord[] = [];
    let { failure, kept } = ended;
    for (const part of ended.parts)
      try {
        const lost = part === ended.parts.at(-1) ? ended.delivered - kept : 0;
        const { uncorrected } = run.order;
        const notices = [
          ...(uncorrected === null ? [] : [uncorrectedImage(uncorrected)]),
          ...(lost > 0 ? [unkeptFrames(lost, ended.delivered, reasonOf(failure))] : []),
        ];
        records.push(await this.#finishPart(run, part, order, fps, notices));
      } catch (error) {
        this.#parts.log.error("run-part-lost", { frames: part.frames, error });
        failure = error;
        kept -= part.frames;
      }
    if (records.length === 0 && ended.delivered > 0)
      throw failure ?? new Error("no frame was kept");
    return records;
  }

  async #finishPart(
    run: Run,
    part: RunPart,
    order: ImageOrder,
    fps: number,
    notices: readonly string[],
  ): Promise<InstanceRecord> {
    const { storage, configuration } = this.#parts;
    let inHand = true;
    try {
      const facts = this.#facts(order, {
        modeIndex: run.order.modeIndex,
        columns: part.result.columns,
        rows: part.result.rows,
        window: part.result.window,
        bitsStored: run.order.bitsStored,
        sopInstanceUid: part.sopInstanceUid,
        frames: part.frames,
        frameTimeMs: milliseconds(1000 / fps),
        framesBefore: part.framesBefore,
      });
      const { built, header, notices: text } = this.#encode(order.object, facts, part.pixelBytes);
      return await order.commit({ notices: [...notices, ...text] }, async (changes) => {
        inHand = false;
        return storedRecord(
          await storage.finishRun({
            ...this.#rows(built, order, facts, changes),
            runId: part.runId,
            header,
            creatorUid: configuration().device.implementationClassUid,
          }),
        );
      });
    } catch (error) {
      if (inHand) await storage.abandonRun(part.runId);
      throw error;
    }
  }

  #encode(object: ImageObject, facts: ImageFacts, pixelBytes: number) {
    const built = buildImage(object, facts);
    const { header, substitutions } = encodeObject(built, pixelBytes, this.#parts.configuration());
    const notices = textNotices(built.truncated, substitutions);
    if (notices.length > 0)
      this.#parts.log.warn("text-changed", {
        sopInstanceUid: built.sopInstanceUid,
        truncated: built.truncated,
        substituted: substitutions.length,
      });
    return { built, header, notices };
  }

  #facts(order: ImageOrder, details: Omit<ImageDetails, "instanceNumber" | "contentMs">) {
    return imageFacts(this.#parts, order, {
      ...details,
      instanceNumber: this.#numbers.next(order.exam, order.series.seriesInstanceUid),
      contentMs: this.#parts.nowMs(),
    });
  }

  #rows(
    built: BuiltObject,
    order: ImageOrder,
    facts: ImageFacts,
    changes: readonly Change[],
  ): ReturnType<typeof objectRows> {
    const configuration: Configuration = this.#parts.configuration();
    return objectRows(
      built,
      {
        exam: order.exam,
        series: order.series,
        instanceNumber: facts.instanceNumber,
        numberOfFrames: facts.frames,
        rows: facts.pixels.rows,
        columns: facts.pixels.columns,
        createdMs: facts.contentMs,
        irradiationEventUid: order.exposure.irradiationEventUid,
      },
      configuration.device.timeZone,
      changes,
    );
  }
}

/** Stands for a UID in an object that is only tried out. */
export const PROBE_UID = "2.25.0";
