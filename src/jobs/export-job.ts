// The export job (statement 5.1.3): objects of one or more studies onto a USB stick, or onto as many
// discs as they need. The writing is done by a thread of its own; here is the order of things.

import type { Clock } from "../core/clock.ts";
import { sleep } from "../core/clock.ts";
import type { OutputCharacterSet } from "../dicom/data/charset/output-character-set.ts";
import type { ExportObject } from "../export/export-object.ts";
import type { Preview } from "../export/finish-file-set.ts";
import type { MediaIdentity } from "../export/media-profiles.ts";
import type { PageFacts } from "../export/pages.ts";
import { bytesNeeded, sizeText, tooLargeForFat } from "../export/space.ts";
import { splitDiscs } from "../export/split-discs.ts";
import type { DiscBurner } from "../hal/media/disc-burner.ts";
import type { Drives } from "../hal/media/media.ts";
import type { Staging } from "../hal/media/staging.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { ExportParameters } from "../model/job.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { ExportWriter } from "../workers/export/export-client.ts";
import { CELLS, PROGRESS_CELL, STOP_CELL } from "../workers/export/messages.ts";
import { type ExportSelection, exportSelection } from "./export-objects.ts";
import { exportFailure } from "./export-words.ts";
import { CANCELLED, type JobExecutor, type JobRun, type RunOutcome } from "./job-executor.ts";

/** Pictures that one export is given at most, so that they never hold it up for long. */
export const PREVIEWS_MAX = 64;
/** How often the job's progress is told. */
const PROGRESS_CYCLE_MS = 250;

export interface ExportSettings {
  readonly identity: MediaIdentity;
  readonly characterSet: OutputCharacterSet;
  readonly fileSetId: string;
  readonly page: PageFacts;
  readonly timeZone: string;
  /** Whether a file may stand for a disc (development). */
  readonly allowPaths: boolean;
  /** False only to measure what reading back costs. */
  readonly readBack?: boolean | undefined;
}

export interface ExportJobParts {
  readonly storage: Pick<StoragePort, "reader" | "filePath" | "saveJob" | "markOutput">;
  readonly writer: ExportWriter;
  readonly drives: Pick<Drives, "open">;
  readonly burner: DiscBurner;
  readonly staging: Staging;
  readonly clock: Clock;
  readonly settings: () => ExportSettings;
  /** A small PNG of an image; null for what has no picture. */
  readonly preview: (record: InstanceRecord) => Promise<Uint8Array | null>;
  /** UID for a new DICOMDIR. */
  readonly newUid: () => string;
}

/** How writing one file-set ended. */
type Written =
  | { readonly kind: "written" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "failed"; readonly reason: string };

export class ExportJobExecutor implements JobExecutor {
  readonly #parts: ExportJobParts;

  constructor(parts: ExportJobParts) {
    this.#parts = parts;
  }

  async run(run: JobRun): Promise<RunOutcome> {
    const { parameters } = run.job;
    if (parameters.type !== "export") return { kind: "failed", reason: "this is no export job" };
    const { storage, settings } = this.#parts;
    const items = storage.reader.jobItems(run.job.id);
    const pending = items.filter((i) => i.state === "pending" || i.state === "parked");
    const chosen = exportSelection(
      storage,
      pending.map((i) => i.sopInstanceUid),
      settings().timeZone,
    );
    await this.#leaveOut(run, chosen);
    if (chosen.objects.length === 0)
      return pending.length === 0
        ? { kind: "done" }
        : { kind: "failed", reason: "None of the chosen objects can be exported any more." };
    const { target } = parameters;
    return target.kind === "usb"
      ? this.#toStick(run, target, chosen)
      : this.#toDiscs(run, target, chosen);
  }

  /** Says what is not exported, and takes it out of the job. */
  async #leaveOut(run: JobRun, { gone, unfit }: ExportSelection): Promise<void> {
    for (const uid of gone) run.log(`${uid}: was deleted, or its file is missing`);
    for (const uid of unfit) run.log(`${uid}: its kind of object has no place on these media`);
    await this.#mark(run, [...gone, ...unfit], "gone");
  }

  // ---- USB --------------------------------------------------------------------------------------

  async #toStick(
    run: JobRun,
    target: ExportParameters["target"],
    chosen: ExportSelection,
  ): Promise<RunOutcome> {
    const { drives } = this.#parts;
    const large = tooLargeForFat(chosen.objects);
    if (large !== undefined)
      return {
        kind: "failed",
        reason: `Object ${large.sopInstanceUid} has ${sizeText(large.fileBytes)}; a file on a stick (FAT) ends at 4.3 GB. Send it over the network.`,
      };
    const opened = await drives.open(target.device);
    if (opened.kind === "refused") return { kind: "failed", reason: opened.reason };
    const { root, label, release } = opened.drive;
    const { page } = this.#parts.settings();
    const token = `${page.device} ${run.job.id} ${run.job.createdMs}`;
    run.log(`writing ${chosen.objects.length} objects to ${label}`);
    const written = await this.#writeFileSet(run, root, token, chosen, "stick", 0, 1);
    switch (written.kind) {
      case "interrupted":
        return { kind: "interrupted" };
      case "failed":
        return { kind: "failed", reason: written.reason };
      case "written":
        run.log(await release());
        await this.#exported(run, chosen, label);
        return { kind: "done" };
    }
  }

  // ---- discs ------------------------------------------------------------------------------------

  async #toDiscs(
    run: JobRun,
    target: ExportParameters["target"],
    chosen: ExportSelection,
  ): Promise<RunOutcome> {
    const { burner, staging, settings } = this.#parts;
    if (!target.device.startsWith("/dev/") && !settings().allowPaths)
      return { kind: "failed", reason: "Only disc writers may be exported to here." };
    const state = await burner.state(target.device);
    if (state.kind === "unusable") return { kind: "failed", reason: state.reason };
    const plan = splitDiscs(chosen.objects, state.capacityBytes);
    if (plan.kind === "too-large") return { kind: "failed", reason: plan.reason };
    const earlier = run.job.log.filter((line) => line.text.endsWith(DISC_DONE)).length;
    const count = earlier + plan.discs.length;
    for (const [i, disc] of plan.discs.entries()) {
      const number = earlier + i + 1;
      // A drive waits for the next disc; a file is followed by one with a number.
      if (i > 0 && state.type !== "file")
        return {
          kind: "failed",
          reason: `Disc ${number - 1} of ${count} is finished. Take it out, put in an empty one as disc ${number}, and try again.`,
        };
      const device = state.type === "file" ? numberedFile(target.device, number) : target.device;
      const part = partOf(chosen, disc);
      const outcome = await this.#toDisc(run, device, part, number, count);
      if (outcome !== null) return outcome;
      await this.#exported(run, part, count > 1 ? `disc ${number} of ${count}` : "disc");
    }
    staging.clear();
    return { kind: "done" };
  }

  /** Null when the disc is written, closed and verified. */
  async #toDisc(
    run: JobRun,
    device: string,
    part: ExportSelection,
    number: number,
    count: number,
  ): Promise<RunOutcome | null> {
    const { burner, staging, settings } = this.#parts;
    const neededBytes = bytesNeeded(part.objects);
    const freeBytes = staging.freeBytes();
    if (neededBytes > freeBytes)
      return {
        kind: "failed",
        reason: exportFailure({ type: "no-space", neededBytes, freeBytes }, "disc folder"),
      };
    const name = `disc-${run.job.id}`;
    const folder = staging.make(name);
    try {
      const token = `disc ${run.job.id} ${number}`;
      const written = await this.#writeFileSet(run, folder, token, part, "disc folder", 0, 0.5);
      if (written.kind === "failed") return { kind: "failed", reason: written.reason };
      if (written.kind === "interrupted") return { kind: "interrupted" };
      const label = count > 1 ? `disc ${number} of ${count}` : "disc";
      run.log(`burning ${label}: do not take it out`);
      const burned = await burner.burn({
        device,
        folder,
        volumeId: settings().fileSetId,
        signal: run.signal,
        percent: (done) => this.#tell(run, part, 0.5 + (0.4 * done) / 100),
      });
      if (burned.kind === "interrupted") {
        run.log("burning was stopped: the disc in the drive cannot be used any more");
        return { kind: "interrupted" };
      }
      if (burned.kind === "failed") return { kind: "failed", reason: burned.reason };
      run.log(`${label} ${DISC_DONE}`);
      return null;
    } finally {
      staging.remove(name);
    }
  }

  // ---- both -------------------------------------------------------------------------------------

  async #writeFileSet(
    run: JobRun,
    root: string,
    token: string,
    chosen: ExportSelection,
    medium: "stick" | "disc folder",
    from: number,
    share: number,
  ): Promise<Written> {
    const { writer, settings, newUid } = this.#parts;
    const { identity, characterSet, fileSetId, page, readBack } = settings();
    const shared = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
    const cells = new Int32Array(shared);
    const stop = () => Atomics.store(cells, STOP_CELL, 1);
    run.signal.addEventListener("abort", stop, { once: true });
    if (run.signal.aborted) stop();
    const progress = new AbortController();
    const told = this.#follow(run, chosen, cells, from, share, progress.signal);
    try {
      const copying = writer.run({
        type: "copy",
        root,
        token,
        objects: chosen.objects,
        identity,
        readBack: medium === "stick" && readBack !== false,
        checkSpace: medium === "stick",
        shared,
      });
      const copied = { yet: false };
      const previews = this.#previews(chosen.records, run.signal, copied);
      const answer = await copying;
      copied.yet = true;
      if (answer.type === "interrupted") return await this.#giveUp(run, root, token);
      if (answer.type !== "placed") {
        const isThere = answer.type !== "medium-failed" || answer.fault !== "gone";
        if (isThere && answer.type !== "no-space") await this.#discard(root, token);
        return { kind: "failed", reason: exportFailure(failed(answer), medium) };
      }
      const finished = await writer.run({
        type: "finish",
        root,
        token,
        objects: chosen.objects,
        placed: answer.placed,
        previews: await previews,
        identity,
        characterSet,
        newUid: newUid(),
        fileSetId,
        page,
      });
      if (finished.type === "finished") return { kind: "written" };
      if (finished.type !== "medium-failed" || finished.fault !== "gone")
        await this.#discard(root, token);
      return { kind: "failed", reason: exportFailure(failed(finished), medium) };
    } finally {
      run.signal.removeEventListener("abort", stop);
      progress.abort();
      await told;
    }
  }

  /** Stopped by the device, it goes on at the next start; by the operator, it leaves nothing behind. */
  async #giveUp(run: JobRun, root: string, token: string): Promise<Written> {
    if (run.signal.reason === CANCELLED) await this.#discard(root, token);
    return { kind: "interrupted" };
  }

  /** Best effort: whatever is left, no record refers to it. */
  async #discard(root: string, token: string): Promise<void> {
    await this.#parts.writer.run({ type: "discard", root, token });
  }

  /**
   * Pictures are made while the copying goes on, the first of each series first. A stick is slower than
   * that; where the copying is done before, only what a series would have none without is waited for.
   */
  async #previews(
    records: readonly InstanceRecord[],
    signal: AbortSignal,
    copied: { readonly yet: boolean },
  ): Promise<Preview[]> {
    const previews: Preview[] = [];
    const shown = new Set<string>();
    const first = records.filter(({ rows, seriesInstanceUid }) => {
      const isFirst = rows > 0 && !shown.has(seriesInstanceUid);
      shown.add(rows > 0 ? seriesInstanceUid : "");
      return isFirst;
    });
    const others = records.filter((record) => record.rows > 0 && !first.includes(record));
    for (const [i, record] of [...first, ...others].entries()) {
      if (previews.length >= PREVIEWS_MAX || signal.aborted) break;
      if (copied.yet && i >= first.length) break;
      // A picture that cannot be made is only missing.
      const png = await this.#parts.preview(record).catch(() => null);
      if (png !== null) previews.push({ sopInstanceUid: record.sopInstanceUid, png });
    }
    return previews;
  }

  async #follow(
    run: JobRun,
    chosen: ExportSelection,
    cells: Int32Array,
    from: number,
    share: number,
    end: AbortSignal,
  ): Promise<void> {
    while (!end.aborted) {
      await sleep(this.#parts.clock, PROGRESS_CYCLE_MS, end);
      const halves = Atomics.load(cells, PROGRESS_CELL);
      this.#tell(run, chosen, from + (share * halves) / (2 * chosen.objects.length));
    }
  }

  /** Of the objects of this file-set a share is done; those of earlier discs are. */
  #tell(run: JobRun, chosen: ExportSelection, share: number): void {
    const { total } = run.job.progress;
    const left = this.#parts.storage.reader
      .jobItems(run.job.id)
      .filter((item) => item.state === "pending" || item.state === "parked").length;
    run.progress(total - left + Math.floor(chosen.objects.length * Math.min(1, share)), total);
  }

  async #exported(run: JobRun, chosen: ExportSelection, label: string): Promise<void> {
    const uids = chosen.objects.map((object) => object.sopInstanceUid);
    await this.#parts.storage.markOutput(uids, {
      kind: "export",
      target: label,
      atMs: this.#parts.clock.nowMs(),
    });
    await this.#mark(run, uids, "done");
  }

  async #mark(run: JobRun, uids: readonly string[], state: "done" | "gone"): Promise<void> {
    if (uids.length === 0) return;
    const { storage } = this.#parts;
    const items = storage.reader.jobItems(run.job.id);
    const named = new Set(uids);
    const changed = items
      .filter((item) => named.has(item.sopInstanceUid))
      .map((item) => ({ ...item, state }));
    await storage.saveJob(run.job, changed);
    const left = items.filter(
      (item) =>
        !named.has(item.sopInstanceUid) && (item.state === "pending" || item.state === "parked"),
    ).length;
    run.progress(items.length - left, items.length);
  }
}

/** Ends the log line of a finished disc, which is counted by it after a restart. */
const DISC_DONE = "is written, closed and verified; take it out";

function partOf(chosen: ExportSelection, objects: readonly ExportObject[]): ExportSelection {
  const uids = new Set(objects.map((object) => object.sopInstanceUid));
  return {
    objects,
    records: chosen.records.filter((record) => uids.has(record.sopInstanceUid)),
    gone: [],
    unfit: [],
  };
}

/** "stdio:/a/disc.iso", 2 → "stdio:/a/disc-2.iso". */
function numberedFile(device: string, number: number): string {
  return number === 1 ? device : device.replace(/(\.[^./]*)?$/, (end) => `-${number}${end}`);
}

type Answer = Awaited<ReturnType<ExportWriter["run"]>>;
type Failure = Exclude<Answer, { type: "placed" | "finished" | "interrupted" }>;

function failed(answer: Answer): Failure {
  if (answer.type === "placed" || answer.type === "finished" || answer.type === "interrupted")
    return { type: "source-failed", reason: "the writing thread lost its way; try again" };
  return answer;
}
