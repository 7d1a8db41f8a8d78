// How a test says which row of the conformance statement it checks: its name begins with
// `row(table, id)`, and script/coverage.ts counts the rows named by passed tests. Ids are those of
// script/statement-rows.ts: statuses by code, presentation contexts by abstract syntax UID,
// communication failures "timeout" and "aborted", rejections "result,source,reason", attributes and
// keys by tag ("00100010", nested ones "00400100>00080060"), parameters by key.

/** `[4.2-7 A7xx]`, to stand at the beginning of a test's name; several ids of one table are allowed. */
export function row(table: string, ...ids: readonly string[]): string {
  return ids.map((id) => `[${table} ${id}]`).join("");
}
