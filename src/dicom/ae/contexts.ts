// Presentation contexts of the statement as data: what is proposed or accepted for each activity,
// and the proposal made from it (PS3.8 §9.3.2.2).

import { TransferSyntaxUid } from "../dict/uids.ts";
import type { ProposedContext } from "../ul/association.ts";

export interface ContextRow {
  readonly name: string;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
  /** Role of this device. */
  readonly role: "SCU" | "SCP";
  readonly added?: true | undefined;
  readonly erratum?: readonly string[] | undefined;
}

export interface ContextTable {
  readonly table: string;
  readonly side: "proposed" | "accepted";
  readonly rows: readonly ContextRow[];
}

/** Implicit first, as the tables print them; an acceptor that takes the first gets the default. */
export const BOTH_SYNTAXES: readonly string[] = [
  TransferSyntaxUid.ImplicitVrLittleEndian,
  TransferSyntaxUid.ExplicitVrLittleEndian,
];
export const IMPLICIT_ONLY: readonly string[] = [TransferSyntaxUid.ImplicitVrLittleEndian];

/** One context a row. No role selection: as requestor this device is SCU, the default. */
export function proposedContexts(rows: readonly ContextRow[]): ProposedContext[] {
  return rows.map(({ abstractSyntax, transferSyntaxes }) => ({ abstractSyntax, transferSyntaxes }));
}
