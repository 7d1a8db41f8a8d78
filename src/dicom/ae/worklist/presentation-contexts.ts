// Presentation context of the worklist query (PS3.4 Annex K).

import { SopClassUid } from "../../dict/uids.ts";
import { BOTH_SYNTAXES, type ContextTable } from "../contexts.ts";

export const WORKLIST_PROPOSED: ContextTable = {
  table: "4.2-27",
  side: "proposed",
  rows: [
    {
      name: "Modality Worklist Information Model - FIND",
      abstractSyntax: SopClassUid.ModalityWorklistFind,
      transferSyntaxes: BOTH_SYNTAXES,
      role: "SCU",
    },
  ],
};
