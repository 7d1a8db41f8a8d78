// Dose as decimals: what is written adds up.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DAP_DECIMALS, decimalText, dGyCm2Text, exactSum, gyM2Text } from "../../src/model/dose.ts";
import { gyM2 } from "../../src/model/units.ts";

/** A decimal text in steps of 10^-decimals. */
function inSteps(text: string, decimals: number): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

describe("decimal text", () => {
  test("has no exponent, no trailing zero and no binary noise", () => {
    expect(decimalText(0.1 + 0.2, 9)).toBe("0.3");
    expect(gyM2Text(gyM2(1.8e-6))).toBe("0.0000018");
    expect(decimalText(100, 3)).toBe("100");
    expect(decimalText(0, 3)).toBe("0");
    expect(decimalText(1200, 0)).toBe("1200");
  });

  test("fits a DS up to 999 Gy.m2", () => {
    expect(gyM2Text(gyM2(999.123456789012)).length).toBeLessThanOrEqual(16);
    expect(dGyCm2Text(gyM2(999.123456789012)).length).toBeLessThanOrEqual(16);
  });
});

const daps = fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }).map(gyM2), { maxLength: 200 });

test("a total is the sum of the texts of its parts, to the last digit", () => {
  fc.assert(
    fc.property(daps, (parts) => {
      const sum = parts.reduce((s, p) => s + inSteps(gyM2Text(p), DAP_DECIMALS), 0n);
      expect(inSteps(gyM2Text(exactSum(parts, DAP_DECIMALS)), DAP_DECIMALS)).toBe(sum);
    }),
  );
});

test("totals of parts add up to the total of all", () => {
  fc.assert(
    fc.property(daps, daps, (a, b) => {
      const all = exactSum([...a, ...b], DAP_DECIMALS);
      const halves = exactSum([exactSum(a, DAP_DECIMALS), exactSum(b, DAP_DECIMALS)], DAP_DECIMALS);
      expect(gyM2Text(halves)).toBe(gyM2Text(all));
    }),
  );
});

test("Gy.m2 and dGy.cm2 say the same value, five places apart", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 900, noNaN: true }), (value) => {
      const dap = gyM2(value);
      expect(inSteps(dGyCm2Text(dap), DAP_DECIMALS - 5)).toBe(inSteps(gyM2Text(dap), DAP_DECIMALS));
    }),
  );
});
