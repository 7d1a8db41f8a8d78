// The second half of an export: previews and pages, then the DICOMDIR, which makes it count (PS3.10
// §8.6). The new one is written beside the old, read back, the old one is kept as a backup, and one
// rename changes over: at any moment the medium holds the old file-set or the new one.

import type { OutputCharacterSet } from "../dicom/data/charset/output-character-set.ts";
import { numbered } from "../dicom/dir/file-id.ts";
import { type Directory, readDirectory } from "../dicom/dir/read-directory.ts";
import { writeDirectory } from "../dicom/dir/write-directory.ts";
import type { MediumFiles } from "../hal/media/medium-files.ts";
import { directoryEntries } from "./directory-entries.ts";
import type { ExportObject, PlacedObject } from "./export-object.ts";
import type { MediaIdentity } from "./media-profiles.ts";
import {
  COPY_OF_DIRECTORY,
  DIRECTORY_NAME,
  exportFolder,
  findFile,
  INDEX_PAGE,
  NEW_DIRECTORY,
  OBJECTS_FOLDER,
  OLD_DIRECTORY,
  PAGES_FOLDER,
  README,
  TEMPORARY,
} from "./medium-paths.ts";
import {
  indexPage,
  OWN_MARK,
  type PageFacts,
  type PreviewFile,
  previewPage,
  readmeText,
} from "./pages.ts";
import { type PresentFileSet, presentFileSet } from "./present-file-set.ts";
import type { OpenSource } from "./source-files.ts";
import { expectContent, type WholeFile, writeWhole } from "./write-whole.ts";

export interface FinishParts {
  readonly medium: MediumFiles;
  readonly open: OpenSource;
  readonly identity: MediaIdentity;
  readonly characterSet: OutputCharacterSet;
  readonly token: string;
  /** SOP Instance UID of a DICOMDIR where the medium has none. */
  readonly newUid: string;
  readonly fileSetId: string;
  readonly page: PageFacts;
}

export interface Preview {
  readonly sopInstanceUid: string;
  readonly png: Uint8Array;
}

/** @throws MediumError, SourceError, DirectoryError */
export async function finishFileSet(
  parts: FinishParts,
  objects: readonly ExportObject[],
  placed: readonly PlacedObject[],
  previews: readonly Preview[],
): Promise<void> {
  const { medium } = parts;
  const present = presentFileSet(medium);
  const entries = await directoryEntries(objects, placed, parts.open);
  if (entries.length > 0) {
    await writePreviews(parts, objects, placed, previews);
    const bytes = writeDirectory(present?.directory ?? null, entries, {
      newUid: parts.newUid,
      fileSetId: parts.fileSetId,
      characterSet: parts.characterSet,
      ...parts.identity,
    });
    readDirectory(bytes);
    await changeOver(medium, present, bytes);
  }
  const now = presentFileSet(medium)?.directory;
  if (now !== undefined) await writeIndex(parts, now);
}

/** Puts the new DICOMDIR in place of the old one. */
async function changeOver(
  medium: MediumFiles,
  present: PresentFileSet | null,
  bytes: Uint8Array,
): Promise<void> {
  const name = present?.name ?? DIRECTORY_NAME;
  const files: WholeFile[] = [{ path: NEW_DIRECTORY, bytes }];
  // What counts now is copied, not renamed: its name is never without a file.
  if (present !== null) files.push({ path: COPY_OF_DIRECTORY, bytes: present.directory.bytes });
  await writeWhole(medium, files);
  if (present !== null) medium.rename(COPY_OF_DIRECTORY, OLD_DIRECTORY);
  medium.syncFolder("");
  medium.rename(NEW_DIRECTORY, name);
  medium.syncFolder("");
  try {
    expectContent(medium, name, bytes);
  } catch (error) {
    if (present !== null) medium.rename(OLD_DIRECTORY, name);
    throw error;
  }
  medium.remove(OLD_DIRECTORY);
}

async function writePreviews(
  parts: FinishParts,
  objects: readonly ExportObject[],
  placed: readonly PlacedObject[],
  previews: readonly Preview[],
): Promise<void> {
  const { medium } = parts;
  const folder = exportFolder(parts.token);
  const pictures: PreviewFile[] = [];
  const files: WholeFile[] = [];
  medium.makeFolder(`${PAGES_FOLDER}/${folder}`);
  for (const [i, { sopInstanceUid, png }] of previews.entries()) {
    const href = `${folder}/${numbered("IM", i + 1)}.PNG`;
    files.push({ path: `${PAGES_FOLDER}/${href}`, bytes: png });
    pictures.push({ sopInstanceUid, href });
  }
  const page = new TextEncoder().encode(previewPage(objects, placed, pictures));
  files.push({ path: `${PAGES_FOLDER}/${folder}.HTM`, bytes: page });
  await writeWhole(medium, files);
  medium.syncFolder(`${PAGES_FOLDER}/${folder}`);
  medium.syncFolder(PAGES_FOLDER);
}

/** The pages at the root, unless somebody else's bear their names. */
async function writeIndex(parts: FinishParts, directory: Directory): Promise<void> {
  const { medium, page } = parts;
  const previewPages = medium
    .list(PAGES_FOLDER)
    .map((entry) => entry.name.toUpperCase())
    .filter((name) => /^E[A-Z0-9]{7}\.HTM$/.test(name))
    .sort();
  const files: (WholeFile & { readonly name: string })[] = [];
  for (const [name, text] of [
    [README, readmeText(page)],
    [INDEX_PAGE, indexPage(page, directory, previewPages)],
  ] as const) {
    const there = findFile(medium, name);
    if (there !== null && !isOwn(medium, there)) continue;
    const path = `${name.split(".")[0]}${TEMPORARY}`;
    files.push({ path, name: there ?? name, bytes: new TextEncoder().encode(text) });
  }
  await writeWhole(medium, files);
  for (const { path, name } of files) medium.rename(path, name);
  medium.syncFolder("");
}

const OWN_PAGE_BYTES_MAX = 16 * 1024 * 1024;

function isOwn(medium: MediumFiles, path: string): boolean {
  const bytes = new Uint8Array(Math.min(medium.size(path) ?? 0, OWN_PAGE_BYTES_MAX));
  medium.read(path, bytes, 0);
  return new TextDecoder().decode(bytes).includes(OWN_MARK);
}

/**
 * Takes away what an export that will not be finished left behind: files of its own folder that no
 * record refers to, and what was being written. @throws MediumError, DirectoryError
 */
export function discardExport(medium: MediumFiles, token: string): void {
  const present = presentFileSet(medium);
  const kept = present?.paths ?? new Set<string>();
  const folder = exportFolder(token);
  const own = `${OBJECTS_FOLDER}/${folder}`;
  let isKept = false;
  for (const study of medium.list(own)) {
    for (const file of medium.list(`${own}/${study.name}`)) {
      const path = `${own}/${study.name}/${file.name}`;
      if (kept.has(path.toUpperCase())) isKept = true;
      else medium.remove(path);
    }
    medium.removeEmptyFolder(`${own}/${study.name}`);
  }
  medium.removeEmptyFolder(own);
  medium.removeEmptyFolder(OBJECTS_FOLDER);
  if (!isKept) {
    for (const file of medium.list(`${PAGES_FOLDER}/${folder}`))
      medium.remove(`${PAGES_FOLDER}/${folder}/${file.name}`);
    medium.removeEmptyFolder(`${PAGES_FOLDER}/${folder}`);
    medium.remove(`${PAGES_FOLDER}/${folder}.HTM`);
    medium.removeEmptyFolder(PAGES_FOLDER);
  }
  for (const name of [NEW_DIRECTORY, COPY_OF_DIRECTORY]) medium.remove(name);
  for (const name of ["README", "INDEX"]) medium.remove(`${name}${TEMPORARY}`);
  if (present?.isBackup === true) medium.rename(OLD_DIRECTORY, present.name);
  else medium.remove(OLD_DIRECTORY);
}
