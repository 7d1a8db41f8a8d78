// Settings on a stick that fails, or is pulled out, at any call: the settings that were there, or the new ones.

import { expect, test } from "bun:test";
import { readSettings, SettingsSetError, writeSettings } from "../../src/export/settings-set.ts";
import { MediumError } from "../../src/hal/media/medium-files.ts";
import { FaultyMedium } from "./faulty-medium.ts";

const OLD = '{ "device": { "stationName": "OLD" } }\n';
const NEW = `{ "device": { "stationName": "NEW" } }\n${" ".repeat(5000)}`;

async function withOld(): Promise<FaultyMedium> {
  const medium = new FaultyMedium();
  await writeSettings(medium, OLD);
  medium.heal();
  return medium;
}

test("whichever call fails, the stick holds the old settings or the new ones whole", async () => {
  let failed = 0;
  for (let n = 0; ; n++) {
    const medium = await withOld();
    medium.failAt = n;
    const outcome = await writeSettings(medium, NEW).then(
      () => "written",
      (error: unknown) => error,
    );
    medium.heal();
    medium.disk.powerCut();
    const { text } = readSettings(medium);
    if (outcome === "written") {
      expect(text).toBe(NEW);
      break;
    }
    expect(outcome).toBeInstanceOf(MediumError);
    expect([OLD, NEW]).toContain(text);
    failed += 1;
    // And the next attempt is not hindered by what the failed one left.
    await writeSettings(medium, NEW);
    expect(readSettings(medium).text).toBe(NEW);
  }
  expect(failed).toBeGreaterThan(5);
});

test("once written, settings outlive the stick being pulled out", async () => {
  const medium = await withOld();
  await writeSettings(medium, NEW);
  medium.disk.powerCut();
  expect(readSettings(medium).text).toBe(NEW);
});

test("names are found in either case, of other files none is read", async () => {
  const medium = new FaultyMedium();
  medium.makeFolder("UDR-SETTINGS/old.pem");
  const put = async (name: string, text: string) => {
    const file = medium.create(`UDR-SETTINGS/${name}`);
    file.write([new TextEncoder().encode(text)], 0);
    await file.sync();
    file.close();
  };
  await put("CONFIG.JSON", OLD);
  for (const name of ["A.PEM", "b.pem", "._b.pem", "b.pem.txt", "notes.txt"]) await put(name, name);
  const read = readSettings(medium);
  expect(read.text).toBe(OLD);
  expect(read.files.map(({ name }) => name).sort()).toEqual(["A.PEM", "b.pem"]);
});

test("a stick without settings, and files that are too large, are told in words", async () => {
  const medium = new FaultyMedium();
  expect(() => readSettings(medium)).toThrow(SettingsSetError);
  await writeSettings(medium, "x".repeat(1024 * 1024 + 1));
  expect(() => readSettings(medium)).toThrow(/at most 1048576 are read/);
});
