// A service function that other work may hinder: asked for with the PIN; refused, it says why, and is done all
// the same by a second press where the device lets itself be forced.

import { useSignal } from "@preact/signals";
import type { Problem } from "../../api/contract.ts";
import { isProblem, type Outcome } from "../client.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { Reason } from "./reason.tsx";

const words = strings.forcible;

interface Refused {
  readonly problem: Problem;
  /** It was right: it is not asked for twice. */
  readonly pin: string;
}

export function ForcibleDialog({
  title,
  text,
  action,
  actionForced,
  kind,
  onAsk,
  onFault,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  /** The action all the same. */
  actionForced: string;
  kind?: "primary" | "danger";
  onAsk: (pin: string, force: boolean) => Promise<Outcome<unknown>>;
  /** What was asked for is not valid; absent: shown beside the PIN. */
  onFault?: (problem: Problem) => void;
  onClose: () => void;
}) {
  const refused = useSignal<Refused | null>(null);
  const asking = useSignal(false);
  const ask = async (pin: string, force: boolean): Promise<Problem | null> => {
    const outcome = await onAsk(pin, force);
    if (outcome.ok) {
      onClose();
      return null;
    }
    const { problem } = outcome;
    if (onFault !== undefined && isProblem(problem, "invalid-field")) {
      onFault(problem);
      return null;
    }
    if (!force && !isProblem(problem, "in-use")) return problem;
    refused.value = { problem, pin };
    return null;
  };
  if (refused.value === null)
    return (
      <PinDialog
        title={title}
        text={text}
        action={action}
        {...(kind === undefined ? {} : { kind })}
        onEnter={(pin) => ask(pin, false)}
        onClose={onClose}
      />
    );
  const { problem, pin } = refused.value;
  const canForce = problem.canForce === true;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          {canForce && (
            <Button
              label={actionForced}
              kind="danger"
              disabled={asking.value}
              onPress={async () => {
                asking.value = true;
                await ask(pin, true);
                asking.value = false;
              }}
            />
          )}
          {/* Last: a finger that presses twice where the action was hits this. */}
          <Button label={words.leave} onPress={onClose} />
        </>
      }
    >
      <Reason text={problem.detail} />
      {problem.canForce !== undefined && <p>{canForce ? words.mayForce : words.mustWait}</p>}
    </Dialog>
  );
}
