// Body Part Examined (0018,0015): the terms of the statement, their SNOMED CT codes for Anatomic
// Region Sequence and Target Region, and which of them come in pairs (E64, E80).

import type { Code } from "./code.ts";

export interface BodyPartCode extends Code {
  readonly paired: boolean;
}

const part = (value: string, meaning: string, paired = false): BodyPartCode => ({
  value,
  scheme: "SCT",
  meaning,
  paired,
});

export const BODY_PART_CODES = {
  SKULL: part("89546000", "Skull"),
  CSPINE: part("122494005", "Cervical spine"),
  TSPINE: part("122495006", "Thoracic spine"),
  LSPINE: part("122496007", "Lumbar spine"),
  SSPINE: part("54735007", "Sacrum"),
  COCCYX: part("64688005", "Coccyx"),
  CHEST: part("816094009", "Chest"),
  CLAVICLE: part("51299004", "Clavicle", true),
  BREAST: part("76752008", "Breast", true),
  ABDOMEN: part("818981001", "Abdomen"),
  PELVIS: part("816092008", "Pelvis"),
  HIP: part("24136001", "Hip joint", true),
  SHOULDER: part("16982005", "Shoulder", true),
  ELBOW: part("16953009", "Elbow joint", true),
  KNEE: part("72696002", "Knee", true),
  ANKLE: part("70258002", "Ankle joint", true),
  HAND: part("85562004", "Hand", true),
  FOOT: part("56459004", "Foot", true),
  EXTREMITY: part("66019005", "Extremity", true),
  HEAD: part("69536005", "Head"),
  HEART: part("80891009", "Heart"),
  NECK: part("45048000", "Neck"),
  LEG: part("30021000", "Lower leg", true),
  ARM: part("40983000", "Upper arm", true),
  JAW: part("661005", "Jaw region"),
} as const satisfies Readonly<Record<string, BodyPartCode>>;

export type BodyPartTerm = keyof typeof BODY_PART_CODES;

export const BODY_PART_TERMS = Object.keys(BODY_PART_CODES) as readonly BodyPartTerm[];

export const PAIRED_BODY_PARTS: readonly string[] = BODY_PART_TERMS.filter(
  (term) => BODY_PART_CODES[term].paired,
);

/** The code of a Body Part Examined term, undefined for one outside the list. */
export function bodyPartCode(term: string): BodyPartCode | undefined {
  return Object.hasOwn(BODY_PART_CODES, term) ? BODY_PART_CODES[term as BodyPartTerm] : undefined;
}
