// Plays files as the panel's output: each radiograph is the next picture, a run plays them on. The
// panel behind it is flawless: no offset, no noise, no defects.

import type { Dirent } from "node:fs";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../core/clock.ts";
import {
  type ArmRequest,
  type CalibrationMap,
  DetectorError,
  type DetectorMode,
  UNITY_GAIN,
} from "../detector.ts";
import { SIMULATED_MODES } from "../sim/simulated-detector.ts";
import { type FrameMaker, SoftwarePanel } from "../software-panel.ts";
import { countsByValue, rangeOf, TOP_COUNTS } from "./dose-scale.ts";
import { type FrameReader, HEAD_BYTES, type SourceImage } from "./frame-source.ts";
import { rawFrameReader } from "./raw-frames.ts";
import { fitInto } from "./resample.ts";

/** Files of one folder that are looked at; more is a wrong folder. */
const FILES_MAX = 2000;
/** Fitted frames kept for the next turn of a run, bytes. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** A flat frame, counts. */
const FLAT_COUNTS = 6000;
const TEMPERATURE_C = 30;

export interface ReplayDetectorOptions {
  /** A folder, looked through with those in it, or one file. */
  readonly path: string;
  /** Besides the raw frames that are read here. */
  readonly readers?: readonly FrameReader[] | undefined;
  readonly clock: Clock;
  readonly modes?: readonly DetectorMode[] | undefined;
  readonly prepareMs?: number | undefined;
  readonly integrationMs?: number | undefined;
}

/** A panel that shows the pictures at a path. Opening it reads their headers. */
export function replayDetector(options: ReplayDetectorOptions): SoftwarePanel {
  return new SoftwarePanel({
    info: {
      vendor: "Replay",
      model: "REPLAY",
      serial: "0",
      firmware: "1.0",
      modes: options.modes ?? SIMULATED_MODES,
    },
    clock: options.clock,
    maker: new FileFrames(options),
    prepareMs: options.prepareMs ?? 20,
    integrationMs: options.integrationMs ?? 30,
    temperatureC: () => TEMPERATURE_C,
  });
}

interface OpenImage {
  readonly image: SourceImage;
  /** Made when the first frame is read; one scale for all frames, so that a run doesn't flicker. */
  counts: Float32Array | null;
}

class FileFrames implements FrameMaker {
  readonly #options: ReplayDetectorOptions;
  #images: OpenImage[] = [];
  #frameCount = 0;
  /** Number of the next frame over all files. */
  #next = 0;
  #prepared: { readonly request: ArmRequest; readonly mode: DetectorMode } | null = null;
  #kept = new Map<string, Uint16Array>();

  constructor(options: ReplayDetectorOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.close();
    const readers = [rawFrameReader, ...(this.#options.readers ?? [])];
    for (const path of filesAt(this.#options.path)) {
      const reader = readers.find((r) => r.claims(path, headOf(path)));
      if (reader === undefined) continue;
      const image = await reader.open(path);
      this.#images.push({ image, counts: null });
      this.#frameCount += image.frames;
    }
    if (this.#frameCount === 0)
      throw new DetectorError(
        `nothing to replay at ${this.#options.path}: put uncompressed DICOM images or raw frames ` +
          "(name_2688x2688.raw) there",
      );
  }

  close(): void {
    for (const { image } of this.#images) image.close();
    this.#images = [];
    this.#frameCount = 0;
    this.#next = 0;
    this.#kept.clear();
  }

  prepare(request: ArmRequest, mode: DetectorMode): void {
    this.#prepared = { request, mode };
  }

  make(into: Uint16Array, _index: number): number {
    if (this.#prepared === null) throw new DetectorError("no exposure was prepared");
    const { request, mode } = this.#prepared;
    switch (request.kind) {
      case "dark":
      case "postOffset":
        into.fill(0);
        return 0;
      case "flat":
        into.fill(FLAT_COUNTS);
        return 0;
      case "normal":
        into.set(this.#fitted(this.#next++ % this.#frameCount, mode));
        return 0;
    }
  }

  maps(mode: DetectorMode): readonly CalibrationMap[] {
    const common = {
      modeId: mode.id,
      createdMs: this.#options.clock.nowMs(),
      temperatureC: TEMPERATURE_C,
      frames: 1,
    };
    const pixels = mode.columns * mode.rows;
    return [
      { kind: "offset", pixels: new Uint16Array(pixels), ...common },
      { kind: "gain", pixels: new Uint16Array(pixels).fill(UNITY_GAIN), ...common },
      { kind: "defect", pixels: new Uint16Array(pixels), ...common },
    ];
  }

  #fitted(number: number, mode: DetectorMode): Uint16Array {
    const key = `${mode.id} ${number}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const { open, frame } = this.#locate(number);
    const { image } = open;
    const values = image.readFrame(frame);
    open.counts ??= countsByValue(image.meaning, rangeOf(values));
    const counts = open.counts;
    const source = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) source[i] = counts[values[i] as number] as number;
    const fitted = new Uint16Array(mode.columns * mode.rows);
    // What the picture doesn't cover is shown as open beam: black, and left out by the window.
    fitInto(source, image.columns, image.rows, fitted, mode.columns, mode.rows, TOP_COUNTS);
    if ((this.#kept.size + 1) * fitted.byteLength > KEPT_BYTES_MAX) this.#kept.clear();
    this.#kept.set(key, fitted);
    return fitted;
  }

  #locate(number: number): { open: OpenImage; frame: number } {
    let frame = number;
    for (const open of this.#images) {
      if (frame < open.image.frames) return { open, frame };
      frame -= open.image.frames;
    }
    throw new DetectorError("the panel is not open; open it first");
  }
}

function filesAt(path: string): string[] {
  let entries: Dirent[];
  try {
    if (statSync(path).isFile()) return [path];
    entries = readdirSync(path, { recursive: true, withFileTypes: true });
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new DetectorError(
      why === "ENOENT"
        ? `${path} does not exist; name a folder or file with images to replay`
        : `${path} cannot be read (${why}); give this user the right to read it`,
      { cause: error },
    );
  }
  const files = entries
    .filter((e) => e.isFile() && !e.name.startsWith("."))
    .map((e) => join(e.parentPath, e.name));
  if (files.length > FILES_MAX)
    throw new DetectorError(
      `${path} holds ${files.length} files, replay takes ${FILES_MAX}; name a smaller folder`,
    );
  return files.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new DetectorError(`${path} cannot be read; give this user the right to read it`, {
      cause: error,
    });
  }
  try {
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
