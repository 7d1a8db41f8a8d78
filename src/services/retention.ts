// Automatic deletion (store.deleteCommittedWhenFreeBelowBytes): when space runs low, the oldest studies
// that every archive has committed go, never one of an open exam or an unfinished job. Received
// studies count as committed: they came from where they lie.

import type { Configuration } from "../config/configuration.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { StoragePort } from "../store/storage-port.ts";
import { archivesOf } from "./commitment/archives.ts";

/** Free space is looked at so often. */
export const RETENTION_CYCLE_MS = 30_000;
/** Studies deleted in one go; the next look goes on. */
export const DELETED_AT_ONCE_MAX = 100;

export interface RetentionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
  readonly storage: Pick<StoragePort, "deleteCommitted">;
  /** Bytes free on the disk of the objects. */
  readonly freeBytes: () => Promise<number>;
}

export class Retention {
  /** Study Instance UIDs that were deleted. */
  readonly deleted = new Listeners<string>();
  readonly #parts: RetentionParts;
  #timer: Timer | null = null;
  #running = false;
  #looking: Promise<void> | null = null;
  /** Nothing may go, and that was said. */
  #stuck = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Looks now, and again and again; resolves after the first look. */
  async start(): Promise<void> {
    this.#running = true;
    await this.look();
    this.#again();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Deletes what may go until as many bytes are free as configured. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#makeRoom()
      .catch((error: unknown) => this.#parts.log.error("retention-failed", { error }))
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  #again(): void {
    if (!this.#running) return;
    this.#timer = this.#parts.clock.after(RETENTION_CYCLE_MS, () => {
      void this.look().then(() => this.#again());
    });
  }

  async #makeRoom(): Promise<void> {
    const { configuration, storage, freeBytes, log } = this.#parts;
    const wantedBytes = configuration().store.deleteCommittedWhenFreeBelowBytes;
    if (wantedBytes === 0) return;
    // Counted, not measured anew: some disks tell late what a deletion gave back.
    let lackBytes = wantedBytes - (await freeBytes());
    for (let n = 0; lackBytes > 0 && n < DELETED_AT_ONCE_MAX; n++) {
      const archives = archivesOf(configuration()).map((r) => r.id);
      const outcome = await storage.deleteCommitted(archives);
      if (outcome.kind === "none") {
        if (!this.#stuck) log.warn("nothing-to-delete", { lackBytes });
        this.#stuck = true;
        return;
      }
      this.#stuck = false;
      if (outcome.kind === "unasked") {
        log.info("unasked-object-deleted-for-space", { bytes: outcome.bytes });
        lackBytes -= outcome.bytes;
        continue;
      }
      const { studyInstanceUid, instances, bytes } = outcome;
      log.info("study-deleted-for-space", { studyInstanceUid, instances, bytes });
      lackBytes -= bytes;
      this.deleted.emit(studyInstanceUid);
    }
  }
}
