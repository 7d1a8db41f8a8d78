// What of the system failed since its start, as the service manager tells it.

import { z } from "zod";

export const FAILED_UNITS_COMMAND = ["list-units", "--failed", "--all", "--output=json"] as const;

const unitsSchema = z.array(z.object({ unit: z.string(), description: z.string() }));

/**
 * "What it is for (its name)" of each failed unit; none where the answer is none.
 * @param json answer of `systemctl` with {@link FAILED_UNITS_COMMAND}
 */
export function failedUnits(json: string): readonly string[] {
  const units = unitsSchema.safeParse(jsonOf(json));
  if (!units.success) return [];
  return units.data.map(({ unit, description }) => `${description} (${unit})`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
