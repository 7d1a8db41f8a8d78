// The address of a network card. Judged by the device, whose words are shown beside the fields; in force at once.

import { useSignal } from "@preact/signals";
import type { Appliance, NetworkSettings, Problem } from "../../api/contract.ts";
import { NETWORK_CARDS, type NetworkCard, setNetwork } from "../appliance-actions.ts";
import { faultsOf } from "../client.ts";
import { listedIn } from "../format.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ForcibleDialog } from "./forcible-dialog.tsx";
import { TextField } from "./keyboard.tsx";
import { Reason } from "./reason.tsx";

const words = strings.service.network;

/** 255.255.255.255/32 */
const ADDRESS_CHARACTERS_MAX = 18;
const SERVERS_CHARACTERS_MAX = 64;

interface Entered {
  readonly isFixed: boolean;
  readonly address: string;
  readonly gateway: string;
  readonly dns: string;
}

export function NetworkDialog({ machine, onClose }: { machine: Appliance; onClose: () => void }) {
  const first = enteredOf(machine, "hospital");
  const card = useSignal<NetworkCard>("hospital");
  const isFixed = useSignal(first.isFixed);
  const address = useSignal(first.address);
  const gateway = useSignal(first.gateway);
  const dns = useSignal(first.dns);
  const problem = useSignal<Problem | null>(null);
  const asked = useSignal<NetworkSettings | null>(null);
  const choose = (next: NetworkCard) => {
    const known = enteredOf(machine, next);
    card.value = next;
    isFixed.value = known.isFixed;
    address.value = known.address;
    gateway.value = known.gateway;
    dns.value = known.dns;
    problem.value = null;
  };
  const settings = asked.value;
  if (settings !== null)
    return (
      <ForcibleDialog
        title={words.title}
        text={words.text(settings.interface, settings.address)}
        action={words.set}
        actionForced={words.setForced}
        onAsk={(pin, force) => setNetwork(settings, pin, force)}
        onFault={(fault) => {
          problem.value = fault;
          asked.value = null;
        }}
        onClose={onClose}
      />
    );
  const faults = faultsOf(problem.value, ["address", "gateway", "dns"]);
  return (
    <Dialog
      title={words.title}
      wide
      onClose={onClose}
      cancels
      actions={
        <Button
          label={strings.service.next}
          kind="primary"
          onPress={() => {
            problem.value = null;
            asked.value = {
              interface: card.value,
              address: isFixed.value ? address.value : "dhcp",
              gateway: isFixed.value && gateway.value !== "" ? gateway.value : null,
              dns: listedIn(dns.value),
            };
          }}
        />
      }
    >
      <Reason text={faults.rest} />
      <div class="form">
        <fieldset class="choices">
          <legend>{words.cardLabel}</legend>
          {NETWORK_CARDS.map((name) => (
            <Button
              key={name}
              label={words.cards[name]}
              pressed={card.value === name}
              onPress={() => choose(name)}
            />
          ))}
        </fieldset>
        <fieldset class="choices">
          <legend>{words.howLabel}</legend>
          {([false, true] as const).map((fixed) => (
            <Button
              key={String(fixed)}
              label={fixed ? words.fixed : words.dhcp}
              pressed={isFixed.value === fixed}
              onPress={() => {
                isFixed.value = fixed;
              }}
            />
          ))}
        </fieldset>
        {isFixed.value && (
          <>
            <TextField
              label={words.address}
              value={address}
              hint="192.0.2.10/24"
              layout="address"
              maxLength={ADDRESS_CHARACTERS_MAX}
              problem={faults.fields.address}
            />
            <TextField
              label={words.gateway}
              value={gateway}
              hint="192.0.2.1"
              layout="address"
              maxLength={ADDRESS_CHARACTERS_MAX}
              problem={faults.fields.gateway}
            />
          </>
        )}
        <TextField
          label={words.dns}
          value={dns}
          hint="192.0.2.2, 192.0.2.3"
          layout="address"
          maxLength={SERVERS_CHARACTERS_MAX}
          problem={faults.fields.dns}
        />
      </div>
    </Dialog>
  );
}

/** As set; else as the card is now: by the network, or with the address that is in use. */
function enteredOf({ network, addresses }: Appliance, card: NetworkCard): Entered {
  const set = network.find((settings) => settings.interface === card);
  const inUse = addresses.find((one) => one.interface === card)?.address ?? "";
  const isFixed = set === undefined ? card === "panel" : set.address !== "dhcp";
  return {
    isFixed,
    address: set === undefined || set.address === "dhcp" ? inUse : set.address,
    gateway: set?.gateway ?? "",
    dns: (set?.dns ?? []).join(", "),
  };
}
