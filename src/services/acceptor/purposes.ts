// What a peer may want from us on an association, from the tables of accepted contexts; each
// purpose has a quota of its own (E05, E17).

import { COMMITMENT_ACCEPTED } from "../../dicom/ae/commitment/presentation-contexts.ts";
import type { ContextRow, ContextTable } from "../../dicom/ae/contexts.ts";
import { STORAGE_ACCEPTED } from "../../dicom/ae/storage/presentation-contexts.ts";
import { VERIFICATION_ACCEPTED } from "../../dicom/ae/verification/presentation-contexts.ts";

export const PURPOSES = ["storage", "commitment", "verification"] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Tables 4.2-57, 4.2-19 and 4.2-93. */
export const ACCEPTED_CONTEXTS: Readonly<Record<Purpose, ContextTable>> = {
  storage: STORAGE_ACCEPTED,
  commitment: COMMITMENT_ACCEPTED,
  verification: VERIFICATION_ACCEPTED,
};

/** The row that speaks of an abstract syntax, and what it is for. */
export function acceptedRow(
  abstractSyntax: string,
): { readonly purpose: Purpose; readonly row: ContextRow } | null {
  for (const purpose of PURPOSES)
    for (const row of ACCEPTED_CONTEXTS[purpose].rows)
      if (row.abstractSyntax === abstractSyntax) return { purpose, row };
  return null;
}
