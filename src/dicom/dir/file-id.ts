// File IDs (PS3.10 §8.2, §8.5): at most eight components of at most eight characters out of A-Z, 0-9
// and underscore, without extension (X1).

import { assert } from "../../core/assert.ts";

/** Folders from the root down, and the file's name. */
export type FileId = readonly string[];

export const FILE_ID_COMPONENTS_MAX = 8;
export const COMPONENT_CHARACTERS_MAX = 8;
const COMPONENT = /^[A-Z0-9_]{1,8}$/;

export function isFileId(id: FileId): boolean {
  return (
    id.length > 0 && id.length <= FILE_ID_COMPONENTS_MAX && id.every((part) => COMPONENT.test(part))
  );
}

/** "IM", 7 → "IM000007". `n` must fit the digits that the prefix leaves. */
export function numbered(prefix: string, n: number): string {
  const component = prefix + String(n).padStart(COMPONENT_CHARACTERS_MAX - prefix.length, "0");
  assert(COMPONENT.test(component), `${component} is no component of a File ID`);
  return component;
}

/** Path on a medium, with "/" between the parts. */
export function pathOf(id: FileId): string {
  return id.join("/");
}
