// The remotes with their echo; with the PIN they are added, changed and removed.

import { useSignal } from "@preact/signals";
import type { EchoResult, RemoteHealth, RemoteView } from "../../api/contract.ts";
import { apiPath, send } from "../client.ts";
import { clockTime, dateTime } from "../format.ts";
import { canChangeRemotes, removeRemote } from "../settings-actions.ts";
import { attempt, health, remotes } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { ForcibleDialog } from "./forcible-dialog.tsx";
import { RemoteForm } from "./remote-form.tsx";

const words = strings.system;

type Asked =
  | { readonly do: "add" }
  | { readonly do: "change" | "remove"; readonly remote: RemoteView };

export function RemotesCard() {
  const asked = useSignal<Asked | null>(null);
  const close = () => {
    asked.value = null;
  };
  return (
    <section class="card list-card remotes">
      <header>
        <h2>{words.remotes}</h2>
        {canChangeRemotes() && (
          <Button
            label={strings.remotes.add}
            onPress={() => {
              asked.value = { do: "add" };
            }}
          />
        )}
      </header>
      <div class="rows">
        {remotes.value.length === 0 && <p class="empty">{words.noRemotes}</p>}
        {remotes.value.map((remote) => (
          <RemoteRow
            key={remote.id}
            remote={remote}
            onChange={() => {
              asked.value = { do: "change", remote };
            }}
          />
        ))}
      </div>
      {asked.value !== null && (
        <AskedDialog
          asked={asked.value}
          onRemove={(remote) => {
            asked.value = { do: "remove", remote };
          }}
          onClose={close}
        />
      )}
    </section>
  );
}

function AskedDialog({
  asked,
  onRemove,
  onClose,
}: {
  asked: Asked;
  onRemove: (remote: RemoteView) => void;
  onClose: () => void;
}) {
  switch (asked.do) {
    case "add":
      return <RemoteForm remote={null} onClose={onClose} />;
    case "change":
      return (
        <RemoteForm
          remote={asked.remote}
          onRemove={() => onRemove(asked.remote)}
          onClose={onClose}
        />
      );
    case "remove":
      return (
        <ForcibleDialog
          title={strings.remotes.removeTitle(asked.remote.id)}
          text={strings.remotes.removeText}
          action={strings.remotes.remove}
          actionForced={strings.remotes.removeAnyway}
          kind="danger"
          onAsk={(pin, force) => removeRemote(asked.remote.id, pin, force)}
          onClose={onClose}
        />
      );
    default:
      return asked satisfies never;
  }
}

function Commitment({ commitment }: { commitment: NonNullable<RemoteHealth["commitment"]> }) {
  const { supported, pending, oldestAt, failed, reason } = commitment;
  const facts = [
    supported ? "" : words.commitmentUnsupported,
    supported && pending === 0 && failed === 0 ? words.commitmentClear : "",
    pending > 0 ? words.commitmentPending(pending) : "",
    pending > 0 && oldestAt !== undefined ? words.commitmentOldest(dateTime(oldestAt)) : "",
    failed > 0 ? words.commitmentFailed(failed) : "",
    reason ?? "",
  ].filter((fact) => fact !== "");
  const well = supported && failed === 0;
  return (
    <span class={`commitment ${well ? "" : "bad-text"}`}>
      {words.commitment}: {facts.join(" · ")}
    </span>
  );
}

function RemoteRow({ remote, onChange }: { remote: RemoteView; onChange: () => void }) {
  const asking = useSignal(false);
  const result = useSignal<EchoResult | null>(null);
  const known = health.value?.remotes.find((r) => r.id === remote.id);
  const reachable = result.value?.ok ?? known?.reachable ?? null;
  const echo = async () => {
    asking.value = true;
    result.value = await attempt(() =>
      send<EchoResult>("POST", apiPath("remotes", remote.id, "echo")),
    );
    asking.value = false;
  };
  const said =
    result.value === null
      ? (known?.reason ?? (known?.checkedAt ? clockTime(known.checkedAt) : ""))
      : result.value.ok
        ? words.echoOk(Math.round(result.value.elapsedMs))
        : (result.value.reason ?? "");
  return (
    <div class="row static" data-remote={remote.id}>
      <span class="row-main">
        <b>{remote.id}</b>
        <span>
          {remote.aeTitle} · {remote.host}:{remote.port}
        </span>
        {known?.commitment !== undefined && <Commitment commitment={known.commitment} />}
      </span>
      <span class="row-what">
        <b class={reachable === null ? "" : reachable ? "good-text" : "bad-text"}>
          {reachable === null ? words.notChecked : reachable ? words.reachable : words.notReachable}
        </b>
        <span>{said}</span>
      </span>
      <span class="marks">
        {remote.services.map((service) => (
          <i key={service} class="mark">
            {service}
          </i>
        ))}
      </span>
      <span class="row-buttons">
        <Button
          label={asking.value ? words.echoing : words.echo}
          disabled={asking.value}
          onPress={echo}
        />
        {canChangeRemotes() && <Button label={strings.remotes.change} onPress={onChange} />}
      </span>
    </div>
  );
}
