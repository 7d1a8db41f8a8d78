// What service wants to see when something went wrong, as one uncompressed tar: the system's journal and
// some texts beside it.

import { readFile } from "node:fs/promises";
import { pack } from "tar-stream";

export interface BundledText {
  /** Within the tar. */
  readonly name: string;
  readonly text: string;
}

/** @param journal file of {@link Appliance.journal}; the times in the tar are `nowMs` */
export async function packLogBundle(
  texts: readonly BundledText[],
  journal: string,
  nowMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tar = pack();
  const mtime = new Date(nowMs);
  for (const { name, text } of texts) tar.entry({ name, mtime, mode: 0o600 }, text);
  tar.entry({ name: "journal.txt", mtime, mode: 0o600 }, await readFile(journal));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}
