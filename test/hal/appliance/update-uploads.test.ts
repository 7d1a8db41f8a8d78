import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { readUpdateSet } from "../../../src/hal/appliance/update-set.ts";
import { UPLOAD_BYTES_MAX, updateUploads } from "../../../src/hal/appliance/update-uploads.ts";
import { makeKey, makeSet } from "./update-sets.ts";

const top = mkdtempSync(join(tmpdir(), "udr-upload-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const root = join(top, "updates");
const uploads = updateUploads(root);

async function* tarOf(name: string, type: "file" | "symlink" = "file") {
  const tar = pack();
  if (type === "file") tar.entry({ name }, "x");
  else tar.entry({ name, type, linkname: "/etc/passwd" });
  tar.finalize();
  for await (const chunk of tar) yield chunk as Uint8Array;
}

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

test("a set that tar(1) packed arrives as a set, with a folder around it or without", async () => {
  const key = makeKey();
  await makeSet(join(top, "udr-update"), key);
  for (const args of [
    ["-C", top, "udr-update"],
    ["-C", join(top, "udr-update"), "."],
  ]) {
    const { stdout } = Bun.spawnSync(["tar", "-c", ...args]);
    const folder = await uploads.receive(pieces(stdout, 100_000), stdout.byteLength);
    const set = await readUpdateSet({
      folder,
      publicKey: key.publicPem,
      running: { product: "UDR-10A", version: "0.1.0", schema: 3 },
    });
    expect(set.facts.version).toBe("0.2.0");
  }
});

test("what does not belong into a set is refused, and nothing stays", async () => {
  const outside = join(top, "escaped");
  for (const name of ["photo.jpg", "../../escaped", outside, "a/b/update.json", "update.json/"])
    await expect(uploads.receive(tarOf(name), null)).rejects.toThrow();
  await expect(uploads.receive(tarOf("update.json", "symlink"), null)).rejects.toThrow(
    /no part of an update/,
  );
  expect(existsSync(outside)).toBe(false);
  expect(existsSync(root)).toBe(false);
});

test("an upload that breaks off leaves nothing", async () => {
  const { stdout } = Bun.spawnSync(["tar", "-c", "-C", top, "udr-update"]);
  await expect(
    uploads.receive(pieces(stdout.subarray(0, 1_000_000), 50_000), null),
  ).rejects.toThrow(/did not arrive whole/);
  async function* broken() {
    yield stdout.subarray(0, 200_000);
    throw new Error("reset");
  }
  await expect(uploads.receive(broken(), null)).rejects.toThrow(/did not arrive whole/);
  expect(existsSync(root)).toBe(false);
});

test("what is too long is refused before it is read", async () => {
  let read = 0;
  async function* endless() {
    read++;
    yield new Uint8Array(1);
  }
  await expect(uploads.receive(endless(), UPLOAD_BYTES_MAX + 1)).rejects.toThrow(/too long/);
  expect(read).toBe(0);
});
