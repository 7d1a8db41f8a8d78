// Presentation contexts of verification (PS3.4 Annex A).

import { SopClassUid } from "../../dict/uids.ts";
import { BOTH_SYNTAXES, type ContextTable } from "../contexts.ts";

export const VERIFICATION_PROPOSED: ContextTable = {
  table: "4.2-84",
  side: "proposed",
  rows: [
    {
      name: "Verification",
      abstractSyntax: SopClassUid.Verification,
      transferSyntaxes: BOTH_SYNTAXES,
      role: "SCU",
    },
  ],
};

export const VERIFICATION_ACCEPTED: ContextTable = {
  table: "4.2-93",
  side: "accepted",
  rows: [
    {
      name: "Verification",
      abstractSyntax: SopClassUid.Verification,
      transferSyntaxes: BOTH_SYNTAXES,
      role: "SCP",
      erratum: ["E33"],
    },
  ],
};
