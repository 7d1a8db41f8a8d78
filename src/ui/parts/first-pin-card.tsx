// An appliance that has no service PIN yet says so, and takes one that is entered twice. Gone once it is set.

import { useSignal } from "@preact/signals";
import { canSetFirstPin, setFirstPin } from "../service-actions.ts";
import { configuration } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { PinDialog } from "./pin-pad.tsx";

const words = strings.firstPin;

export function FirstPinCard() {
  const isAsking = useSignal(false);
  if (!canSetFirstPin() || configuration.value?.http.pin !== null) return null;
  return (
    <>
      <section class="card first-pin">
        <div>
          <h2>{words.title}</h2>
          <p>{words.text}</p>
        </div>
        <Button
          label={words.set}
          kind="primary"
          size="large"
          onPress={() => {
            isAsking.value = true;
          }}
        />
      </section>
      {isAsking.value && (
        <FirstPinDialog
          onClose={() => {
            isAsking.value = false;
          }}
        />
      )}
    </>
  );
}

function FirstPinDialog({ onClose }: { onClose: () => void }) {
  const chosen = useSignal<string | null>(null);
  const isRepeat = chosen.value !== null;
  const enter = async (pin: string) => {
    if (chosen.value === null) {
      chosen.value = pin;
      return null;
    }
    const outcome = chosen.value === pin ? await setFirstPin(pin) : null;
    if (outcome?.ok === true) {
      onClose();
      return null;
    }
    // Both are entered anew.
    chosen.value = null;
    return outcome === null ? { detail: words.differs } : outcome.problem;
  };
  return (
    <PinDialog
      title={isRepeat ? words.repeatTitle : words.chooseTitle}
      text={isRepeat ? words.repeatText : words.chooseText}
      action={isRepeat ? words.set : words.next}
      kind="primary"
      onEnter={enter}
      onClose={onClose}
    />
  );
}
