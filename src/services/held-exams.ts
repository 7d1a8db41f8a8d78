// Held images (M7): of an exam discontinued as opened from the wrong worklist entry nothing is sent by
// itself until the operator releases it; or he deletes the study.

import type { Exam } from "../model/exam.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { StoreReader } from "../store/store-reader.ts";

/** CID 9300: the wrong worklist entry was chosen. */
export const WRONG_WORKLIST_ENTRY = "110514";

/** An exam that was or is held. */
export function wasHeld(exam: Exam): boolean {
  return exam.state === "discontinued" && exam.discontinuationReason === WRONG_WORKLIST_ENTRY;
}

/** The operator has not decided yet. */
export function isHeld(exam: Exam): boolean {
  return wasHeld(exam) && exam.releasedMs === undefined;
}

/** Of instances of one study those that are not held. */
export function withoutHeld(
  reader: Pick<StoreReader, "exams">,
  records: readonly InstanceRecord[],
): readonly InstanceRecord[] {
  const [first] = records;
  if (first === undefined) return records;
  const held = heldExamsOf(reader, first.studyInstanceUid);
  return held.size === 0 ? records : records.filter(({ examId }) => !held.has(examId ?? ""));
}

/**
 * Own instances of the study that keep it from being deleted: those the archive has not committed,
 * less those that are held, whose end the operator decides.
 */
export function unsafeToDelete(
  reader: Pick<StoreReader, "uncommitted" | "instance" | "exams">,
  studyInstanceUid: string,
  archiveId: string,
): string[] {
  const held = heldExamsOf(reader, studyInstanceUid);
  const uncommitted = reader.uncommitted(studyInstanceUid, archiveId);
  if (held.size === 0) return uncommitted;
  return uncommitted.filter((uid) => !held.has(reader.instance(uid)?.examId ?? ""));
}

function heldExamsOf(reader: Pick<StoreReader, "exams">, studyInstanceUid: string): Set<string> {
  return new Set(
    reader
      .exams({ studyInstanceUid })
      .filter(isHeld)
      .map((exam) => exam.id),
  );
}
