// Another service PIN: the present one, then the new one twice.

import { useSignal } from "@preact/signals";
import { isProblem } from "../client.ts";
import { patchSettings } from "../settings-actions.ts";
import { strings } from "../strings.ts";
import { PinDialog } from "./pin-pad.tsx";

const words = strings.changePin;

type Step =
  | { readonly step: "present" }
  | { readonly step: "choose"; readonly present: string }
  | { readonly step: "repeat"; readonly present: string; readonly chosen: string };

export function ChangePinDialog({ onClose }: { onClose: () => void }) {
  const at = useSignal<Step>({ step: "present" });
  const now = at.value;
  const enter = async (pin: string) => {
    switch (now.step) {
      case "present":
        at.value = { step: "choose", present: pin };
        return null;
      case "choose":
        at.value = { step: "repeat", present: now.present, chosen: pin };
        return null;
      case "repeat": {
        if (pin !== now.chosen) {
          at.value = { step: "choose", present: now.present };
          return { detail: words.differs };
        }
        const outcome = await patchSettings({ http: { pin } }, now.present);
        if (outcome.ok) {
          onClose();
          return null;
        }
        const isInvalid = isProblem(outcome.problem, "invalid-field");
        at.value = isInvalid ? { step: "choose", present: now.present } : { step: "present" };
        // The device's own words show what it found, which is the PIN.
        return isInvalid ? { detail: words.invalid } : outcome.problem;
      }
      default:
        return now satisfies never;
    }
  };
  return (
    <PinDialog
      title={words.titles[now.step]}
      text={words.texts[now.step]}
      action={now.step === "repeat" ? words.change : words.next}
      kind="primary"
      onEnter={enter}
      onClose={onClose}
    />
  );
}
