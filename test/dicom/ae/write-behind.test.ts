// The gathering sink: every byte once, in order, one write under way at most, failures told.

import { expect, test } from "bun:test";
import { WRITE_PIECES_MAX, writeBehind } from "../../../src/dicom/ae/storage/write-behind.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";

/** A sink whose writes end when told. */
function slowSink() {
  const written: number[] = [];
  const sizes: number[] = [];
  const waiting: (() => void)[] = [];
  let under = 0;
  let most = 0;
  return {
    written,
    sizes,
    waiting,
    most: () => most,
    committed: false,
    discarded: false,
    async writeAll(pieces: readonly Uint8Array[]) {
      most = Math.max(most, ++under);
      await new Promise<void>((resolve) => waiting.push(resolve));
      const before = written.length;
      for (const piece of pieces) written.push(...piece);
      sizes.push(written.length - before);
      under--;
    },
    async commit() {
      this.committed = true;
    },
    discard() {
      this.discarded = true;
    },
  };
}

test("pieces of any size arrive once and in order, in writes of at least the given size", async () => {
  const inner = slowSink();
  const sink = writeBehind(inner, 10);
  const all = Array.from({ length: 137 }, (_, i) => i);
  const release = setInterval(() => inner.waiting.shift()?.(), 0);
  try {
    let at = 0;
    for (const size of [1, 9, 10, 11, 3, 37, 20, 46]) {
      await sink.write(Uint8Array.from(all.slice(at, at + size)));
      at += size;
    }
    expect(at).toBe(137);
    await sink.commit(new DataSet(), { offset: 0, bytes: 0 });
  } finally {
    clearInterval(release);
  }
  expect(inner.written).toEqual(all);
  expect(inner.sizes.slice(0, -1).every((size) => size >= 10)).toBe(true);
  expect([inner.most(), inner.committed]).toEqual([1, true]);
});

test("many tiny pieces are written before they are too many for one write", async () => {
  const counts: number[] = [];
  const sink = writeBehind({
    writeAll: async (pieces) => void counts.push(pieces.length),
    commit: async () => {},
    discard() {},
  });
  for (let i = 0; i < 1200; i++) await sink.write(new Uint8Array(1));
  await sink.commit(new DataSet(), { offset: 0, bytes: 0 });
  expect(counts).toEqual([WRITE_PIECES_MAX, WRITE_PIECES_MAX, 1200 - 2 * WRITE_PIECES_MAX]);
});

test("pieces are gathered while others are written, then the writer waits", async () => {
  const inner = slowSink();
  const sink = writeBehind(inner, 10);
  expect(sink.write(new Uint8Array(10))).toBeUndefined();
  expect(sink.write(new Uint8Array(9))).toBeUndefined();
  let through = false;
  const third = Promise.resolve(sink.write(new Uint8Array(1))).then(() => {
    through = true;
  });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect([through, inner.waiting.length]).toEqual([false, 1]);
  inner.waiting.shift()?.();
  await third;
  expect(inner.sizes).toEqual([10]);
});

test("a write that fails is told by the next write or by commit", async () => {
  const broken = {
    writeAll: () => Promise.reject(new Error("disk full")),
    commit: async () => {},
    discard() {},
  };
  const writing = writeBehind(broken, 4);
  await writing.write(new Uint8Array(4));
  await expect(Promise.resolve(writing.write(new Uint8Array(8)))).rejects.toThrow("disk full");
  const committing = writeBehind(broken, 4);
  await committing.write(new Uint8Array(2));
  await expect(committing.commit(new DataSet(), { offset: 0, bytes: 0 })).rejects.toThrow(
    "disk full",
  );
});

test("discard waits for the write under way and never throws", async () => {
  const inner = slowSink();
  const sink = writeBehind(inner, 4);
  await sink.write(new Uint8Array(4));
  const discarded = Promise.resolve(sink.discard());
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(inner.discarded).toBe(false);
  inner.waiting.shift()?.();
  await discarded;
  expect(inner.discarded).toBe(true);
});
