// Steps of the technique values: kV by ones, mA and ms along the R'10 series (ISO 3), as
// generators have them.

const R10 = [10, 12.5, 16, 20, 25, 32, 40, 50, 63, 80] as const;

export type TechniqueKey = "kv" | "ma" | "ms";

export const TECHNIQUE_LIMITS: Record<TechniqueKey, { low: number; high: number; unit: string }> = {
  kv: { low: 40, high: 150, unit: "kV" },
  ma: { low: 1, high: 800, unit: "mA" },
  ms: { low: 1, high: 5000, unit: "ms" },
};

/** The next value up (1) or down (-1), within the limits. */
export function stepTechnique(key: TechniqueKey, value: number, direction: 1 | -1): number {
  const { low, high } = TECHNIQUE_LIMITS[key];
  const next = key === "kv" ? Math.round(value) + direction : nextOfSeries(value, direction);
  return Math.min(high, Math.max(low, next));
}

function nextOfSeries(value: number, direction: 1 | -1): number {
  const series = [0.1, 1, 10, 100].flatMap((decade) =>
    R10.map((step) => Number((step * decade).toPrecision(3))),
  );
  const tolerance = value * 0.001;
  return direction === 1
    ? (series.find((step) => step > value + tolerance) ?? value)
    : (series.findLast((step) => step < value - tolerance) ?? value);
}
