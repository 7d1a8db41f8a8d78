// Presentation contexts of storage commitment (PS3.4 Annex J). This device is SCU of the service on
// both: also where the archive opens the association to report the result (E13, S3, S4).

import { SopClassUid } from "../../dict/uids.ts";
import { BOTH_SYNTAXES, type ContextTable } from "../contexts.ts";

const PUSH_MODEL = {
  name: "Storage Commitment Push Model",
  abstractSyntax: SopClassUid.StorageCommitmentPushModel,
  transferSyntaxes: BOTH_SYNTAXES,
  role: "SCU",
} as const;

export const COMMITMENT_PROPOSED: ContextTable = {
  table: "4.2-15",
  side: "proposed",
  rows: [PUSH_MODEL],
};

export const COMMITMENT_ACCEPTED: ContextTable = {
  table: "4.2-19",
  side: "accepted",
  rows: [{ ...PUSH_MODEL, erratum: ["E12", "E13"] }],
};
