import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  copyUpdateSet,
  isNewer,
  isSetFileName,
  readUpdateSet,
} from "../../../src/hal/appliance/update-set.ts";
import { makeKey, makeSet, type SetChanges, UUID } from "./update-sets.ts";

const top = mkdtempSync(join(tmpdir(), "udr-set-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const key = makeKey();
const running = { product: "UDR-10A", version: "0.1.0", schema: 3 };
const ROOT = `udr-10a_0.2.0.root_${UUID}.raw`;
let count = 0;

async function made(changes: SetChanges = {}) {
  const folder = join(top, `set-${++count}`);
  await makeSet(folder, key, changes);
  return { folder, publicKey: key.publicPem, running };
}

async function staging() {
  const folder = join(top, `staging-${++count}`);
  await mkdir(folder);
  return { folder, create: (name: string) => open(join(folder, name), "wx") };
}

test("a sound set is copied whole, and its progress ends at one", async () => {
  const options = await made();
  const { folder, create } = await staging();
  const shares: number[] = [];
  const set = await copyUpdateSet({ ...options, create, progress: (s) => shares.push(s) });
  expect(set.facts).toEqual({
    product: "UDR-10A",
    version: "0.2.0",
    schema: 4,
    readableFromSchema: 3,
  });
  expect((await readdir(folder)).sort()).toEqual(
    [ROOT, `udr-10a_0.2.0.verity_${UUID}.raw`, "udr-10a_0.2.0.efi", "update.json"].sort(),
  );
  expect(readFileSync(join(folder, ROOT))).toEqual(readFileSync(join(options.folder, ROOT)));
  expect(shares.at(-1)).toBe(1);
  expect(shares.every((share, i) => share >= (shares[i - 1] ?? 0))).toBe(true);
});

const WRONG: readonly [what: string, changes: SetChanges, said: RegExp][] = [
  ["another product", { facts: { product: "UDR-20B" } }, /is for UDR-20B/],
  ["the version that runs", { version: "0.1.0" }, /Only a newer version/],
  ["an older version", { version: "0.0.9" }, /Only a newer version/],
  ["a version that is none", { facts: { version: "0.2" } }, /cannot be understood/],
  ["files of another version", { facts: { version: "0.3.0" } }, /says it is 0.3.0/],
  ["a database out of reach", { facts: { readableFromSchema: 4 } }, /could not go back/],
  ["no facts", { files: { "update.json": null } }, /0 files for its part facts/],
  ["no kernel", { files: { "udr-10a_0.2.0.efi": null } }, /0 files for its part kernel/],
  ["two kernels", { files: { "udr-10a_0.1.9.efi": "old" } }, /2 files for its part kernel/],
  ["an empty kernel", { files: { "udr-10a_0.2.0.efi": "" } }, /impossible length/],
  ["a signed stranger", { files: { "autorun.sh": "boo" } }, /must not: autorun.sh/],
  [
    "a path out of the folder",
    { sums: (lines) => [...lines, `${"0".repeat(64)}  ../../etc/shadow`] },
    /must not: \.\.\/\.\.\/etc\/shadow/,
  ],
  ["a name twice", { sums: (lines) => [...lines, lines[0] ?? ""] }, /must not: udr-10a/],
  ["no sums at all", { sums: () => ["hello"] }, /none of its kind/],
];

for (const [what, changes, said] of WRONG)
  test(`a set with ${what} is refused`, async () => {
    await expect(readUpdateSet(await made(changes))).rejects.toThrow(said);
  });

test("a set that another key signed, or one changed after it was signed, is refused", async () => {
  const options = await made();
  const stranger = makeKey();
  await expect(readUpdateSet({ ...options, publicKey: stranger.publicPem })).rejects.toThrow(
    /not signed for this device/,
  );
  const sums = join(options.folder, "SHA256SUMS");
  await writeFile(
    sums,
    readFileSync(sums, "utf8").replace(/^./, (c) => (c === "0" ? "1" : "0")),
  );
  await expect(readUpdateSet(options)).rejects.toThrow(/not signed for this device/);
});

test("a device without a key takes nothing", async () => {
  const options = await made();
  await expect(readUpdateSet({ ...options, publicKey: "no key" })).rejects.toThrow(/no usable key/);
});

test("one changed byte of a large file is found while it is copied", async () => {
  const options = await made();
  const file = await open(join(options.folder, ROOT), "r+");
  await file.write(new Uint8Array([8]), 0, 1, 2_999_999);
  await file.close();
  const { create } = await staging();
  await expect(copyUpdateSet({ ...options, create })).rejects.toThrow(/is damaged/);
});

test("a file that is too short, missing or one too many is found", async () => {
  const short = await made();
  await truncate(join(short.folder, ROOT), 1000);
  const { create } = await staging();
  await expect(copyUpdateSet({ ...short, create })).rejects.toThrow(/is damaged/);
  const missing = await made();
  await rm(join(missing.folder, ROOT));
  await expect(readUpdateSet(missing)).rejects.toThrow(/incomplete: udr-10a_0.2.0.root/);
  const extra = await made();
  await writeFile(join(extra.folder, "photo.jpg"), "x");
  await expect(readUpdateSet(extra)).rejects.toThrow(/does not belong to it: photo.jpg/);
});

test("no link is followed, be it the folder, above it or a file", async () => {
  const options = await made();
  const link = join(top, `link-${++count}`);
  await symlink(options.folder, link);
  await expect(readUpdateSet({ ...options, folder: link })).rejects.toThrow(/There is no update/);
  const above = join(top, `above-${++count}`);
  await symlink(top, above);
  const through = join(above, options.folder.slice(top.length + 1));
  await expect(readUpdateSet({ ...options, folder: through })).rejects.toThrow(
    /There is no update/,
  );
  const secret = join(top, "secret");
  await rename(join(options.folder, ROOT), secret);
  await symlink(secret, join(options.folder, ROOT));
  await expect(readUpdateSet(options)).rejects.toThrow(/cannot be read/);
});

test("what is no regular file is refused at once, not waited for", async () => {
  const options = await made();
  await rm(join(options.folder, ROOT));
  expect(Bun.spawnSync(["mkfifo", join(options.folder, ROOT)]).exitCode).toBe(0);
  await expect(readUpdateSet(options)).rejects.toThrow(/is no file/);
});

test("versions are compared number by number", () => {
  expect(isNewer("0.10.0", "0.9.9")).toBe(true);
  expect(isNewer("1.0.0", "0.99.99")).toBe(true);
  expect(isNewer("0.2.0", "0.2.0")).toBe(false);
  expect(isNewer("0.1.9", "0.2.0")).toBe(false);
});

test("names that a set may hold are known", () => {
  expect([ROOT, "SHA256SUMS", "SHA256SUMS.sig", "update.json"].every(isSetFileName)).toBe(true);
  expect(["../update.json", "update.json/", "udr-10a_.efi.sh", ""].some(isSetFileName)).toBe(false);
});
