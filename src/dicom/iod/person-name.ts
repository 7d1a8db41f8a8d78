// What may be entered as a person's name (PS3.5 §6.2.1; Table 8.1-7): refused at input with the
// reason, so that no image is refused for it later.

import type { OutputCharacterSet } from "../data/charset/output-character-set.ts";
import { checkText } from "../data/text-limits.ts";
import { Tag } from "../dict/attributes.ts";
import { PERSON_NAME_GROUP_CHARS } from "./modules/patient.ts";

const GROUPS_MAX = 3;
const COMPONENTS_MAX = 5;

export type PersonNameFault =
  | { readonly kind: "empty" }
  /** This character cannot be written in the character set. */
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "length"; readonly charactersMax: number }
  | { readonly kind: "groups"; readonly groupsMax: number }
  | { readonly kind: "components"; readonly componentsMax: number };

/**
 * The first thing that is wrong with a name, or null when it can be written as it is. `tag`: the
 * attribute it is for, Patient's Name unless told; the characters of another may be fewer.
 */
export function personNameFault(
  name: string,
  characterSet: OutputCharacterSet,
  tag: number = Tag.PatientName,
): PersonNameFault | null {
  if (/^[\s=^]*$/.test(name)) return { kind: "empty" };
  const character = checkText(tag, name, characterSet);
  if (character !== null) return { kind: "character", character };
  const groups = name.split("=");
  if (groups.length > GROUPS_MAX) return { kind: "groups", groupsMax: GROUPS_MAX };
  for (const group of groups) {
    if ([...group].length > PERSON_NAME_GROUP_CHARS)
      return { kind: "length", charactersMax: PERSON_NAME_GROUP_CHARS };
    if (group.split("^").length > COMPONENTS_MAX)
      return { kind: "components", componentsMax: COMPONENTS_MAX };
  }
  return null;
}

/** The fault in words for the operator. */
export function personNameFaultText(fault: PersonNameFault): string {
  switch (fault.kind) {
    case "empty":
      return "the name is empty; enter at least one part of it";
    case "character":
      return `the character "${fault.character}" cannot be written in a name; write it another way`;
    case "length":
      return `a name may have ${fault.charactersMax} characters in each of its groups; shorten it`;
    case "groups":
      return `a name has at most ${fault.groupsMax} groups divided by "="`;
    case "components":
      return `a name has at most ${fault.componentsMax} parts divided by "^" in each group`;
  }
}
