// SR Document Content module: the root's attributes are additions of the IOD (E91), the content tree
// follows Table 8.1-40 of the statement and the templates it includes, see ../sr. PS3.3 C.17.3.

import type { ReportFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const srDocumentContent: Module<ReportFacts> = {
  name: "SR Document Content",
  table: "8.1-40",
  standard: "PS3.3 C.17.3",
  rows: [],
};
