// The last run of fluoroscopy until something else begins: its last image is held and can be stored, and
// where it was only looked at, it can be saved after all.

import type { Log } from "../core/log.ts";
import type { Exposure } from "../model/exposure.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { ImageObject, Protocol } from "../model/protocol.ts";
import type { ImageMaker, ImageOrder } from "./image-maker.ts";
import { reasonOf } from "./notices.ts";
import { DiskFullError } from "./object-writer.ts";
import { answered, type ExamAnswer, refused } from "./refusal.ts";
import type { Run } from "./run.ts";

export interface LastRun {
  readonly examId: string;
  readonly exposure: Exposure;
  readonly protocol: Protocol;
  readonly object: ImageObject;
  readonly fps: number;
}

export interface LastRunParts {
  readonly images: Pick<ImageMaker, "hold" | "clearHeld" | "storeHeld" | "finishRun">;
  readonly log: Log;
  /** Why nothing can be made for an exam any more; null: it can. */
  readonly refusal: (examId: string) => ExamAnswer<never> | null;
  /** Begins the series of the run where it has none yet. */
  readonly order: (last: LastRun) => Promise<ImageOrder>;
  /** The exam knows that its exposure was saved after all. */
  readonly noteSaved: (last: LastRun) => Promise<void>;
  readonly onInstance: (examId: string, record: InstanceRecord) => void;
  /** The end of the exam waits for this work. */
  readonly awaited: (examId: string, work: Promise<unknown>) => void;
}

interface Kept extends LastRun {
  /** Settled once its last image is held. */
  readonly held: Promise<void>;
  /** Its files, while nobody has decided about them; null: it is saved, or was given up. */
  readonly unsaved: Run | null;
}

export class LastRunKeeper {
  readonly #parts: LastRunParts;
  #kept: Kept | null = null;

  constructor(parts: LastRunParts) {
    this.#parts = parts;
  }

  /** The exam of the run that is kept; null: none is. */
  get examId(): string | null {
    return this.#kept?.examId ?? null;
  }

  /** A run has ended. Returns at once: its frames may still be on their way through the pixel threads. */
  keep(last: LastRun, run: Run): void {
    const held = this.#parts.images.hold(run, () => this.#kept?.exposure === last.exposure);
    this.#kept = { ...last, held, unsaved: last.exposure.saved ? null : run };
  }

  /** Something else begins: the held image goes, and a run that nobody saved. */
  async letGo(): Promise<void> {
    const kept = this.#kept;
    this.#kept = null;
    this.#parts.images.clearHeld();
    await kept?.unsaved?.abandon();
  }

  /** The image that is held on the screen, as an image of its own. */
  async storeImage(examId: string): Promise<ExamAnswer<InstanceRecord>> {
    const found = this.#of(examId);
    if (!found.ok) return found;
    await found.value.held;
    const stored = await this.#make(found.value, async (order) => {
      const record = await this.#parts.images.storeHeld(order);
      return record === null ? [] : [record];
    });
    if (!stored.ok) return stored;
    const [record] = stored.value;
    return record === undefined
      ? refused("wrong-state", "the image is not held any more; save the run or expose again")
      : answered(record);
  }

  /** The run, which was only looked at, is saved after all. */
  async saveRun(examId: string): Promise<ExamAnswer<readonly InstanceRecord[]>> {
    const found = this.#of(examId);
    if (!found.ok) return found;
    const kept = found.value;
    const run = kept.unsaved;
    if (run === null) return refused("wrong-state", "the last run is saved already");
    // Said before anything is awaited: pressed twice it is saved once, and nobody gives it up meanwhile.
    this.#kept = { ...kept, unsaved: null };
    const lost = await run.lostWhileUnsaved();
    if (lost !== null) {
      await run.abandon();
      return refused("unsupported", lost);
    }
    return this.#make(kept, async (order) => {
      const records = await this.#parts.images.finishRun(run, order, kept.fps);
      await this.#parts.noteSaved(kept);
      return records;
    });
  }

  #of(examId: string): ExamAnswer<Kept> {
    const no = this.#parts.refusal(examId);
    if (no !== null) return no;
    return this.#kept?.examId === examId
      ? answered(this.#kept)
      : refused(
          "wrong-state",
          "no fluoroscopy of this exam is held; its image and run can be kept between the pedal's release and the next exposure",
        );
  }

  #make(
    last: LastRun,
    make: (order: ImageOrder) => Promise<readonly InstanceRecord[]>,
  ): Promise<ExamAnswer<readonly InstanceRecord[]>> {
    const { order, onInstance, awaited, log } = this.#parts;
    const work = async (): Promise<ExamAnswer<readonly InstanceRecord[]>> => {
      try {
        const records = await make(await order(last));
        for (const record of records) onInstance(last.examId, record);
        return answered(records);
      } catch (error) {
        if (error instanceof DiskFullError) return refused("disk-full", error.message);
        log.error("last-run-not-kept", { examId: last.examId, error });
        return refused("device-fault", `nothing was stored: ${reasonOf(error)}`);
      }
    };
    const made = work();
    awaited(last.examId, made);
    return made;
  }
}
