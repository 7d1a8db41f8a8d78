// Words that don't belong in the source, each with its reason.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..", "src");

const BANNED: readonly { word: RegExp; except: RegExp; why: string }[] = [
  { word: /Date\.now\(/, except: /^(core\/clock|hal\/)/, why: "time comes in through Clock" },
  { word: /\bnew Date\(\)/, except: /^core\/clock/, why: "time comes in through Clock" },
  { word: /Math\.random\(/, except: /^$/, why: "chance comes in through Random" },
  {
    word: /\bsetTimeout\(|\bsetInterval\(/,
    except: /^(core\/clock|hal\/|ui\/)/,
    why: "waiting goes through Clock",
  },
  { word: /\bconsole\.\w+\(/, except: /^main\.ts/, why: "lines go through Log" },
  { word: /FIXME|XXX|TODO/, except: /^$/, why: "unfinished work goes into the tracker" },
  { word: /\bas any\b|: any\b/, except: /^$/, why: "unknown at the edge, narrowed there" },
  {
    word: /from "node:(fs|net|tls|dgram|child_process|worker_threads)/,
    except: /^(hal|store|workers|api|main)/,
    why: "only hal, store, workers, api and main touch the outside world",
  },
  {
    word: /\bBun\./,
    except: /^(hal|store|workers|api|main)/,
    why: "only hal, store, workers, api and main touch the outside world",
  },
  { word: /bun:sqlite/, except: /^store\//, why: "only the store speaks SQL" },
];

test("no banned word in the source", async () => {
  const wrong: string[] = [];
  for await (const file of new Glob("**/*.{ts,tsx}").scan(ROOT)) {
    if (file.includes("/kernels/")) continue;
    const lines = (await Bun.file(join(ROOT, file)).text()).split("\n");
    lines.forEach((line, i) => {
      for (const { word, except, why } of BANNED)
        if (word.test(line) && !except.test(file))
          wrong.push(`${file}:${i + 1} ${why}: ${line.trim()}`);
    });
  }
  expect(wrong).toEqual([]);
});
