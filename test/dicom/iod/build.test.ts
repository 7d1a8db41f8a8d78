// What the builder refuses, and the values that depend on more than one fact.

import { describe, expect, test } from "bun:test";
import type { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { buildDataSet } from "../../../src/dicom/iod/build.ts";
import type { ImageFacts, ObjectFacts } from "../../../src/dicom/iod/facts.ts";
import { IodError } from "../../../src/dicom/iod/iod-error.ts";
import {
  buildCrImage,
  buildDoseReport,
  buildDxImage,
  buildRfImage,
  buildXaImage,
  imageProblems,
} from "../../../src/dicom/iod/objects.ts";
import type { Iod, Keyword, Row } from "../../../src/dicom/iod/row.ts";
import { BODY_PART_CODES, BODY_PART_TERMS } from "../../../src/model/body-parts.ts";
import type { Laterality } from "../../../src/model/protocol.ts";
import { row } from "../../coverage.ts";
import { type AnyRow, BUILT, IODS } from "./iods.ts";
import {
  exam,
  exposureOf,
  imageFacts,
  objectFacts,
  protocolOf,
  reportFacts,
  seriesOf,
} from "./variants.ts";

function refusal(build: () => unknown): IodError {
  try {
    build();
  } catch (error) {
    if (error instanceof IodError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const dxWith = (more: Partial<ImageFacts>): DataSet =>
  buildDxImage(imageFacts("DX", "radiography", more)).dataSet;

describe("a value that must be there", () => {
  for (const iod of IODS) {
    const { variant } = BUILT.find((b) => b.variant.iod === iod.key) ?? BUILT[0] ?? never();
    const rows: readonly (AnyRow & { table: string })[] = iod.modules
      .filter((use) => use.presence === "ALWAYS")
      .flatMap((use) => use.module.rows.map((r) => ({ ...r, table: use.module.table })));
    const always = rows.filter(
      (r) =>
        (r.byIod?.[iod.key]?.presence ?? r.presence) === "ALWAYS" &&
        r.value !== undefined &&
        r.when === undefined,
    );
    test.each(always.map((r) => [r.table, r.tag] as const))(
      `${iod.key} without the value of Table %s, %s is refused by name`,
      (table, tag) => {
        const error = refusal(() =>
          buildDataSet(
            without(iod as unknown as Iod<ObjectFacts>, tag),
            variant.facts as ObjectFacts,
          ),
        );
        expect(error.problems).toContainEqual({ table, attribute: tag, what: "has no value" });
        expect(error.message).toContain(`${tag} (`);
        expect(error.message).toContain(`Table ${table}`);
      },
    );
  }

  test("is asked for in one message, not one after the other", () => {
    const error = refusal(() =>
      buildDxImage(
        imageFacts("DX", "radiography", {
          exam: { ...exam, operator: "", studyDescription: "" },
        }),
      ),
    );
    expect(error.problems.map((p) => p.attribute)).toEqual(["StudyDescription", "OperatorsName"]);
  });

  test("is known before the exposure to who asks", () => {
    const facts = imageFacts("DX", "radiography");
    expect(imageProblems("DX", facts)).toEqual([]);
    expect(imageProblems("DX", { ...facts, exam: { ...exam, operator: "" } })).toEqual([
      { table: "8.1-10", attribute: "OperatorsName", what: "has no value" },
    ]);
  });

  test("is refused when it is no finite number", () => {
    const exposure = exposureOf("radiography", {}, { kv: Number.NaN as never });
    expect(refusal(() => buildXaImage(imageFacts("XA", "radiography", { exposure }))).message).toBe(
      "XA object cannot be made: KVP (0018,0060) of Table 8.1-18 is not a finite number; " +
        "KVP (0018,0060) of Table 8.1-18 has no value",
    );
  });

  test("of the dose report's content is refused with template and concept", () => {
    expect(
      refusal(() => buildDoseReport(reportFacts({ referencePoint: "113999" }))).message,
    ).toContain("Reference Point Definition of Table 8.1-46 has no value");
  });
});

describe("a value that is not allowed", () => {
  test("15 stored bits are refused, naming every table they offend", () => {
    const pixels = { ...imageFacts("XA", "radiography").pixels, bitsStored: 15 };
    const what = (list: string) => `is 15, not one of ${list}`;
    expect(
      refusal(() => buildXaImage(imageFacts("XA", "radiography", { pixels }))).problems,
    ).toEqual([
      { table: "8.1-13", attribute: "BitsStored", what: what("8, 10, 12, 14, 16") },
      { table: "8.1-17", attribute: "BitsStored", what: what("8, 10, 12, 16") },
    ]);
  });

  test("colour belongs into captures only", () => {
    const pixels = { ...imageFacts("DX", "radiography").pixels, photometric: "RGB" as const };
    const error = refusal(() => dxWith({ pixels }));
    expect(error.problems.map((p) => p.attribute)).toContain("PhotometricInterpretation");
  });
});

describe("text from a peer that is too long (D12)", () => {
  const built = (more: Partial<typeof exam>) =>
    buildDxImage(imageFacts("DX", "radiography", { exam: { ...exam, ...more } }));

  test("a name keeps 63 characters of each group, and the cut is reported", () => {
    const long = "山".repeat(63);
    const named = (patientName: string) => built({ patient: { ...exam.patient, patientName } });
    const whole = named(`A=${long}`);
    expect([whole.dataSet.string(Tag.PatientName), whole.truncated]).toEqual([`A=${long}`, []]);
    const cut = named(`A=${long}川`);
    expect([cut.dataSet.string(Tag.PatientName), cut.truncated]).toEqual([
      `A=${long}`,
      ["PatientName"],
    ]);
  });

  test("an accession number keeps 16 characters, a description 64", () => {
    const cut = built({ accessionNumber: "A".repeat(17), studyDescription: "𠮷".repeat(65) });
    expect(cut.dataSet.string(Tag.AccessionNumber)).toBe("A".repeat(16));
    expect(cut.dataSet.string(Tag.StudyDescription)).toBe("𠮷".repeat(64));
    expect(cut.truncated).toEqual(["StudyDescription", "AccessionNumber"]);
  });

  test("UIDs are never cut", () => {
    const uid = `1.2.${"3".repeat(70)}`;
    expect(built({ studyInstanceUid: uid }).dataSet.string(Tag.StudyInstanceUID)).toBe(uid);
  });
});

describe("Laterality (E64)", () => {
  const cr = (bodyPart: string, laterality: string) =>
    buildCrImage(
      imageFacts("CR", "radiography", { series: seriesOf("CR", { bodyPart, laterality }) }),
    ).dataSet;

  test("is the side of a paired part, empty when nobody gave it, and absent otherwise", () => {
    expect(cr("KNEE", "R").strings(Tag.Laterality)).toEqual(["R"]);
    expect(cr("KNEE", "").get(Tag.Laterality)).toEqual({ vr: "CS", values: [] });
    expect(cr("CHEST", "R").has(Tag.Laterality)).toBe(false);
  });

  test.each([
    ["CHEST", "R", undefined, "U"],
    ["KNEE", "R", undefined, "R"],
    ["KNEE", "R", "L", "L"],
    ["KNEE", undefined, "B", "B"],
    ["KNEE", undefined, undefined, "U"],
  ] as const)(
    "DX of %s, protocol %s, operator %s has Image Laterality %s",
    (bodyPart, protocol, operator, expected) => {
      const sides = (side: Laterality | undefined) =>
        side === undefined ? {} : { laterality: side };
      const dataSet = dxWith({
        series: seriesOf("DX", { bodyPart }),
        protocol: protocolOf("DX", "radiography", { bodyPart, ...sides(protocol) }),
        exposure: exposureOf("radiography", sides(operator)),
      });
      expect(dataSet.string(Tag.ImageLaterality)).toBe(expected);
      expect(dataSet.has(Tag.Laterality)).toBe(false);
    },
  );
});

describe("Anatomic Region (E80)", () => {
  for (const term of BODY_PART_TERMS)
    test(`${row("body-parts", term)} is coded in DX`, () => {
      const dataSet = dxWith({ series: seriesOf("DX", { bodyPart: term }) });
      const [item, ...more] = dataSet.items(Tag.AnatomicRegionSequence);
      expect(more).toEqual([]);
      expect(item?.string(Tag.CodeValue)).toBe(BODY_PART_CODES[term].value);
      expect(item?.string(Tag.CodingSchemeDesignator)).toBe("SCT");
      expect(item?.string(Tag.CodeMeaning)).toBe(BODY_PART_CODES[term].meaning);
    });

  test("is of zero length for a part outside the list", () => {
    const dataSet = dxWith({ series: seriesOf("DX", { bodyPart: "TOOTH" }) });
    expect(dataSet.get(Tag.AnatomicRegionSequence)).toEqual({ vr: "SQ", items: [] });
  });
});

describe("what depends on the examination", () => {
  test("DX refers to the reserved performed step exactly when there is an MPPS server", () => {
    const [reference] = dxWith({}).items(Tag.ReferencedPerformedProcedureStepSequence);
    expect(reference?.string(Tag.ReferencedSOPInstanceUID)).toBe(exam.mppsSopInstanceUid);
    const settings = { ...objectFacts.settings, mppsConfigured: false };
    expect(dxWith({ settings }).has(Tag.ReferencedPerformedProcedureStepSequence)).toBe(false);
  });

  test("a sex nobody gave is O, other IDs default to the Patient ID", () => {
    const patient = { patientId: "P1", patientName: "DOE" };
    const dataSet = dxWith({ exam: { ...exam, patient } });
    expect(dataSet.string(Tag.PatientSex)).toBe("O");
    expect(dataSet.strings(Tag.OtherPatientIDs)).toEqual(["P1"]);
    expect(dataSet.get(Tag.PatientBirthDate)).toEqual({ vr: "DA", values: [] });
  });

  test("dates and times are local to the configured zone", () => {
    const settings = { ...objectFacts.settings, timeZone: "America/New_York" };
    const dataSet = dxWith({ settings });
    expect(dataSet.string(Tag.StudyDate)).toBe("20190129");
    expect(dataSet.string(Tag.StudyTime)).toBe("063615");
  });

  test("identity comes from the configuration, whatever the table's default says", () => {
    const device = { ...objectFacts.device, manufacturer: "OTHER", modelName: "X-1" };
    const dataSet = dxWith({ device });
    expect(dataSet.string(Tag.Manufacturer)).toBe("OTHER");
    expect(dataSet.string(Tag.ManufacturerModelName)).toBe("X-1");
  });
});

describe("what depends on the picture", () => {
  test("the window is brought into the range of the stored bits (I2)", () => {
    const pixels = { ...imageFacts("DX", "radiography").pixels, bitsStored: 12 };
    const dataSet = dxWith({ pixels, window: { center: 32768, width: 65535 } });
    expect(dataSet.number(Tag.WindowCenter)).toBe(4096);
    expect(dataSet.number(Tag.WindowWidth)).toBe(4096);
    expect(dxWith({ window: { center: 10, width: 0 } }).number(Tag.WindowWidth)).toBe(1);
  });

  test("14 bits of the panel are 14 in DX and declared as 16 in XA and RF, whose tables lack them", () => {
    const pixels = { ...imageFacts("XA", "radiography").pixels, bitsStored: 14 };
    const window = { center: 8192, width: 16384 };
    const bits = ({ dataSet }: { dataSet: DataSet }) =>
      [Tag.BitsStored, Tag.HighBit, Tag.WindowCenter, Tag.WindowWidth].map((t) =>
        dataSet.number(t),
      );
    const more = { pixels, window };
    expect(bits(buildDxImage(imageFacts("DX", "radiography", more)))).toEqual([
      14, 13, 8192, 16384,
    ]);
    expect(bits(buildXaImage(imageFacts("XA", "serial", more)))).toEqual([16, 15, 8192, 16384]);
    expect(bits(buildRfImage(imageFacts("RF", "fluoroscopy", more)))).toEqual([
      16, 15, 8192, 16384,
    ]);
  });

  test("fluoroscopy is of low dose setting, runs are pulsed, a radiograph has no mode", () => {
    const of = (kind: "fluoroscopy" | "serial" | "radiography") =>
      buildRfImage(imageFacts("RF", kind, { frames: 1 })).dataSet;
    expect(of("fluoroscopy").string(Tag.RadiationSetting)).toBe("SC");
    expect(of("serial").string(Tag.RadiationSetting)).toBe("GR");
    expect(of("serial").string(Tag.RadiationMode)).toBe("PULSED");
    expect(of("radiography").has(Tag.RadiationMode)).toBe(false);
  });

  test("movement is one value a frame, and empty where the values would not fit an element", () => {
    const geometry = { ...exposureOf("serial").geometry, positionerMotion: "DYNAMIC" as const };
    const increments = (frames: number) =>
      buildXaImage(
        imageFacts("XA", "serial", {
          frames,
          exposure: exposureOf("serial", { frames, geometry }),
          motion: { primaryAngle: Array.from({ length: frames }, (_, i) => 0.1 * (i % 50)) },
        }),
      ).dataSet.get(Tag.PositionerPrimaryAngleIncrement);
    expect(increments(4)).toEqual({ vr: "DS", values: ["0", "0.1", "0.2", "0.3"] });
    expect(increments(30_000)).toEqual({ vr: "DS", values: [] });
  });

  test("a single frame has none of the multi-frame attributes", () => {
    const { dataSet } = buildXaImage(imageFacts("XA", "serial", { frames: 1 }));
    for (const tag of [Tag.NumberOfFrames, Tag.FrameIncrementPointer, Tag.FrameTime, Tag.CineRate])
      expect(dataSet.has(tag)).toBe(false);
  });

  test("exposure index is sent in CR, and in DX only by the setting", () => {
    const exposureIndex = { index: 314, target: 250, deviation: 1 };
    const cr = buildCrImage(imageFacts("CR", "radiography", { exposureIndex })).dataSet;
    expect(cr.number(Tag.ExposureIndex)).toBe(314);
    expect(cr.number(Tag.DeviationIndex)).toBe(1);
    expect(dxWith({ exposureIndex }).get(Tag.ExposureIndex)).toEqual({ vr: "DS", values: [] });
    const settings = { ...objectFacts.settings, exposureIndexInDx: true };
    expect(dxWith({ exposureIndex, settings }).number(Tag.TargetExposureIndex)).toBe(250);
  });
});

/** The IOD with one attribute's rows robbed of their value. */
function without(iod: Iod<ObjectFacts>, tag: Keyword): Iod<ObjectFacts> {
  const strip = (r: Row<ObjectFacts>): Row<ObjectFacts> =>
    r.tag === tag ? { ...r, value: () => undefined } : r;
  return {
    ...iod,
    modules: iod.modules.map((use) => ({
      ...use,
      module: { ...use.module, rows: use.module.rows.map(strip) },
    })),
  };
}

function never(): never {
  throw new Error("no variant of this IOD");
}
