// An update set: a folder with a root file system, its verity tree, a kernel, update.json, SHA256SUMS and
// the Ed25519 signature of SHA256SUMS. Read from a folder that somebody else may change at any time:
// what is signed is read once into memory, files are opened without following links, and what is used
// later is the copy that was hashed while it was made.

import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

export const SUMS_FILE = "SHA256SUMS";
export const SIGNATURE_FILE = "SHA256SUMS.sig";
export const FACTS_FILE = "update.json";
/** In this folder of a stick an update set is looked for. */
export const STICK_FOLDER = "udr-update";

/** What an update must be for. */
export const PRODUCT = "UDR-10A";
const SIGNATURE_BYTES = 64;
const TEXT_BYTES_MAX = 64 * 1024;
/** A root slot has 1.5 GiB. */
export const SET_FILE_BYTES_MAX = 2 * 1024 ** 3;
const CHUNK_BYTES = 1024 * 1024;

const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}$/;
const UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}";

/** The parts of a set, by the pattern of their names. */
const PARTS = {
  root: new RegExp(`^udr-10a_([0-9.]+)\\.root_${UUID}\\.raw$`),
  verity: new RegExp(`^udr-10a_([0-9.]+)\\.verity_${UUID}\\.raw$`),
  kernel: /^udr-10a_([0-9.]+)\.efi$/,
  facts: /^update\.json$/,
} as const;

/** One line of sha256sum(1): the hash, two spaces (or a space and a star), the name. */
const SUMS_LINE = /^([0-9a-f]{64}) [ *](\S+)$/;

const factsSchema = z.object({
  product: z.string(),
  version: z.string().regex(VERSION),
  /** Schema of the database after this program started. */
  schema: z.number().int().positive(),
  /** Lowest schema number of a program that can still read that database. */
  readableFromSchema: z.number().int().positive(),
});
export type UpdateFacts = z.infer<typeof factsSchema>;

/** The update set cannot be used; the message is for the technician. */
export class UpdateSetError extends Error {
  override readonly name = "UpdateSetError";
}

export interface SetFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A set whose signature, names, product and version are right; its files' hashes are checked by the copy. */
export interface UpdateSet {
  readonly facts: UpdateFacts;
  readonly files: readonly SetFile[];
  readonly totalBytes: number;
}

/** What runs now: what an update must fit. */
export interface RunningProgram {
  readonly product: string;
  readonly version: string;
  /** The database schema this program knows. */
  readonly schema: number;
}

export interface ReadOptions {
  readonly folder: string;
  /** SPKI PEM. */
  readonly publicKey: string;
  readonly running: RunningProgram;
}

export interface CopyOptions extends ReadOptions {
  /** Makes a file of the copy; what is there under that name is an error. */
  readonly create: (name: string) => Promise<FileHandle>;
  readonly progress?: (share: number) => void;
}

/** Everything but the contents of the large files. @throws UpdateSetError */
export async function readUpdateSet(options: ReadOptions): Promise<UpdateSet> {
  await using folder = await openFolder(options.folder);
  return await readFrom(folder, options);
}

/**
 * Checks a set and copies it, hashing what is written. The copy is whole only when this returns.
 * @throws UpdateSetError
 */
export async function copyUpdateSet(options: CopyOptions): Promise<UpdateSet> {
  await using folder = await openFolder(options.folder);
  const set = await readFrom(folder, options);
  let copied = 0;
  const count = (bytes: number) => {
    copied += bytes;
    options.progress?.(Math.min(1, copied / Math.max(1, set.totalBytes)));
  };
  for (const file of set.files) {
    await using source = await folder.open(file.name);
    await using target = await options.create(file.name);
    if ((await copyHashing(source, target, file.bytes, count)) !== file.sha256)
      throw new UpdateSetError(
        `${file.name} of the update is damaged. Copy the update to the stick again, or load it anew.`,
      );
    await target.sync();
  }
  return set;
}

/** Is `version` newer than `than`? Both are three numbers. */
export function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** True for the name of a file that a set may hold. */
export function isSetFileName(name: string): boolean {
  return (
    name === SUMS_FILE || name === SIGNATURE_FILE || Object.values(PARTS).some((p) => p.test(name))
  );
}

/** What a bundle says of itself (update.json). @throws Error when it is not what it must be */
export function parseUpdateFacts(text: string): UpdateFacts {
  return factsSchema.parse(JSON.parse(text));
}

// ---- steps -----------------------------------------------------------------------------------------

interface OpenFolder extends AsyncDisposable {
  /** A regular file of the folder itself, never through a link. @throws UpdateSetError */
  open(name: string): Promise<FileHandle>;
  names(): Promise<readonly string[]>;
}

async function readFrom(folder: OpenFolder, options: ReadOptions): Promise<UpdateSet> {
  const sums = await readSmall(folder, SUMS_FILE);
  const signature = await readSmall(folder, SIGNATURE_FILE);
  if (signature.byteLength !== SIGNATURE_BYTES || !isSigned(sums, signature, options.publicKey))
    throw new UpdateSetError(
      "The update is not signed for this device. Take one that the manufacturer released; nothing was changed.",
    );
  const listed = parseSums(new TextDecoder().decode(sums));
  await requireExactly([...listed.keys(), SUMS_FILE, SIGNATURE_FILE], await folder.names());

  const factsBytes = await readSmall(folder, FACTS_FILE);
  if (createHash("sha256").update(factsBytes).digest("hex") !== listed.get(FACTS_FILE))
    throw new UpdateSetError(`${FACTS_FILE} of the update is damaged. Copy the update again.`);
  const facts = factsOf(factsBytes);
  requireVersion(facts.version, [...listed.keys()]);
  requireFit(facts, options.running);

  const files: SetFile[] = [];
  for (const [name, sha256] of listed) {
    await using file = await folder.open(name);
    const { size } = await file.stat();
    if (size === 0 || size > SET_FILE_BYTES_MAX)
      throw new UpdateSetError(`${name} of the update has an impossible length (${size} bytes).`);
    files.push({ name, sha256, bytes: size });
  }
  return { facts, files, totalBytes: files.reduce((sum, f) => sum + f.bytes, 0) };
}

function isSigned(message: Uint8Array, signature: Uint8Array, pem: string): boolean {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new UpdateSetError(
      "This device has no usable key to check updates with; it cannot be updated. Call service.",
      { cause },
    );
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new UpdateSetError(
      "This device's key to check updates with is not an Ed25519 key; it cannot be updated. Call service.",
    );
  return verify(null, message, key, signature);
}

/** Names and hashes; one of each part, nothing else. */
function parseSums(text: string): Map<string, string> {
  const listed = new Map<string, string>();
  for (const line of text.split("\n").filter((l) => l !== "")) {
    const [, sha256, name] = SUMS_LINE.exec(line) ?? [];
    if (sha256 === undefined || name === undefined)
      throw new UpdateSetError(`${SUMS_FILE} of the update holds a line that is none of its kind.`);
    if (!Object.values(PARTS).some((pattern) => pattern.test(name)) || listed.has(name))
      throw new UpdateSetError(`${SUMS_FILE} of the update names a file it must not: ${name}.`);
    listed.set(name, sha256);
  }
  for (const [part, pattern] of Object.entries(PARTS)) {
    const count = [...listed.keys()].filter((name) => pattern.test(name)).length;
    if (count !== 1)
      throw new UpdateSetError(`The update has ${count} files for its part ${part}; it needs one.`);
  }
  return listed;
}

async function requireExactly(expected: readonly string[], there: readonly string[]) {
  const missing = expected.filter((name) => !there.includes(name));
  if (missing.length > 0)
    throw new UpdateSetError(
      `The update is incomplete: ${missing.join(", ")} is missing. Copy the whole folder again.`,
    );
  const extra = there.filter((name) => !expected.includes(name));
  if (extra.length > 0)
    throw new UpdateSetError(
      `The update's folder holds what does not belong to it: ${extra.slice(0, 3).join(", ")}. Copy the update into an empty folder.`,
    );
}

function factsOf(bytes: Uint8Array): UpdateFacts {
  try {
    return parseUpdateFacts(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new UpdateSetError(`${FACTS_FILE} of the update cannot be understood.`, { cause });
  }
}

/** The signed names carry the version of update.json: parts of two releases never mix. */
function requireVersion(version: string, names: readonly string[]): void {
  for (const name of names)
    for (const pattern of Object.values(PARTS)) {
      const [, named] = pattern.exec(name) ?? [];
      if (named !== undefined && named !== version)
        throw new UpdateSetError(`The update says it is ${version}, but ${name} is of ${named}.`);
    }
}

function requireFit(facts: UpdateFacts, running: RunningProgram): void {
  if (facts.product !== running.product)
    throw new UpdateSetError(
      `The update is for ${facts.product}, this device is a ${running.product}. Nothing was changed.`,
    );
  if (!isNewer(facts.version, running.version))
    throw new UpdateSetError(
      `The update is version ${facts.version}, and the device runs ${running.version}. Only a newer version can be installed.`,
    );
  if (running.schema < facts.readableFromSchema)
    throw new UpdateSetError(
      `Version ${facts.version} would change the database so that version ${running.version} could not go back to it (it knows schema ${running.schema}, at least ${facts.readableFromSchema} is needed). Install a version in between first; nothing was changed.`,
    );
}

// ---- files -----------------------------------------------------------------------------------------

/** Opens a folder by its own path: no part of it may be a link. */
async function openFolder(path: string): Promise<OpenFolder> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const unusable = (cause?: unknown) =>
    new UpdateSetError(`There is no update in ${path}. Put in a stick with one and try again.`, {
      cause,
    });
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((cause: unknown) => {
    throw unusable(cause);
  });
  // Names below are opened within the open folder, whatever becomes of its path meanwhile.
  const here = `/proc/self/fd/${handle.fd}`;
  if ((await readlink(here)) !== path) {
    await handle.close();
    throw unusable();
  }
  return {
    async open(name) {
      const file = await open(join(here, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
        (cause: unknown) => {
          throw new UpdateSetError(`${name} of the update cannot be read. Copy the update again.`, {
            cause,
          });
        },
      );
      if ((await file.stat()).isFile()) return file;
      await file.close();
      throw new UpdateSetError(`${name} of the update is no file.`);
    },
    async names() {
      const entries: Dirent[] = await readdir(`${here}/`, { withFileTypes: true });
      return entries.map((entry) => entry.name);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function readSmall(folder: OpenFolder, name: string): Promise<Uint8Array> {
  await using file = await folder.open(name);
  const buffer = new Uint8Array(TEXT_BYTES_MAX + 1);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, bytes, buffer.byteLength - bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
    if (bytes > TEXT_BYTES_MAX)
      throw new UpdateSetError(`${name} of the update is longer than it can be.`);
  }
  return buffer.slice(0, bytes);
}

/** Copies at most `bytesMax` bytes and answers the hash of what was written. */
async function copyHashing(
  source: FileHandle,
  target: FileHandle,
  bytesMax: number,
  count: (bytes: number) => void,
): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let done = 0; done < bytesMax; ) {
    const { bytesRead } = await source.read(
      buffer,
      0,
      Math.min(buffer.byteLength, bytesMax - done),
    );
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    for (let written = 0; written < bytesRead; )
      written += (await target.write(piece, written)).bytesWritten;
    done += bytesRead;
    count(bytesRead);
  }
  return hash.digest("hex");
}
