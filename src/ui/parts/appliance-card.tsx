// The machine as an appliance: what runs, an update from a stick, restart and power-off. Shown only where there
// is one.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Appliance, Medium, UpdateState } from "../../api/contract.ts";
import {
  installUpdate,
  powerOffAppliance,
  readAppliance,
  restartAppliance,
} from "../appliance-actions.ts";
import type { Outcome } from "../client.ts";
import { releaseMedium } from "../service-actions.ts";
import { appliance, offered, readMedia } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { ForcibleDialog } from "./forcible-dialog.tsx";
import { StickRows } from "./stick-rows.tsx";

const words = strings.appliance;

/** What the PIN is asked for. */
type Asked =
  | { readonly do: "restart" }
  | { readonly do: "power-off" }
  | { readonly do: "update"; readonly medium: Medium };

const TEXTS = {
  restart: {
    title: words.restartTitle,
    text: words.restartText,
    action: words.restart,
    actionForced: words.restartForced,
  },
  "power-off": {
    title: words.powerOffTitle,
    text: words.powerOffText,
    action: words.powerOff,
    actionForced: words.powerOffForced,
  },
  update: {
    title: words.updateTitle,
    text: words.updateText,
    action: words.update,
    actionForced: words.updateForced,
  },
} as const satisfies Record<Asked["do"], object>;

export function ApplianceCard() {
  const asked = useSignal<Asked | null>(null);
  useEffect(() => {
    void readAppliance();
    void readMedia();
  }, []);
  const machine = appliance.value;
  if (machine === null) return null;
  const isBusy = ["receiving", "checking", "installing"].includes(machine.update.state);
  const ask = (next: Asked | null) => {
    asked.value = next;
  };
  return (
    <section class="card list-card appliance">
      <header>
        <h2>{words.title}</h2>
        <Button label={words.powerOff} onPress={() => ask({ do: "power-off" })} />
        <Button label={words.restart} onPress={() => ask({ do: "restart" })} />
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
                onPress={() => ask({ do: "update", medium })}
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
      {asked.value !== null && <ApplianceDialog asked={asked.value} onClose={() => ask(null)} />}
    </section>
  );
}

function ApplianceDialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  return (
    <ForcibleDialog
      {...TEXTS[asked.do]}
      onAsk={(pin, force) => request(asked, pin, force)}
      onClose={onClose}
    />
  );
}

function request(asked: Asked, pin: string, force: boolean): Promise<Outcome<unknown>> {
  switch (asked.do) {
    case "restart":
      return restartAppliance(pin, force);
    case "power-off":
      return powerOffAppliance(pin, force);
    case "update":
      return installUpdate(asked.medium, pin, force);
    default:
      return asked satisfies never;
  }
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

function factsOf({ slot, otherVersion, triesLeft }: Appliance): string {
  return [
    slot === null ? "" : words.slot(slot),
    otherVersion === null ? "" : words.other(otherVersion),
    triesLeft === null ? "" : words.tries(triesLeft),
  ]
    .filter((fact) => fact !== "")
    .join(" · ");
}
