// Backup of configuration and database to a stick, and restore from one. The work is done by a thread; here is
// the order of things, what hinders them, and what the service engineer is told.

import { type Configuration, parseConfiguration } from "../../config/configuration.ts";
import { keyFilesOf } from "../../config/key-files.ts";
import { type Clock, fileStamp, sleep } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import type { Log } from "../../core/log.ts";
import type { Drives, OpenDrive } from "../../hal/media/media.ts";
import {
  BACKUP_CELLS,
  BACKUP_STEPS,
  type BackupAnswer,
  type BackupOrigin,
  type BackupTask,
  type ListedBackup,
  PROGRESS_CELL,
  RESTORE_STEPS,
  type RestoreNote,
  STEP_CELL,
  type StageTask,
} from "../../model/backup.ts";

/** Progress is told of so often. */
const PROGRESS_CYCLE_MS = 500;
/** From the word that the device restarts to its end, so that the word arrives. */
const RESTART_DELAY_MS = 1_000;

/** Where the device's data lies and what runs on it. */
export interface BackupPlace {
  readonly dataFolder: string;
  readonly configFile: string;
  readonly product: string;
  readonly version: string;
  /** Absolute path of a file named in the configuration. */
  readonly resolve: (path: string) => string;
}

/** What makes the backups, and ends the program so that a restored one begins. */
export interface BackupParts {
  readonly place: BackupPlace;
  readonly thread: { run(task: BackupTask): Promise<BackupAnswer> };
  readonly restart: {
    /** Somebody starts the program again when it ends. */
    readonly byItself: boolean;
    /** Stops in good order and ends. */
    now(): void;
  };
}

export interface BackupServiceParts extends BackupParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly drives: Pick<Drives, "open">;
  readonly configuration: () => Configuration;
  /** The database's own word on its last restore. */
  readonly restoreNote: () => RestoreNote | null;
  /** Why nothing may be copied or replaced now, in words; null: nothing is going on. */
  readonly inUse: () => string | null;
  /** The database cannot be used: it may be put aside for an empty one. */
  readonly isUnfit?: boolean;
}

export type BackupWork = "backup" | "restore";
export type BackupStep =
  | (typeof BACKUP_STEPS)[number]
  | (typeof RESTORE_STEPS)[number]
  | "restarting";

export type BackupState =
  | { readonly state: "none" }
  | {
      readonly state: "working";
      readonly work: BackupWork;
      readonly step: BackupStep;
      /** Of the step, 0 to 1. */
      readonly share: number;
    }
  | { readonly state: "done"; readonly work: BackupWork; readonly text: string }
  | { readonly state: "failed"; readonly work: BackupWork; readonly reason: string };

export type BackupRefusalCode = "in-use" | "unknown-reference" | "invalid-field";

export type BackupOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly refusal: { readonly code: BackupRefusalCode; readonly detail: string };
    };

const done = <T>(value: T): BackupOutcome<T> => ({ ok: true, value });
const refused = (code: BackupRefusalCode, detail: string): BackupOutcome<never> => ({
  ok: false,
  refusal: { code, detail },
});

const SECRETS =
  "It holds patient data, the service PIN and the keys: keep it under lock. Images are not in it.";

export class BackupService {
  /** The state changed. */
  readonly changes = new Listeners<BackupState>();
  readonly #parts: BackupServiceParts;
  #state: BackupState = { state: "none" };
  #medium: string | null = null;
  #stopped = false;

  constructor(parts: BackupServiceParts) {
    this.#parts = parts;
  }

  /** The database cannot be used: an empty one may take its place. */
  get isUnfit(): boolean {
    return this.#parts.isUnfit === true;
  }

  state(): BackupState {
    return this.#state;
  }

  /** The last restore this database went through; null where there was none. */
  lastRestore(): RestoreNote | null {
    const note = this.#parts.restoreNote();
    return note === null || note.restoredMs === 0 ? null : note;
  }

  /** True while this medium is written to or read. */
  uses(medium: string): boolean {
    return this.#medium === medium;
  }

  /** Why this medium must stay where it is, in words; null: it need not. */
  useWords(medium: string): string | null {
    return this.uses(medium) ? "A backup or restore uses it. Wait until it is done." : null;
  }

  /** Why the machine must go on running, in words; null: nothing is under way. */
  busyWords(): string | null {
    return this.#state.state === "working"
      ? "A backup or restore is under way. Wait until it is done."
      : null;
  }

  /** True from the first file of a restore on: what is begun now would be lost. */
  isRestoring(): boolean {
    return this.#state.state === "working" && this.#state.work === "restore";
  }

  /** What a stick holds, the newest first. */
  async list(device: string): Promise<BackupOutcome<readonly ListedBackup[]>> {
    const { place, thread } = this.#parts;
    const opened = await this.#open(device);
    if (!opened.ok) return opened;
    const { root } = opened.value;
    const answer = await thread.run({ type: "list", root, product: place.product });
    if (answer.type === "listed") return done(answer.backups);
    return refused("unknown-reference", reasonOf(answer));
  }

  /** Begins a backup to a stick; what follows are changes. */
  async backUp(device: string): Promise<BackupOutcome<BackupState>> {
    const hindrance = this.#hindrance();
    if (hindrance !== null) return refused("in-use", hindrance);
    const opened = await this.#open(device);
    if (!opened.ok) return opened;
    return this.#begin("backup", BACKUP_STEPS[0], device, () => this.#backUp(opened.value));
  }

  /** Begins to restore a backup of a stick; the device restarts at its end. */
  async restore(device: string, name: string): Promise<BackupOutcome<BackupState>> {
    const hindrance = this.#hindrance();
    if (hindrance !== null) return refused("in-use", hindrance);
    const opened = await this.#open(device);
    if (!opened.ok) return opened;
    const { root } = opened.value;
    const known = await this.list(device);
    if (!known.ok) return known;
    const chosen = known.value.find((backup) => backup.name === name);
    if (chosen === undefined)
      return refused("unknown-reference", `There is no backup ${name} on this stick.`);
    if (!chosen.usable)
      return refused("invalid-field", chosen.reason ?? "The backup cannot be used.");
    return this.#begin("restore", RESTORE_STEPS[0], device, () =>
      this.#restore({ kind: "stick", root, name }),
    );
  }

  /** Begins to bring back what the last restore replaced. */
  async undoRestore(): Promise<BackupOutcome<BackupState>> {
    const hindrance = this.#hindrance();
    if (hindrance !== null) return refused("in-use", hindrance);
    if (this.lastRestore() === null)
      return refused("unknown-reference", "No restore was made here; there is nothing to undo.");
    return this.#begin("restore", RESTORE_STEPS[0], null, () => this.#restore({ kind: "kept" }));
  }

  /** Puts a database that cannot be used aside, with the calibration it describes, and begins with an empty one. */
  async beginAnew(): Promise<BackupOutcome<BackupState>> {
    const hindrance = this.#hindrance();
    if (hindrance !== null) return refused("in-use", hindrance);
    if (!this.isUnfit)
      return refused("invalid-field", "The database can be used; there is nothing to begin anew.");
    return this.#begin("restore", "restarting", null, async () => {
      const { place, thread, clock } = this.#parts;
      const answer = await thread.run({
        type: "begin-anew",
        dataFolder: place.dataFolder,
        keptName: keptNameAt(clock.nowMs()),
      });
      return answer.type === "committed" ? this.#restart() : failed("restore", answer);
    });
  }

  /** What is under way is told to nobody any more; the thread is its owner's to end. */
  stop(): void {
    this.#stopped = true;
  }

  #hindrance(): string | null {
    return this.busyWords() ?? this.#parts.inUse();
  }

  async #open(device: string): Promise<BackupOutcome<OpenDrive>> {
    const opened = await this.#parts.drives.open(device);
    return opened.kind === "open"
      ? done(opened.drive)
      : refused("unknown-reference", opened.reason);
  }

  /** Answers at once; the work goes on. */
  #begin(
    work: BackupWork,
    step: BackupStep,
    medium: string | null,
    run: () => Promise<BackupState>,
  ): BackupOutcome<BackupState> {
    // Somebody else may have begun while the stick was looked at.
    const hindrance = this.#hindrance();
    if (hindrance !== null) return refused("in-use", hindrance);
    const { log } = this.#parts;
    this.#medium = medium;
    this.#become({ state: "working", work, step, share: 0 });
    log.warn("backup-begins", { what: work });
    void run()
      .catch((error: unknown): BackupState => {
        log.error("backup-failed", { what: work, error });
        const reason =
          "It failed, and nothing was changed. Try again, and call service if it stays so.";
        return { state: "failed", work, reason };
      })
      .then((end) => {
        this.#medium = null;
        if (end.state === "failed") log.warn("backup-ends", { what: work, reason: end.reason });
        else log.info("backup-ends", { what: work });
        this.#become(end);
      });
    return done(this.#state);
  }

  async #backUp(drive: OpenDrive): Promise<BackupState> {
    const { place, thread, configuration, clock } = this.#parts;
    const { device } = configuration();
    const nowMs = clock.nowMs();
    const shared = new SharedArrayBuffer(BACKUP_CELLS * Int32Array.BYTES_PER_ELEMENT);
    const answer = await this.#follow("backup", BACKUP_STEPS, shared, () =>
      thread.run({
        type: "back-up",
        root: drive.root,
        name: fileStamp(nowMs, device.timeZone),
        dataFolder: place.dataFolder,
        configFile: place.configFile,
        keyFiles: keyFilesOf(configuration()).map(place.resolve),
        origin: originOf(place, configuration()),
        madeAt: new Date(nowMs).toISOString(),
        shared,
      }),
    );
    if (answer.type !== "backed-up") return failed("backup", answer);
    const { leftOut } = answer.manifest;
    const released = await drive
      .release()
      .catch(() => "Remove the stick safely before you pull it out.");
    const text = [
      `The backup ${answer.name} is on the stick and was read back. ${SECRETS}`,
      leftOut.length === 0
        ? ""
        : `Not in it either, for they lie outside the data folder: ${leftOut.join(", ")}.`,
      released,
    ];
    return { state: "done", work: "backup", text: text.filter((part) => part !== "").join(" ") };
  }

  async #restore(from: StageTask["from"]): Promise<BackupState> {
    const { place, thread, clock, inUse } = this.#parts;
    const { dataFolder, product } = place;
    const nowMs = clock.nowMs();
    const shared = new SharedArrayBuffer(BACKUP_CELLS * Int32Array.BYTES_PER_ELEMENT);
    const staged = await this.#follow("restore", RESTORE_STEPS, shared, () =>
      thread.run({ type: "stage", from, dataFolder, product, nowMs, shared }),
    );
    if (staged.type !== "staged") return failed("restore", staged);
    const giveUp = async (reason: string): Promise<BackupState> => {
      await thread.run({ type: "abandon", dataFolder });
      return { state: "failed", work: "restore", reason };
    };
    const configuration = configurationOf(staged.configuration);
    if (typeof configuration === "string")
      return giveUp(
        `The configuration of the backup does not fit this version (${configuration}). Install the version that made it, restore, then update; nothing was changed.`,
      );
    const hindrance = inUse();
    if (hindrance !== null) return giveUp(`${hindrance} Nothing was changed.`);
    const committed = await thread.run({
      type: "commit",
      dataFolder,
      files: staged.files,
      keptName: keptNameAt(nowMs),
      keyFiles: keyFilesOf(configuration).map(place.resolve),
    });
    return committed.type === "committed" ? this.#restart() : failed("restore", committed);
  }

  /** The next start takes up what was committed. */
  async #restart(): Promise<never> {
    const { clock, restart, log } = this.#parts;
    // Not done yet: nothing may begin that the restored database would not know of.
    this.#become({ state: "working", work: "restore", step: "restarting", share: 1 });
    log.warn("restore-staged", { how: restart.byItself ? "restarts" : "waits for a start" });
    await sleep(clock, RESTART_DELAY_MS);
    restart.now();
    return await new Promise<never>(() => {});
  }

  /** Tells how far a task is, until it answers. */
  async #follow(
    work: BackupWork,
    steps: readonly BackupStep[],
    shared: SharedArrayBuffer,
    run: () => Promise<BackupAnswer>,
  ): Promise<BackupAnswer> {
    const end = new AbortController();
    const cells = new Int32Array(shared);
    const telling = (async () => {
      while (!end.signal.aborted) {
        await sleep(this.#parts.clock, PROGRESS_CYCLE_MS, end.signal);
        if (end.signal.aborted) return;
        const step = steps[Atomics.load(cells, STEP_CELL)] ?? steps[0];
        if (step === undefined) return;
        this.#become({
          state: "working",
          work,
          step,
          share: Atomics.load(cells, PROGRESS_CELL) / 1000,
        });
      }
    })();
    try {
      return await run();
    } finally {
      end.abort();
      await telling;
    }
  }

  #become(state: BackupState): void {
    if (this.#stopped) return;
    this.#state = state;
    this.changes.emit(state);
  }
}

/** Of the folder for what a restore replaces. */
function keptNameAt(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "-");
}

function originOf(place: BackupPlace, { device }: Configuration): BackupOrigin {
  return {
    product: place.product,
    version: place.version,
    serialNumber: device.serialNumber,
    stationName: device.stationName,
    institutionName: device.institutionName,
  };
}

/** Parsed by this program, or in words why not. */
function configurationOf(text: string): Configuration | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is no JSON";
  }
  const parsed = parseConfiguration(document);
  if (parsed.ok) return parsed.configuration;
  return parsed.problems.map((problem) => `${problem.path} ${problem.message}`).join("; ");
}

function failed(work: BackupWork, answer: BackupAnswer): BackupState {
  return { state: "failed", work, reason: reasonOf(answer) };
}

function reasonOf(answer: BackupAnswer): string {
  return answer.type === "failed"
    ? answer.reason
    : "The backup thread lost its way, and nothing was changed. Try again.";
}
