// Kernels over a small memory of their own, with areas handed out in order and filled by the test.

import { build } from "../../../script/build-kernels.ts";
import {
  compileKernels,
  instantiateKernels,
  type Kernels,
  sharedMemory,
} from "../../../src/workers/pixel/kernel-module.ts";
import { KERNEL_DATA_BYTES } from "../../../src/workers/pixel/memory-map.ts";

/** The compiler takes seconds, on a busy machine many; usually there is nothing to build. */
export const BUILD_TIME_MAX_MS = 120_000;

/** Bytes between two areas, which no kernel may touch. */
const GUARD_BYTES = 64;
const GUARD_BYTE = 0xa5;

export interface Bench {
  readonly kernels: Kernels;
  readonly buffer: ArrayBufferLike;
  /** A new area with these values; `at` is its address. */
  put16(values: ArrayLike<number>): { at: number; view: Uint16Array };
  area8(length: number): { at: number; view: Uint8Array };
  area32(length: number): { at: number; view: Uint32Array };
  area64(length: number): { at: number; view: Float64Array };
  /** Forgets all areas. */
  clear(): void;
  /** Throws when a byte between two areas was written. */
  checkGuards(): void;
}

/** Builds the kernels where needed. `bytes` is the room for areas. */
export async function bench(bytes = 8 * 2 ** 20): Promise<Bench> {
  await build();
  const memory = sharedMemory(KERNEL_DATA_BYTES + bytes);
  const kernels = instantiateKernels(await compileKernels(), memory);
  const { buffer } = memory;
  const all = new Uint8Array(buffer);
  let next = KERNEL_DATA_BYTES;
  let guards: number[] = [];
  // Addresses are only 8-byte aligned on purpose: bands begin anywhere.
  const reserve = (length: number) => {
    const guard = next;
    all.fill(GUARD_BYTE, guard, guard + GUARD_BYTES);
    const at = guard + GUARD_BYTES;
    next = (at + length + 7) & ~7;
    all.fill(GUARD_BYTE, at + length, next + GUARD_BYTES);
    guards.push(guard);
    return at;
  };
  return {
    kernels,
    buffer,
    put16(values) {
      const at = reserve(values.length * 2);
      const view = new Uint16Array(buffer, at, values.length);
      view.set(values);
      return { at, view };
    },
    area8(length) {
      const at = reserve(length);
      return { at, view: new Uint8Array(buffer, at, length) };
    },
    area32(length) {
      const at = reserve(length * 4);
      return { at, view: new Uint32Array(buffer, at, length) };
    },
    area64(length) {
      const at = reserve(length * 8);
      return { at, view: new Float64Array(buffer, at, length) };
    },
    clear() {
      next = KERNEL_DATA_BYTES;
      guards = [];
    },
    checkGuards() {
      for (const guard of [...guards, next])
        for (let i = 0; i < GUARD_BYTES; i++)
          if (all[guard + i] !== GUARD_BYTE)
            throw new Error(`byte ${guard + i} between areas written`);
    },
  };
}
