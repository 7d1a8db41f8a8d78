// One line a check, with what it saw; the counts at the end.

export interface Report {
  /** Runs a check; it answers what it saw, or throws what is wrong. */
  check(title: string, body: () => Promise<string>): Promise<boolean>;
  /** A measured value, for docs/benchmarks.md. */
  figure(name: string, value: string): void;
  /** Prints the counts and answers whether nothing failed. */
  end(): boolean;
}

export function report(): Report {
  let passed = 0;
  let failed = 0;
  const figures: string[] = [];
  return {
    async check(title, body) {
      const fromMs = performance.now();
      const took = () => `${((performance.now() - fromMs) / 1000).toFixed(0)} s`;
      try {
        const saw = await body();
        passed++;
        process.stdout.write(`ok    ${title}: ${saw} [${took()}]\n`);
        return true;
      } catch (error) {
        failed++;
        const why = error instanceof Error ? error.message : String(error);
        process.stdout.write(`FAIL  ${title}: ${why} [${took()}]\n`);
        return false;
      }
    },
    figure(name, value) {
      figures.push(`| ${name} | ${value} |`);
    },
    end() {
      if (figures.length > 0)
        process.stdout.write(`\n| figure | value |\n| --- | --- |\n${figures.join("\n")}\n\n`);
      process.stdout.write(`${passed} passed, ${failed} failed\n`);
      return failed === 0;
    },
  };
}

/** @throws Error with `what` when it is not so */
export function demand(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}
