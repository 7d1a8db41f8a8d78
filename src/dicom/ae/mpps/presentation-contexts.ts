// Presentation context of the performed procedure step (PS3.4 Annex F).

import { SopClassUid } from "../../dict/uids.ts";
import { BOTH_SYNTAXES, type ContextTable } from "../contexts.ts";

export const MPPS_PROPOSED: ContextTable = {
  table: "4.2-36",
  side: "proposed",
  rows: [
    {
      name: "Modality Performed Procedure Step",
      abstractSyntax: SopClassUid.ModalityPerformedProcedureStep,
      transferSyntaxes: BOTH_SYNTAXES,
      role: "SCU",
    },
  ],
};
