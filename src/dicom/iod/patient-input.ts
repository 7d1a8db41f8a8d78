// What a technician types of a patient, checked before an exam is opened with it: whatever is taken
// here can be written into every object.

import type { OutputCharacterSet } from "../data/charset/output-character-set.ts";
import { checkText, truncateText } from "../data/text-limits.ts";
import { Tag } from "../dict/attributes.ts";
import { personNameFault, personNameFaultText } from "./person-name.ts";

export interface TypedPatientText {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/**
 * The first reason why a typed patient cannot be taken, in words for the technician that name the
 * character or the limit; null when it can. Empty text is no reason: it is generated.
 */
export function patientInputFault(
  { id = "", name = "" }: TypedPatientText,
  characterSet: OutputCharacterSet,
): string | null {
  if (name !== "") {
    const fault = personNameFault(name, characterSet);
    if (fault !== null) return personNameFaultText(fault);
  }
  const character = checkText(Tag.PatientID, id, characterSet);
  if (character !== null)
    return `the character "${character}" cannot be written in a patient ID; leave it out`;
  if (truncateText("LO", id).truncated) return "a patient ID has at most 64 characters; shorten it";
  return null;
}
