// The main thread's side of the storage thread: every call is a promise, every question goes to a
// connection of its own that only reads.

import { join } from "node:path";
import { AssertionError } from "../../core/assert.ts";
import type { Log } from "../../core/log.ts";
import { programEntry } from "../../core/program-file.ts";
import { openDatabaseReadOnly } from "../../store/database.ts";
import { fileSource } from "../../store/file-source.ts";
import { openIncoming } from "../../store/incoming-file.ts";
import { DATABASE_FILE, OBJECTS } from "../../store/object-path.ts";
import {
  STORAGE_METHODS,
  type StorageCalls,
  type StorageMethod,
  type StoragePort,
} from "../../store/storage-port.ts";
import { StoreError, UnfitDatabaseError } from "../../store/store-error.ts";
import { StoreReader } from "../../store/store-reader.ts";
import type { FromStorage, StorageOpen, ToStorage } from "./messages.ts";

/** The thread with the store in it has ended: nothing can be made durable any more. */
export class StorageDied extends Error {
  override readonly name = "StorageDied";
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Starts the storage thread and waits until it brought files and rows together. `onDeath` is told
 * when the thread ends by itself; the device must restart then.
 * @throws StoreError when the store cannot be opened
 */
export async function startStorage(
  options: StorageOpen,
  log: Log,
  onDeath: (error: StorageDied) => void,
): Promise<StoragePort> {
  const worker = new Worker(programEntry("storage-worker", import.meta.url));
  const waiting = new Map<number, Waiting>();
  const opened = Promise.withResolvers<StoragePort["reconciliation"]>();
  const closed = Promise.withResolvers<void>();
  let nextId = 1;
  let dead: StorageDied | null = null;
  let closing = false;

  const die = (reason: string) => {
    if (dead !== null) return;
    dead = new StorageDied(`the storage thread ended: ${reason}`);
    opened.reject(new StoreError(dead.message));
    for (const call of waiting.values()) call.reject(dead);
    waiting.clear();
    closed.resolve();
    if (!closing) onDeath(dead);
  };

  worker.onmessage = ({ data }: MessageEvent<FromStorage>) => {
    switch (data.type) {
      case "opened":
        opened.resolve(data.reconciliation);
        break;
      case "not-opened":
        closing = true;
        opened.reject(
          data.fault === null
            ? new StoreError(data.message)
            : new UnfitDatabaseError(data.message, data.fault),
        );
        worker.terminate();
        break;
      case "done":
      case "threw": {
        const call = waiting.get(data.id);
        waiting.delete(data.id);
        if (data.type === "done") call?.resolve(data.value);
        else call?.reject(errorOf(data.error, data.message));
        break;
      }
      case "log":
        log[data.level](data.event, data.fields);
        break;
      case "closed":
        closed.resolve();
        break;
    }
  };
  worker.onerror = (event) => die(event.message);
  worker.addEventListener("close", () => die("it was closed"));

  const post = (message: ToStorage) => worker.postMessage(message);
  const call = (method: StorageMethod, args: readonly unknown[]): Promise<unknown> => {
    if (dead !== null) return Promise.reject(dead);
    if (closing) return Promise.reject(new StoreError("the store is being closed"));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = nextId++;
    waiting.set(id, { resolve, reject });
    // Built from StorageCalls, whose types tie the arguments to the method.
    post({ type: "call", id, method, args: args.map(compact) } as unknown as ToStorage);
    return promise;
  };

  post({ type: "open", options });
  const reconciliation = await opened.promise;
  const reader = new StoreReader(openDatabaseReadOnly(join(options.folder, DATABASE_FILE)));
  const filePath: StoragePort["filePath"] = (record) => join(options.folder, OBJECTS, record.path);

  return {
    ...(Object.fromEntries(
      STORAGE_METHODS.map((method) => [
        method,
        (...args: readonly unknown[]) => call(method, args),
      ]),
    ) as unknown as StorageCalls),
    reader,
    reconciliation,
    filePath,
    source: (record, offset = 0, byteLength = record.fileBytes - offset) =>
      fileSource(filePath(record), offset, byteLength),
    openIncoming: (partPath) => openIncoming(join(options.folder, partPath)),
    async close() {
      if (!closing) {
        closing = true;
        if (dead === null) post({ type: "close" });
      }
      await closed.promise;
      reader.close();
      worker.terminate();
    },
  };
}

/**
 * A message copies the whole buffer behind a view. A header is a small view of a grown buffer, so it
 * gets a buffer of its own first; shared memory is passed as it is.
 */
function compact(value: unknown, depth = 0): unknown {
  if (value instanceof Uint8Array)
    return value.buffer instanceof ArrayBuffer && value.byteLength < value.buffer.byteLength
      ? value.slice()
      : value;
  if (depth > 1 || typeof value !== "object" || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, compact(v, depth + 1)]));
}

function errorOf(name: "StoreError" | "AssertionError" | "Error", message: string): Error {
  if (name === "StoreError") return new StoreError(message);
  return name === "AssertionError" ? new AssertionError(message) : new Error(message);
}
