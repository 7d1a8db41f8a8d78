// DIMSE statuses (PS3.7 Annex C): status tables of the conformance statement as data, the search in
// them, and names of the general codes for display. What each service does lies in ae.

/** What a status or failure makes the device do; the words of the statement's tables. */
export type Action =
  | "abort-association"
  | "release-association"
  | "fail-job"
  | "complete-job"
  | "cancel-job"
  | "mark-instance-stored"
  | "log"
  | "report-user"
  | "retry-auto"
  | "retry-at-startup"
  | "empty-worklist"
  | "publish-worklist"
  | "publish-result"
  | "collect-item"
  | "fail-mpps"
  | "fail-query"
  | "mark-request-sent"
  | "mark-committed"
  | "mark-commit-failed"
  | "mark-remote-alive"
  | "mark-remote-failed"
  | "answer-0113"
  | "continue";

export type ServiceStatus =
  | "Success"
  | "Warning"
  | "Pending"
  | "Cancel"
  | "Refused"
  | "Error"
  | "Failed"
  | "Failure"
  | "*";

/** One row: applies where (status AND mask) is value; mask 0 is the row for every other status. */
export interface StatusRow {
  /** As printed: "A7xx"; "*" for every other. */
  readonly code: string;
  readonly value: number;
  readonly mask: number;
  readonly service: ServiceStatus;
  readonly meaning: string;
  readonly actions: readonly Action[];
  /** The statement's own table does not have this row. */
  readonly added?: true | undefined;
  /** Why a row differs from the statement. */
  readonly erratum?: readonly string[] | undefined;
}

export interface StatusTable {
  readonly table: string;
  readonly operation: string;
  readonly rows: readonly StatusRow[];
}

/** A status a peer sent, with the row that rules it. */
export interface MatchedStatus {
  readonly status: number;
  readonly row: StatusRow;
  /** For the log and the operator: "A700 out of resources". */
  readonly text: string;
}

/** Row maker; the code's hexadecimal digits make value and mask, `x` any digit. */
export function statusRow(
  code: string,
  service: ServiceStatus,
  meaning: string,
  actions: readonly Action[],
  more: Pick<StatusRow, "added" | "erratum"> = {},
): StatusRow {
  const digits = code === "*" ? "xxxx" : code;
  return {
    code,
    value: Number.parseInt(digits.replace(/x/g, "0"), 16),
    mask: Number.parseInt(digits.replace(/[^x]/g, "F").replace(/x/g, "0"), 16),
    service,
    meaning,
    actions,
    ...more,
  };
}

/** The row of a status: the first that matches, so narrow rows stand before wide ones. */
export function matchStatus(table: StatusTable, status: number): MatchedStatus {
  for (const row of table.rows)
    if ((status & row.mask) === row.value) return { status, row, text: statusText(status, row) };
  // Tables of statuses that we send have no row for "any other".
  const row = ANY_OTHER;
  return { status, row, text: statusText(status, row) };
}

const ANY_OTHER = statusRow("*", "*", "any other", ["abort-association", "log", "report-user"]);

function statusText(status: number, row: StatusRow): string {
  return `${statusCode(status)} ${row.mask === 0 ? generalMeaning(status) : row.meaning}`;
}

/** Four hexadecimal digits. */
export function statusCode(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, "0");
}

/** Statuses that this device itself sends or looks at by name. */
export const STATUS = {
  success: 0x0000,
  cancel: 0xfe00,
  pending: 0xff00,
  pendingWithWarning: 0xff01,
  processingFailure: 0x0110,
  duplicateSopInstance: 0x0111,
  noSuchObjectInstance: 0x0112,
  noSuchEventType: 0x0113,
  noSuchSopClass: 0x0118,
  unrecognizedOperation: 0x0211,
  outOfResources: 0xa700,
  dataSetMismatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

/** PS3.7 §9.1.2.1.5 and §9.1.4.1.7: responses follow after FF00 and FF01. */
export function isPending(status: number): boolean {
  return status === STATUS.pending || status === STATUS.pendingWithWarning;
}

/** PS3.7 Annex C and the composite and query services of PS3.4, for display only. */
const GENERAL: readonly StatusRow[] = [
  statusRow("0000", "Success", "success", []),
  statusRow("0001", "Warning", "requested optional attributes are not supported", []),
  statusRow("0105", "Failure", "no such attribute", []),
  statusRow("0106", "Failure", "invalid attribute value", []),
  statusRow("0107", "Warning", "attribute list error", []),
  statusRow("0110", "Failure", "processing failure", []),
  statusRow("0111", "Failure", "duplicate SOP instance", []),
  statusRow("0112", "Failure", "no such object instance", []),
  statusRow("0113", "Failure", "no such event type", []),
  statusRow("0114", "Failure", "no such argument", []),
  statusRow("0115", "Failure", "invalid argument value", []),
  statusRow("0116", "Warning", "attribute value out of range", []),
  statusRow("0117", "Failure", "invalid object instance", []),
  statusRow("0118", "Failure", "no such SOP class", []),
  statusRow("0119", "Failure", "class-instance conflict", []),
  statusRow("0120", "Failure", "missing attribute", []),
  statusRow("0121", "Failure", "missing attribute value", []),
  statusRow("0122", "Refused", "SOP class not supported", []),
  statusRow("0123", "Failure", "no such action", []),
  statusRow("0124", "Refused", "not authorized", []),
  statusRow("0131", "Failure", "transaction UID already in use", []),
  statusRow("0210", "Failure", "duplicate invocation", []),
  statusRow("0211", "Failure", "unrecognized operation", []),
  statusRow("0212", "Failure", "mistyped argument", []),
  statusRow("0213", "Failure", "resource limitation", []),
  statusRow("A700", "Refused", "out of resources", []),
  statusRow("A701", "Refused", "out of resources: matches or sub-operations not counted", []),
  statusRow("A702", "Refused", "out of resources: sub-operations not performed", []),
  statusRow("A7xx", "Refused", "out of resources", []),
  statusRow("A801", "Refused", "move destination unknown", []),
  statusRow("A900", "Failure", "identifier does not match SOP class", []),
  statusRow("A9xx", "Error", "data set does not match SOP class", []),
  statusRow("B000", "Warning", "done with warnings or failed sub-operations", []),
  statusRow("B006", "Warning", "elements discarded", []),
  statusRow("B007", "Warning", "data set does not match SOP class", []),
  statusRow("B600", "Warning", "memory allocation not supported", []),
  statusRow("B601", "Warning", "film session printing is not supported", []),
  statusRow("B602", "Warning", "film session has no image to print", []),
  statusRow("B603", "Warning", "film box has no image to print", []),
  statusRow("B604", "Warning", "image demagnified", []),
  statusRow("B605", "Warning", "density outside the range of the printer", []),
  statusRow("B609", "Warning", "image cropped", []),
  statusRow("B60A", "Warning", "image decimated", []),
  statusRow("C600", "Failure", "film session has no film box", []),
  statusRow("C601", "Failure", "print queue full", []),
  statusRow("C602", "Failure", "print queue full", []),
  statusRow("C603", "Failure", "image larger than image box", []),
  statusRow("C605", "Failure", "printer memory full", []),
  statusRow("C613", "Failure", "combined image larger than image box", []),
  statusRow("C616", "Failure", "film box already exists, film session not printed", []),
  statusRow("Cxxx", "Failure", "cannot understand or unable to process", []),
  statusRow("FE00", "Cancel", "ended by cancel", []),
  statusRow("FF00", "Pending", "more follows", []),
  statusRow("FF01", "Pending", "more follows, optional keys not supported", []),
];

/** What the standard calls a status, for display. */
export function generalMeaning(status: number): string {
  const row = GENERAL.find(({ mask, value }) => (status & mask) === value);
  return row === undefined ? "unknown status" : row.meaning;
}

/** One row of a table of communication failures. */
export interface FailureRow {
  readonly exception: "timeout" | "aborted";
  readonly actions: readonly Action[];
  readonly erratum?: readonly string[] | undefined;
}

export interface FailureTable {
  readonly table: string;
  readonly operation?: string | undefined;
  readonly rows: readonly FailureRow[];
}

/** What a failure of the communication makes the device do. */
export function failureActions(
  table: FailureTable,
  exception: FailureRow["exception"],
): readonly Action[] {
  return table.rows.find((row) => row.exception === exception)?.actions ?? [];
}
