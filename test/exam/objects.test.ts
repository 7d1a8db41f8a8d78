// What was prepared is in the object: geometry, contrast medium, tomography, side; and the object is
// the one that protocol or configuration choose.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import type { PrepareOrder } from "../../src/exam/exam-service.ts";
import type { InstanceRecord } from "../../src/model/instance.ts";
import { degrees, millimetres, seconds } from "../../src/model/units.ts";
import { isInstalled, run } from "../dicom/iod/write-object.ts";
import { granted, openRoom, type Room, type RoomOptions } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const protocol = (object: string, kind: string, more: object = {}) => ({
  id: "own",
  name: "OWN",
  studyDescription: "OWN",
  bodyPart: "ABDOMEN",
  viewPosition: "AP",
  kind,
  object,
  technique: { kv: 80, ma: 100, ms: 10 },
  ...more,
});

interface Made {
  readonly record: InstanceRecord;
  readonly dataSet: DataSet;
  readonly bytes: Uint8Array;
}

/** One exposure of an own protocol, prepared as told. */
async function make(
  room: Room,
  order: PrepareOrder,
  kind: "radiography" | "serial" = "radiography",
  protocolId = "own",
): Promise<Made> {
  const exam = granted(
    await room.exams.open({ patient: { name: "A^B" }, protocolId, operator: "Berg^Ida" }),
  );
  granted(await room.exams.prepare(exam.id, order));
  granted(await room.exams.expose({ kind, frames: 2 }));
  const ended = granted(await room.exams.end(exam.id, "completed"));
  const [record] = room.instances(ended);
  if (record === undefined) throw new Error("no image");
  return { record, dataSet: await room.dataSet(record), bytes: room.bytes(record) };
}

const site = (...protocols: object[]): RoomOptions => ({
  configuration: { acquisition: { protocols } },
});

/** What dcmdump says of some attributes. */
async function dumped(bytes: Uint8Array, ...keywords: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "udr-dump-"));
  try {
    const path = join(folder, "object.dcm");
    await Bun.write(path, bytes);
    return run("dcmdump", ...keywords.flatMap((k) => ["+P", k]), path).out;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("the object", () => {
  const cases = [
    ["DX", "radiography", "1.2.840.10008.5.1.4.1.1.1.1"],
    ["CR", "radiography", "1.2.840.10008.5.1.4.1.1.1"],
    ["XA", "radiography", "1.2.840.10008.5.1.4.1.1.12.1"],
    ["RF", "radiography", "1.2.840.10008.5.1.4.1.1.12.2"],
    ["XA", "serial", "1.2.840.10008.5.1.4.1.1.12.1"],
    ["RF", "serial", "1.2.840.10008.5.1.4.1.1.12.2"],
  ] as const;
  for (const [object, kind, sopClassUid] of cases)
    test(`of a ${kind} protocol for ${object} is ${object}, and valid`, async () => {
      await using room = await openRoom(site(protocol(object, kind)));
      const { record, dataSet, bytes } = await make(room, {}, kind);
      expect(record).toMatchObject({ modality: object, sopClassUid });
      expect(dataSet.string(Tag.Modality)).toBe(object);
      expect(await problemsOf(bytes, object)).toEqual([]);
    });

  for (const object of ["CR", "RF", "XA"] as const)
    test(`of a shipped radiography protocol follows the configuration to ${object}`, async () => {
      await using room = await openRoom({
        configuration: { acquisition: { objects: { radiography: object } } },
      });
      const { record, bytes } = await make(room, {}, "radiography", "chest-pa");
      expect(record.modality).toBe(object);
      expect(await problemsOf(bytes, object)).toEqual([]);
    });

  test("of another kind than the protocol's is the configured one", async () => {
    await using room = await openRoom(site(protocol("DX", "radiography")));
    const { record } = await make(room, {}, "serial");
    expect(record.modality).toBe("XA");
  });
});

describe("what is prepared is written", () => {
  const geometry = {
    sourceToDetectorMm: millimetres(1210),
    sourceToPatientMm: millimetres(995),
    tableAngle: degrees(12),
    tableMotion: "STATIC",
    primaryAngle: degrees(-30),
    secondaryAngle: degrees(15),
    columnAngulation: degrees(7),
  } as const;

  test("geometry in XA", async () => {
    await using room = await openRoom(site(protocol("XA", "serial")));
    const { dataSet, bytes } = await make(room, { geometry }, "serial");
    expect(dataSet.number(Tag.DistanceSourceToDetector)).toBe(1210);
    expect(dataSet.number(Tag.DistanceSourceToPatient)).toBe(995);
    expect(dataSet.number(Tag.PositionerPrimaryAngle)).toBe(-30);
    expect(dataSet.number(Tag.PositionerSecondaryAngle)).toBe(15);
    expect(dataSet.string(Tag.TableMotion)).toBe("STATIC");
    expect(dataSet.number(Tag.TableAngle)).toBe(12);
    expect(await problemsOf(bytes, "XA")).toEqual([]);
  });

  test("geometry in RF", async () => {
    await using room = await openRoom(site(protocol("RF", "serial")));
    const { dataSet } = await make(room, { geometry }, "serial");
    expect(dataSet.number(Tag.DistanceSourceToDetector)).toBe(1210);
    expect(dataSet.number(Tag.ColumnAngulation)).toBe(7);
  });

  for (const [object, agent] of [
    ["XA", "IOPAMIDOL"],
    ["RF", "BARIUM"],
    ["XA", ""],
  ] as const)
    test(`contrast agent "${agent}" in ${object}`, async () => {
      await using room = await openRoom(site(protocol(object, "serial")));
      const { dataSet, bytes } = await make(room, { contrastAgent: agent }, "serial");
      expect(dataSet.has(Tag.ContrastBolusAgent)).toBe(true);
      expect(dataSet.string(Tag.ContrastBolusAgent)).toBe(agent === "" ? undefined : agent);
      expect(await problemsOf(bytes, object)).toEqual([]);
    });

  test("no contrast agent, no module", async () => {
    await using room = await openRoom(site(protocol("XA", "serial")));
    const { dataSet } = await make(room, {}, "serial");
    expect(dataSet.has(Tag.ContrastBolusAgent)).toBe(false);
  });

  test.skipIf(!isInstalled("dcmdump"))("tomography in DX, as dcmdump reads it", async () => {
    await using room = await openRoom(site(protocol("DX", "radiography")));
    const { bytes } = await make(room, {
      tomography: {
        layerHeightMm: millimetres(85),
        angle: degrees(40),
        timeS: seconds(1.2),
        type: "LINEAR",
      },
    });
    const text = await dumped(bytes, "TomoLayerHeight", "TomoAngle", "TomoTime", "TomoType");
    expect(text).toMatch(/TomoLayerHeight$/m);
    for (const value of ["[85]", "[40]", "[1.2]", "[LINEAR]"]) expect(text).toContain(value);
    expect(await problemsOf(bytes, "DX")).toEqual([]);
  });

  test("the side in DX, and another side begins another series", async () => {
    await using room = await openRoom(
      site(protocol("DX", "radiography", { bodyPart: "KNEE", laterality: "R" })),
    );
    const exam = granted(await room.exams.open({ patient: { name: "A^B" }, protocolId: "own" }));
    for (const laterality of ["R", "L", undefined] as const) {
      granted(await room.exams.prepare(exam.id, { laterality }));
      granted(await room.exams.expose({ kind: "radiography" }));
    }
    const ended = granted(await room.exams.end(exam.id, "completed"));
    const images = room.instances(ended).filter((i) => i.modality === "DX");
    const sides = await Promise.all(
      images.map(async (i) => [
        i.seriesNumber,
        (await room.dataSet(i)).string(Tag.ImageLaterality),
      ]),
    );
    expect(sides.sort()).toEqual([
      [1, "R"],
      [1, "R"],
      [2, "L"],
    ]);
  });

  test("the side in CR is the series'", async () => {
    await using room = await openRoom(site(protocol("CR", "radiography", { bodyPart: "HAND" })));
    const { dataSet } = await make(room, { laterality: "L" });
    expect(dataSet.string(Tag.Laterality)).toBe("L");
  });

  test("the side of a part that has none is not", async () => {
    await using room = await openRoom(site(protocol("CR", "radiography")));
    const { dataSet } = await make(room, { laterality: "L" });
    expect(dataSet.has(Tag.Laterality)).toBe(false);
  });
});
