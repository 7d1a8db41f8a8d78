// The tasks of the writing thread, callable without a thread as well.

import { unreachable } from "../../core/assert.ts";
import { DirectoryError } from "../../dicom/dir/directory-error.ts";
import { copyObjects } from "../../export/copy-objects.ts";
import { discardExport, finishFileSet } from "../../export/finish-file-set.ts";
import { bytesLeftBehind } from "../../export/medium-paths.ts";
import { presentFileSet } from "../../export/present-file-set.ts";
import { type OpenSource, SourceError } from "../../export/source-files.ts";
import { bytesNeeded } from "../../export/space.ts";
import { MediumError, type MediumFiles } from "../../hal/media/medium-files.ts";
import {
  type CopyTask,
  type ExportAnswer,
  type ExportTask,
  PROGRESS_CELL,
  STOP_CELL,
} from "./messages.ts";

export interface TaskPorts {
  /** @throws MediumError */
  readonly medium: (root: string) => MediumFiles;
  readonly open: OpenSource;
}

/** Never rejects for what a medium or a file does. */
export async function runExportTask(ports: TaskPorts, task: ExportTask): Promise<ExportAnswer> {
  try {
    const medium = ports.medium(task.root);
    switch (task.type) {
      case "copy":
        return await copy(medium, ports.open, task);
      case "finish": {
        const { type: _, root: __, objects, placed, previews, ...rest } = task;
        await finishFileSet({ ...rest, medium, open: ports.open }, objects, placed, previews);
        return { type: "finished" };
      }
      case "discard":
        discardExport(medium, task.token);
        return { type: "finished" };
      default:
        return unreachable(task);
    }
  } catch (error) {
    if (error instanceof MediumError)
      return { type: "medium-failed", fault: error.fault, reason: error.message };
    if (error instanceof DirectoryError)
      return { type: "directory-refused", reason: error.message };
    if (error instanceof SourceError) return { type: "source-failed", reason: error.message };
    throw error;
  }
}

async function copy(medium: MediumFiles, open: OpenSource, task: CopyTask): Promise<ExportAnswer> {
  const cells = new Int32Array(task.shared);
  const present = presentFileSet(medium);
  if (task.checkSpace) {
    const neededBytes = bytesNeeded(
      task.objects.filter((object) => present?.objects.has(object.sopInstanceUid) !== true),
    );
    // What an earlier attempt left there is not written again.
    const freeBytes = medium.freeBytes() + bytesLeftBehind(medium, task.token);
    if (neededBytes > freeBytes) return { type: "no-space", neededBytes, freeBytes };
  }
  const placed = await copyObjects(
    {
      medium,
      open,
      identity: task.identity,
      token: task.token,
      readBack: task.readBack,
      progress: (halves) => Atomics.store(cells, PROGRESS_CELL, halves),
      interrupted: () => Atomics.load(cells, STOP_CELL) !== 0,
    },
    task.objects,
    present,
  );
  return placed === null ? { type: "interrupted" } : { type: "placed", placed };
}
