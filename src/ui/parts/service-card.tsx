// What service sets on the appliance and takes along from it: a row each, with how it is now.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Appliance } from "../../api/contract.ts";
import { canWriteLogBundle, NETWORK_CARDS, readAppliance } from "../appliance-actions.ts";
import { appliance } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { LogDialog } from "./log-dialog.tsx";
import { NetworkDialog } from "./network-dialog.tsx";
import { ResetDialog } from "./reset-dialog.tsx";
import { TimeServersDialog } from "./time-servers-dialog.tsx";

const words = strings.service;

type Asked = "network" | "time" | "log" | "reset";

const DIALOGS = {
  network: NetworkDialog,
  time: TimeServersDialog,
  log: LogDialog,
  reset: ResetDialog,
} as const satisfies Record<Asked, unknown>;

export function ServiceCard() {
  const asked = useSignal<Asked | null>(null);
  useEffect(() => {
    void readAppliance();
  }, []);
  const machine = appliance.value;
  if (machine === null) return null;
  const row = (what: Asked, texts: readonly string[], kind?: "danger") => (
    <Row title={words[what].title} texts={texts}>
      <Button
        label={words[what].change}
        {...(kind === undefined ? {} : { kind })}
        onPress={() => {
          asked.value = what;
        }}
      />
    </Row>
  );
  const AskedDialog = asked.value === null ? null : DIALOGS[asked.value];
  return (
    <section class="card list-card service">
      <header>
        <h2>{words.title}</h2>
      </header>
      <div class="rows">
        {row("network", cardsOf(machine))}
        {row("time", [timeOf(machine)])}
        {canWriteLogBundle() && row("log", [words.log.about])}
        {row("reset", [words.reset.about], "danger")}
      </div>
      {AskedDialog !== null && (
        <AskedDialog
          machine={machine}
          onClose={() => {
            asked.value = null;
          }}
        />
      )}
    </section>
  );
}

function Row({
  title,
  texts,
  children,
}: {
  title: string;
  texts: readonly string[];
  children: ComponentChildren;
}) {
  return (
    <div class="row static">
      <span class="row-main">
        <b>{title}</b>
        {texts.map((text) => (
          <span key={text}>{text}</span>
        ))}
      </span>
      {children}
    </div>
  );
}

/** A line for each card: what is in use, and where that came from. */
const cardsOf = ({ addresses, network }: Appliance): string[] =>
  NETWORK_CARDS.map((card) => {
    const inUse = addresses.filter((a) => a.interface === card).map((a) => a.address);
    const set = network.find((settings) => settings.interface === card);
    return words.network.card(card, inUse.join(", "), set?.address, set?.gateway ?? null);
  });

const timeOf = ({ timeServers }: Appliance): string =>
  timeServers.length === 0 ? words.time.byNetwork : words.time.from(timeServers.join(", "));
