// Attributes of N-CREATE and N-SET of the Modality Performed Procedure Step (PS3.4 §F.7.2): what each
// message sends and what type the standard gives it.

import type { DataSet, Vr } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import {
  type AttributeRow,
  type AttributeTable,
  buildDataSet,
  type Send,
  type Values,
} from "../attribute-rows.ts";

/** PS3.4 Table F.7.2-1, the SCU's side. */
type SopType = "1" | "1C" | "2" | "3" | null;

export interface StepAttribute extends AttributeRow {
  /** Null: not in that message. */
  readonly create: Send | null;
  readonly set: Send | null;
  readonly types: { readonly create: SopType; readonly set: SopType };
  /** The only values that may be sent. */
  readonly values?:
    | { readonly create?: readonly string[]; readonly set?: readonly string[] }
    | undefined;
}

function row(
  depth: number,
  tag: number,
  vr: Vr,
  create: Send | null,
  set: Send | null,
  types: SopType | readonly [create: SopType, set: SopType],
  more: Pick<StepAttribute, "values" | "added" | "erratum"> = {},
): StepAttribute {
  const [ofCreate, ofSet] = typeof types === "string" || types === null ? [types, types] : types;
  return { depth, tag, vr, create, set, types: { create: ofCreate, set: ofSet }, ...more };
}

// biome-ignore format: one row a line
export const STEP_ATTRIBUTES: AttributeTable<StepAttribute> = {
  table: "4.2-39",
  rows: [
    //  depth, tag, VR, N-CREATE, N-SET, type (or types of both)
    row(0, Tag.SpecificCharacterSet, "CS", "when needed", "when needed", ["1C", "1C"]),
    row(0, Tag.Modality, "CS", "value", null, ["1", null]),
    row(0, Tag.ProcedureCodeSequence, "SQ", "zero length", null, ["2", null]),
    row(0, Tag.ReferencedPatientSequence, "SQ", "zero length", null, ["2", null], { erratum: ["E25"] }),
    row(1, Tag.ReferencedSOPClassUID, "UI", null, null, "1", { erratum: ["E25"] }),
    row(1, Tag.ReferencedSOPInstanceUID, "UI", null, null, "1", { erratum: ["E25"] }),
    row(0, Tag.PatientName, "PN", "value", null, ["2", null]),
    row(0, Tag.PatientID, "LO", "value", null, ["2", null]),
    row(0, Tag.PatientBirthDate, "DA", "value", null, ["2", null]),
    row(0, Tag.PatientSex, "CS", "value", null, ["2", null]),
    row(0, Tag.StudyID, "SH", "value", null, ["2", null]),
    row(0, Tag.PerformedStationAETitle, "AE", "value", null, ["1", null]),
    row(0, Tag.PerformedStationName, "SH", "value", null, ["2", null]),
    row(0, Tag.PerformedLocation, "SH", "zero length", null, ["2", null]),
    row(0, Tag.PerformedProcedureStepStartDate, "DA", "value", null, ["1", null]),
    row(0, Tag.PerformedProcedureStepStartTime, "TM", "value", null, ["1", null]),
    row(0, Tag.PerformedProcedureStepEndDate, "DA", "zero length", "value", ["2", "3"]),
    row(0, Tag.PerformedProcedureStepEndTime, "TM", "zero length", "value", ["2", "3"]),
    row(0, Tag.PerformedProcedureStepStatus, "CS", "value", "value", ["1", "3"], { values: {"create": ["IN PROGRESS"], "set": ["COMPLETED", "DISCONTINUED"]} }),
    row(0, Tag.PerformedProcedureStepDiscontinuationReasonCodeSequence, "SQ", null, "when needed", [null, "3"], { added: true, erratum: ["E100"] }),
    row(1, Tag.CodeValue, "SH", null, "when needed", [null, "3"], { added: true, erratum: ["E100"] }),
    row(1, Tag.CodingSchemeDesignator, "SH", null, "when needed", [null, "3"], { added: true, erratum: ["E100"] }),
    row(1, Tag.CodeMeaning, "LO", null, "when needed", [null, "3"], { added: true, erratum: ["E100"] }),
    row(0, Tag.PerformedProcedureStepID, "SH", "value", null, ["1", null], { erratum: ["E28"] }),
    row(0, Tag.PerformedProcedureStepDescription, "LO", "value", "value", ["2", "3"]),
    row(0, Tag.PerformedProcedureTypeDescription, "LO", "zero length", "zero length", ["2", "3"]),
    row(0, Tag.PerformedProtocolCodeSequence, "SQ", "zero length", "zero or more items", ["2", "3"]),
    row(1, Tag.CodeValue, "SH", null, "value", "1"),
    row(1, Tag.CodingSchemeDesignator, "SH", null, "value", "1"),
    row(1, Tag.CodingSchemeVersion, "SH", null, "when needed", "1C"),
    row(1, Tag.CodeMeaning, "LO", null, "value", "1"),
    row(0, Tag.ScheduledStepAttributesSequence, "SQ", "one item", null, ["1", null]),
    row(1, Tag.AccessionNumber, "SH", "value", null, "2"),
    row(1, Tag.ReferencedStudySequence, "SQ", "zero or one item", null, "2", { erratum: ["E25"] }),
    row(2, Tag.ReferencedSOPClassUID, "UI", "value", null, "1", { erratum: ["E25"] }),
    row(2, Tag.ReferencedSOPInstanceUID, "UI", "value", null, "1", { erratum: ["E25"] }),
    row(1, Tag.StudyInstanceUID, "UI", "value", null, "1"),
    row(1, Tag.RequestedProcedureDescription, "LO", "value", null, "2"),
    row(1, Tag.ScheduledProcedureStepDescription, "LO", "value", null, "2"),
    row(1, Tag.ScheduledProtocolCodeSequence, "SQ", "zero or more items", null, "2"),
    row(2, Tag.CodeValue, "SH", "value", null, "1"),
    row(2, Tag.CodingSchemeDesignator, "SH", "value", null, "1"),
    row(2, Tag.CodingSchemeVersion, "SH", "when needed", null, "1C"),
    row(2, Tag.CodeMeaning, "LO", "value", null, "1"),
    row(1, Tag.ScheduledProcedureStepID, "SH", "value", null, "2"),
    row(1, Tag.RequestedProcedureID, "SH", "value", null, "2"),
    row(0, Tag.PerformedSeriesSequence, "SQ", "zero length", "one or more items", ["2", "3"], { erratum: ["E26"] }),
    row(1, Tag.RetrieveAETitle, "AE", null, "zero length", "2"),
    row(1, Tag.SeriesDescription, "LO", null, "zero length", "2"),
    row(1, Tag.PerformingPhysicianName, "PN", null, "value", "2"),
    row(1, Tag.OperatorsName, "PN", null, "value", "2"),
    row(1, Tag.ReferencedImageSequence, "SQ", null, "zero or more items", "2", { erratum: ["E26"] }),
    row(2, Tag.ReferencedSOPClassUID, "UI", null, "value", "1"),
    row(2, Tag.ReferencedSOPInstanceUID, "UI", null, "value", "1"),
    row(1, Tag.ProtocolName, "LO", null, "value", "1"),
    row(1, Tag.SeriesInstanceUID, "UI", null, "value", "1"),
    row(1, Tag.ReferencedNonImageCompositeSOPInstanceSequence, "SQ", null, "zero or more items", "2", { erratum: ["E26"] }),
  ],
};

/** The table has no rows for the items of its last row; they are references (PS3.3 §10.8). */
const NON_IMAGE_REFERENCE: readonly StepAttribute[] = [
  row(2, Tag.ReferencedSOPClassUID, "UI", null, "value", "1", { added: true, erratum: ["E26"] }),
  row(2, Tag.ReferencedSOPInstanceUID, "UI", null, "value", "1", { added: true, erratum: ["E26"] }),
];

/**
 * The data set of one of the two messages from values by tag, item values nested.
 * @throws MissingValue where a type 1 attribute has none
 */
export function stepDataSet(message: "create" | "set", from: Values): DataSet {
  const rows = [...STEP_ATTRIBUTES.rows, ...NON_IMAGE_REFERENCE];
  return buildDataSet(rows, from, (attribute) => {
    const send = attribute[message];
    if (send === null) return null;
    // N-SET changes what it names: type 3 there, 1 for what a final state must tell.
    const type = attribute.types[message];
    return { send, required: type === "1" && attribute.vr !== "SQ" };
  });
}
