// The form of one remote. Only what was changed is sent; what the form does not show stays as it is.

import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Problem, RemoteView } from "../../api/contract.ts";
import { faultsOf } from "../client.ts";
import { addRemote, changeRemote } from "../settings-actions.ts";
import { configuration, remotes, tell } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { type Choice, ChoiceField } from "./choice-field.tsx";
import { Dialog } from "./dialog.tsx";
import { ForcibleDialog } from "./forcible-dialog.tsx";
import { stopTyping, TextField } from "./keyboard.tsx";
import { Reason } from "./reason.tsx";

const words = strings.remotes;

type Service = keyof typeof words.serviceNames;
type SendPolicy = keyof typeof words.sendChoices;
type Tls = NonNullable<RemoteView["tls"]>;

/** The keys of a remote that the form shows. */
const SHOWN = ["id", "aeTitle", "host", "port", "services", "archive", "send", "tls"] as const;
const PORT_DIGITS = 5;

/** A remote as the form holds it. */
interface Entered {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly services: readonly string[];
  readonly archive: boolean;
  readonly send: string;
  /** Null: without TLS. */
  readonly tls: Tls | null;
}

const enteredOf = (remote: RemoteView | null): Entered => ({
  aeTitle: remote?.aeTitle ?? "",
  host: remote?.host ?? "",
  port: remote?.port ?? 104,
  services: remote?.services ?? ["verification"],
  archive: remote?.archive ?? false,
  send: remote?.send ?? "manual",
  tls: remote?.tls ?? null,
});

export function RemoteForm({
  remote,
  onRemove,
  onClose,
}: {
  /** Null: a new one. */
  remote: RemoteView | null;
  onRemove?: () => void;
  onClose: () => void;
}) {
  const before = useMemo(() => enteredOf(remote), []);
  const id = useSignal(remote?.id ?? "");
  const aeTitle = useSignal(before.aeTitle);
  const host = useSignal(before.host);
  const port = useSignal(String(before.port));
  const services = useSignal(before.services);
  const archive = useSignal(before.archive);
  const sending = useSignal(before.send);
  const tls = useSignal<Tls | null>(before.tls);
  const problem = useSignal<Problem | null>(null);
  const isAsking = useSignal(false);
  const title = remote === null ? words.addTitle : words.changeTitle(remote.id);

  const entered = (): Entered => ({
    aeTitle: aeTitle.value,
    host: host.value,
    port: Number(port.value),
    services: services.value,
    archive: archive.value,
    send: sending.value,
    tls: tls.value,
  });
  if (isAsking.value)
    return (
      <ForcibleDialog
        title={title}
        text={words.pinText}
        action={words.save}
        actionForced={words.changeAnyway}
        onAsk={async (pin, force) => {
          const outcome =
            remote === null
              ? await addRemote({ id: id.value, ...entered() }, pin)
              : await changeRemote(remote.id, changesOf(before, entered()), pin, force);
          if (outcome.ok) onClose();
          return outcome;
        }}
        onFault={(fault) => {
          problem.value = fault;
          isAsking.value = false;
        }}
        onClose={() => {
          isAsking.value = false;
        }}
      />
    );

  const faults = faultsOf(problem.value, SHOWN);
  const isWhole =
    [id, aeTitle, host, port].every(({ value }) => value.trim() !== "") &&
    services.value.length > 0;
  const isStored = services.value.includes("storage");
  const save = () => {
    stopTyping();
    if (remote !== null && Object.keys(changesOf(before, entered())).length === 0) {
      tell("done", words.noChange);
      onClose();
    } else isAsking.value = true;
  };
  return (
    <Dialog
      title={title}
      wide
      onClose={onClose}
      actions={
        <>
          {onRemove && <Button label={words.remove} kind="danger" onPress={onRemove} />}
          <Button label={strings.cancel} onPress={onClose} />
          <Button label={words.save} kind="primary" disabled={!isWhole} onPress={save} />
        </>
      }
    >
      <Reason text={faults.rest} />
      <div class="form">
        {remote === null && (
          <TextField
            label={words.id}
            value={id}
            hint={words.idHint}
            layout="host"
            maxLength={32}
            problem={faults.fields.id}
          />
        )}
        <TextField
          label={words.aeTitle}
          value={aeTitle}
          layout="capitals"
          maxLength={16}
          problem={faults.fields.aeTitle}
        />
        <TextField
          label={words.host}
          value={host}
          layout="host"
          maxLength={253}
          problem={faults.fields.host}
        />
        <TextField
          label={words.port}
          value={port}
          layout="digits"
          shape={(text) => text.replace(/\D/g, "")}
          maxLength={PORT_DIGITS}
          problem={faults.fields.port}
        />
        <ChoiceField
          label={words.services}
          choices={choicesOf<Service>(words.serviceNames)}
          isChosen={(service) => services.value.includes(service)}
          onChoose={(service) => toggle(services, service)}
          problem={faults.fields.services}
        />
        {isStored && (
          <>
            <ChoiceField
              label={words.send}
              choices={choicesOf<SendPolicy>(words.sendChoices)}
              isChosen={(policy) => sending.value === policy}
              onChoose={(policy) => {
                sending.value = policy;
              }}
              problem={faults.fields.send}
            />
            <ChoiceField
              label={words.archive}
              choices={[
                { value: true, label: words.archiveChoices.yes },
                { value: false, label: words.archiveChoices.no },
              ]}
              isChosen={(value) => archive.value === value}
              onChoose={(value) => {
                archive.value = value;
              }}
              problem={faults.fields.archive}
            />
          </>
        )}
        <TlsField own={before.tls} chosen={tls} problem={faults.fields.tls} />
      </div>
    </Dialog>
  );
}

/** Certificates come with a stick; here one chooses among those the configuration names. */
function TlsField({
  own,
  chosen,
  problem,
}: {
  own: Tls | null;
  chosen: Signal<Tls | null>;
  problem: string | undefined;
}) {
  const choices = tlsChoices(own);
  if (choices.length === 1) return null;
  return (
    <ChoiceField
      label={words.tls}
      choices={choices}
      isChosen={(tls) => isSame(tls, chosen.value)}
      onChoose={(tls) => {
        chosen.value = tls;
      }}
      problem={problem}
    />
  );
}

function tlsChoices(own: Tls | null): Choice<Tls | null>[] {
  const choices: Choice<Tls | null>[] = [{ value: null, label: words.tlsOff }];
  const add = (value: Tls, label: string) => {
    if (!choices.some((choice) => isSame(choice.value, value))) choices.push({ value, label });
  };
  if (own !== null) add(own, words.tlsOwn);
  for (const { id, tls } of remotes.value) if (tls !== undefined) add(tls, words.tlsOf(id));
  const device = configuration.value?.["tls"] as
    | { certFile: string; keyFile: string; caFile?: string }
    | null
    | undefined;
  if (device !== null && device !== undefined) {
    const { certFile: cert, keyFile: key, caFile } = device;
    const ca = caFile === undefined ? {} : { ca: caFile };
    add({ cert, key, ...ca, verify: true }, words.tlsDevice);
  }
  return choices;
}

/** The keys that are other than before. */
function changesOf(before: Entered, entered: Entered): Partial<Entered> {
  return Object.fromEntries(
    Object.entries(entered).filter(([key, value]) => !isSame(before[key as keyof Entered], value)),
  );
}

function toggle(list: Signal<readonly string[]>, value: string): void {
  list.value = list.value.includes(value)
    ? list.value.filter((other) => other !== value)
    : [...list.value, value];
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const choicesOf = <T extends string>(labels: Readonly<Record<T, string>>): Choice<T>[] =>
  (Object.entries(labels) as [T, string][]).map(([value, label]) => ({ value, label }));
