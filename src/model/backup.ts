// A backup of configuration and database: what lies on the stick, what the thread that makes and restores
// backups is asked for, and what it answers.

/** One file of a backup; the name with "/" between parts. */
export interface BackupFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Whose backup it is. */
export interface BackupOrigin {
  readonly product: string;
  readonly version: string;
  readonly serialNumber: string;
  readonly stationName: string;
  readonly institutionName: string;
}

/** manifest.json of a backup, written last: a backup without one was not finished. */
export interface BackupManifest extends BackupOrigin {
  readonly format: 1;
  /** ISO 8601. */
  readonly madeAt: string;
  /** Steps the database has seen, and how many a program must know to work with it (store/migrations.ts). */
  readonly schema: number;
  readonly readableFromSchema: number;
  readonly files: readonly BackupFile[];
  /** Paths that the configuration names and the backup could not take along. */
  readonly leftOut: readonly string[];
}

/** A backup on a stick, usable or not. */
export interface ListedBackup {
  /** Of its folder. */
  readonly name: string;
  /** Absent where the manifest tells nothing. */
  readonly madeAt?: string | undefined;
  readonly version?: string | undefined;
  readonly stationName?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly bytes?: number | undefined;
  readonly usable: boolean;
  /** Why it cannot be restored, and what to do. */
  readonly reason?: string | undefined;
}

/** What a database remembers, as a setting, of how it came to be other than by its own exams. */
export interface RestoreNote {
  /** 0: never restored; it was begun anew beside objects that were there. */
  readonly restoredMs: number;
  /** When the backup was made, ISO 8601; of an undone restore, when that was taken up. */
  readonly madeAt: string;
  /** Files and rows were brought together since. */
  readonly reconciled: boolean;
}

/** Cells of the counters a task shares: thousandths done of the step, and the step's number. */
export const PROGRESS_CELL = 0;
export const STEP_CELL = 1;
export const BACKUP_CELLS = 2;
/** In the order a task goes through them, from 0. */
export const BACKUP_STEPS = ["copying-database", "writing", "reading-back"] as const;
export const RESTORE_STEPS = ["copying", "checking"] as const;

export interface BackUpTask {
  readonly type: "back-up";
  /** Folder the stick is mounted at. */
  readonly root: string;
  /** Date and time as the folder's name. */
  readonly name: string;
  readonly dataFolder: string;
  readonly configFile: string;
  /** Certificates and keys that the configuration names, absolute. */
  readonly keyFiles: readonly string[];
  readonly origin: BackupOrigin;
  readonly madeAt: string;
  readonly shared: SharedArrayBuffer;
}

export interface ListTask {
  readonly type: "list";
  readonly root: string;
  readonly product: string;
}

/** Brings a backup into the data folder, checked and ready; nothing is replaced yet. */
export interface StageTask {
  readonly type: "stage";
  /** kept: what the last restore replaced. */
  readonly from:
    | { readonly kind: "stick"; readonly root: string; readonly name: string }
    | { readonly kind: "kept" };
  readonly dataFolder: string;
  readonly product: string;
  readonly nowMs: number;
  readonly shared: SharedArrayBuffer;
}

/** Makes what is staged the data of the next start. */
export interface CommitTask {
  readonly type: "commit";
  readonly dataFolder: string;
  readonly files: readonly BackupFile[];
  /** Name for what is replaced. */
  readonly keptName: string;
  /** That the staged configuration names, absolute. */
  readonly keyFiles: readonly string[];
}

/** Puts database and calibration aside at the next start, for empty ones. */
export interface BeginAnewTask {
  readonly type: "begin-anew";
  readonly dataFolder: string;
  /** Name for what is put aside. */
  readonly keptName: string;
}

/** Takes away what was staged. */
export interface AbandonTask {
  readonly type: "abandon";
  readonly dataFolder: string;
}

/** Puts a log bundle on a stick: no backup, but written by the same thread in the same way. */
export interface WriteLogTask {
  readonly type: "write-log";
  readonly root: string;
  /** Date and time as the file's name. */
  readonly name: string;
  readonly bytes: SharedArrayBuffer;
}

export type BackupTask =
  | BackUpTask
  | ListTask
  | StageTask
  | CommitTask
  | BeginAnewTask
  | AbandonTask
  | WriteLogTask;

export type BackupAnswer =
  | { readonly type: "backed-up"; readonly manifest: BackupManifest; readonly name: string }
  | { readonly type: "listed"; readonly backups: readonly ListedBackup[] }
  | {
      readonly type: "staged";
      readonly files: readonly BackupFile[];
      /** Text of the configuration file. */
      readonly configuration: string;
    }
  | { readonly type: "committed" }
  | { readonly type: "abandoned" }
  /** On the stick, "/" between parts. */
  | { readonly type: "log-written"; readonly path: string }
  /** In words for the technician; nothing was changed. */
  | { readonly type: "failed"; readonly reason: string };
