// What the operator is told about the objects of an exam: text that had to be cut, characters that
// could not be written, frames that were lost. The sentences stay with the exam.

import type { Substitution } from "../dicom/data/charset/output-character-set.ts";
import { keywordOf, tagText } from "../dicom/dict/dictionary.ts";
import type { Exam } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";

/** Sentences kept with an exam; what comes after is in the log alone. */
export const NOTICES_MAX = 50;

/** Text that was cut, and characters that others stand for, each attribute once. */
export function textNotices(
  truncated: readonly string[],
  substitutions: readonly Substitution[],
): readonly string[] {
  const attributes = new Map<string, Set<string>>();
  for (const { tag, character } of substitutions) {
    const name = keywordOf(tag) ?? tagText(tag);
    attributes.set(name, (attributes.get(name) ?? new Set()).add(character));
  }
  return [
    ...[...new Set(truncated)].map((name) => `${name} was too long for the objects and was cut.`),
    ...[...attributes].map(
      ([name, characters]) =>
        `${[...characters].map((c) => `"${c}"`).join(", ")} cannot be written in ${name}; another character stands there in the objects.`,
    ),
  ];
}

/** Frames of a run that never came from the panel. */
export const missedFrames = (lost: number, wanted: number) =>
  `${lost} of ${wanted} frames of a run were lost: they came faster than they could be processed.`;

/** Frames of a run that came and are in no object. */
export const unkeptFrames = (lost: number, delivered: number, reason: string) =>
  `${lost} of ${delivered} frames of a run were not kept: ${reason}.`;

/** Images made by service's leave without maps that hold. */
export const uncorrectedImage = (reason: string) =>
  `The image is not corrected for the panel's offset, gain and defects: ${reason}.`;

/** An exposure after which nothing can be seen. */
export const noImage = ({ kind, exposureId }: Exposure, reason: string) =>
  `${kind} ${exposureId} left no image: ${reason}.`;

/** A failure in the words of its error. */
export function reasonOf(failure: unknown): string {
  if (failure instanceof Error) return failure.message;
  return failure === null ? "see the log" : String(failure);
}

/** The exam with sentences it does not have yet. */
export function withNotices(exam: Exam, notices: readonly string[]): Exam {
  const had = exam.notices ?? [];
  const all = [...had, ...notices.filter((n, at) => !had.includes(n) && notices.indexOf(n) === at)];
  return all.length === had.length ? exam : { ...exam, notices: all.slice(0, NOTICES_MAX) };
}
