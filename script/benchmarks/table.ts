// What a benchmark hands back: a table or some, printed and kept in docs/benchmarks.md.

export interface BenchTable {
  readonly title: string;
  /** How to repeat it and what was compared with what. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Of the project's targets those that this part measures. */
  readonly targets?: readonly Target[];
}

/** A line of the table of targets. */
export interface Target {
  /** The line's name: it takes the place of the line so called. */
  readonly what: string;
  readonly target: string;
  readonly here: string;
  readonly met: boolean;
}

/** A part of script/bench. Options come from the command line as name=value. */
export interface BenchPart {
  run(options: Readonly<Record<string, string>>): Promise<BenchTable | readonly BenchTable[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function markdown(table: BenchTable): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `## ${table.title}`,
    "",
    table.note,
    "",
    line(table.columns),
    line(table.columns.map(() => "---")),
    ...table.rows.map(line),
    "",
  ].join("\n");
}
