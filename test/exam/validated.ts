// dicom3tools' validator over an object of the room, where it is installed.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findings } from "../dicom/iod/dciodvfy.ts";
import { isInstalled } from "../dicom/iod/write-object.ts";

/** Errors, and warnings beyond the known three; none where dciodvfy is absent. */
export async function problemsOf(bytes: Uint8Array, iod: string): Promise<readonly string[]> {
  if (!isInstalled("dciodvfy")) return [];
  const folder = await mkdtemp(join(tmpdir(), "udr-exam-"));
  try {
    const path = join(folder, "object.dcm");
    await Bun.write(path, bytes);
    return findings(path, iod);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
