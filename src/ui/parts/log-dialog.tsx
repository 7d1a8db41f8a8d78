// The log bundle onto a stick: which one, the PIN, and whether the stick may be pulled out.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Medium } from "../../api/contract.ts";
import { writeLogBundle } from "../appliance-actions.ts";
import { readMedia } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { StickRows } from "./stick-rows.tsx";

const words = strings.service.log;

export function LogDialog({ onClose }: { onClose: () => void }) {
  const chosen = useSignal<Medium | null>(null);
  const done = useSignal<string | null>(null);
  useEffect(() => {
    void readMedia();
  }, []);
  if (done.value !== null)
    return (
      <Dialog
        title={words.title}
        onClose={onClose}
        actions={<Button label={strings.close} kind="primary" onPress={onClose} />}
      >
        <p role="status">{done.value}</p>
      </Dialog>
    );
  const stick = chosen.value;
  if (stick !== null)
    return (
      <PinDialog
        title={words.title}
        text={words.text(stick.label)}
        action={words.change}
        working={words.writing}
        kind="primary"
        onEnter={async (pin) => {
          const outcome = await writeLogBundle(stick, pin);
          if (!outcome.ok) return outcome.problem;
          done.value = outcome.value.text;
          return null;
        }}
        onClose={onClose}
      />
    );
  return (
    <Dialog title={words.chooseTitle} wide onClose={onClose}>
      <div class="rows">
        <StickRows none={words.noStick}>
          {(medium) => (
            <Button
              label={words.change}
              disabled={!medium.usable}
              onPress={() => {
                chosen.value = medium;
              }}
            />
          )}
        </StickRows>
      </div>
    </Dialog>
  );
}
