// The store in the same thread behind the same face: for simulations on a disk in memory.

import { DiskError, type DiskPort } from "../../store/disk.ts";
import type { IncomingFile } from "../../store/incoming-file.ts";
import { OBJECTS } from "../../store/object-path.ts";
import { diskSource } from "../../store/reconcile.ts";
import { STORAGE_METHODS, type StorageCalls, type StoragePort } from "../../store/storage-port.ts";
import type { Store } from "../../store/store.ts";
import { StoreError } from "../../store/store-error.ts";

/** `disk` is the one the store writes to. */
export function inProcessStorage(store: Store, disk: DiskPort): StoragePort {
  const filePath: StoragePort["filePath"] = (record) => `${OBJECTS}/${record.path}`;
  return {
    ...(Object.fromEntries(
      STORAGE_METHODS.map((method) => [
        method,
        async (...args: readonly unknown[]) =>
          (store[method] as (...a: readonly unknown[]) => unknown).apply(store, [...args]),
      ]),
    ) as unknown as StorageCalls),
    reader: store.reader,
    reconciliation: store.reconciliation,
    filePath,
    source(record, offset = 0, byteLength = record.fileBytes - offset) {
      const whole = diskSource(disk, filePath(record), record.fileBytes);
      return {
        byteLength,
        async readInto(into, from) {
          const wanted = into.reduce((sum, v) => sum + v.byteLength, 0);
          if (from + wanted > byteLength) throw new RangeError("read beyond the source");
          await whole.readInto(into, offset + from);
        },
        close: () => whole.close(),
      };
    },
    openIncoming: async (partPath) => incomingOn(disk, partPath),
    async close() {
      store.close();
    },
  };
}

function incomingOn(disk: DiskPort, path: string): IncomingFile {
  const failing = <T>(act: () => T): T => {
    try {
      return act();
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      throw new StoreError(`${path} cannot be written: ${cause.message}`, { cause });
    }
  };
  const file = failing(() => disk.create(path));
  let bytes = 0;
  return {
    get byteLength() {
      return bytes;
    },
    async append(more) {
      failing(() => file.write([more], bytes));
      bytes += more.byteLength;
    },
    async appendAll(pieces) {
      failing(() => file.write(pieces, bytes));
      bytes += pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    },
    async readInto(into, offset) {
      let at = offset;
      for (const view of into) {
        failing(() => disk.read(path, view, at));
        at += view.byteLength;
      }
    },
    async close() {
      file.close();
    },
    async abandon() {
      file.close();
      failing(() => disk.remove(path));
    },
  };
}
