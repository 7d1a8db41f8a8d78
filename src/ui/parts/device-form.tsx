// Who and where the device is, as a form over keys of the configuration. Only what was changed is sent.

import { type Signal, signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Problem } from "../../api/contract.ts";
import { faultsOf, isProblem } from "../client.ts";
import { patchSettings } from "../settings-actions.ts";
import { configuration } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { ChoiceField } from "./choice-field.tsx";
import { Dialog } from "./dialog.tsx";
import { stopTyping, TextField } from "./keyboard.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { Reason } from "./reason.tsx";

const words = strings.settings;

type Key = keyof typeof words.fields;

type Field =
  | { readonly key: Key; readonly kind: "text"; readonly max: number; readonly hint?: string }
  | { readonly key: Key; readonly kind: "number"; readonly digits: number }
  | { readonly key: Key; readonly kind: "digits"; readonly digits: number }
  | {
      readonly key: Key;
      readonly kind: "choice";
      readonly labels: Readonly<Record<string, string>>;
    };

const MODALITIES = { RF: "RF", XA: "XA", CR: "CR", DX: "DX", "": words.anyModality };

/** In the order of the form. The configuration knows the limits; here they bound what can be typed. */
const FIELDS: readonly Field[] = [
  { key: "device.institutionName", kind: "text", max: 30 },
  { key: "device.institutionalDepartmentName", kind: "text", max: 30 },
  { key: "device.institutionAddress", kind: "text", max: 1024 },
  { key: "device.stationName", kind: "text", max: 16 },
  { key: "device.serialNumber", kind: "text", max: 64 },
  { key: "device.timeZone", kind: "text", max: 64, hint: words.timeZoneHint },
  { key: "device.uidRoot", kind: "text", max: 26 },
  { key: "device.uidNumber", kind: "digits", digits: 10 },
  { key: "worklist.scheduledStationAeTitle", kind: "text", max: 16 },
  { key: "worklist.pollS", kind: "number", digits: 5 },
  { key: "worklist.modality", kind: "choice", labels: MODALITIES },
  { key: "local.characterSet", kind: "choice", labels: words.characterSets },
];
const KEYS = FIELDS.map(({ key }) => key);

export function DeviceForm({ onClose }: { onClose: () => void }) {
  const before = useMemo(() => new Map(KEYS.map((key) => [key, valueAt(key)])), []);
  const values = useMemo(() => new Map(KEYS.map((key) => [key, signal(valueAt(key))])), []);
  const problem = useSignal<Problem | null>(null);
  const isAsking = useSignal(false);
  const changed = FIELDS.filter(({ key }) => values.get(key)?.value !== before.get(key));
  if (isAsking.value)
    return (
      <PinDialog
        title={words.deviceTitle}
        text={words.pinText}
        action={words.save}
        kind="primary"
        onEnter={async (pin) => {
          const outcome = await patchSettings(patchOf(changed, values), pin);
          if (outcome.ok) {
            onClose();
            return null;
          }
          if (!isProblem(outcome.problem, "invalid-field")) return outcome.problem;
          problem.value = outcome.problem;
          isAsking.value = false;
          return null;
        }}
        onClose={() => {
          isAsking.value = false;
        }}
      />
    );
  const faults = faultsOf(problem.value, KEYS);
  return (
    <Dialog
      title={words.deviceTitle}
      wide
      onClose={onClose}
      cancels
      actions={
        <Button
          label={words.save}
          kind="primary"
          disabled={changed.length === 0}
          onPress={() => {
            stopTyping();
            isAsking.value = true;
          }}
        />
      }
    >
      <Reason text={faults.rest} />
      <div class="form">
        {FIELDS.map((field) => {
          const value = values.get(field.key);
          return (
            value !== undefined && (
              <FormField
                key={field.key}
                field={field}
                value={value}
                problem={faults.fields[field.key]}
              />
            )
          );
        })}
      </div>
    </Dialog>
  );
}

function FormField({
  field,
  value,
  problem,
}: {
  field: Field;
  value: Signal<string>;
  problem: string | undefined;
}) {
  const label = words.fields[field.key];
  switch (field.kind) {
    case "text":
      return (
        <TextField
          {...{ label, value, problem }}
          maxLength={field.max}
          {...(field.hint === undefined ? {} : { hint: field.hint })}
        />
      );
    case "number":
    case "digits":
      return (
        <TextField
          {...{ label, value, problem }}
          layout="digits"
          shape={(text) => text.replace(/\D/g, "")}
          maxLength={field.digits}
        />
      );
    case "choice":
      return (
        <ChoiceField
          {...{ label, problem }}
          choices={Object.entries(field.labels).map(([chosen, name]) => ({
            value: chosen,
            label: name,
          }))}
          isChosen={(choice) => choice === value.value}
          onChoose={(choice) => {
            value.value = choice;
          }}
        />
      );
    default:
      return field satisfies never;
  }
}

/** As the form shows it. */
function valueAt(key: Key): string {
  const found = key
    .split(".")
    .reduce<unknown>(
      (value, part) =>
        typeof value === "object" && value !== null
          ? (value as Readonly<Record<string, unknown>>)[part]
          : undefined,
      configuration.value,
    );
  return found === undefined || found === null ? "" : String(found);
}

function patchOf(
  changed: readonly Field[],
  values: ReadonlyMap<Key, Signal<string>>,
): Record<string, Record<string, string | number>> {
  const patch: Record<string, Record<string, string | number>> = {};
  for (const { key, kind } of changed) {
    const [section = "", name = ""] = key.split(".");
    const text = values.get(key)?.value ?? "";
    patch[section] = { ...patch[section], [name]: kind === "number" ? Number(text) : text };
  }
  return patch;
}
