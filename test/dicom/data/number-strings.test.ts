import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  DS_CHARACTERS_MAX,
  formatDs,
  formatIs,
  IS_CHARACTERS_MAX,
  parseDs,
  parseIs,
} from "../../../src/dicom/data/number-strings.ts";

const SEED = 20260108;
/** A DS has at least 9 significant digits left in the worst case "-d.dddddddde-ddd". */
const RELATIVE_ERROR_MAX = 0.5e-8;

describe("formatDs", () => {
  test.each([
    [0, "0"],
    [-0, "0"],
    [80.5, "80.5"],
    [0.139, "0.139"],
    [0.1 + 0.2, "0.3"],
    [1 / 3, "0.33333333333333"],
    [-1 / 3, "-0.3333333333333"],
    [1e21, "1e21"],
    [1e-7, "1e-7"],
    [1.2345678901234568e17, "1.23456789012e17"],
    [-1.2345678901234567e-100, "-1.23456789e-100"],
    [1234567.123456789, "1234567.12345679"],
    [-0.000012345678901234, "-1.2345678901e-5"],
    [5e-324, "5e-324"],
  ])("%p is %p", (value, text) => {
    expect(formatDs(value)).toBe(text);
  });

  test("D14: any number fits into 16 characters and stays as near as these allow", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatDs(value);
        expect(text.length).toBeLessThanOrEqual(DS_CHARACTERS_MAX);
        expect(text).toMatch(/^-?\d+(\.\d+)?(e-?\d+)?$/);
        const error = Math.abs(Number(text) - value);
        // Below the normal range doubles themselves have fewer digits.
        if (Math.abs(value) > 1e-300)
          expect(error).toBeLessThanOrEqual(Math.abs(value) * RELATIVE_ERROR_MAX);
        expect(formatDs(Number(text))).toBe(text);
      }),
      { seed: SEED, numRuns: 5000 },
    );
  });

  test("measurements of the device lose nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: -99_999_999, max: 99_999_999 }), (thousandths) => {
        expect(Number(formatDs(thousandths / 1000))).toBe(thousandths / 1000);
      }),
      { seed: SEED },
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%p is refused", (value) => {
    expect(() => formatDs(value)).toThrow(RangeError);
  });
});

describe("formatIs", () => {
  test("any integer of 32 bits fits", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(formatIs(value).length).toBeLessThanOrEqual(IS_CHARACTERS_MAX);
        expect(parseIs(formatIs(value))).toBe(value === 0 ? 0 : value);
      }),
      { seed: SEED },
    );
  });

  test.each([1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN])("%p is refused", (value) => {
    expect(() => formatIs(value)).toThrow(RangeError);
  });
});

test.each([
  ["1.5", 1.5],
  [" 1.5 ", 1.5],
  ["+1.E2", 100],
  [".5", 0.5],
  ["1,5", undefined],
  ["", undefined],
  ["0x10", undefined],
  ["Infinity", undefined],
  ["1 2", undefined],
])("parseDs(%p) is %p", (text, value) => {
  expect(parseDs(text)).toBe(value as number);
});

test.each([
  ["7", 7],
  ["-7 ", -7],
  ["1.0", 1],
  ["1.5", undefined],
  ["x", undefined],
])("D10: parseIs(%p) is %p", (text, value) => {
  expect(parseIs(text)).toBe(value as number);
});
