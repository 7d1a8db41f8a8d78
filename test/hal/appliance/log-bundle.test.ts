// The log bundle as service opens it: with the system's tar.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foreign } from "../../../src/core/foreign-words.ts";
import { ApplianceError } from "../../../src/hal/appliance/appliance.ts";
import { packLogBundle } from "../../../src/hal/appliance/log-bundle.ts";
import { JOURNAL_BYTES_MAX } from "../../../src/hal/appliance/messages.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 8);

function folder() {
  const path = mkdtempSync(join(tmpdir(), "udr-bundle-"));
  return {
    path,
    file: (name: string) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

const tar = (args: readonly string[], bundle: Uint8Array) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["tar", ...args], {
    stdin: bundle,
    env: { ...process.env, TZ: "UTC", LC_ALL: "C" },
  });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  return stdout.toString();
};

test("texts and journal come out as they went in, readable by their owner alone", async () => {
  using place = folder();
  const journal = "2026-01-05 udr[1]: {}\n".repeat(10_000);
  await Bun.write(place.file("journal"), journal);
  const health = '{"status":"ok","name":"Größe"}\n';
  const bundle = await packLogBundle(
    [{ name: "health.json", text: health }],
    place.file("journal"),
    NOW_MS,
  );
  expect(tar(["-xO", "health.json"], bundle)).toBe(health);
  expect(tar(["-xO", "journal.txt"], bundle)).toBe(journal);
  expect(
    tar(["-tv"], bundle)
      .split("\n")
      .map((line) => line.replace(/ +/g, " ")),
  ).toEqual([
    `-rw------- 0/0 ${Buffer.byteLength(health)} 2026-01-05 08:00 health.json`,
    `-rw------- 0/0 ${journal.length} 2026-01-05 08:00 journal.txt`,
    "",
  ]);
});

test("what others said is left out of the texts", async () => {
  using place = folder();
  await Bun.write(place.file("journal"), "");
  const text = JSON.stringify({ problems: [`pacs: ${foreign("no patient Doe^Jane")}.`], n: 1 });
  const bundle = await packLogBundle([{ name: "a", text }], place.file("journal"), NOW_MS);
  expect(JSON.parse(tar(["-xO", "a"], bundle))).toEqual({ problems: ["pacs: “…”."], n: 1 });
});

test("of a journal that is too long the start is taken, which is its newest part", async () => {
  using place = folder();
  const beyond = Buffer.alloc(JOURNAL_BYTES_MAX + 1_000, "o");
  beyond.fill("n", 0, 100);
  await Bun.write(place.file("journal"), beyond);
  const bundle = await packLogBundle([], place.file("journal"), NOW_MS);
  expect(bundle.byteLength).toBeLessThan(JOURNAL_BYTES_MAX + 4_096);
  const taken = tar(["-xO", "journal.txt"], bundle);
  expect(taken.length).toBe(JOURNAL_BYTES_MAX);
  expect(taken.startsWith("n".repeat(100))).toBe(true);
});

test("a journal that is not there is told in words", async () => {
  using place = folder();
  const packed = packLogBundle([], place.file("none"), NOW_MS);
  expect(packed).rejects.toBeInstanceOf(ApplianceError);
});
