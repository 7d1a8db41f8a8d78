// What service does to the machine itself, where it is an appliance. Everything but reading asks for the PIN;
// `force`: also where the device says that other work is cut off.

import type { Appliance, Medium, UpdateState } from "../api/contract.ts";
import { apiPath, type Outcome, outcomeOf, read, send } from "./client.ts";
import { appliance, attempt, offered, tell } from "./state.ts";
import { strings } from "./strings.ts";

const words = strings.appliance;

export const isAppliance = () => offered("POST", "/appliance/restart");

const machinePath = (name: string, force = false): string =>
  `${apiPath("appliance", name)}${force ? "?force=true" : ""}`;

export async function readAppliance(): Promise<void> {
  const now = await attempt(() => read<Appliance>(apiPath("appliance")));
  if (now !== null) appliance.value = now;
}

/** Begins to install the update that lies on a stick; its progress comes as events. */
export const installUpdate = (
  { device }: Medium,
  pin: string,
  force: boolean,
): Promise<Outcome<UpdateState>> =>
  outcomeOf(() => send<UpdateState>("POST", machinePath("update", force), { device }, pin));

export const restartAppliance = (pin: string, force: boolean): Promise<Outcome<null>> =>
  ended(words.restarting, () => send("POST", machinePath("restart", force), undefined, pin));

export const powerOffAppliance = (pin: string, force: boolean): Promise<Outcome<null>> =>
  ended(words.switchingOff, () => send("POST", machinePath("power-off", force), undefined, pin));

async function ended(said: string, ask: () => Promise<null>): Promise<Outcome<null>> {
  const outcome = await outcomeOf(ask);
  if (outcome.ok) tell("done", said);
  return outcome;
}
