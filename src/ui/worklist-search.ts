// What a scanned or typed number may be, as keys of a worklist query (PS3.4 K.6.1.2.2).

import type { WorklistKeys } from "../api/contract.ts";

export type SearchKind = "any" | "patient" | "accession";

/** Characters of an accession number and of a requested procedure id (SH). */
const SH_CHARACTERS_MAX = 16;

/** The queries to try in turn until one finds something: a bar code does not say what it is. */
export function keysOfCode(code: string, kind: SearchKind): WorklistKeys[] {
  if (kind === "patient") return [{ patientId: code }];
  if (kind === "accession") return [{ accessionNumber: code }];
  return code.length > SH_CHARACTERS_MAX
    ? [{ patientId: code }]
    : [{ patientId: code }, { accessionNumber: code }, { requestedProcedureId: code }];
}
