// What the writing thread of an export is asked for, and what it answers. How far it is and whether it
// shall stop stand in shared memory, since its calls to the medium do not let messages in between.

import type { OutputCharacterSet } from "../../dicom/data/charset/output-character-set.ts";
import type { ExportObject, PlacedObject } from "../../export/export-object.ts";
import type { Preview } from "../../export/finish-file-set.ts";
import type { MediaIdentity } from "../../export/media-profiles.ts";
import type { PageFacts } from "../../export/pages.ts";
import type { MediumFault } from "../../hal/media/medium-files.ts";

/** Cells of the shared counters: halves of objects done, and 1 when the thread shall stop. */
export const PROGRESS_CELL = 0;
export const STOP_CELL = 1;
export const CELLS = 2;

export interface CopyTask {
  readonly type: "copy";
  /** Folder that the medium, or the staging area of a disc, is mounted at. */
  readonly root: string;
  readonly token: string;
  readonly objects: readonly ExportObject[];
  readonly identity: MediaIdentity;
  readonly readBack: boolean;
  /** Space is asked for before anything is written. */
  readonly checkSpace: boolean;
  readonly shared: SharedArrayBuffer;
}

export interface FinishTask {
  readonly type: "finish";
  readonly root: string;
  readonly token: string;
  readonly objects: readonly ExportObject[];
  readonly placed: readonly PlacedObject[];
  readonly previews: readonly Preview[];
  readonly identity: MediaIdentity;
  readonly characterSet: OutputCharacterSet;
  readonly newUid: string;
  readonly fileSetId: string;
  readonly page: PageFacts;
}

/** Takes away what an unfinished export left. */
export interface DiscardTask {
  readonly type: "discard";
  readonly root: string;
  readonly token: string;
}

export type ExportTask = CopyTask | FinishTask | DiscardTask;

export type ExportAnswer =
  | { readonly type: "placed"; readonly placed: readonly PlacedObject[] }
  | { readonly type: "finished" }
  | { readonly type: "interrupted" }
  /** More than there is. */
  | { readonly type: "no-space"; readonly neededBytes: number; readonly freeBytes: number }
  | { readonly type: "medium-failed"; readonly fault: MediumFault; readonly reason: string }
  /** A DICOMDIR on the medium cannot be read. */
  | { readonly type: "directory-refused"; readonly reason: string }
  /** One of our own files. */
  | { readonly type: "source-failed"; readonly reason: string };
