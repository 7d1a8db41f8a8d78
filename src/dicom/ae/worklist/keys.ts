// Keys of the worklist query (PS3.4 §K.6.1.2.2): which are sent, matched on, returned, shown and copied
// into the objects.

import type { DataSet, Tag, Vr } from "../../data/data-set.ts";
import { Tag as TAG } from "../../dict/attributes.ts";
import {
  type AttributeRow,
  type AttributeTable,
  buildDataSet,
  type Value,
} from "../attribute-rows.ts";

export interface WorklistKey extends AttributeRow {
  readonly module: string;
  /**
   * single: sent with the filter's value, universal when that is empty; optional: universal unless
   * the operator typed a value; null: return key only (E21).
   */
  readonly matching: "single" | "optional" | null;
  /** Comes back in any case. */
  readonly return: boolean;
  /** Shown where a patient is chosen. */
  readonly displayed: boolean;
  /** Goes unabridged into the objects of the step. */
  readonly copied: boolean;
}

function key(
  module: string,
  depth: number,
  tag: Tag,
  vr: Vr,
  matching: WorklistKey["matching"],
  flags: string,
  more: Pick<AttributeRow, "added" | "erratum"> = {},
): WorklistKey {
  const has = (flag: string) => flags.split(" ").includes(flag);
  return {
    module,
    depth,
    tag,
    vr,
    matching,
    return: has("return"),
    displayed: has("displayed"),
    copied: has("copied"),
    ...more,
  };
}

// biome-ignore format: one row a line
export const WORKLIST_KEYS: AttributeTable<WorklistKey> = {
  table: "4.2-30",
  rows: [
    //  module                     depth tag, VR, matching, return / displayed / copied
    key("Scheduled Procedure Step", 0, TAG.ScheduledProcedureStepSequence, "SQ", null, "return"),
    key("Scheduled Procedure Step", 1, TAG.Modality, "CS", "single", "return copied", { erratum: ["E20"] }),
    key("Scheduled Procedure Step", 1, TAG.ScheduledStationAETitle, "AE", "single", "", { erratum: ["E23"] }),
    key("Scheduled Procedure Step", 1, TAG.ScheduledProcedureStepStartDate, "DA", "single", "displayed"),
    key("Scheduled Procedure Step", 1, TAG.ScheduledProcedureStepStartTime, "TM", null, "return"),
    key("Scheduled Procedure Step", 1, TAG.ScheduledPerformingPhysicianName, "PN", null, "return"),
    key("Scheduled Procedure Step", 1, TAG.ScheduledProcedureStepDescription, "LO", null, "return", { erratum: ["E23"] }),
    key("Scheduled Procedure Step", 1, TAG.ScheduledProtocolCodeSequence, "SQ", null, "return"),
    key("Scheduled Procedure Step", 2, TAG.CodeValue, "SH", null, "return"),
    key("Scheduled Procedure Step", 2, TAG.CodingSchemeDesignator, "SH", null, "return"),
    key("Scheduled Procedure Step", 2, TAG.CodingSchemeVersion, "SH", null, "return"),
    key("Scheduled Procedure Step", 2, TAG.CodeMeaning, "LO", null, "return"),
    key("Scheduled Procedure Step", 1, TAG.ScheduledProcedureStepID, "SH", null, "return"),
    key("Scheduled Procedure Step", 1, TAG.ScheduledStationName, "SH", "optional", "return"),
    key("Requested Procedure", 0, TAG.StudyInstanceUID, "UI", "optional", "return copied"),
    key("Requested Procedure", 0, TAG.RequestedProcedureDescription, "LO", "optional", "return"),
    key("Requested Procedure", 0, TAG.ReferencedStudySequence, "SQ", null, "return"),
    key("Requested Procedure", 1, TAG.ReferencedSOPClassUID, "UI", null, "return", { erratum: ["E19"] }),
    key("Requested Procedure", 1, TAG.ReferencedSOPInstanceUID, "UI", null, "return", { erratum: ["E19"] }),
    key("Requested Procedure", 0, TAG.RequestedProcedureID, "SH", "optional", "return"),
    key("Imaging Service Request", 0, TAG.AccessionNumber, "SH", "optional", "return displayed copied"),
    key("Imaging Service Request", 0, TAG.ReferringPhysicianName, "PN", "optional", "return displayed copied", { erratum: ["E24"] }),
    key("Patient Identification", 0, TAG.PatientName, "PN", "optional", "return displayed copied"),
    key("Patient Identification", 0, TAG.PatientID, "LO", "optional", "return displayed copied"),
    key("Patient Demographic", 0, TAG.PatientBirthDate, "DA", "optional", "return displayed copied"),
    key("Patient Demographic", 0, TAG.PatientSex, "CS", "optional", "return displayed copied"),
    key("Patient Demographic", 0, TAG.PatientComments, "LT", "optional", "return displayed copied"),
    key("Patient Medical", 0, TAG.MedicalAlerts, "LO", "optional", "return displayed copied", { erratum: ["E23"] }),
    key("Patient Medical", 0, TAG.Allergies, "LO", "optional", "return displayed"),
    key("Patient Medical", 0, TAG.PregnancyStatus, "US", "optional", "return displayed"),
    key("Patient Medical", 0, TAG.SpecialNeeds, "LO", "optional", "return displayed"),
    key("Imaging Service Request", 0, TAG.RequestingPhysician, "PN", null, "return copied", { added: true, erratum: ["E22"] }),
    key("Imaging Service Request", 0, TAG.RequestingService, "LO", null, "return copied", { added: true, erratum: ["E22"] }),
    key("Imaging Service Request", 0, TAG.PlacerOrderNumberImagingServiceRequest, "LO", null, "return", { added: true, erratum: ["E87"] }),
    key("Imaging Service Request", 0, TAG.FillerOrderNumberImagingServiceRequest, "LO", null, "return", { added: true, erratum: ["E87"] }),
    key("Requested Procedure", 0, TAG.RequestedProcedureCodeSequence, "SQ", null, "return", { added: true, erratum: ["E87"] }),
  ],
};

/** What a query is restricted by. The three of the filter are sent as they are, empty for all. */
export interface WorklistFilter {
  readonly modality: string;
  readonly scheduledStationAeTitle: string;
  /** DA, or a range "20260101-20260107". */
  readonly scheduledDate: string;
  /** What the operator typed or a bar code gave, by tag; only "optional" keys are looked at. */
  readonly typed?: ReadonlyMap<Tag, string> | undefined;
}

/** The identifier of the C-FIND (PS3.4 §K.4.1.1.3). */
export function worklistIdentifier(filter: WorklistFilter): DataSet {
  const typed = (row: WorklistKey): Value | undefined => {
    const text = row.matching === "optional" ? filter.typed?.get(row.tag) : undefined;
    if (row.vr !== "US" || text === undefined) return text;
    return /^\d{1,5}$/.test(text) ? Number(text) : undefined; // no number matches nothing: not sent
  };
  const fixed = new Map<Tag, string>([
    [TAG.Modality, filter.modality],
    [TAG.ScheduledStationAETitle, filter.scheduledStationAeTitle],
    [TAG.ScheduledProcedureStepStartDate, filter.scheduledDate],
  ]);
  const given = (depth: number): Map<Tag, Value> => {
    const level = new Map<Tag, Value>();
    for (const row of WORKLIST_KEYS.rows) {
      if (row.depth !== depth) continue;
      const value = row.matching === "single" ? fixed.get(row.tag) : typed(row);
      if (value !== undefined) level.set(row.tag, value);
    }
    return level;
  };
  // Return keys inside a sequence are asked for by one item that holds them with zero length; the
  // scheduled step is the only sequence with keys to match on (PS3.4 §C.2.2.2.6).
  const askFor = new Map<Tag, Value>([
    [TAG.ScheduledProtocolCodeSequence, [new Map<Tag, Value>()]],
    ...given(1),
  ]);
  const top = given(0)
    .set(TAG.ScheduledProcedureStepSequence, [askFor])
    .set(TAG.ReferencedStudySequence, [new Map<Tag, Value>()]);
  return buildDataSet(WORKLIST_KEYS.rows, top, () => ({ send: "value" }));
}
