// A variant as a DICOM file with pixels of zero, for the programs that read it.

import { join } from "node:path";
import type {
  OutputCharacterSet,
  Substitution,
} from "../../../src/dicom/data/charset/output-character-set.ts";
import { TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { pixelBytes, ROOT, type Variant } from "./variants.ts";

export interface WriteOptions {
  readonly transferSyntaxUid?: TransferSyntaxUid;
  readonly characterSet?: OutputCharacterSet;
  readonly substitutions?: Substitution[];
}

/** The whole file. */
export function objectBytes(variant: Variant, options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const { built } = variant;
  const byteLength = pixelBytes(variant);
  const header = encodeObjectHeader({
    meta: {
      sopClassUid: built.sopClassUid,
      sopInstanceUid: built.sopInstanceUid,
      transferSyntaxUid: options.transferSyntaxUid ?? TransferSyntaxUid.ExplicitVrLittleEndian,
      implementationClassUid: ROOT,
      implementationVersionName: "UDR10A",
    },
    dataSet: built.dataSet,
    characterSet: options.characterSet ?? "default-kanji",
    substitutions: options.substitutions,
    pixel: built.pixel === null ? undefined : { vr: built.pixel.vr, byteLength },
  });
  const bytes = new Uint8Array(header.byteLength + byteLength);
  bytes.set(header);
  return bytes;
}

/** Writes the file into a folder and answers its path. */
export async function writeObject(
  folder: string,
  name: string,
  variant: Variant,
  options?: WriteOptions,
): Promise<string> {
  const path = join(folder, `${name}.dcm`);
  await Bun.write(path, objectBytes(variant, options));
  return path;
}

/** What a program said, on both channels, and how it ended. */
export function run(program: string, ...parameters: readonly string[]) {
  const done = Bun.spawnSync([program, ...parameters], { stdout: "pipe", stderr: "pipe" });
  return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() };
}

export const isInstalled = (program: string) => Bun.which(program) !== null;
