// Table 8.1-39 towards the image: what the worklist says is what the image says.

import { describe, expect, test } from "bun:test";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { tagText } from "../../../src/dicom/dict/dictionary.ts";
import {
  MAPPING,
  MAPPING_TABLE,
  type MappingSettings,
  protocolKey,
  takenFromWorklist,
} from "../../../src/dicom/iod/mapping.ts";
import { buildCrImage } from "../../../src/dicom/iod/objects.ts";
import type { WorklistItem } from "../../../src/model/worklist-item.ts";
import { row } from "../../coverage.ts";
import { exam, imageFacts, worklistItem } from "./variants.ts";

const item: WorklistItem = {
  ...worklistItem,
  patient: {
    patientId: "MWL-7",
    patientName: "KATO^MIO",
    birthDate: "19801224",
    sex: "F",
    comments: "FROM WORKLIST",
    medicalAlerts: ["IODINE", "LATEX"],
  },
  studyInstanceUid: "1.2.826.0.1.77",
  accessionNumber: "ACC-77",
  requestingService: "SURGERY",
};

const defaults: MappingSettings = {
  referringPhysicianFrom: "referring",
  performingPhysicianFrom: "scheduled",
};

function imageOf(settings: MappingSettings) {
  const { performedProcedureStepId, ...taken } = takenFromWorklist(item, settings);
  expect(performedProcedureStepId).toBe(item.scheduledProcedureStepId);
  return buildCrImage(
    imageFacts("CR", "radiography", { exam: { ...exam, ...taken, worklistItem: item } }),
  ).dataSet;
}

/** What the image must say, by row of the table. */
const EXPECTED: Readonly<Record<number, readonly string[]>> = {
  1: ["1.2.826.0.1.77"],
  2: ["ACC-77"],
  5: ["UPPER GI"],
  8: [exam.studyDescription],
  12: ["20190129"],
  13: ["203615"],
  14: ["SATO^JIRO"],
  15: ["ITO^KEIKO"],
  16: ["SUZUKI^HANAKO"],
  17: ["SURGERY"],
  18: ["KATO^MIO"],
  19: ["MWL-7"],
  20: ["19801224"],
  21: ["F"],
  22: ["FROM WORKLIST"],
  23: ["TANAKA^KEN"],
  24: ["IODINE", "LATEX"],
};

describe("worklist to image", () => {
  for (const { row: number, image, rule } of MAPPING) {
    if (image === null) continue;
    test(`${row(MAPPING_TABLE, String(number))} ${image.tag} ${tagText(Tag[image.tag])}`, () => {
      const settings: MappingSettings =
        rule === "requesting" ? { ...defaults, referringPhysicianFrom: "requesting" } : defaults;
      expect(imageOf(settings).strings(Tag[image.tag])).toEqual(EXPECTED[number] ?? ["no value"]);
    });
  }

  test("the performing physician is left to the operator where the setting says so", () => {
    const taken = takenFromWorklist(item, { ...defaults, performingPhysicianFrom: "none" });
    expect(taken.performingPhysician).toBe("");
  });

  test("a protocol is looked up by requested procedure or scheduled step (note 1)", () => {
    expect(protocolKey(item, "requested")).toBe("UPPER GI");
    expect(protocolKey(item, "scheduled")).toBe("STOMACH");
  });

  test("scheduled station and step description stay out of the image (E23)", () => {
    const dataSet = imageOf(defaults);
    expect(dataSet.has(Tag.ScheduledStationAETitle)).toBe(false);
    expect(dataSet.has(Tag.ScheduledProcedureStepDescription)).toBe(false);
  });
});
