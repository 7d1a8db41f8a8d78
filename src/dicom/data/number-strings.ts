// Decimal String and Integer String (PS3.5 §6.2): numbers as text of bounded length, and the lenient
// reading of what others write into them (D10, D14).

/** Characters of a DS value at most. */
export const DS_CHARACTERS_MAX = 16;
/** Characters of an IS value at most. */
export const IS_CHARACTERS_MAX = 12;

const IS_MIN = -(2 ** 31);
const IS_MAX = 2 ** 31 - 1;
/** Significant digits that tell any double from its neighbours. */
const DIGITS_MAX = 17;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The DS of at most 16 characters that comes closest to the value.
 * @throws RangeError when the value is not finite.
 */
export function formatDs(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be written as DS`);
  const shortest = value === 0 ? "0" : String(value);
  if (shortest.length <= DS_CHARACTERS_MAX && !shortest.includes("+")) return shortest;
  let best = "";
  let bestError = Number.POSITIVE_INFINITY;
  for (let digits = DIGITS_MAX; digits >= 1; digits--)
    for (const text of spellings(value, digits)) {
      const error = Math.abs(Number(text) - value);
      if (text.length > DS_CHARACTERS_MAX || error >= bestError) continue;
      best = text;
      bestError = error;
    }
  return best;
}

/** The value with so many significant digits, as a fixed and as a floating point number. */
function spellings(value: number, digits: number): string[] {
  const floating = value
    .toExponential(digits - 1)
    .replace(/(\.\d*?)0+e/, "$1e")
    .replace(".e", "e")
    .replace("e+", "e");
  const [, exponent = "0"] = floating.split("e");
  const decimals = digits - 1 - Number(exponent);
  if (decimals < 0 || decimals > 100) return [floating];
  const fixed = value.toFixed(decimals);
  return [fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed, floating];
}

/**
 * An IS of at most 12 characters.
 * @throws RangeError when the value is no integer of 32 bits.
 */
export function formatIs(value: number): string {
  if (!Number.isInteger(value) || value < IS_MIN || value > IS_MAX)
    throw new RangeError(`${value} cannot be written as IS: an integer of 32 bits is`);
  return value === 0 ? "0" : String(value);
}

/** The number of a DS; undefined when it is none. Blanks around it don't count. */
export function parseDs(text: string): number | undefined {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : undefined;
}

/** The integer of an IS; "1.0" is 1, as some write it, "1.5" is none. */
export function parseIs(text: string): number | undefined {
  const value = parseDs(text);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
}
