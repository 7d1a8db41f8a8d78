// Images of an exam that was ended as a wrong worklist entry (M7) leave the device by nobody's hand before the
// operator has released the exam: they bear the wrong patient's name.

import type { InstanceRecord } from "../../model/instance.ts";
import { withoutHeld } from "../../services/held-exams.ts";
import type { StoreReader } from "../../store/store-reader.ts";
import { type Answer, answer, refuse } from "../problem.ts";

/**
 * Of instances of one study those that may go. A study goes without what is held of it (`named` false);
 * instances that were asked for by name are refused with it.
 */
export function freeToGo(
  reader: Pick<StoreReader, "exams">,
  records: readonly InstanceRecord[],
  named: boolean,
): Answer<readonly InstanceRecord[]> {
  const free = withoutHeld(reader, records);
  const held = records.length - free.length;
  return held === 0 || (free.length > 0 && !named)
    ? answer(free)
    : refuse(
        "wrong-state",
        `${held === 1 ? "An image" : `${held} images`} of an exam ended as a wrong worklist entry are held; release the exam first, or delete the study.`,
      );
}
