// The update set: what a device is brought to another version with, hashed and signed.

import { createHash } from "node:crypto";
import { createReadStream, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SigningKey } from "./signing-key.ts";

export const SUMS = "SHA256SUMS";
export const SIGNATURE = "SHA256SUMS.sig";

/** Hashes and signs what lies in the folder. */
export async function signFolder(folder: string, key: SigningKey): Promise<void> {
  const names = readdirSync(folder)
    .filter((name) => name !== SUMS && name !== SIGNATURE)
    .sort();
  const lines = await Promise.all(
    names.map(async (name) => `${await sha256Of(join(folder, name))}  ${name}\n`),
  );
  const sums = Buffer.from(lines.join(""));
  writeFileSync(join(folder, SUMS), sums);
  writeFileSync(join(folder, SIGNATURE), key.sign(sums));
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}
