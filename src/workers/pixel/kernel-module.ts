// The compiled kernels: loaded once, instantiated per thread over the one shared memory. Pointers are
// byte addresses, counts are pixels; what each does is said beside its source in kernels/.

import { builtFile } from "../../core/program-file.ts";
import { PixelError } from "./pixel-error.ts";

export const PAGE_BYTES = 65536;

export interface Kernels {
  correct15(raw: number, offset: number, gain: number, out: number, count: number): void;
  correct16(raw: number, offset: number, gain: number, out: number, count: number): void;
  accumulate(
    source: number,
    previous: number,
    sums: number,
    squares: number,
    count: number,
    first: boolean,
  ): void;
  repair(pixels: number, records: number, count: number): void;
  mirror(
    source: number,
    out: number,
    columns: number,
    rows: number,
    rowFrom: number,
    rowTo: number,
    leftRight: boolean,
    topBottom: boolean,
  ): void;
  transpose(
    source: number,
    out: number,
    columns: number,
    rows: number,
    rowFrom: number,
    rowTo: number,
    reverseColumns: boolean,
    reverseRows: boolean,
  ): void;
  histogram(
    source: number,
    stride: number,
    columns: number,
    rows: number,
    bins: number,
    bits: number,
  ): void;
  foldHistogram(bins: number, bits: number): void;
  addUp(sums: number, more: number, count: number): void;
  statistics(source: number, stride: number, columns: number, rows: number, out: number): void;
  window8(
    source: number,
    out: number,
    count: number,
    base: number,
    span: number,
    slope: number,
    start: number,
  ): void;
  window8Steep(
    source: number,
    out: number,
    count: number,
    base: number,
    span: number,
    slope: number,
    start: number,
  ): void;
  window8Fine(
    source: number,
    out: number,
    count: number,
    base: number,
    span: number,
    slope: number,
    fine: number,
    start: number,
  ): void;
  recursive(
    source: number,
    previous: number,
    out: number,
    columns: number,
    rows: number,
    rowFrom: number,
    rowTo: number,
    keep: number,
    lines: number,
    scratch: number,
  ): void;
  edge(
    source: number,
    out: number,
    columns: number,
    rows: number,
    rowFrom: number,
    rowTo: number,
    gain: number,
    lines: number,
    scratch: number,
  ): void;
  reduce(
    source: number,
    stride: number,
    columns: number,
    rows: number,
    out: number,
    outStride: number,
    rowFrom: number,
    rowTo: number,
    lines: number,
  ): void;
  activity(
    source: number,
    stride: number,
    columns: number,
    rows: number,
    half: number,
    halfStride: number,
    out: number,
    rowFrom: number,
    rowTo: number,
    lines: number,
  ): void;
  gains(
    amounts: number,
    levels: number,
    stride: number,
    columns: number,
    rows: number,
    table: number,
    out: number,
    rowFrom: number,
    rowTo: number,
    lines: number,
  ): void;
  rebuild(
    source: number,
    stride: number,
    columns: number,
    rows: number,
    half: number,
    rebuilt: number,
    gain: number,
    halfStride: number,
    out: number,
    outStride: number,
    rowFrom: number,
    rowTo: number,
    low: number,
    span: number,
    factor: number,
    shift: number,
    lines: number,
  ): void;
  lut8(source: number, out: number, count: number, table: number): void;
  lut16(source: number, out: number, count: number, table: number): void;
  halve(source: number, columns: number, rows: number, out: number): void;
  shrink(source: number, columns: number, rows: number, out: number, factor: number): void;
}

/** Where the build puts the module. */
export const KERNELS_PATH = builtFile("kernels.wasm");

/** @throws PixelError when the module is missing or no module. */
export async function compileKernels(path: string = KERNELS_PATH): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await Bun.file(path).arrayBuffer());
  } catch (cause) {
    throw new PixelError(`cannot load the pixel kernels from ${path}; run script/setup`, { cause });
  }
}

export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}

/** The shared memory for `bytes`, all of it there from the start: a buffer that never moves. */
export function sharedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
