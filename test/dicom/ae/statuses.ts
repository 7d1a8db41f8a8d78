// Statuses to send for each row of a status table.

import { type StatusRow, type StatusTable, statusCode } from "../../../src/dicom/dimse/status.ts";

/** A status the row applies to: its own, a digit at the wide places, 0FED for "any other". */
export function exampleStatus(row: StatusRow): number {
  if (row.mask === 0) return 0x0fed;
  return row.value | (~row.mask & 0x0123);
}

/** The row's code as the coverage names it. */
export function codes(table: StatusTable): string[] {
  return table.rows.map(({ code }) => code);
}

export { statusCode };
