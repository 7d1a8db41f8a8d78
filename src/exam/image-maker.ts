// What becomes of frames: a radiograph is one frame through the pixel chain into one object; a run is
// written frame by frame while it is acquired and cut into objects of at most 2 GiB. Slots are owned
// here from the frame's arrival until its object is durable.

import type { Configuration } from "../config/configuration.ts";
import { assert } from "../core/assert.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { SlotPool } from "../core/slot-pool.ts";
import type { ImageFacts } from "../dicom/iod/facts.ts";
import { buildImage } from "../dicom/iod/objects.ts";
import type { UidGenerator } from "../dicom/iod/uid.ts";
import type { DetectorInfo } from "../hal/detector/detector.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";
import { exposureIndex } from "../model/exposure-index.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { ImageObject, Protocol } from "../model/protocol.ts";
import { type Gy, millimetres, milliseconds } from "../model/units.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { FluoroRequest, FrameRequest } from "../workers/pixel/pixel-pool.ts";
import type { ArrivedFrame } from "./acquisition.ts";
import { deviceIdentity, panelIdentity } from "./identity.ts";
import {
  encodeObject,
  InstanceNumbers,
  memoryPixels,
  objectRows,
  storedRecord,
} from "./object-writer.ts";

/** The pixel pool, as far as it is used here. */
export interface PixelChain {
  readonly raw: SlotPool;
  readonly image: SlotPool;
  readonly display: SlotPool;
  processRadiograph(request: FrameRequest): Promise<FrameResult>;
  processFluoroFrame(request: FluoroRequest): Promise<FrameResult>;
}

export interface ImageMakerParts {
  readonly log: Log;
  readonly nowMs: () => number;
  readonly configuration: () => Configuration;
  readonly storage: StoragePort;
  readonly uids: Pick<UidGenerator, "next" | "series">;
  readonly pixels: PixelChain;
  readonly panel: DetectorInfo;
  /** When a mode's maps were made; null: never. */
  readonly calibratedMs: (modeIndex: number) => number | null;
}

/** What an image is made for; the exam as it is when the header is written. */
export interface ImageOrder {
  readonly exam: Exam;
  readonly series: ExamSeries;
  readonly protocol: Protocol;
  readonly object: ImageObject;
  readonly exposure: Exposure;
}

/** A windowed frame of a run for the screen; the pixels are valid during the call only. */
export interface DisplayFrame {
  readonly sequence: number;
  readonly columns: number;
  readonly rows: number;
  readonly atMs: number;
  readonly pixels: Uint8Array;
}

/** An instance ends here: Pixel Data's length and FAT32 end at 4 GiB, many receivers before. */
export const INSTANCE_PIXEL_BYTES_MAX = 2 ** 31;

export class ImageMaker {
  readonly display = new Listeners<DisplayFrame>();
  readonly #parts: ImageMakerParts;
  readonly #numbers: InstanceNumbers;

  constructor(parts: ImageMakerParts) {
    this.#parts = parts;
    this.#numbers = new InstanceNumbers(parts.storage);
  }

  /** Bytes on disk of one frame of a mode. */
  frameBytes(modeIndex: number): number {
    const mode = this.#parts.panel.modes[modeIndex];
    assert(mode !== undefined, `mode ${modeIndex} of the panel`);
    return mode.columns * mode.rows * 2;
  }

  /**
   * Raw frame → corrected, windowed, stored object. Takes over the frame's slot.
   * @throws PixelError, IodError, DiskFullError, StoreError
   */
  async radiograph(frame: ArrivedFrame, order: ImageOrder): Promise<InstanceRecord> {
    const { pixels, configuration } = this.#parts;
    const bitsStored = configuration().acquisition.bitsStored;
    const imageSlot = pixels.image.take();
    try {
      assert(imageSlot !== null, "an image slot is free for a radiograph");
      const result = await pixels
        .processRadiograph({
          rawSlot: frame.slot,
          imageSlot,
          modeIndex: frame.header.mode,
          processing: order.protocol.processing,
          bitsStored,
        })
        .finally(() => pixels.raw.release(frame.slot));
      return await this.#store(frame, order, result, imageSlot, bitsStored);
    } finally {
      if (imageSlot !== null) pixels.image.release(imageSlot);
    }
  }

  async #store(
    frame: ArrivedFrame,
    order: ImageOrder,
    result: FrameResult,
    imageSlot: number,
    bitsStored: number,
  ): Promise<InstanceRecord> {
    const { storage, pixels, uids, configuration } = this.#parts;
    const byteLength = result.columns * result.rows * 2;
    const sopInstanceUid = uids.next();
    const mode = this.#parts.panel.modes[frame.header.mode];
    const counts = result.analysis?.counts;
    const facts = this.#facts(order, frame.header.mode, result, sopInstanceUid, 1, bitsStored);
    const dose = (counts?.median ?? 0) / (mode?.countsPerMicroGray ?? Number.POSITIVE_INFINITY);
    const built = buildImage(order.object, {
      ...facts,
      exposureIndex:
        counts === undefined || mode?.countsPerMicroGray === undefined
          ? undefined
          : exposureIndex((dose / 1e6) as Gy, order.protocol.targetExposureIndex),
    });
    const { header, substitutions } = encodeObject(built, byteLength, configuration());
    if (substitutions.length > 0)
      this.#parts.log.warn("characters-substituted", { count: substitutions.length });
    const outcome = await storage.writeObject({
      ...this.#rows(built, order, facts, 1),
      header,
      pixels: memoryPixels(pixels.image.offset(imageSlot), byteLength),
    });
    return storedRecord(outcome);
  }

  /** Begins a run; its frames are given one by one, its objects come when it is finished. */
  run(modeIndex: number, protocol: Protocol, save: boolean): Run {
    return new Run(
      this.#parts,
      this.display,
      this.frameBytes(modeIndex),
      modeIndex,
      protocol,
      save,
    );
  }

  /** The objects of a run that has ended, in order. @throws IodError, DiskFullError, StoreError */
  async finishRun(run: Run, order: ImageOrder, fps: number): Promise<InstanceRecord[]> {
    const { storage, configuration } = this.#parts;
    const records: InstanceRecord[] = [];
    for (const part of await run.end()) {
      const bitsStored = configuration().acquisition.bitsStored;
      const facts = {
        ...this.#facts(
          order,
          run.modeIndex,
          part.result,
          part.sopInstanceUid,
          part.frames,
          bitsStored,
        ),
        frameTimeMs: part.frames > 1 ? milliseconds(1000 / fps) : undefined,
      };
      const built = buildImage(order.object, facts);
      const { header } = encodeObject(built, part.pixelBytes, configuration());
      const outcome = await storage.finishRun({
        ...this.#rows(built, order, facts, part.frames),
        runId: part.runId,
        header,
        creatorUid: configuration().device.implementationClassUid,
      });
      records.push(storedRecord(outcome));
    }
    return records;
  }

  #rows(
    built: { readonly sopClassUid: string; readonly sopInstanceUid: string },
    order: ImageOrder,
    facts: ImageFacts,
    numberOfFrames: number,
  ) {
    return objectRows(
      built,
      {
        exam: order.exam,
        series: order.series,
        instanceNumber: facts.instanceNumber,
        numberOfFrames,
        rows: facts.pixels.rows,
        columns: facts.pixels.columns,
        createdMs: facts.contentMs,
        irradiationEventUid: order.exposure.irradiationEventUid,
      },
      this.#parts.configuration().device.timeZone,
      [],
    );
  }

  #facts(
    order: ImageOrder,
    modeIndex: number,
    result: FrameResult,
    sopInstanceUid: string,
    frames: number,
    bitsStored: number,
  ): ImageFacts {
    const configuration = this.#parts.configuration();
    const mode = this.#parts.panel.modes[modeIndex];
    assert(mode !== undefined, `mode ${modeIndex} of the panel`);
    const { geometry } = configuration.acquisition;
    return {
      exam: order.exam,
      series: order.series,
      device: deviceIdentity(configuration),
      settings: {
        timeZone: configuration.device.timeZone,
        mppsConfigured: configuration.remotes.some((r) => r.services.includes("mpps")),
        exposureIndexInDx: configuration.acquisition.exposureIndexInDx,
        detectorModuleInRuns: true,
      },
      sopInstanceUid,
      instanceNumber: this.#numbers.next(order.exam, order.series.seriesInstanceUid),
      contentMs: this.#parts.nowMs(),
      pixels: {
        rows: result.rows,
        columns: result.columns,
        bitsAllocated: 16,
        bitsStored,
        photometric: "MONOCHROME2",
      },
      window: result.window,
      acquisitionMs: order.exposure.report.startMs,
      irradiationEventUids: [order.exposure.irradiationEventUid],
      protocol: order.protocol,
      exposure: order.exposure,
      panel: panelIdentity(
        this.#parts.panel,
        mode,
        bitsStored,
        this.#parts.calibratedMs(modeIndex),
        configuration.device.timeZone,
      ),
      frames,
      fieldOfViewMm: [mode.columns * mode.pitchMm, mode.rows * mode.pitchMm],
      intensifierSizeMm: millimetres(geometry.intensifierSizeMm),
    };
  }
}

interface RunPart {
  readonly runId: number;
  readonly sopInstanceUid: string;
  frames: number;
  pixelBytes: number;
  /** Size and window, as of the first frame. */
  readonly result: FrameResult;
}

/** A run in hand: processes frames in order and appends them to the files they will stay in. */
export class Run {
  readonly modeIndex: number;
  readonly #parts: ImageMakerParts;
  readonly #display: Listeners<DisplayFrame>;
  readonly #frameBytes: number;
  readonly #protocol: Protocol;
  readonly #save: boolean;
  readonly #written: RunPart[] = [];
  #first: FrameResult | null = null;
  #processing: Promise<void> = Promise.resolve();
  #appending: Promise<void> = Promise.resolve();
  #failure: unknown = null;
  #sequence = 0;

  constructor(
    parts: ImageMakerParts,
    display: Listeners<DisplayFrame>,
    frameBytes: number,
    modeIndex: number,
    protocol: Protocol,
    save: boolean,
  ) {
    this.#parts = parts;
    this.#display = display;
    this.#frameBytes = frameBytes;
    this.modeIndex = modeIndex;
    this.#protocol = protocol;
    this.#save = save;
  }

  /** Takes over the frame's slot; returns at once. */
  take(frame: ArrivedFrame): void {
    this.#processing = this.#processing.then(() => this.#process(frame));
  }

  /** Waits until every frame is written. @throws whatever stopped the first one that was not */
  async end(): Promise<readonly RunPart[]> {
    await this.#processing;
    await this.#appending;
    if (this.#written.length === 0 && this.#failure !== null) throw this.#failure;
    return this.#written;
  }

  async #process(frame: ArrivedFrame): Promise<void> {
    const { pixels, configuration, log } = this.#parts;
    let imageSlot = pixels.image.take();
    if (imageSlot === null) {
      await this.#appending;
      imageSlot = pixels.image.take();
    }
    const displaySlot = pixels.display.take();
    try {
      assert(imageSlot !== null, "an image slot is free once all frames are written");
      const result = await pixels
        .processFluoroFrame({
          rawSlot: frame.slot,
          imageSlot,
          displaySlot: displaySlot ?? undefined,
          modeIndex: frame.header.mode,
          processing: this.#protocol.processing,
          bitsStored: configuration().acquisition.bitsStored,
          window: this.#first?.window,
        })
        .finally(() => pixels.raw.release(frame.slot));
      this.#first ??= result;
      if (displaySlot !== null)
        this.#display.emit({
          sequence: this.#sequence++,
          columns: result.columns,
          rows: result.rows,
          atMs: frame.header.lastPacketMs,
          pixels: pixels.display.bytes(displaySlot, result.columns * result.rows),
        });
      if (this.#save && this.#failure === null) {
        const slot = imageSlot;
        imageSlot = null;
        this.#appending = this.#appending.then(() => this.#append(slot, result));
      }
    } catch (error) {
      log.error("frame-lost", { sequence: frame.header.sequence, error });
      this.#failure ??= error;
    } finally {
      if (imageSlot !== null) pixels.image.release(imageSlot);
      if (displaySlot !== null) pixels.display.release(displaySlot);
    }
  }

  async #append(slot: number, result: FrameResult): Promise<void> {
    const { pixels, storage, log } = this.#parts;
    try {
      const part = await this.#openPart(result);
      const outcome = await storage.appendRun(
        part.runId,
        memoryPixels(pixels.image.offset(slot), this.#frameBytes),
      );
      if (outcome.kind === "disk-full")
        throw new Error(`the disk is full after ${part.frames} frames; what came before is kept`);
      part.frames++;
      part.pixelBytes = outcome.pixelBytes;
    } catch (error) {
      log.error("frame-not-written", { error });
      this.#failure ??= error;
    } finally {
      pixels.image.release(slot);
    }
  }

  /** The file the next frame goes into; a new one where the last would outgrow its limit. */
  async #openPart(result: FrameResult): Promise<RunPart> {
    const last = this.#written.at(-1);
    if (last !== undefined && last.pixelBytes + this.#frameBytes <= INSTANCE_PIXEL_BYTES_MAX)
      return last;
    const sopInstanceUid = this.#parts.uids.next();
    const begun = await this.#parts.storage.beginRun({
      sopInstanceUid,
      expectedBytes: this.#frameBytes,
    });
    if (begun.kind === "disk-full") throw new Error("the disk is full; send and delete studies");
    const part = {
      runId: begun.runId,
      sopInstanceUid,
      frames: 0,
      pixelBytes: 0,
      result: this.#first ?? result,
    };
    this.#written.push(part);
    return part;
  }
}
