// Where replayed frames come from: decoded, uncompressed grey values, and what they mean. Readers are
// handed in, because this layer knows no file format but its own raw frames.

/** What a pixel's number says about the X-rays that made it. */
export interface PixelMeaning {
  /** Proportional to the dose, or to its logarithm (computed radiography, and whatever was made for looking at). */
  readonly scale: "linear" | "logarithmic";
  /** Whether larger numbers mean more dose. */
  readonly risesWithDose: boolean;
  /** Largest value the file's pixels can have, where it says so. */
  readonly fullScale?: number | undefined;
}

/** One opened file. */
export interface SourceImage {
  readonly path: string;
  readonly columns: number;
  readonly rows: number;
  readonly frames: number;
  readonly meaning: PixelMeaning;
  /** Unsigned values of frame `frame` (from 0), row by row. @throws DetectorError naming the file */
  readFrame(frame: number): Uint16Array;
  close(): void;
}

export interface FrameReader {
  /** Whether the file is of this reader's kind, by its name and first bytes. */
  claims(path: string, head: Uint8Array): boolean;
  /** @throws DetectorError naming the file and what to do */
  open(path: string): Promise<SourceImage>;
}

/** First bytes that `claims` gets to see. */
export const HEAD_BYTES = 132;
