// How measured tables and targets come into docs/benchmarks.md.

import { expect, test } from "bun:test";
import { withTables } from "../../script/benchmark-document.ts";

const TEXT = `# Benchmarks

Words.

| what | target | here |
| --- | --- | --- |
| start | ≤ 500 ms | 465 ms |
| frame | ≤ 8 ms | 9 ms |

## Start

old

## Frames

old
`;
const table = { title: "Frames", note: "Note.", columns: ["what", "ms"], rows: [["frame", "7"]] };

test("a table takes the place of the one so called, and the others stay", () => {
  const text = withTables(TEXT, [table]);
  expect(text).toContain("## Start\n\nold\n\n## Frames\n\nNote.\n\n| what | ms |");
  expect(text.match(/^## /gm)).toHaveLength(2);
  expect(withTables(text, [])).toBe(text);
});

test("a target takes the place of its line, a new one comes below, one that is missed says so", () => {
  const targets = [
    { what: "frame", target: "≤ 8 ms", here: "7 ms", met: true },
    { what: "stall", target: "≤ 10 ms", here: "12 ms", met: false },
  ];
  expect(withTables(TEXT, [{ ...table, targets }])).toContain(`
| start | ≤ 500 ms | 465 ms |
| frame | ≤ 8 ms | 7 ms |
| stall | ≤ 10 ms | 12 ms: missed |

## Start`);
});

test("the document as it is has a table of targets to write into", async () => {
  const text = await Bun.file(new URL("../../docs/benchmarks.md", import.meta.url)).text();
  const targets = [{ what: "nothing yet", target: "none", here: "here", met: true }];
  expect(withTables(text, [{ ...table, targets }])).toContain("| nothing yet | none | here |");
});
