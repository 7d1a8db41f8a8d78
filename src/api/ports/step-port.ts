// Sending a performed procedure step again, as the API asks for it.

import type { Exam as ExamRecord } from "../../model/exam.ts";
import type { StepService } from "../../services/mpps/step-service.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { ExamsPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";
import { examOf } from "./exam-port.ts";

/** The step's state of an exam, and the operator's "send it again" (E27). */
export function stepPort(
  steps: StepService,
  storage: StoragePort,
): Required<Pick<ExamsPort, "resendStep">> {
  return {
    async resendStep(examId) {
      const exam = storage.reader.exam(examId);
      if (exam === null) return refuse("not-found", `There is no exam ${examId}.`);
      const sent = await steps.resend(examId);
      switch (sent) {
        case "sending":
          return answer(examOf(storage, (e: ExamRecord) => steps.state(e), exam));
        case "no-server":
          return refuse(
            "wrong-state",
            "The configuration has no remote with the service mpps; add one.",
          );
        case "nothing-failed":
          return refuse("wrong-state", `Nothing of exam ${examId} waits for the MPPS server.`);
        default:
          return sent satisfies never;
      }
    },
  };
}
