// The machine as an appliance: what runs, an update from a stick, a restart. Shown only where there is one.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Appliance, Medium, UpdateState } from "../../api/contract.ts";
import {
  installUpdate,
  readAppliance,
  releaseMedium,
  restartAppliance,
} from "../service-actions.ts";
import { appliance, offered, readMedia } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { StickRows } from "./stick-rows.tsx";

const words = strings.appliance;

/** What the PIN is asked for. */
type Asked = { readonly do: "restart" } | { readonly do: "update"; readonly medium: Medium };

export function ApplianceCard() {
  const asked = useSignal<Asked | null>(null);
  useEffect(() => {
    void readAppliance();
    void readMedia();
  }, []);
  const machine = appliance.value;
  if (machine === null) return null;
  const isBusy = ["receiving", "checking", "installing"].includes(machine.update.state);
  const close = () => {
    asked.value = null;
  };
  return (
    <section class="card list-card appliance">
      <header>
        <h2>{words.title}</h2>
        <Button
          label={words.restart}
          disabled={isBusy}
          onPress={() => {
            asked.value = { do: "restart" };
          }}
        />
      </header>
      <div class="rows">
        <div class="row static">
          <span class="row-main">
            <b>{words.version(machine.version)}</b>
            <span>{factsOf(machine)}</span>
            {machine.failedUnits.length > 0 && (
              <span class="bad-text">{words.failed(machine.failedUnits.join("; "))}</span>
            )}
          </span>
          <span class="row-what" role="status">
            <UpdateWords update={machine.update} />
          </span>
        </div>
        <StickRows none={words.noStick}>
          {(medium) => (
            <>
              <Button
                label={words.update}
                disabled={isBusy || !medium.usable}
                onPress={() => {
                  asked.value = { do: "update", medium };
                }}
              />
              {offered("POST", "/media/{device}/release") && (
                <Button
                  label={words.release}
                  disabled={isBusy}
                  onPress={() => releaseMedium(medium)}
                />
              )}
            </>
          )}
        </StickRows>
      </div>
      {asked.value !== null && <ApplianceDialog asked={asked.value} onClose={close} />}
    </section>
  );
}

function ApplianceDialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const isRestart = asked.do === "restart";
  return (
    <PinDialog
      title={isRestart ? words.restartTitle : words.updateTitle}
      text={isRestart ? words.restartText : words.updateText}
      action={isRestart ? words.restart : words.update}
      onEnter={async (pin) => {
        const outcome = isRestart
          ? await restartAppliance(pin)
          : await installUpdate(asked.medium, pin);
        if (!outcome.ok) return outcome.problem;
        onClose();
        return null;
      }}
      onClose={onClose}
    />
  );
}

function UpdateWords({ update }: { update: UpdateState }) {
  switch (update.state) {
    case "none":
      return null;
    case "receiving":
      return <span>{words.receiving}</span>;
    case "checking":
      return <span>{words.checking}</span>;
    case "installing":
      return <b>{words.installing(update.version, Math.round(update.share * 100))}</b>;
    case "installed":
      return <b class="good-text">{words.installed(update.version)}</b>;
    case "failed":
      return <span class="bad-text">{update.reason}</span>;
    default:
      return update satisfies never;
  }
}

function factsOf({ slot, otherVersion, triesLeft, timeServers, network }: Appliance): string {
  return [
    slot === null ? "" : words.slot(slot),
    otherVersion === null ? "" : words.other(otherVersion),
    triesLeft === null ? "" : words.tries(triesLeft),
    ...network.map((card) => words.network(card.interface, card.address, card.gateway)),
    timeServers.length === 0 ? "" : words.timeServers(timeServers.join(", ")),
  ]
    .filter((fact) => fact !== "")
    .join(" · ");
}
