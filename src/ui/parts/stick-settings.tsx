// Settings from a stick, shown before they are applied, and to one.

import { useSignal } from "@preact/signals";
import type { Medium, Problem, SettingsChange, SettingsPreview } from "../../api/contract.ts";
import { isProblem } from "../client.ts";
import {
  applyStickSettings,
  previewStickSettings,
  writeStickSettings,
} from "../settings-actions.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { Reason } from "./reason.tsx";
import { StickRows } from "./stick-rows.tsx";

const words = strings.stickSettings;

type Asked =
  | { readonly do: "look" | "write"; readonly medium: Medium }
  | { readonly do: "wrong"; readonly problem: Problem }
  | {
      readonly do: "apply";
      readonly medium: Medium;
      readonly preview: SettingsPreview;
      readonly pin: string;
    };

export function StickSettings() {
  const asked = useSignal<Asked | null>(null);
  const ask = (next: Asked | null) => {
    asked.value = next;
  };
  return (
    <>
      <StickRows none={words.noStick}>
        {(medium) => (
          <span class="row-buttons">
            <Button
              label={words.from}
              disabled={!medium.usable}
              onPress={() => ask({ do: "look", medium })}
            />
            <Button
              label={words.to}
              disabled={!medium.usable}
              onPress={() => ask({ do: "write", medium })}
            />
          </span>
        )}
      </StickRows>
      {asked.value !== null && (
        <AskedDialog asked={asked.value} onAsk={ask} onClose={() => ask(null)} />
      )}
    </>
  );
}

function AskedDialog({
  asked,
  onAsk,
  onClose,
}: {
  asked: Asked;
  onAsk: (next: Asked) => void;
  onClose: () => void;
}) {
  switch (asked.do) {
    case "look":
      return (
        <PinDialog
          title={words.fromTitle}
          text={words.fromText}
          action={words.look}
          kind="primary"
          onEnter={async (pin) => {
            const outcome = await previewStickSettings(asked.medium, pin);
            if (outcome.ok)
              onAsk({ do: "apply", medium: asked.medium, preview: outcome.value, pin });
            else if (isProblem(outcome.problem, "invalid-field"))
              onAsk({ do: "wrong", problem: outcome.problem });
            else return outcome.problem;
            return null;
          }}
          onClose={onClose}
        />
      );
    case "write":
      return (
        <PinDialog
          title={words.toTitle}
          text={words.toText}
          action={words.write}
          kind="primary"
          onEnter={async (pin) => {
            const outcome = await writeStickSettings(asked.medium, pin);
            if (!outcome.ok) return outcome.problem;
            onClose();
            return null;
          }}
          onClose={onClose}
        />
      );
    case "wrong":
      return <WrongDialog problem={asked.problem} onClose={onClose} />;
    case "apply":
      return <ApplyDialog {...asked} onClose={onClose} />;
    default:
      return asked satisfies never;
  }
}

/** Each problem with its key, to be mended on a computer. */
function WrongDialog({ problem, onClose }: { problem: Problem; onClose: () => void }) {
  const { errors = [] } = problem;
  return (
    <Dialog
      title={words.wrongTitle}
      wide
      onClose={onClose}
      actions={<Button label={strings.close} onPress={onClose} />}
    >
      <Reason text={errors.length === 0 ? problem.detail : words.wrongText} />
      <dl class="changes">
        {errors.map(({ path, message }) => (
          <div key={`${path} ${message}`}>
            <dt>{path}</dt>
            <dd>{message}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function ApplyDialog({
  medium,
  preview,
  pin,
  onClose,
}: {
  medium: Medium;
  preview: SettingsPreview;
  pin: string;
  onClose: () => void;
}) {
  const problem = useSignal<Problem | null>(null);
  const isApplying = useSignal(false);
  const { changes, files, warnings, ticket } = preview;
  const apply = async () => {
    isApplying.value = true;
    const outcome = await applyStickSettings(medium, ticket, pin);
    isApplying.value = false;
    if (outcome.ok) onClose();
    else problem.value = outcome.problem;
  };
  return (
    <Dialog
      title={words.changesTitle}
      wide
      onClose={onClose}
      cancels
      actions={
        changes.length > 0 && (
          <Button
            label={words.apply}
            kind="danger"
            disabled={isApplying.value || problem.value !== null}
            onPress={apply}
          />
        )
      }
    >
      <Reason text={problem.value?.detail} />
      {warnings.map((warning) => (
        <Reason key={warning} text={warning} />
      ))}
      <p>{changes.length === 0 ? words.noChanges : words.changesText(changes.length)}</p>
      {files.length > 0 && <p>{words.files(files.join(", "))}</p>}
      <dl class="changes">
        {changes.map((change) => (
          <div key={change.key}>
            <dt>{change.key}</dt>
            <dd>{valuesOf(change)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function valuesOf({ from, to }: SettingsChange): string {
  return `${from ?? words.nothing} → ${to ?? words.nothing}`;
}
