import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../src/core/byte-source.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { paddingBytesMin, padHeader } from "../../src/store/pad-header.ts";
import { CREATOR_UID, headerOf, pixelsOf, rowsOf } from "./objects.ts";

const header = headerOf(rowsOf("1.1", { frames: 3 }), 200);
const folder = mkdtempSync(join(tmpdir(), "pad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a padded header has the length asked for and the same data set", async () => {
  for (const length of [
    header.byteLength + paddingBytesMin(CREATOR_UID),
    header.byteLength + 1_000,
    64 * 1024,
  ]) {
    const padded = padHeader(header, length, CREATOR_UID);
    expect(padded?.byteLength).toBe(length);
    const file = Uint8Array.from([...(padded ?? []), ...pixelsOf("1.1", 200)]);
    const before = await readObjectHeader(
      memorySource(Uint8Array.from([...header, ...pixelsOf("1.1", 200)])),
    );
    const after = await readObjectHeader(memorySource(file));
    expect(after.dataSetHeader).toEqual(before.dataSetHeader);
    expect(after.pixel).toEqual(before.pixel && { ...before.pixel, offset: length });
  }
});

test("a header of that length is left alone, one that is too long is refused", () => {
  expect(padHeader(header, header.byteLength, CREATOR_UID)).toBe(header);
  expect(padHeader(header, header.byteLength - 2, CREATOR_UID)).toBeNull();
  expect(
    padHeader(header, header.byteLength + paddingBytesMin(CREATOR_UID) - 2, CREATOR_UID),
  ).toBeNull();
});

test.skipIf(Bun.which("dcmdump") === null)("DCMTK reads a padded header", async () => {
  const path = join(folder, "padded.dcm");
  const padded = padHeader(header, 8192, CREATOR_UID) ?? header;
  await Bun.write(path, Uint8Array.from([...padded, ...pixelsOf("1.1", 200)]));
  const dump = Bun.spawnSync(["dcmdump", "-q", path]);
  expect(dump.stderr.toString()).toBe("");
  const text = dump.stdout.toString();
  expect(text).toContain(`(0002,0100) UI [${CREATOR_UID}]`);
  expect(text).toMatch(/\(0002,0102\) OB 00/);
  expect(text).toContain("(0010,0010) PN [Doe^John]");
  expect(text).toMatch(/\(7fe0,0010\) OW .* # 200,/);
});
