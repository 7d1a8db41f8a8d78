// Raw frames: 16 bits a pixel, little endian, proportional to dose; the size stands in the file's
// name, as in thorax_2688x2688.raw. A file may hold several frames one after the other.

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { DetectorError } from "../detector.ts";
import type { FrameReader } from "./frame-source.ts";

const NAME = /_(\d{1,5})x(\d{1,5})\.raw$/i;

export const rawFrameReader: FrameReader = {
  claims: (path) => path.toLowerCase().endsWith(".raw"),
  async open(path) {
    const size = NAME.exec(basename(path));
    const columns = Number(size?.[1] ?? 0);
    const rows = Number(size?.[2] ?? 0);
    if (columns === 0 || rows === 0)
      throw new DetectorError(
        `${path}: the size of a raw frame stands in its name; call it like name_2688x2688.raw`,
      );
    const frameBytes = columns * rows * 2;
    const { size: bytes } = statSync(path);
    if (bytes === 0 || bytes % frameBytes !== 0)
      throw new DetectorError(
        `${path}: ${bytes} bytes are no whole number of frames of ${columns}x${rows} pixels ` +
          `(${frameBytes} bytes each); correct the size in the name or the file`,
      );
    const file = openSync(path, "r");
    return {
      path,
      columns,
      rows,
      frames: bytes / frameBytes,
      meaning: { scale: "linear", risesWithDose: true },
      readFrame(frame) {
        const pixels = new Uint16Array(columns * rows);
        readFully(file, new Uint8Array(pixels.buffer), frame * frameBytes, path);
        return pixels;
      },
      close: () => closeSync(file),
    };
  },
};

/** Fills `into` from `offset` of an open file. @throws DetectorError naming the file when it ends early */
export function readFully(file: number, into: Uint8Array, offset: number, path: string): void {
  let done = 0;
  while (done < into.byteLength) {
    const got = readSync(file, into, done, into.byteLength - done, offset + done);
    if (got === 0)
      throw new DetectorError(`${path} ends before its last frame; copy the file again`);
    done += got;
  }
}
