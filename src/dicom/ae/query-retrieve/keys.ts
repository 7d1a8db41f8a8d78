// Keys of queries by level (PS3.4 §C.6.2.1, Study Root) and the identifier of a move. Below STUDY the
// unique keys of the upper levels go along with single values.

import type { DataSet, Vr } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { type AttributeRow, type AttributeTable, buildDataSet, values } from "../attribute-rows.ts";

export type QueryLevel = "STUDY" | "SERIES" | "IMAGE";

export interface QueryKey extends AttributeRow {
  /** "*": at every level. */
  readonly level: QueryLevel | "*";
  /**
   * level: the level's name; unique: the level's unique key; single: with a value where the operator
   * gave one; universal: returned, never matched on unless said otherwise by setting.
   */
  readonly matching: "level" | "unique" | "single" | "universal" | null;
}

const key = (
  level: QueryKey["level"],
  tag: number,
  vr: Vr,
  matching: QueryKey["matching"],
  more: Pick<AttributeRow, "added" | "erratum"> = {},
): QueryKey => ({ level, depth: 0, tag, vr, matching, ...more });

const E29 = { added: true, erratum: ["E29"] } as const;

// biome-ignore format: one row a line
export const QUERY_KEYS: AttributeTable<QueryKey> = {
  table: "4.2-48",
  rows: [
    key("*",      Tag.QueryRetrieveLevel,             "CS", "level", E29),
    key("*",      Tag.SpecificCharacterSet,           "CS", null, E29),
    key("STUDY",  Tag.StudyDate,                      "DA", "universal"),
    key("STUDY",  Tag.StudyTime,                      "TM", "universal"),
    key("STUDY",  Tag.AccessionNumber,                "SH", "universal"),
    key("STUDY",  Tag.PatientName,                    "PN", "universal"),
    key("STUDY",  Tag.PatientID,                      "LO", "single"),
    key("STUDY",  Tag.StudyInstanceUID,               "UI", "unique"),
    key("STUDY",  Tag.StudyID,                        "SH", "universal"),
    key("SERIES", Tag.Modality,                       "CS", "single"),
    key("SERIES", Tag.ProtocolName,                   "LO", "universal"),
    key("SERIES", Tag.PresentationIntentType,         "CS", "universal"),
    key("SERIES", Tag.SeriesInstanceUID,              "UI", "unique"),
    key("SERIES", Tag.SeriesNumber,                   "IS", "universal"),
    key("SERIES", Tag.NumberOfSeriesRelatedInstances, "IS", "universal"),
    key("IMAGE",  Tag.SOPClassUID,                    "UI", "universal"),
    key("IMAGE",  Tag.SOPInstanceUID,                 "UI", "unique", { erratum: ["E30"] }),
    key("IMAGE",  Tag.InstanceNumber,                 "IS", "universal"),
  ],
};

/** What an operator may restrict a query by; everything left out matches all. */
export interface QueryFilter {
  readonly patientId?: string | undefined;
  /** Used only where patient name matching is switched on; `*` and `?` are wild. */
  readonly patientName?: string | undefined;
  readonly modality?: string | undefined;
  /** Of the study (SERIES and IMAGE) and the series (IMAGE) looked into. */
  readonly studyInstanceUid?: string | undefined;
  readonly seriesInstanceUid?: string | undefined;
}

/** The identifier of a C-FIND (PS3.4 §C.4.1.1.3). "IMAGE" is what the standard calls the level (W13). */
export function queryIdentifier(
  level: QueryLevel,
  filter: QueryFilter,
  options: { readonly patientNameMatching: boolean },
): DataSet {
  const given = values(
    [Tag.QueryRetrieveLevel, level],
    [Tag.PatientID, filter.patientId],
    [Tag.PatientName, options.patientNameMatching ? filter.patientName : undefined],
    [Tag.Modality, filter.modality],
    [Tag.StudyInstanceUID, filter.studyInstanceUid],
    [Tag.SeriesInstanceUID, filter.seriesInstanceUid],
  );
  const above = UPPER_LEVELS[level];
  return buildDataSet(QUERY_KEYS.rows, given, (row) => {
    if (row.level === "*" || row.level === level) return { send: "value" };
    return row.matching === "unique" && above.includes(row.level)
      ? { send: "value", required: true }
      : null;
  });
}

const UPPER_LEVELS: Record<QueryLevel, readonly string[]> = {
  STUDY: [],
  SERIES: ["STUDY"],
  IMAGE: ["STUDY", "SERIES"],
};

/** Identifier of a move: always one series (E29, E31). */
export const MOVE_KEYS: AttributeTable<AttributeRow> = {
  table: "4.2-48a",
  rows: [
    { depth: 0, tag: Tag.QueryRetrieveLevel, vr: "CS", ...E29 },
    { depth: 0, tag: Tag.StudyInstanceUID, vr: "UI", ...E29 },
    { depth: 0, tag: Tag.SeriesInstanceUID, vr: "UI", ...E29 },
  ],
};

export function moveIdentifier(studyInstanceUid: string, seriesInstanceUid: string): DataSet {
  const given = values(
    [Tag.QueryRetrieveLevel, "SERIES"],
    [Tag.StudyInstanceUID, studyInstanceUid],
    [Tag.SeriesInstanceUID, seriesInstanceUid],
  );
  return buildDataSet(MOVE_KEYS.rows, given, () => ({ send: "value", required: true }));
}
