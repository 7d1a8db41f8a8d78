// What was typed, picked or configured, checked before anybody is irradiated: text that could not be
// written into the objects is refused with the character named (E53).

import type { OutputCharacterSet } from "../dicom/data/charset/output-character-set.ts";
import { checkText } from "../dicom/data/text-limits.ts";
import { Tag } from "../dicom/dict/attributes.ts";
import { patientInputFault } from "../dicom/iod/patient-input.ts";
import { personNameFault, personNameFaultText } from "../dicom/iod/person-name.ts";
import type { Protocol } from "../model/protocol.ts";
import type { Registration, TypedPatient } from "./exam-record.ts";

/** The first reason why an exam cannot be opened so; null when it can. */
export function registrationFault(
  patient: TypedPatient | undefined,
  { operator = "", performingPhysician = "" }: Registration,
  characterSet: OutputCharacterSet,
): string | null {
  const names: readonly [what: string, name: string, tag: number][] = [
    ["operator", operator, Tag.OperatorsName],
    ["performing physician", performingPhysician, Tag.PerformingPhysicianName],
  ];
  const fault = patient === undefined ? null : patientInputFault(patient, characterSet);
  if (fault !== null) return `patient: ${fault}`;
  for (const [what, name, tag] of names) {
    const wrong = name === "" ? null : personNameFault(name, characterSet, tag);
    if (wrong !== null) return `${what}: ${personNameFaultText(wrong)}`;
  }
  return null;
}

/** The first text of a protocol that cannot be written; null when all can. */
export function protocolFault(
  { id, name, studyDescription }: Pick<Protocol, "id" | "name" | "studyDescription">,
  characterSet: OutputCharacterSet,
): string | null {
  const texts: readonly [what: string, text: string, tag: number][] = [
    ["name", name, Tag.ProtocolName],
    ["study description", studyDescription, Tag.StudyDescription],
  ];
  for (const [what, text, tag] of texts) {
    const character = checkText(tag, text, characterSet);
    if (character !== null)
      return `the ${what} of protocol ${id} has the character "${character}", which cannot be written there; have service change it`;
  }
  return null;
}

/** Why a contrast medium cannot be named so; null when it can. */
export function contrastAgentFault(
  agent: string | undefined,
  characterSet: OutputCharacterSet,
): string | null {
  const character = checkText(Tag.ContrastBolusAgent, agent ?? "", characterSet);
  return character === null
    ? null
    : `contrast agent: the character "${character}" cannot be written there; write it another way`;
}
