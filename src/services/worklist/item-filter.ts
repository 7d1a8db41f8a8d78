// What a query asked for, applied once more to what came (W7): schedulers return items of other
// stations and modalities. An item that says nothing about a key passes; the server let it pass.

import type { WorklistItem } from "../../model/worklist-item.ts";

export interface ItemFilter {
  readonly modality: string;
  readonly scheduledStationAeTitle: string;
  /** DA, a range "20260101-20260107" with either end open, or empty for every day. */
  readonly scheduledDate: string;
  readonly patientId?: string | undefined;
  /** With the server's own matching; not applied here, where case and scripts are unknown. */
  readonly patientName?: string | undefined;
  readonly accessionNumber?: string | undefined;
  readonly requestedProcedureId?: string | undefined;
}

type Facts = Pick<
  WorklistItem,
  | "modality"
  | "scheduledStationAeTitle"
  | "scheduledDate"
  | "patient"
  | "accessionNumber"
  | "requestedProcedureId"
>;

/** Why an item is none of those asked for, in the operator's words; null when it is one. */
export function mismatch(item: Facts, filter: ItemFilter): string | null {
  if (differs(filter.modality, item.modality)) return `scheduled for modality ${item.modality}`;
  if (differs(filter.scheduledStationAeTitle, item.scheduledStationAeTitle))
    return `scheduled for station ${item.scheduledStationAeTitle}`;
  if (item.scheduledDate !== "" && !within(item.scheduledDate, filter.scheduledDate))
    return `scheduled for ${item.scheduledDate}`;
  // Optional keys: a server that does not support one answers FF01 and returns everybody.
  if (differs(filter.patientId, item.patient.patientId)) return "of another patient id";
  if (differs(filter.accessionNumber, item.accessionNumber)) return "of another accession number";
  if (differs(filter.requestedProcedureId, item.requestedProcedureId))
    return "of another requested procedure";
  return null;
}

/** Whether the query was for nobody in particular. */
export function isGeneral(filter: ItemFilter): boolean {
  return (
    (filter.patientId ?? "") === "" &&
    (filter.patientName ?? "") === "" &&
    (filter.accessionNumber ?? "") === "" &&
    (filter.requestedProcedureId ?? "") === ""
  );
}

function differs(asked = "", is: string): boolean {
  if (asked === "" || is === "" || /[*?]/.test(asked)) return false;
  return asked.trim().toUpperCase() !== is.trim().toUpperCase();
}

function within(date: string, asked: string): boolean {
  if (asked === "") return true;
  const [from = "", to = asked.includes("-") ? "" : from] = asked.split("-");
  return (from === "" || date >= from) && (to === "" || date <= to);
}
