// "Add or update": which received item is which of the known ones, which Study Instance UID it bears,
// and which known items the scheduler no longer has.

import { present } from "../../core/assert.ts";
import type { WorklistItem } from "../../model/worklist-item.ts";
import { type ItemFilter, isGeneral, mismatch } from "./item-filter.ts";
import type { ReceivedItem } from "./item-from-answer.ts";

type Named = Pick<
  WorklistItem,
  | "patient"
  | "accessionNumber"
  | "requestedProcedureId"
  | "scheduledProcedureStepId"
  | "scheduledDate"
  | "scheduledTime"
>;

/**
 * The same for one scheduled step whenever it comes. Two patients never share it, whatever numbers
 * their orders have; a step without any number is told by its time.
 */
export function stepIdentity(item: Named): string {
  const numbers = [item.accessionNumber, item.requestedProcedureId, item.scheduledProcedureStepId];
  const nameless = numbers.every((n) => n === "");
  return JSON.stringify([
    item.patient.patientId,
    ...numbers,
    ...(nameless ? [item.scheduledDate, item.scheduledTime] : []),
  ]);
}

/**
 * What a made Study Instance UID is kept under (W4): the order. Where there is no accession number
 * the patient belongs to it, so that no two patients get one study.
 */
export function orderKey(item: Named): { accessionNumber: string; requestedProcedureId: string } {
  const { accessionNumber, requestedProcedureId } = item;
  if (accessionNumber !== "") return { accessionNumber, requestedProcedureId };
  const key =
    requestedProcedureId === ""
      ? stepIdentity(item)
      : JSON.stringify([item.patient.patientId, requestedProcedureId]);
  return { accessionNumber: "", requestedProcedureId: key };
}

export interface MergeParts {
  readonly known: readonly WorklistItem[];
  /** Makes the study of an order, the same one for ever. */
  readonly studyUidFor: (order: ReturnType<typeof orderKey>) => Promise<string>;
  /** The first of so many numbers for ids. */
  readonly newNumbers: (count: number) => Promise<number>;
}

/** The received items as they are to be kept, one for each step. */
export async function mergeItems(
  received: readonly ReceivedItem[],
  parts: MergeParts,
): Promise<WorklistItem[]> {
  const known = new Map(parts.known.map((item) => [stepIdentity(item), item]));
  const identities = new Set(received.map(stepIdentity));
  const newcomers = [...identities].filter((identity) => !known.has(identity));
  const first = newcomers.length === 0 ? 0 : await parts.newNumbers(newcomers.length);
  const ids = new Map(newcomers.map((identity, i) => [identity, `wl-${first + i}`]));
  const merged = new Map<string, WorklistItem>();
  for (const item of received) {
    const identity = stepIdentity(item);
    const before = merged.get(identity) ?? known.get(identity);
    merged.set(identity, {
      ...item,
      id: before?.id ?? present(ids.get(identity), "the new item's id"),
      studyInstanceUid:
        item.studyInstanceUid ??
        before?.studyInstanceUid ??
        (await parts.studyUidFor(orderKey(item))),
    });
  }
  return [...merged.values()];
}

/** Days a known item stays after its date when no query brings it again. */
export const KEPT_DAYS = 7;

/**
 * Known items to drop after a complete answer: those the query would have brought, were they still
 * scheduled, and those long past. Items of open exams stay.
 */
export function goneItems(
  known: readonly WorklistItem[],
  fresh: readonly WorklistItem[],
  filter: ItemFilter,
  inUse: (item: WorklistItem) => boolean,
  /** DA of the day before which an item is long past. */
  oldestDate: string,
): WorklistItem[] {
  const came = new Set(fresh.map((item) => item.id));
  return known.filter((item) => {
    if (came.has(item.id) || inUse(item)) return false;
    if (item.scheduledDate !== "" && item.scheduledDate < oldestDate) return true;
    if ((filter.patientName ?? "") !== "") return false;
    // Without a date only a query for everybody can tell that the scheduler dropped it.
    if (item.scheduledDate === "" && !isGeneral(filter)) return false;
    return mismatch(item, filter) === null;
  });
}
