// Recoding between explicit and implicit VR: random data sets, undefined lengths, foreign text.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { recodeHeader } from "../../../src/dicom/io/recode-header.ts";
import { arbitraryDataSet } from "../data/arbitrary-data-set.ts";
import { fromHex, hex } from "../data/plain.ts";

const EXPLICIT = { explicitVr: true };
const IMPLICIT = { explicitVr: false };
const SEED = 20260106;

test("recoding gives the bytes that encoding gives, both ways", () => {
  fc.assert(
    fc.property(arbitraryDataSet("ISO_IR 192"), (dataSet) => {
      const explicit = encodeDataSet(dataSet, { ...EXPLICIT, characterSet: "ISO_IR 192" });
      const implicit = encodeDataSet(dataSet, { ...IMPLICIT, characterSet: "ISO_IR 192" });
      expect(hex(recodeHeader(explicit, EXPLICIT, IMPLICIT))).toBe(hex(implicit));
      expect(hex(recodeHeader(implicit, IMPLICIT, EXPLICIT))).toBe(hex(explicit));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

const ITEM = "FEFF00E0 FFFFFFFF";
const ITEM_END = "FEFF0DE0 00000000";
const SQ_END = "FEFFDDE0 00000000";

/** What it is, explicit, implicit. */
// biome-ignore format: one row a case
const TO_IMPLICIT: readonly (readonly [string, string, string])[] = [
  ["bytes of a foreign character set stay",   '0800 0500 "CS" 0A00 "ISO_IR 100" 1000 1000 "PN" 0200 E9E8', '0800 0500 0A000000 "ISO_IR 100" 1000 1000 02000000 E9E8'],
  ["undefined lengths become explicit",       `0800 9911 "SQ" 0000 FFFFFFFF ${ITEM} 0800 5011 "UI" 0200 "1" 00 ${ITEM_END} ${SQ_END}`, '0800 9911 12000000 FEFF00E0 0A000000 0800 5011 02000000 "1" 00'],
  ["swapped delimiters are put right",        `0800 9911 "SQ" 0000 FFFFFFFF ${ITEM} 0800 5011 "UI" 0200 "1" 00 ${SQ_END} ${ITEM_END}`, '0800 9911 12000000 FEFF00E0 0A000000 0800 5011 02000000 "1" 00'],
  ["group lengths are left out",              '0800 0000 "UL" 0400 0A000000 0800 6000 "CS" 0200 "DX"', '0800 6000 02000000 "DX"'],
  ["an odd value is padded",                  '1000 2000 "LO" 0100 "7"', '1000 2000 02000000 "7 "'],
  ["unknown of undefined length is implicit", `1900 0110 "UN" 0000 FFFFFFFF ${ITEM} 0800 5011 02000000 "1" 00 ${ITEM_END} ${SQ_END}`, '1900 0110 12000000 FEFF00E0 0A000000 0800 5011 02000000 "1" 00'],
  ["an open pixel data header stays open",    '2800 1000 "US" 0200 0100 E07F 1000 "OW" 0000 00100000', "2800 1000 02000000 0100 E07F 1000 00100000"],
];

test.each(TO_IMPLICIT)("to implicit VR: %s", (_, explicit, implicit) => {
  expect(hex(recodeHeader(fromHex(explicit), EXPLICIT, IMPLICIT))).toBe(hex(fromHex(implicit)));
});

/** What it is, implicit, explicit. */
// biome-ignore format: one row a case
const TO_EXPLICIT: readonly (readonly [string, string, string])[] = [
  ["private elements become UN",          '1900 1000 04000000 "ACME" 1900 0110 02000000 "1 "', '1900 1000 "LO" 0400 "ACME" 1900 0110 "UN" 0000 02000000 "1 "'],
  ["US or SS follows the pixels' sign",   "2800 0301 02000000 0100 2800 2001 02000000 FFFF", '2800 0301 "US" 0200 0100 2800 2001 "SS" 0200 FFFF'],
  ["pixel data are OW",                   "E07F 1000 00100000", 'E07F 1000 "OW" 0000 00100000'],
];

test.each(TO_EXPLICIT)("to explicit VR: %s", (_, implicit, explicit) => {
  expect(hex(recodeHeader(fromHex(implicit), IMPLICIT, EXPLICIT))).toBe(hex(fromHex(explicit)));
});

test("D13: a value too long for a short header becomes UN", () => {
  const implicit = new Uint8Array(8 + 70_000);
  implicit.set(fromHex("1800 5011"));
  new DataView(implicit.buffer).setUint32(4, 70_000, true);
  const explicit = recodeHeader(implicit, IMPLICIT, EXPLICIT);
  expect(hex(explicit.subarray(0, 12))).toBe(hex(fromHex('1800 5011 "UN" 0000 70110100')));
  expect(explicit.byteLength).toBe(12 + 70_000);
});

test.each([
  ["a value cut off", '1000 1000 "PN" 0800 "A^B "'],
  ["a header cut off", '1000 1000 "PN"'],
  ["a sequence cut off", `0800 9911 "SQ" 0000 FFFFFFFF ${ITEM}`],
  ["no VR", "1000 1000 04000000 41424344"],
])("%s is refused", (_, explicit) => {
  expect(() => recodeHeader(fromHex(explicit), EXPLICIT, IMPLICIT)).toThrow(
    expect.objectContaining({ name: "DecodeError" }) as unknown as Error,
  );
});
