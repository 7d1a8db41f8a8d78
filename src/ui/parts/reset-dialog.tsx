// The factory reset: its word is entered, then the PIN, and where studies are on this device alone the device
// says how many and is pressed once more. No single press erases anything.

import { useSignal } from "@preact/signals";
import { factoryReset, RESET_WORD } from "../appliance-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ForcibleDialog } from "./forcible-dialog.tsx";
import { TextField } from "./keyboard.tsx";

const words = strings.service.reset;

const asWord = (text: string) => text.toUpperCase();

export function ResetDialog({ onClose }: { onClose: () => void }) {
  const word = useSignal("");
  const isConfirmed = useSignal(false);
  if (isConfirmed.value)
    return (
      <ForcibleDialog
        title={words.title}
        text={words.pinText}
        action={words.erase}
        actionForced={words.eraseForced}
        onAsk={(pin, force) => factoryReset(word.value, pin, force)}
        onClose={onClose}
      />
    );
  return (
    <Dialog
      title={words.title}
      wide
      onClose={onClose}
      cancels
      actions={
        <Button
          label={strings.service.next}
          kind="danger"
          disabled={word.value !== RESET_WORD}
          onPress={() => {
            isConfirmed.value = true;
          }}
        />
      }
    >
      <p>{words.text}</p>
      <p class="reason">{words.final}</p>
      <TextField
        label={words.wordLabel(RESET_WORD)}
        value={word}
        layout="capitals"
        shape={asWord}
        maxLength={RESET_WORD.length}
      />
    </Dialog>
  );
}
