// The last run of fluoroscopy until something else begins: its last image can be stored, and where it was
// only looked at, it can be saved after all.

import type { Exposure } from "../model/exposure.ts";
import type { ImageObject, Protocol } from "../model/protocol.ts";
import { type ExamAnswer, refused } from "./refusal.ts";
import type { Run } from "./run.ts";

export interface LastRun {
  readonly examId: string;
  readonly exposure: Exposure;
  readonly protocol: Protocol;
  readonly object: ImageObject;
  readonly fps: number;
  /** Settled once its last image is held. */
  readonly held: Promise<void>;
  /** Its files, while nobody has decided about them; null: it is saved, or was given up. */
  readonly unsaved: Run | null;
}

/** Why the last image of an exam cannot be stored; null: it can. */
export function lastImageRefusal(last: LastRun | null, examId: string): ExamAnswer<never> | null {
  if (last?.examId === examId) return null;
  return refused(
    "wrong-state",
    "no fluoroscopy image of this exam is held; it can be stored between the pedal's release and the next exposure",
  );
}

/** Why the last run of an exam cannot be saved; null: it can. */
export function lastRunRefusal(last: LastRun | null, examId: string): ExamAnswer<never> | null {
  const no = lastImageRefusal(last, examId);
  if (no !== null || last === null) return no;
  if (last.unsaved !== null) return null;
  return refused("wrong-state", "the last run is saved already");
}
