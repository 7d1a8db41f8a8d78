// Makes update sets for tests: signed by a key of their own, small, and wrong in one way if asked.

import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const UUID = "0f3e5a61-9f2c-4c57-8b64-2d6a4a1f0b77";

export interface MadeKey {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

export function makeKey(): MadeKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

export interface SetChanges {
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Contents by name, in place of the usual ones; null leaves a file out of sums and folder. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
  /** Lines in place of those of the files. */
  readonly sums?: (lines: readonly string[]) => readonly string[];
  readonly version?: string;
}

export async function makeSet(folder: string, key: MadeKey, changes: SetChanges = {}) {
  const version = changes.version ?? "0.2.0";
  const facts = { product: "UDR-10A", version, schema: 4, readableFromSchema: 3, ...changes.facts };
  const files: Record<string, string | Uint8Array | null> = {
    [`udr-10a_${version}.root_${UUID}.raw`]: new Uint8Array(3_000_000).fill(7),
    [`udr-10a_${version}.verity_${UUID}.raw`]: "verity",
    [`udr-10a_${version}.efi`]: "kernel",
    "update.json": JSON.stringify(facts),
    ...changes.files,
  };
  await mkdir(folder, { recursive: true });
  const lines: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (content === null) continue;
    await writeFile(join(folder, name), content);
    lines.push(`${createHash("sha256").update(content).digest("hex")}  ${name}`);
  }
  const sums = `${(changes.sums?.(lines) ?? lines).join("\n")}\n`;
  await writeFile(join(folder, "SHA256SUMS"), sums);
  await writeFile(join(folder, "SHA256SUMS.sig"), sign(null, Buffer.from(sums), key.privateKey));
  return { root: join(folder, `udr-10a_${version}.root_${UUID}.raw`), version };
}
