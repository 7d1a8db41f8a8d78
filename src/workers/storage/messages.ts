// What main thread and storage thread say to each other.

import type { LogFields, LogLevel } from "../../core/log.ts";
import type { Reconciliation } from "../../store/reconcile.ts";
import type { StorageMethod, StorageResult } from "../../store/storage-port.ts";
import type { Store } from "../../store/store.ts";

export interface StorageOpen {
  /** Folder with the database and the object files. */
  readonly folder: string;
  readonly nowMs: number;
  /** The one shared memory; pixel references of kind "memory" point into it. */
  readonly memory?: ArrayBufferLike | undefined;
  readonly reserveBytes?: number | undefined;
}

export type CallOf<K extends StorageMethod> = {
  readonly type: "call";
  readonly id: number;
  readonly method: K;
  readonly args: Parameters<Store[K]>;
};

export type ToStorage =
  | { readonly type: "open"; readonly options: StorageOpen }
  | { [K in StorageMethod]: CallOf<K> }[StorageMethod]
  | { readonly type: "close" };

export type FromStorage =
  | { readonly type: "opened"; readonly reconciliation: Reconciliation }
  /** `fault`: of a database that is unfit; null where something else is wrong. */
  | { readonly type: "not-opened"; readonly message: string; readonly fault: string | null }
  | {
      readonly type: "done";
      readonly id: number;
      readonly value: StorageResult<StorageMethod>;
    }
  | {
      readonly type: "threw";
      readonly id: number;
      readonly error: "StoreError" | "AssertionError" | "Error";
      readonly message: string;
    }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: LogFields;
    }
  | { readonly type: "closed" };
