// Presentation contexts of query and retrieve (PS3.4 Annex C, Study Root). Implicit VR only, as the
// statement has it (E10).

import { SopClassUid } from "../../dict/uids.ts";
import { type ContextTable, IMPLICIT_ONLY } from "../contexts.ts";

export const QUERY_RETRIEVE_PROPOSED: ContextTable = {
  table: "4.2-45",
  side: "proposed",
  rows: [
    {
      name: "Study Root Query/Retrieve Information Model - FIND",
      abstractSyntax: SopClassUid.StudyRootQueryRetrieveFind,
      transferSyntaxes: IMPLICIT_ONLY,
      role: "SCU",
    },
    {
      name: "Study Root Query/Retrieve Information Model - MOVE",
      abstractSyntax: SopClassUid.StudyRootQueryRetrieveMove,
      transferSyntaxes: IMPLICIT_ONLY,
      role: "SCU",
    },
  ],
};
