// Why a procedure was discontinued: CID 9300 of PS3.16 (coding scheme DCM), for (0040,0281) of the
// final N-SET (E100).

import type { Code } from "../../model/code.ts";

const dcm = (value: string, meaning: string): Code => ({ value, scheme: "DCM", meaning });

export const UNSPECIFIED_REASON = "110513";

// biome-ignore format: one row a line
export const DISCONTINUATION_REASONS: readonly Code[] = [
  dcm("110500", "Doctor canceled procedure"),
  dcm("110501", "Equipment failure"),
  dcm("110502", "Incorrect procedure ordered"),
  dcm("110503", "Patient allergic to media/contrast"),
  dcm("110504", "Patient died"),
  dcm("110505", "Patient refused to continue procedure"),
  dcm("110506", "Patient taken for treatment or surgery"),
  dcm("110507", "Patient did not arrive"),
  dcm("110508", "Patient pregnant"),
  dcm("110509", "Change of procedure for correct charging"),
  dcm("110510", "Duplicate order"),
  dcm("110511", "Nursing unit cancel"),
  dcm("110512", "Incorrect side ordered"),
  dcm(UNSPECIFIED_REASON, "Discontinued for unspecified reason"),
  dcm("110514", "Incorrect worklist entry selected"),
  dcm("110515", "Patient condition prevented continuing"),
  dcm("110516", "Equipment change"),
];

/** The code of a reason; one that is not in the list, or none, counts as unspecified. */
export function discontinuationReason(value: string | undefined): Code {
  const found = DISCONTINUATION_REASONS.find((code) => code.value === value);
  return found ?? dcm(UNSPECIFIED_REASON, "Discontinued for unspecified reason");
}
