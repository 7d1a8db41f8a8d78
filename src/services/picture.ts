// How the pixels of a stored instance are to be looked at: size, bits, window. Read from the file's
// header, so it holds for retrieved objects as well, and remembered for the last few.

import { Tag } from "../dicom/dict/attributes.ts";
import { type ObjectHeader, readObjectHeader } from "../dicom/io/object-header.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { StoredPixels } from "../model/stored-pixels.ts";
import type { StoragePort } from "../store/storage-port.ts";

export interface Picture extends StoredPixels {
  readonly numberOfFrames: number;
  /** Stored values are linear in the counts; else they are logarithms of them, as our runs are. */
  readonly linear: boolean;
  /** Of a run: time between frames. */
  readonly frameTimeMs?: number | undefined;
  readonly photometric: "MONOCHROME1" | "MONOCHROME2" | "RGB";
}

/** Null for an object without pixels we can show: a report, a compressed image. */
export function pictureOf(
  path: string,
  { dataSet, pixel }: Pick<ObjectHeader, "dataSet" | "pixel">,
): Picture | null {
  if (pixel === null || pixel.byteLength === null) return null;
  const samples = dataSet.number(Tag.SamplesPerPixel) === 3 ? 3 : 1;
  const center = dataSet.number(Tag.WindowCenter);
  const width = dataSet.number(Tag.WindowWidth);
  const slope = dataSet.number(Tag.RescaleSlope);
  const intercept = dataSet.number(Tag.RescaleIntercept);
  const bitsAllocated = dataSet.number(Tag.BitsAllocated) === 8 ? 8 : 16;
  return {
    path,
    pixelOffset: pixel.offset,
    columns: dataSet.number(Tag.Columns) ?? 0,
    rows: dataSet.number(Tag.Rows) ?? 0,
    samples,
    bitsAllocated,
    bitsStored: dataSet.number(Tag.BitsStored) ?? bitsAllocated,
    signed: dataSet.number(Tag.PixelRepresentation) === 1,
    planar: dataSet.number(Tag.PlanarConfiguration) === 1,
    linear: dataSet.string(Tag.PixelIntensityRelationship) === "LIN",
    frameTimeMs: dataSet.number(Tag.FrameTime),
    numberOfFrames: dataSet.number(Tag.NumberOfFrames) ?? 1,
    photometric:
      samples === 3
        ? "RGB"
        : dataSet.string(Tag.PhotometricInterpretation) === "MONOCHROME1"
          ? "MONOCHROME1"
          : "MONOCHROME2",
    rescale:
      slope === undefined || intercept === undefined || (slope === 1 && intercept === 0)
        ? undefined
        : { slope, intercept },
    window: center === undefined || width === undefined ? undefined : { center, width },
  };
}

/** Headers kept in memory. */
const PICTURES_KEPT = 64;

export class Pictures {
  readonly #storage: StoragePort;
  readonly #kept = new Map<string, Picture>();

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** Null for an object without pixels we can show (a report, a compressed image). @throws Error */
  async of(record: InstanceRecord): Promise<Picture | null> {
    const kept = this.#kept.get(record.sopInstanceUid);
    if (kept !== undefined) return kept;
    const source = this.#storage.source(record);
    try {
      const picture = pictureOf(this.#storage.filePath(record), await readObjectHeader(source));
      if (picture === null) return null;
      this.#kept.set(record.sopInstanceUid, picture);
      const oldest = this.#kept.keys().next().value;
      if (this.#kept.size > PICTURES_KEPT && oldest !== undefined) this.#kept.delete(oldest);
      return picture;
    } finally {
      await source.close();
    }
  }
}
