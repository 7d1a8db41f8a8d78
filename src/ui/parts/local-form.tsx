// AE title and port of the device, which belong to the user: no PIN.

import { useSignal } from "@preact/signals";
import type { LocalSettings, Problem } from "../../api/contract.ts";
import { faultsOf } from "../client.ts";
import { setLocal } from "../settings-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { stopTyping, TextField } from "./keyboard.tsx";
import { Reason } from "./reason.tsx";

const words = strings.settings;
const PORT_DIGITS = 5;

export function LocalForm({ settings, onClose }: { settings: LocalSettings; onClose: () => void }) {
  const aeTitle = useSignal(settings.aeTitle);
  const port = useSignal(String(settings.port));
  const problem = useSignal<Problem | null>(null);
  const save = async () => {
    stopTyping();
    const outcome = await setLocal({ aeTitle: aeTitle.value, port: Number(port.value) });
    if (outcome.ok) onClose();
    else problem.value = outcome.problem;
  };
  const isWhole = aeTitle.value.trim() !== "" && port.value !== "";
  const faults = faultsOf(problem.value, ["aeTitle", "port"]);
  return (
    <Dialog
      title={words.localTitle}
      onClose={onClose}
      cancels
      actions={<Button label={words.save} kind="primary" disabled={!isWhole} onPress={save} />}
    >
      <Reason text={faults.rest} />
      <TextField
        label={words.aeTitle}
        value={aeTitle}
        layout="capitals"
        maxLength={16}
        problem={faults.fields.aeTitle}
      />
      <TextField
        label={words.port}
        value={port}
        layout="digits"
        shape={(text) => text.replace(/\D/g, "")}
        maxLength={PORT_DIGITS}
        problem={faults.fields.port}
      />
    </Dialog>
  );
}
