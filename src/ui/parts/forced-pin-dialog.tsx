// What needs the service PIN and may be refused because something still needs it: the reasons are shown, and it
// is done all the same only when that is pressed.

import { useSignal } from "@preact/signals";
import type { Problem } from "../../api/contract.ts";
import { isProblem, type Outcome } from "../client.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";

const words = strings.remotes;

export function ForcedPinDialog({
  title,
  text,
  action,
  kind = "danger",
  anyway,
  onDo,
  onRefused,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  kind?: "primary" | "danger";
  /** The button that does it all the same. */
  anyway: string;
  /** Closes the dialog itself when it is done. */
  onDo: (pin: string, force: boolean) => Promise<Outcome<unknown>>;
  /** Takes a refusal that is shown elsewhere; answers false for those that stay here. */
  onRefused?: (problem: Problem) => boolean;
  onClose: () => void;
}) {
  const needed = useSignal<{ readonly pin: string; readonly problem: Problem } | null>(null);
  const ask = async (pin: string, force: boolean): Promise<Problem | null> => {
    const outcome = await onDo(pin, force);
    if (outcome.ok) return null;
    const { problem } = outcome;
    if (onRefused?.(problem) === true) return null;
    if (!isProblem(problem, "in-use")) return problem;
    needed.value = { pin, problem };
    return null;
  };
  if (needed.value === null)
    return (
      <PinDialog {...{ title, text, action, kind, onClose }} onEnter={(pin) => ask(pin, false)} />
    );
  const { pin, problem } = needed.value;
  return (
    <Dialog
      title={words.neededTitle}
      onClose={onClose}
      actions={
        <>
          <Button label={strings.cancel} onPress={onClose} />
          <Button
            label={anyway}
            kind="danger"
            onPress={async () => {
              const refused = await ask(pin, true);
              if (refused !== null) needed.value = { pin, problem: refused };
            }}
          />
        </>
      }
    >
      <p class="reason" role="alert">
        {problem.detail}
      </p>
    </Dialog>
  );
}
