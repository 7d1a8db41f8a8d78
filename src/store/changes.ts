// Rows that change in one transaction with others.

import { unreachable } from "../core/assert.ts";
import type { Database } from "./database.ts";
import { saveExam, saveSetting } from "./exam-table.ts";
import { insertMpps } from "./mpps-table.ts";
import type { Change } from "./records.ts";

export function applyChange(db: Database, change: Change): void {
  switch (change.kind) {
    case "exam":
      saveExam(db, change.exam);
      return;
    case "mpps":
      insertMpps(db, change.message);
      return;
    case "setting":
      saveSetting(db, change.key, change.value);
      return;
    default:
      unreachable(change);
  }
}
