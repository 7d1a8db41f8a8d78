// What the MPPS server knows of an exam, and sending it again where it did not take it.

import { useSignal } from "@preact/signals";
import type { Exam } from "../../api/contract.ts";
import { canResend, resendStep } from "../service-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";

const words = strings.step;
const TONES: Partial<Record<Exam["mpps"]["state"], string>> = {
  completed: "good",
  discontinued: "good",
  failed: "bad",
};

export function StepLine({ exam }: { exam: Exam }) {
  const sending = useSignal(false);
  const { state, reason } = exam.mpps;
  if (state === "none") return null;
  return (
    <div class={`step-line ${TONES[state] ?? ""}`} data-step={state}>
      <div>
        <p>
          <b>{words.title}</b> {strings.stepStates[state]}
        </p>
        {reason !== undefined && <p class="reason">{reason}</p>}
      </div>
      {state === "failed" && canResend() && (
        <Button
          label={words.resend}
          disabled={sending.value}
          onPress={async () => {
            sending.value = true;
            await resendStep(exam.id);
            sending.value = false;
          }}
        />
      )}
    </div>
  );
}
