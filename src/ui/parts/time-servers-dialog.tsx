// The servers the clock follows. Judged by the device, whose words are shown beside the field.

import { useSignal } from "@preact/signals";
import type { Appliance, Problem } from "../../api/contract.ts";
import { setTimeServers } from "../appliance-actions.ts";
import { faultsOf, isProblem } from "../client.ts";
import { listedIn } from "../format.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./keyboard.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { Reason } from "./reason.tsx";

const words = strings.service.time;

const CHARACTERS_MAX = 512;

export function TimeServersDialog({
  machine,
  onClose,
}: {
  machine: Appliance;
  onClose: () => void;
}) {
  const servers = useSignal(machine.timeServers.join(", "));
  const problem = useSignal<Problem | null>(null);
  const isAsking = useSignal(false);
  const listed = listedIn(servers.value);
  if (isAsking.value)
    return (
      <PinDialog
        title={words.title}
        text={listed.length === 0 ? words.byNetwork : words.from(listed.join(", "))}
        action={words.set}
        kind="primary"
        onEnter={async (pin) => {
          const outcome = await setTimeServers(listed, pin);
          if (outcome.ok) {
            onClose();
            return null;
          }
          if (!isProblem(outcome.problem, "invalid-field")) return outcome.problem;
          problem.value = outcome.problem;
          isAsking.value = false;
          return null;
        }}
        onClose={onClose}
      />
    );
  const faults = faultsOf(problem.value, ["servers"]);
  return (
    <Dialog
      title={words.title}
      onClose={onClose}
      cancels
      actions={
        <Button
          label={strings.service.next}
          kind="primary"
          onPress={() => {
            isAsking.value = true;
          }}
        />
      }
    >
      <Reason text={faults.rest} />
      <p>{words.text}</p>
      <TextField
        label={words.label}
        value={servers}
        hint="192.0.2.2, ntp.example.org"
        layout="host"
        maxLength={CHARACTERS_MAX}
        problem={faults.fields.servers}
      />
    </Dialog>
  );
}
