// Table 6-1 of the conformance statement: the attributes that may hold Kanji in what this product
// writes in its two own character sets. Elsewhere text stays in the default repertoire (E53).

import { Tag } from "../../dict/attributes.ts";

// biome-ignore format: one row a line
export const KANJI_ATTRIBUTES: readonly { readonly tag: number; readonly name: string }[] = [
  { tag: Tag.PatientName,                       name: "Patient's Name" },
  { tag: Tag.PatientComments,                   name: "Patient Comments" },
  { tag: Tag.ImageComments,                     name: "Image Comments" },
  { tag: Tag.PerformingPhysicianName,           name: "Performing Physician's Name" },
  { tag: Tag.OperatorsName,                     name: "Operators' Name" },
  { tag: Tag.InstitutionName,                   name: "Institution Name" },
  { tag: Tag.InstitutionAddress,                name: "Institution Address" },
  { tag: Tag.ReferringPhysicianName,            name: "Referring Physician's Name" },
  { tag: Tag.StudyDescription,                  name: "Study Description" },
  { tag: Tag.SeriesDescription,                 name: "Series Description" },
  { tag: Tag.InstitutionalDepartmentName,       name: "Institutional Department Name" },
  { tag: Tag.RequestedProcedureDescription,     name: "Requested Procedure Description" },
  { tag: Tag.ScheduledProcedureStepDescription, name: "Scheduled Procedure Step Description" },
  { tag: Tag.PerformedProcedureStepDescription, name: "Performed Procedure Step Description" },
  { tag: Tag.MedicalAlerts,                     name: "Medical Alerts" },
  { tag: Tag.RequestingService,                 name: "Requesting Service" },
];

const tags: ReadonlySet<number> = new Set(KANJI_ATTRIBUTES.map(({ tag }) => tag));

export function mayHoldKanji(tag: number): boolean {
  return tags.has(tag);
}
