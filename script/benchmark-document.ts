// The text of docs/benchmarks.md with new tables in it: what was not measured now stays as it is.

import { type BenchTable, markdown, type Target } from "./benchmarks/table.ts";

/** Lines of the targets' table begin with it; the table stands in front of the first section. */
const TARGETS_HEAD = "| what | target | here |";

export function withTables(text: string, tables: readonly BenchTable[]): string {
  const [head = "", ...kept] = text.split(/^(?=## )/m);
  const fresh = new Map(tables.map((table) => [table.title, markdown(table)]));
  const sections = kept.map((section) => {
    const title = /^## (.*)/.exec(section)?.[1] ?? "";
    const now = fresh.get(title);
    fresh.delete(title);
    return now ?? section;
  });
  const targets = tables.flatMap((table) => table.targets ?? []);
  const parts = [withTargets(head, targets), ...sections, ...fresh.values()];
  return `${parts.map((part) => part.trimEnd()).join("\n\n")}\n`;
}

/** Each target takes the place of the line that bears its name, or comes below the last one. */
function withTargets(head: string, targets: readonly Target[]): string {
  const lines = head.trimEnd().split("\n");
  const from = lines.indexOf(TARGETS_HEAD);
  if (from < 0) return head;
  for (const { what, target, here, met } of targets) {
    const line = `| ${what} | ${target} | ${here}${met ? "" : ": missed"} |`;
    const at = lines.findIndex((one, i) => i > from && one.startsWith(`| ${what} |`));
    if (at >= 0) lines[at] = line;
    else lines.splice(lines.findLastIndex((one) => one.startsWith("| ")) + 1, 0, line);
  }
  return lines.join("\n");
}
