// Numbers as DS and IS (PS3.5 §6.2).

const DS_CHARS_MAX = 16;
const IS_MAX = 2 ** 31 - 1;

/** The decimal closest to the number that fits into 16 characters. */
export function formatDs(value: number): string {
  const shortest = String(value);
  if (shortest.length <= DS_CHARS_MAX) return shortest;
  for (let digits = DS_CHARS_MAX; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= DS_CHARS_MAX) return text;
  }
  return "0";
}

/** The whole number, within the 32 bits an IS has. */
export function formatIs(value: number): string {
  return String(Math.max(-IS_MAX, Math.min(IS_MAX, Math.round(value))));
}
