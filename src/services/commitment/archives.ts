// Which remotes are archives: storage commitment is requested of them, and a study may only be deleted
// when all of them have committed it.

import type { Configuration, Remote } from "../../config/configuration.ts";

/** Every remote marked as archive; nothing is deleted without its word, whatever was sent to it. */
export function archivesOf(configuration: Configuration): Remote[] {
  return configuration.remotes.filter((r) => r.archive);
}

/** What a remote's answer depends on: when this changes, it may answer otherwise. */
export function fingerprintOf({ aeTitle, host, port, tls }: Remote): string {
  return JSON.stringify([aeTitle, host, port, tls ?? null]);
}
