// Settings on a stick: what the thread that reads and writes sticks is asked for, and what it answers.

/** A certificate or key beside config.json on the stick. */
export interface KeyFile {
  /** Without a folder. */
  readonly name: string;
  /** PEM. */
  readonly text: string;
}

/** A key file at its place below the data folder. */
export interface PlacedKeyFile {
  readonly path: string;
  readonly text: string;
}

export type SettingsTask =
  | { readonly type: "read-settings"; readonly root: string }
  | { readonly type: "write-settings"; readonly root: string; readonly text: string }
  | {
      readonly type: "keep-key-files";
      readonly dataFolder: string;
      readonly files: readonly PlacedKeyFile[];
    }
  /** Takes away what was kept for settings that did not come into force. */
  | {
      readonly type: "drop-key-files";
      readonly dataFolder: string;
      readonly paths: readonly string[];
    };

export type SettingsAnswer =
  | { readonly type: "settings-read"; readonly text: string; readonly files: readonly KeyFile[] }
  | { readonly type: "settings-written" }
  /** The paths that were not there before. */
  | { readonly type: "key-files-kept"; readonly added: readonly string[] }
  | { readonly type: "key-files-dropped" }
  /** In words for the technician; nothing was changed. */
  | { readonly type: "failed"; readonly reason: string };
