// Presentation context of printing (PS3.4 Annex H): the meta class stands for session, box, image box
// and printer (B14).

import { SopClassUid } from "../../dict/uids.ts";
import { BOTH_SYNTAXES, type ContextTable } from "../contexts.ts";

export const PRINT_PROPOSED: ContextTable = {
  table: "4.2-65",
  side: "proposed",
  rows: [
    {
      name: "Basic Grayscale Print Management Meta",
      abstractSyntax: SopClassUid.BasicGrayscalePrintManagementMeta,
      transferSyntaxes: BOTH_SYNTAXES,
      role: "SCU",
    },
  ],
};
