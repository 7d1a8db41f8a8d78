// How a performed step stands, from the messages kept of it: what the MPPS server knows, as far as
// anybody here can tell.

import type { Exam } from "../../model/exam.ts";
import type { MppsMessage } from "../../store/records.ts";

export interface StepView {
  readonly state: "none" | "pending" | "in-progress" | "completed" | "discontinued" | "failed";
  readonly reason?: string | undefined;
}

type Message = Pick<MppsMessage, "message" | "state" | "reason">;

export function stepView(exam: Exam, messages: readonly Message[], hasServer: boolean): StepView {
  const create = messages.find((m) => m.message === "create");
  const set = messages.find((m) => m.message === "set");
  if (create === undefined) return notBegun(exam, hasServer);
  if (create.state === "failed") return { state: "failed", reason: create.reason };
  if (create.state === "waiting") return { state: "pending", reason: create.reason };
  if (set === undefined) return { state: "in-progress", reason: create.reason };
  if (set.state === "failed") return { state: "failed", reason: set.reason };
  if (set.state === "waiting") return { state: "in-progress", reason: set.reason };
  const reasons = [...new Set([create.reason, set.reason])].filter((r) => r !== undefined);
  return {
    state: exam.state === "discontinued" ? "discontinued" : "completed",
    reason: reasons.length === 0 ? undefined : reasons.join("; "),
  };
}

function notBegun(exam: Exam, hasServer: boolean): StepView {
  if (!hasServer) return { state: "none" };
  if (exam.state === "open") return { state: "pending" };
  return {
    state: "none",
    reason: "no step was reported: the exam had no image, or no server was configured then",
  };
}
