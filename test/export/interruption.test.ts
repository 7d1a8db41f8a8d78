// Every call to the medium fails once, in every way: afterwards the medium holds the old file-set or the
// new one, whole, and the next attempt gets through.

import { afterAll, describe, expect, test } from "bun:test";
import { pathOf } from "../../src/dicom/dir/file-id.ts";
import type { ExportObject } from "../../src/export/export-object.ts";
import { presentFileSet } from "../../src/export/present-file-set.ts";
import { runExportTask } from "../../src/workers/export/run-task.ts";
import { openSource } from "../../src/workers/export/source-file.ts";
import { exportObject, exportTo, tempFolder } from "./export-room.ts";
import { FaultyMedium, filesOf } from "./faulty-medium.ts";

const folder = tempFolder("interruption");
afterAll(() => folder[Symbol.dispose]());

const ports = (medium: FaultyMedium) => ({ medium: () => medium, open: openSource });
const png = new Uint8Array([1, 2, 3]);

const older = [await exportObject(folder.path, "dx", { study: 1 })];
const newer = [
  await exportObject(folder.path, "cr-unpaired", { study: 1, series: 2, instance: 2 }),
  await exportObject(folder.path, "rdsr-scheduled", { study: 2, series: 3, instance: 3 }),
];

/** A medium with the older object's file-set and somebody's own files. */
async function medium(): Promise<FaultyMedium> {
  const made = new FaultyMedium();
  made.disk.plant("LETTERS/HOLIDAY.DOC", new Uint8Array([9, 9]));
  expect(await exportTo("", older, { ports: ports(made), token: "older" })).toEqual({
    type: "finished",
  });
  for (const path of ["", "DICOM", "IHE_PDI"]) made.disk.syncFolder(path);
  made.heal();
  return made;
}

/** The objects of the medium's file-set; throws when one of its files is missing or not whole. */
function readable(made: FaultyMedium): string[] {
  made.heal();
  const present = presentFileSet(made);
  if (present === null) throw new Error("there is no file-set");
  const files = filesOf(made.disk);
  const sizes = new Map([...older, ...newer].map((o) => [o.sopInstanceUid, o.fileBytes]));
  for (const [uid, id] of present.objects) {
    const bytes = files.get(pathOf(id));
    if (bytes === undefined) throw new Error(`${pathOf(id)} is missing`);
    // The File Meta differs by some bytes; the rest is the stored object.
    if (Math.abs(bytes.byteLength - (sizes.get(uid) ?? 0)) > 64)
      throw new Error(`${pathOf(id)} has ${bytes.byteLength} bytes`);
  }
  expect(files.get("LETTERS/HOLIDAY.DOC")).toEqual(new Uint8Array([9, 9]));
  return [...present.objects.keys()].sort();
}

const uidsOf = (objects: readonly ExportObject[]) => objects.map((o) => o.sopInstanceUid).sort();
const OLD = uidsOf(older);
const NEW = uidsOf([...older, ...newer]);
const run = (made: FaultyMedium) =>
  exportTo("", newer, {
    ports: ports(made),
    token: "newer",
    previews: newer.slice(0, 1).map(({ sopInstanceUid }) => ({ sopInstanceUid, png })),
  });

const whole = await medium();
await run(whole);
const CALLS = whole.calls;
const TRACE = [...whole.trace];

/** Some hundred exports each. */
const SLOW_MS = 60_000;

describe("an export that is interrupted", () => {
  test("makes enough calls for this to mean something", () => {
    expect(CALLS).toBeGreaterThan(60);
    expect(readable(whole)).toEqual(NEW);
  });

  for (const [name, fault, forGood, powerCut] of [
    ["by one failed call", "broken", false, false],
    ["by a medium that fails from then on", "broken", true, false],
    ["by a full medium", "full", false, false],
    ["by the stick being pulled out", "gone", true, true],
  ] as const)
    test(
      `${name} leaves the old file-set or the new one, and the next attempt ends with the new`,
      async () => {
        let oldSeen = 0;
        for (let n = 0; n < CALLS; n++) {
          const made = await medium();
          Object.assign(made, { failAt: n, forGood, fault });
          const answer = await run(made);
          const at = `call ${n} of ${CALLS}: ${made.trace[n]}`;
          if (powerCut) {
            made.heal();
            made.disk.powerCut();
          }
          const left = readable(made);
          if (String(left) === String(OLD)) oldSeen++;
          else expect(String(left), at).toBe(String(NEW));
          if (answer.type === "finished") expect(String(left), at).toBe(String(NEW));
          else expect(answer, at).toMatchObject({ type: "medium-failed", fault });
          expect(await run(made), at).toEqual({ type: "finished" });
          expect(String(readable(made)), at).toBe(String(NEW));
        }
        expect(oldSeen).toBeGreaterThan(10);
      },
      SLOW_MS,
    );

  test("goes on where it was: whole files are compared, not copied again", async () => {
    const made = await medium();
    Object.assign(made, { failAt: TRACE.indexOf("create UDR10A.NEW"), fault: "gone" });
    expect(await run(made)).toMatchObject({ type: "medium-failed", fault: "gone" });
    made.heal();
    expect(await run(made)).toEqual({ type: "finished" });
    expect(made.trace.filter((call) => call.startsWith("create DICOM/"))).toEqual([]);
    expect(made.trace.some((call) => /^read DICOM\/E.*IM000001$/.test(call))).toBeTrue();
    expect(readable(made)).toEqual(NEW);
  });

  test(
    "and given up leaves the medium byte for byte as it was",
    async () => {
      for (let n = 0; n < CALLS; n += 3) {
        const made = await medium();
        const before = filesOf(made.disk);
        Object.assign(made, { failAt: n, fault: "full" });
        const answer = await run(made);
        const left = readable(made);
        const discarded = await runExportTask(ports(made), {
          type: "discard",
          root: "",
          token: "newer",
        });
        expect(discarded).toEqual({ type: "finished" });
        if (String(left) !== String(OLD)) continue;
        expect(answer.type).toBe("medium-failed");
        const after = filesOf(made.disk);
        expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
        for (const [path, bytes] of before) expect(after.get(path)).toEqual(bytes);
      }
    },
    SLOW_MS,
  );
});
