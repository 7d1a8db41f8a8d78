// What service wants to see when something went wrong, as one uncompressed tar: the system's journal and
// some texts beside it. The words of others are left out of the texts (core/foreign-words.ts), as the log
// left them out of the journal: no patient is named in either.

import { open } from "node:fs/promises";
import { pack } from "tar-stream";
import { withoutForeign } from "../../core/foreign-words.ts";
import { ApplianceError } from "./appliance.ts";
import { JOURNAL_BYTES_MAX } from "./messages.ts";

export interface BundledText {
  /** Within the tar. */
  readonly name: string;
  readonly text: string;
}

/**
 * @param journal file of {@link Appliance.journal}, of which {@link JOURNAL_BYTES_MAX} are taken (the newest
 * lines come first); the times in the tar are `nowMs`
 * @throws ApplianceError when the journal cannot be read
 */
export async function packLogBundle(
  texts: readonly BundledText[],
  journal: string,
  nowMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const lines = await startOf(journal, JOURNAL_BYTES_MAX);
  const tar = pack();
  const mtime = new Date(nowMs);
  for (const { name, text } of texts) tar.entry({ name, mtime, mode: 0o600 }, withoutForeign(text));
  tar.entry({ name: "journal.txt", mtime, mode: 0o600 }, lines);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

async function startOf(path: string, bytesMax: number): Promise<Buffer> {
  try {
    await using file = await open(path);
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: bytesMax - 1 }))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch (cause) {
    throw new ApplianceError("The journal cannot be read. Restart the device and try again.", {
      cause,
    });
  }
}
