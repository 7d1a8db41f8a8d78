// A sink in front of another that turns the small pieces of the network into few large writes, one of
// which is under way while the next fills: reading from the peer and writing to disk overlap.

import type { InstanceSink } from "./serve-storage.ts";

/** Bytes of one write; two buffers of this size belong to each instance that is arriving. */
export const WRITE_BYTES = 1024 * 1024;

export function writeBehind(sink: InstanceSink, writeBytes = WRITE_BYTES): InstanceSink {
  let filling: Uint8Array = new Uint8Array(writeBytes);
  let spare: Uint8Array | null = new Uint8Array(writeBytes);
  let filled = 0;
  let underWay: Promise<void> | null = null;

  /** Hands the filled buffer on; the one before must be through. */
  const flush = (): void => {
    const full = filling;
    const length = filled;
    filling = spare ?? new Uint8Array(writeBytes);
    spare = null;
    filled = 0;
    const done = () => {
      spare = full;
      underWay = null;
    };
    // Started in a microtask so that a write that throws rejects like one that fails later.
    underWay = Promise.resolve().then(async () => {
      await sink.write(full.subarray(0, length));
      done();
    });
    underWay.catch(() => {}); // seen by whoever writes or commits next
  };

  const fill = (bytes: Uint8Array): Uint8Array => {
    const room = Math.min(filling.byteLength - filled, bytes.byteLength);
    filling.set(bytes.subarray(0, room), filled);
    filled += room;
    return bytes.subarray(room);
  };

  const writeSlowly = async (bytes: Uint8Array): Promise<void> => {
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (filled === filling.byteLength) {
        if (underWay !== null) await underWay;
        flush();
      }
      rest = fill(rest);
    }
  };

  return {
    write(bytes) {
      const rest = fill(bytes);
      if (filled === filling.byteLength && underWay === null) flush();
      return rest.byteLength === 0 ? undefined : writeSlowly(rest);
    },
    async commit(header) {
      if (underWay !== null) await underWay;
      if (filled > 0) {
        flush();
        await underWay;
      }
      await sink.commit(header);
    },
    async discard() {
      await underWay?.catch(() => {});
      await sink.discard();
    },
  };
}
