// Deleting a study: asked first, refused with the device's reason, and forced with the service PIN.

import { useSignal } from "@preact/signals";
import type { Problem } from "../../api/contract.ts";
import { isProblem } from "../client.ts";
import { removeStudy } from "../service-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Confirm, Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { Reason } from "./reason.tsx";

const words = strings.studies;

export function RemoveDialog({
  studyInstanceUid,
  held = false,
  onRemoved,
  onClose,
}: {
  studyInstanceUid: string;
  held?: boolean;
  onRemoved: () => void;
  onClose: () => void;
}) {
  const refused = useSignal<Problem | null>(null);
  const forcing = useSignal(false);
  const remove = async (pin?: string): Promise<Problem | null> => {
    const outcome = await removeStudy(studyInstanceUid, pin);
    if (!outcome.ok) return outcome.problem;
    onRemoved();
    return null;
  };
  if (forcing.value)
    return (
      <PinDialog
        title={words.removeTitle}
        text={words.removeForcedText}
        action={words.remove}
        onEnter={remove}
        onClose={onClose}
      />
    );
  if (refused.value !== null)
    return (
      <Dialog
        title={words.removeRefused}
        onClose={onClose}
        actions={
          <>
            <Button label={strings.close} onPress={onClose} />
            {isProblem(refused.value, "not-committed") && (
              <Button
                label={words.removeWithPin}
                kind="danger"
                onPress={() => {
                  forcing.value = true;
                }}
              />
            )}
          </>
        }
      >
        <Reason text={refused.value.detail} />
      </Dialog>
    );
  return (
    <Confirm
      title={words.removeTitle}
      text={held ? words.removeHeldText : words.removeText}
      action={words.remove}
      kind="danger"
      onConfirm={async () => {
        refused.value = await remove();
      }}
      onClose={onClose}
    />
  );
}
