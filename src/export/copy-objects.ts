// The first half of an export: object files onto the medium, each under a temporary name, synced,
// renamed, and read back from the medium. Nothing refers to them yet, so nothing that was on the
// medium before changes. What an earlier attempt left there whole is not copied again.

import { type FileId, pathOf } from "../dicom/dir/file-id.ts";
import { MediumError, type MediumFile, type MediumFiles } from "../hal/media/medium-files.ts";
import type { ExportObject, PlacedObject } from "./export-object.ts";
import { type ExportedFile, exportedFile } from "./exported-file.ts";
import type { MediaIdentity } from "./media-profiles.ts";
import { exportFolder, findFile, folderOf, objectId, TEMPORARY } from "./medium-paths.ts";
import type { PresentFileSet } from "./present-file-set.ts";
import type { OpenSource, SourceFile } from "./source-files.ts";
import { sameBytes } from "./write-whole.ts";

/** Copied and compared piece by piece. */
const PIECE_BYTES = 4 * 1024 * 1024;
/**
 * Files whose sync is under way while the next are written. 40 images of 14 MB took 0.29 s with 16 of
 * them, 0.98 s with 4, and cp with one sync at its end 0.41 s.
 */
const SYNCS_MAX = 16;
/** Bytes of those files: what a cancelled export may still have to wait for. */
const SYNC_BYTES_MAX = 256 * 1024 * 1024;

export interface CopyParts {
  readonly medium: MediumFiles;
  readonly open: OpenSource;
  readonly identity: MediaIdentity;
  /** Names the export's own folder; the same at every attempt. */
  readonly token: string;
  /** False only to measure. */
  readonly readBack: boolean;
  /** Objects done, counted in halves: written, read back. */
  readonly progress: (halves: number) => void;
  readonly interrupted: () => boolean;
}

/**
 * Copies and answers where each object lies; null when it was interrupted.
 * @throws MediumError, SourceError
 */
export async function copyObjects(
  parts: CopyParts,
  objects: readonly ExportObject[],
  present: PresentFileSet | null,
): Promise<readonly PlacedObject[] | null> {
  const { medium, interrupted } = parts;
  const copier = new Copier(parts, Math.max(...objects.map((o) => o.fileBytes)));
  try {
    for (const planned of plan(parts.token, objects, present)) {
      if (interrupted()) return null;
      if (planned.wasThere && findFile(medium, pathOf(planned.fileId)) !== null) copier.skip();
      else await copier.copy(planned.object, planned.fileId);
    }
    await copier.finish();
    return interrupted() ? null : copier.placed(plan(parts.token, objects, present));
  } finally {
    await copier.abandon();
  }
}

interface Planned {
  readonly object: ExportObject;
  readonly fileId: FileId;
  readonly wasThere: boolean;
}

/** A folder per study; an object the medium's file-set has keeps its place there. */
function plan(
  token: string,
  objects: readonly ExportObject[],
  present: PresentFileSet | null,
): Planned[] {
  const folder = exportFolder(token);
  const studies = new Map<string, { number: number; objects: number }>();
  return objects.map((object) => {
    const uid = object.facts.studyInstanceUid;
    const study = studies.get(uid) ?? { number: studies.size + 1, objects: 0 };
    studies.set(uid, study);
    study.objects++;
    const there = present?.objects.get(object.sopInstanceUid);
    return {
      object,
      fileId: there ?? objectId(folder, study.number, study.objects),
      wasThere: there !== undefined,
    };
  });
}

interface Written {
  readonly source: SourceFile;
  readonly content: ExportedFile;
  readonly file: MediumFile;
  readonly synced: Promise<unknown>;
  readonly id: FileId;
}

class Copier {
  readonly #parts: CopyParts;
  readonly #underWay: Written[] = [];
  readonly #folders = new Set<string>();
  readonly #piece: Uint8Array;
  readonly #back: Uint8Array;
  #halves = 0;

  /** @param largestBytes of the objects' files. */
  constructor(parts: CopyParts, largestBytes: number) {
    this.#parts = parts;
    const pieceBytes = Math.min(PIECE_BYTES, largestBytes);
    this.#piece = new Uint8Array(pieceBytes);
    this.#back = new Uint8Array(pieceBytes);
  }

  skip(): void {
    this.#told(2);
  }

  async copy(object: ExportObject, id: FileId): Promise<void> {
    const { medium, open, identity } = this.#parts;
    const source = open(object.path);
    let isTaken = false;
    try {
      const content = await exportedFile(source, object, identity);
      const path = pathOf(id);
      if (medium.size(path) !== null) {
        if (this.#isWhole(path, source, content)) return this.#told(2);
        medium.remove(path);
      }
      const folder = folderOf(id);
      if (!this.#folders.has(folder)) {
        medium.makeFolder(folder);
        this.#folders.add(folder);
      }
      medium.remove(path + TEMPORARY);
      const file = medium.create(path + TEMPORARY);
      try {
        file.write([content.prefix], 0);
        this.#eachPiece(source, content, (piece, at) => file.write([piece], at));
      } catch (error) {
        file.close();
        throw error;
      }
      // Looked at when its turn comes; until then a failure must not count as unhandled.
      const synced = file.sync().then(
        () => null,
        (error: unknown) => error,
      );
      this.#underWay.push({ source, content, file, synced, id });
      isTaken = true;
      this.#told(1);
    } finally {
      if (!isTaken) source.close();
    }
    while (this.#underWay.length >= SYNCS_MAX || this.#bytesUnderWay() > SYNC_BYTES_MAX)
      await this.#completeOldest();
  }

  #bytesUnderWay(): number {
    return this.#underWay.reduce((sum, { content }) => sum + content.byteLength, 0);
  }

  async finish(): Promise<void> {
    while (this.#underWay.length > 0) await this.#completeOldest();
    const folders = new Set<string>();
    for (const folder of this.#folders)
      for (let path = folder; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/"))))
        folders.add(path);
    for (const folder of [...folders].sort((a, b) => b.length - a.length))
      this.#parts.medium.syncFolder(folder);
    if (folders.size > 0) this.#parts.medium.syncFolder("");
  }

  placed(planned: readonly Planned[]): PlacedObject[] {
    return planned.map(({ object, fileId, wasThere }) => ({
      sopInstanceUid: object.sopInstanceUid,
      fileId,
      wasThere,
    }));
  }

  async abandon(): Promise<void> {
    for (const written of this.#underWay.splice(0)) {
      await written.synced;
      written.file.close();
      written.source.close();
    }
  }

  async #completeOldest(): Promise<void> {
    const written = this.#underWay[0];
    if (written === undefined) return;
    const { source, content, file, synced, id } = written;
    const failure = await synced;
    this.#underWay.shift();
    file.close();
    try {
      if (failure !== null) throw failure;
      const { medium, readBack } = this.#parts;
      const path = pathOf(id);
      medium.rename(path + TEMPORARY, path);
      if (readBack && !this.#isWhole(path, source, content))
        throw new MediumError(`${path} reads back different from what was written`, "broken");
      this.#told(1);
    } finally {
      source.close();
    }
  }

  /** Whether the file on the medium, not in memory, is what it should be. */
  #isWhole(path: string, source: SourceFile, content: ExportedFile): boolean {
    const { medium } = this.#parts;
    if (medium.size(path) !== content.byteLength) return false;
    medium.forget(path);
    const head = this.#backView(content.prefix.byteLength);
    medium.read(path, head, 0);
    let same = sameBytes(head, content.prefix);
    this.#eachPiece(source, content, (piece, at) => {
      if (!same) return;
      const back = this.#backView(piece.byteLength);
      medium.read(path, back, at);
      same = sameBytes(back, piece);
    });
    return same;
  }

  #backView(byteLength: number): Uint8Array {
    return byteLength <= this.#back.byteLength
      ? this.#back.subarray(0, byteLength)
      : new Uint8Array(byteLength);
  }

  /** The source's part of the content, with its place in the exported file. */
  #eachPiece(
    source: SourceFile,
    { prefix, from, byteLength }: ExportedFile,
    use: (piece: Uint8Array, at: number) => void,
  ): void {
    for (let at = prefix.byteLength; at < byteLength; at += this.#piece.byteLength) {
      const piece = this.#piece.subarray(0, Math.min(this.#piece.byteLength, byteLength - at));
      source.read(piece, from + at - prefix.byteLength);
      use(piece, at);
    }
  }

  #told(halves: number): void {
    this.#halves += halves;
    this.#parts.progress(this.#halves);
  }
}
