// Update sets that come over the API: one uncompressed tar of a set's folder, unpacked as it arrives. Only
// a set's own names are taken, flat, and not more than the disk can spare.

import { createWriteStream } from "node:fs";
import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { isSetFileName, UpdateSetError } from "./update-set.ts";

/** A root file system of 600 MB, its verity tree, a kernel of 50 MB, and room to grow. */
export const UPLOAD_BYTES_MAX = 2 * 1024 ** 3;
/** Left free on the data partition: exams come first. The helper's copy needs as much again. */
const SPACE_RESERVE_BYTES = 512 * 1024 ** 2;
const UPLOAD_NAME = "upload";

export interface UpdateUploads {
  /** Unpacks a tar into a folder of its own, in place of an earlier one. @throws UpdateSetError */
  receive(body: AsyncIterable<Uint8Array>, announcedBytes: number | null): Promise<string>;
  /** Removes what was received. */
  clear(): Promise<void>;
}

/** Below `root`, which is made when it is needed. */
export function updateUploads(root: string): UpdateUploads {
  const folder = join(root, UPLOAD_NAME);
  const clear = () => rm(root, { recursive: true, force: true });
  return {
    clear,
    async receive(body, announcedBytes) {
      await clear();
      await mkdir(folder, { recursive: true, mode: 0o750 });
      try {
        const { bavail, bsize } = await statfs(folder);
        const room = Math.floor((bavail * bsize - SPACE_RESERVE_BYTES) / 2);
        const limit = Math.min(UPLOAD_BYTES_MAX, room);
        requireRoom(announcedBytes ?? 0, limit);
        await unpack(bounded(body, limit), folder);
        return folder;
      } catch (cause) {
        await clear();
        if (cause instanceof UpdateSetError) throw cause;
        throw new UpdateSetError(
          "The update did not arrive whole, or is no tar of an update's folder. Send it again.",
          { cause },
        );
      }
    },
  };
}

function requireRoom(bytes: number, limit: number): void {
  if (bytes > UPLOAD_BYTES_MAX) throw new UpdateSetError("That is too long to be an update.");
  if (bytes > limit)
    throw new UpdateSetError(
      "There is too little space on the disk for the update. Delete studies and send it again.",
    );
}

async function* bounded(body: AsyncIterable<Uint8Array>, limit: number) {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    requireRoom(bytes, limit);
    yield chunk;
  }
}

async function unpack(body: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const entries = extract();
  const feeding = pipeline(Readable.from(body), entries);
  // What goes wrong there ends the loop below as well, and is thrown by it.
  feeding.catch(() => {});
  for await (const entry of entries) {
    const { name, type } = entry.header;
    if (type === "directory") {
      entry.resume();
      continue;
    }
    // One folder around the files is how tar is mostly used.
    const flat = /^(?:\.\/)?(?:[\w.-]+\/)?([^/]+)$/.exec(name)?.[1] ?? "";
    if (type !== "file" || !isSetFileName(flat))
      throw new UpdateSetError(
        `The tar holds ${name}, which is no part of an update. Send the update's folder as it is.`,
      );
    await pipeline(entry, createWriteStream(join(folder, flat), { flags: "wx", mode: 0o640 }));
  }
  await feeding;
}
