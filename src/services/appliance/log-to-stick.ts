// The log bundle on its way to a stick: on an appliance nobody can log in to, the one way to take it along.

import { type Clock, fileStamp } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Drives, OpenDrive } from "../../hal/media/media.ts";
import type { BackupAnswer, WriteLogTask } from "../../model/backup.ts";
import type { ApplianceAnswer } from "./appliance-service.ts";

export interface LogToStickParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly drives: Pick<Drives, "open">;
  /** Waits for the stick, which nobody else does. */
  readonly thread: { run(task: WriteLogTask): Promise<BackupAnswer> };
  readonly timeZone: () => string;
  /** Why nothing may be written to this medium now, as sentences; null: nothing hinders it. */
  readonly hindrance: (device: string) => string | null;
}

const BUSY = "A log bundle is being written to a stick. Wait until it is done.";

export class LogToStick {
  readonly #parts: LogToStickParts;
  #medium: string | null = null;

  constructor(parts: LogToStickParts) {
    this.#parts = parts;
  }

  /** Why machine and sticks must stay as they are, in words; null: nothing is written. */
  busyWords(): string | null {
    return this.#medium === null ? null : BUSY;
  }

  /** Why this medium must stay where it is, in words; null: it need not. */
  useWords(device: string): string | null {
    return this.#medium === device ? BUSY : null;
  }

  /**
   * Has the bundle packed, writes it to the stick and lets the stick go.
   * @returns the file on the stick, and whether the stick may be pulled out, as sentences
   */
  async write(
    device: string,
    pack: () => Promise<ApplianceAnswer<Uint8Array>>,
  ): Promise<ApplianceAnswer<string>> {
    const hindrance = this.busyWords() ?? this.#parts.hindrance(device);
    if (hindrance !== null) return refused("in-use", hindrance);
    this.#medium = device;
    try {
      return await this.#write(device, pack);
    } finally {
      this.#medium = null;
    }
  }

  async #write(
    device: string,
    pack: () => Promise<ApplianceAnswer<Uint8Array>>,
  ): Promise<ApplianceAnswer<string>> {
    const { clock, log, drives, thread, timeZone } = this.#parts;
    // The stick first: packing takes some seconds, and a wrong stick is told at once.
    const opened = await drives.open(device);
    if (opened.kind === "refused") return refused("unknown-reference", opened.reason);
    const packed = await pack();
    if (!packed.ok) return packed;
    const { drive } = opened;
    const written = await thread
      .run({
        type: "write-log",
        root: drive.root,
        name: fileStamp(clock.nowMs(), timeZone()),
        bytes: sharedCopy(packed.value),
      })
      .catch((error: unknown) => {
        log.error("log-bundle-failed", { error });
        return null;
      });
    if (written?.type !== "log-written")
      return refused(
        "device-fault",
        written?.type === "failed"
          ? written.reason
          : "The log bundle could not be written. Try again, and restart the device if it stays so.",
      );
    log.info("log-bundle-written", {});
    return {
      ok: true,
      value: `The log bundle is on the stick (${written.path}). ${await this.#release(device, drive)}`,
    };
  }

  /** Not under an export that began meanwhile. */
  async #release(device: string, drive: OpenDrive): Promise<string> {
    const inUse = this.#parts.hindrance(device);
    if (inUse !== null) return `Leave the stick in. ${inUse}`;
    return drive.release().catch(() => "Remove the stick safely before you pull it out.");
  }
}

const refused = (
  code: "in-use" | "unknown-reference" | "device-fault",
  detail: string,
): ApplianceAnswer<never> => ({ ok: false, refusal: { code, detail } });

/** Large buffers go to a thread in shared memory. */
function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(shared).set(bytes);
  return shared;
}
