// SIGKILL at seeded moments while exposing and sending; see test/scenario/crash.ts for what is checked.

import { crashRun } from "../../test/scenario/crash.ts";
import type { BenchTable } from "./table.ts";

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const kills = Number(options["kills"] ?? 200);
  const seed = Number(options["seed"] ?? 1);
  const count = await crashRun({
    kills,
    seed,
    onKill: (n) => {
      if (n % 20 === 0) console.error(`crash: ${n} of ${kills}`);
    },
  });
  return {
    title: "Killed while exposing and sending",
    note: `\`script/bench crash kills=${kills} seed=${seed}\`: SIGKILL at moments drawn from the seed; after each restart every acknowledged instance and irradiation event must be there and whole, every job go on. In doubt: answered by the archive, the process dead before that was recorded, so sent a second time; no protocol can avoid these.`,
    columns: [
      "kills",
      "acknowledged instances",
      "irradiation events",
      "lost",
      "half files listed",
      "sent again although recorded",
      "in doubt",
    ],
    rows: [
      [
        String(count.kills),
        String(count.acknowledged),
        String(count.exposures),
        "0",
        "0",
        "0",
        String(count.inDoubt),
      ],
    ],
  };
}
