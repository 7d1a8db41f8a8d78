// Thread entry: owns the writing connection and the object files, so that no sync ever holds up the
// main thread. Requests are taken in order; one that waits for the medium lets others go on.

import { join } from "node:path";
import type { Log, LogFields, LogLevel } from "../../core/log.ts";
import { readObjectHeader } from "../../dicom/io/object-header.ts";
import { openDatabase } from "../../store/database.ts";
import { DATABASE_FILE } from "../../store/object-path.ts";
import { realDisk } from "../../store/real-disk.ts";
import { Store } from "../../store/store.ts";
import { UnfitDatabaseError } from "../../store/store-error.ts";
import type { FromStorage, StorageOpen, ToStorage } from "./messages.ts";

declare const self: {
  onmessage: ((event: MessageEvent<ToStorage>) => void) | null;
  postMessage(message: FromStorage): void;
  close(): void;
};

let store: Store | null = null;
let inHand = 0;
let closing = false;

self.onmessage = ({ data }) => {
  switch (data.type) {
    case "open":
      void open(data.options);
      break;
    case "call":
      void answer(data);
      break;
    case "close":
      closing = true;
      closeWhenIdle();
      break;
  }
};

async function open(options: StorageOpen): Promise<void> {
  try {
    const disk = realDisk(options.folder);
    store = await Store.open({
      db: openDatabase(join(options.folder, DATABASE_FILE)),
      disk,
      readHeader: readObjectHeader,
      log: forwarded({}),
      nowMs: options.nowMs,
      memory: options.memory,
      reserveBytes: options.reserveBytes,
    });
    self.postMessage({ type: "opened", reconciliation: store.reconciliation });
  } catch (error) {
    const fault = error instanceof UnfitDatabaseError ? error.fault : null;
    self.postMessage({ type: "not-opened", message: textOf(error), fault });
  }
}

async function answer(call: Extract<ToStorage, { type: "call" }>): Promise<void> {
  inHand++;
  try {
    if (store === null) throw new Error("the store is not open");
    // The union ties arguments to method; a computed call can't express that.
    const method = store[call.method] as (...args: readonly unknown[]) => unknown;
    const value = (await method.apply(store, call.args)) as Extract<
      FromStorage,
      { type: "done" }
    >["value"];
    self.postMessage({ type: "done", id: call.id, value });
  } catch (error) {
    const name = error instanceof Error ? error.name : "Error";
    self.postMessage({
      type: "threw",
      id: call.id,
      error: name === "StoreError" || name === "AssertionError" ? name : "Error",
      message: textOf(error),
    });
  } finally {
    inHand--;
    closeWhenIdle();
  }
}

function closeWhenIdle(): void {
  if (!closing || inHand > 0) return;
  closing = false;
  store?.close();
  self.postMessage({ type: "closed" });
}

function forwarded(base: LogFields): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) =>
      self.postMessage({
        type: "log",
        level,
        event,
        fields: Object.fromEntries(
          Object.entries({ ...base, ...fields }).map(([key, value]) => [
            key,
            value instanceof Error ? textOf(value) : value,
          ]),
        ),
      });
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => forwarded({ ...base, ...fields }),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
