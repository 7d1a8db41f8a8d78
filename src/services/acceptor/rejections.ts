// Why an association request is rejected, as data: the rows of tables 4.2-18, 4.2-56 and 4.2-92.
// The three acceptors share one port and therefore one list of causes (E15); a row that a table
// does not have as stated is marked.

import type { Rejection } from "../../dicom/ul/rejection.ts";

/** What each cause is answered with, numbers of PS3.8 table 9-21. */
export const REJECTIONS = {
  /** The quota of a purpose is used up. */
  "limit-reached": { result: 2, source: 3, reason: 2 },
  /** Something on this side that may be gone the next time. */
  "passing-internal-cause": { result: 2, source: 2, reason: 1 },
  "application-context": { result: 1, source: 1, reason: 2 },
  "called-title": { result: 1, source: 1, reason: 7 },
  "calling-title": { result: 1, source: 1, reason: 3 },
  /** Cannot be read, and would not be the next time. */
  malformed: { result: 1, source: 2, reason: 1 },
  /** Bit 0 of the protocol version is not set. */
  "protocol-version": { result: 1, source: 2, reason: 2 },
  "no-acceptable-context": { result: 1, source: 1, reason: 1 },
  /** A known title from an address that is not its own. */
  "host-filter": { result: 1, source: 1, reason: 3 },
} as const satisfies Record<string, Rejection>;

export type RejectionCause = keyof typeof REJECTIONS;

export interface RejectionRow {
  readonly cause: RejectionCause;
  readonly added?: true;
  readonly erratum?: readonly string[];
}

export interface RejectionTable {
  readonly table: string;
  readonly acceptor: string;
  readonly rows: readonly RejectionRow[];
}

const FULL: readonly RejectionRow[] = [
  { cause: "limit-reached", erratum: ["E17"] },
  { cause: "passing-internal-cause", erratum: ["E15"] },
  { cause: "application-context" },
  { cause: "called-title" },
  { cause: "calling-title" },
  { cause: "malformed", erratum: ["E15"] },
  { cause: "protocol-version", added: true, erratum: ["E15"] },
  { cause: "no-acceptable-context", added: true, erratum: ["E16"] },
  { cause: "host-filter", added: true, erratum: ["E18"] },
];

export const REJECTION_TABLES: readonly RejectionTable[] = [
  { table: "4.2-18", acceptor: "Storage Commitment SCU", rows: FULL },
  { table: "4.2-56", acceptor: "Storage SCP", rows: FULL },
  {
    table: "4.2-92",
    acceptor: "Verification SCP",
    rows: [
      { cause: "calling-title" },
      { cause: "malformed", erratum: ["E15"] },
      { cause: "limit-reached", added: true, erratum: ["E15"] },
      { cause: "passing-internal-cause", added: true, erratum: ["E15"] },
      { cause: "application-context", added: true, erratum: ["E15"] },
      { cause: "called-title", added: true, erratum: ["E15"] },
      { cause: "protocol-version", added: true, erratum: ["E15"] },
      { cause: "no-acceptable-context", added: true, erratum: ["E16"] },
      { cause: "host-filter", added: true, erratum: ["E18"] },
    ],
  },
];
