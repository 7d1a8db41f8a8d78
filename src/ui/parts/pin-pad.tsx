// The service PIN, entered with gloves on: large digits, and the keyboard for a PIN with letters.

import { useSignal } from "@preact/signals";
import type { Problem } from "../../api/contract.ts";
import { strings } from "../strings.ts";
import { Button, IconButton } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./keyboard.tsx";
import { Reason } from "./reason.tsx";

const words = strings.pin;
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;
/** The configuration takes PINs of 4 to 64 characters. */
const PIN_CHARACTERS_MIN = 4;
const PIN_CHARACTERS_MAX = 64;

export function PinDialog({
  title,
  text,
  action,
  kind = "danger",
  working = action,
  onEnter,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  kind?: "primary" | "danger";
  /** In place of the action while it is done, where that takes its time. */
  working?: string;
  /** Does it with the PIN; answers why not, or null when it is done. */
  onEnter: (pin: string) => Promise<Pick<Problem, "detail"> | null>;
  onClose: () => void;
}) {
  const pin = useSignal("");
  const problem = useSignal<Pick<Problem, "detail"> | null>(null);
  const asking = useSignal(false);
  const ready = pin.value.length >= PIN_CHARACTERS_MIN && !asking.value;
  const enter = async () => {
    if (!ready) return;
    asking.value = true;
    const refused = await onEnter(pin.value);
    asking.value = false;
    pin.value = "";
    problem.value = refused;
  };
  const type = (digit: string) => {
    pin.value = `${pin.value}${digit}`.slice(0, PIN_CHARACTERS_MAX);
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      cancels
      actions={
        <Button
          label={asking.value ? working : action}
          kind={kind}
          disabled={!ready}
          onPress={enter}
        />
      }
    >
      <p>{text}</p>
      <Reason text={problem.value?.detail} />
      <TextField
        label={words.label}
        value={pin}
        secret
        maxLength={PIN_CHARACTERS_MAX}
        onEnter={enter}
      />
      <div class="pin-pad">
        {DIGITS.map((digit) => (
          <Button key={digit} label={digit} onPress={() => type(digit)} />
        ))}
        <Button
          label={words.clear}
          onPress={() => {
            pin.value = "";
          }}
        />
        <Button label="0" onPress={() => type("0")} />
        <IconButton
          label={words.back}
          icon="back"
          onPress={() => {
            pin.value = pin.value.slice(0, -1);
          }}
        />
      </div>
    </Dialog>
  );
}
