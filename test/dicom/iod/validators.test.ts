// Every variant through the programs that hospitals and vendors read DICOM with: dicom3tools'
// validator, DCMTK's dump and report readers, Orthanc.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../../src/core/byte-source.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { buildDxImage } from "../../../src/dicom/iod/objects.ts";
import { BODY_PART_TERMS } from "../../../src/model/body-parts.ts";
import { row } from "../../coverage.ts";
import { hasOrthanc, type Orthanc, startOrthanc } from "../../peers/orthanc.ts";
import { findings } from "./dciodvfy.ts";
import { dump } from "./dump.ts";
import { BUILT, IODS } from "./iods.ts";
import { imageFacts, pixelBytes, seriesOf, VARIANTS, type Variant } from "./variants.ts";
import { isInstalled, objectBytes, run, writeObject } from "./write-object.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "iod-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!isInstalled("dciodvfy"))("dciodvfy", () => {
  for (const { name, variant } of BUILT)
    test(`finds no error in ${name}, and warns of nothing but what the statement asks for`, async () => {
      expect(findings(await writeObject(folder, name, variant), variant.iod)).toEqual([]);
    });

  test("finds no error in DX of any body part", async () => {
    for (const bodyPart of BODY_PART_TERMS) {
      const facts = imageFacts("DX", "radiography", { series: seriesOf("DX", { bodyPart }) });
      const variant = { iod: "DX", facts, built: buildDxImage(facts) } as const;
      expect(findings(await writeObject(folder, "part", variant), "DX")).toEqual([]);
    }
  });

  test("would tell: an object without its Modality has errors", async () => {
    const facts = imageFacts("DX", "radiography");
    const built = buildDxImage(facts);
    built.dataSet.delete(Tag.Modality);
    const path = await writeObject(folder, "broken", { iod: "DX", facts, built });
    expect(findings(path, "DX").join("\n")).toContain("Error");
  });
});

describe.skipIf(!isInstalled("dcmdump"))("dcmdump", () => {
  for (const syntax of ["ExplicitVrLittleEndian", "ImplicitVrLittleEndian"] as const)
    test(`reads every variant in ${syntax} without complaint, with every attribute`, async () => {
      const transferSyntaxUid = TransferSyntaxUid[syntax];
      for (const { name, variant } of BUILT) {
        const path = await writeObject(folder, name, variant, { transferSyntaxUid });
        const { code, out, err } = run("dcmdump", "-Un", path);
        expect({ name, code, err }).toEqual({ name, code: 0, err: "" });
        for (const tag of variant.built.dataSet.tags()) {
          const hex = tag.toString(16).padStart(8, "0");
          expect(out).toContain(`\n(${hex.slice(0, 4)},${hex.slice(4)})`);
        }
      }
    });
});

describe.skipIf(!isInstalled("dsrdump"))("the report readers of DCMTK", () => {
  for (const { name, variant } of BUILT.filter((b) => b.variant.iod === "RDSR"))
    test(`read ${name}`, async () => {
      const path = await writeObject(folder, name, variant);
      const dumped = run("dsrdump", path);
      expect([dumped.code, dumped.err]).toEqual([0, ""]);
      expect(dumped.out).toContain("Dose Area Product Total");
      const html = run("dsr2html", path);
      expect([html.code, html.err]).toEqual([0, ""]);
      expect(html.out).toContain("X-Ray Radiation Dose Report");
    });
});

describe.skipIf(!hasOrthanc)("Orthanc", () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc();
  });
  afterAll(async () => {
    await orthanc?.[Symbol.asyncDispose]();
  });

  test("takes every variant and gives back what was sent", async () => {
    for (const [i, [name, make]] of Object.entries(VARIANTS).entries()) {
      const variant = make();
      const sopInstanceUid = `${variant.built.sopInstanceUid}.${i}`;
      variant.built.dataSet.text(Tag.SOPInstanceUID, "UI", sopInstanceUid);
      const { dataSet } = variant.built;
      const renamed = { ...variant, built: { ...variant.built, sopInstanceUid } } as Variant;
      const tags = await orthanc.tags(await orthanc.store(objectBytes(renamed)));
      const { SOPClassUID, SOPInstanceUID, PatientName, StudyDescription } = tags;
      expect([name, SOPClassUID, SOPInstanceUID, PatientName, StudyDescription]).toEqual([
        name,
        variant.built.sopClassUid,
        sopInstanceUid,
        dataSet.string(Tag.PatientName),
        dataSet.string(Tag.StudyDescription),
      ]);
    }
  });
});

describe("our own reader", () => {
  for (const iod of IODS)
    test(`${row("8.1-13", "7FE00010")}${row("8.1-24", "00080005")} gives back every ${iod.key} object, with its pixel data and character set`, async () => {
      for (const { name, variant } of BUILT) {
        if (variant.iod !== iod.key) continue;
        const bytes = objectBytes(variant);
        const header = await readObjectHeader(memorySource(bytes));
        expect(header.warnings).toEqual([]);
        const set = header.dataSet.strings(Tag.SpecificCharacterSet);
        expect([name, ...set]).toEqual(name === "cr-kanji" ? [name, "", "ISO 2022 IR 87"] : [name]);
        header.dataSet.delete(Tag.SpecificCharacterSet);
        expect(dump(header.dataSet)).toBe(dump(variant.built.dataSet));
        expect(header.pixel?.byteLength ?? 0).toBe(pixelBytes(variant));
        if (header.pixel !== null) expect(header.pixel.vr).toBe("OW");
      }
    });
});
