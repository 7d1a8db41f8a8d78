// Settings on a medium: config.json, and the certificates and keys it names beside it. Prepared on any PC, so
// names are found in either case, and nothing of them is believed before the configuration was checked.

import type { MediumFiles } from "../hal/media/medium-files.ts";
import type { KeyFile } from "../model/settings-set.ts";
import { findFile, TEMPORARY } from "./medium-paths.ts";
import { writeWhole } from "./write-whole.ts";

/** In this folder of a stick the settings lie. */
export const SETTINGS_FOLDER = "udr-settings";
const SETTINGS_FILE = `${SETTINGS_FOLDER}/config.json`;
/** As the API takes a configuration. */
const SETTINGS_BYTES_MAX = 1024 * 1024;
const KEY_FILE_BYTES_MAX = 256 * 1024;
/** Remotes are at most 100, files of one at most three; most have them in common. */
const KEY_FILES_MAX = 100;
/** Editors keep copies of what they edit under names with a dot in front. */
const KEY_FILE = /^[^.].*\.pem$/i;

/** The settings cannot be read; the message is for the technician. */
export class SettingsSetError extends Error {
  override readonly name = "SettingsSetError";
}

/** @throws SettingsSetError, MediumError */
export function readSettings(medium: MediumFiles): {
  readonly text: string;
  readonly files: readonly KeyFile[];
} {
  const path = findFile(medium, SETTINGS_FILE);
  if (path === null)
    throw new SettingsSetError(
      `There is no ${SETTINGS_FILE} on this stick. Make it on a computer, or have the present settings written to the stick first.`,
    );
  const text = textOf(medium, path, SETTINGS_BYTES_MAX);
  const folder = path.slice(0, path.lastIndexOf("/"));
  const names = medium
    .list(folder)
    .filter((entry) => !entry.folder && KEY_FILE.test(entry.name))
    .map(({ name }) => name);
  if (names.length > KEY_FILES_MAX)
    throw new SettingsSetError(
      `There are ${names.length} .pem files in ${SETTINGS_FOLDER}; at most ${KEY_FILES_MAX} are read. Take away those that config.json does not name.`,
    );
  const files = names.map((name) => ({
    name,
    text: textOf(medium, `${folder}/${name}`, KEY_FILE_BYTES_MAX),
  }));
  return { text, files };
}

/** Writes the settings whole, synced and read back. @throws MediumError */
export async function writeSettings(medium: MediumFiles, text: string): Promise<void> {
  medium.makeFolder(SETTINGS_FOLDER);
  const bytes = new TextEncoder().encode(text);
  await writeWhole(medium, [{ path: SETTINGS_FILE + TEMPORARY, bytes }]);
  medium.rename(SETTINGS_FILE + TEMPORARY, findFile(medium, SETTINGS_FILE) ?? SETTINGS_FILE);
  medium.syncFolder(SETTINGS_FOLDER);
  medium.syncFolder("");
}

/** Without the byte order mark that some editors put in front. */
function textOf(medium: MediumFiles, path: string, bytesMax: number): string {
  const byteLength = medium.size(path) ?? 0;
  if (byteLength > bytesMax)
    throw new SettingsSetError(
      `${path} has ${byteLength} bytes; at most ${bytesMax} are read. Is it the right file?`,
    );
  const bytes = new Uint8Array(byteLength);
  medium.forget(path);
  medium.read(path, bytes, 0);
  return new TextDecoder().decode(bytes);
}
