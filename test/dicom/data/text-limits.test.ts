import { expect, test } from "bun:test";
import type { TextVr } from "../../../src/dicom/data/data-set.ts";
import { truncateText } from "../../../src/dicom/data/text-limits.ts";

const kanji = (count: number) => "山".repeat(count);

/** VR, text, what is left. */
const CASES: readonly (readonly [TextVr, string, string])[] = [
  ["SH", "0123456789abcdef", "0123456789abcdef"],
  ["SH", "0123456789abcdefg", "0123456789abcdef"],
  ["SH", kanji(17), kanji(16)],
  ["SH", "𠮷".repeat(17), "𠮷".repeat(16)],
  ["LO", "x".repeat(65), "x".repeat(64)],
  ["LO", kanji(64), kanji(64)],
  ["PN", `${"A".repeat(64)}=${kanji(65)}=b`, `${"A".repeat(64)}=${kanji(64)}=b`],
  ["ST", "x".repeat(1025), "x".repeat(1024)],
  ["LT", "x".repeat(10_241), "x".repeat(10_240)],
  ["UT", "x".repeat(20_000), "x".repeat(20_000)],
  ["CS", "ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNOP"],
];

test.each(CASES)("D12: %s is cut by characters, not by bytes", (vr, text, left) => {
  expect(truncateText(vr, text)).toEqual({ text: left, truncated: left !== text });
});
