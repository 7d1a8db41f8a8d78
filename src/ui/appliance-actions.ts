// What service does to the machine itself, where it is an appliance. Everything but reading asks for the PIN;
// `force`: also where the device says that other work is cut off.

import type {
  Appliance,
  ConfirmedReset,
  Medium,
  NetworkSettings,
  Released,
  UpdateState,
} from "../api/contract.ts";
import { apiPath, forced, type Outcome, outcomeOf, read, send } from "./client.ts";
import { appliance, attempt, offered, readMedia, tell } from "./state.ts";
import { strings } from "./strings.ts";

const words = strings.appliance;

export const isAppliance = () => offered("POST", "/appliance/restart");

const machinePath = (name: string, force = false): string =>
  forced(apiPath("appliance", name), force);

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

/** What is entered before everything is erased. */
export const RESET_WORD: ConfirmedReset["confirm"] = "ERASE ALL DATA";

/** Erases everything; `word` is what the technician entered, which the device compares once more. */
export const factoryReset = (word: string, pin: string, force: boolean): Promise<Outcome<null>> =>
  ended(words.resetting, () =>
    send("POST", machinePath("factory-reset", force), { confirm: word }, pin),
  );

export type NetworkCard = NetworkSettings["interface"];
export const NETWORK_CARDS: readonly NetworkCard[] = ["hospital", "panel"];

export const setNetwork = (
  settings: NetworkSettings,
  pin: string,
  force: boolean,
): Promise<Outcome<Appliance>> =>
  set(words.networkSet, () => send("PUT", machinePath("network", force), settings, pin));

export const setTimeServers = (
  servers: readonly string[],
  pin: string,
): Promise<Outcome<Appliance>> =>
  set(words.timeSet, () => send("PUT", machinePath("time-servers"), { servers }, pin));

/** The answer is the appliance as it is now. */
async function set(said: string, ask: () => Promise<Appliance>): Promise<Outcome<Appliance>> {
  const outcome = await outcomeOf(ask);
  if (!outcome.ok) return outcome;
  appliance.value = outcome.value;
  tell("done", said);
  return outcome;
}

export const canWriteLogBundle = () => offered("POST", "/appliance/log-bundle");

/** Answers whether the stick may be pulled out. */
export async function writeLogBundle({ device }: Medium, pin: string): Promise<Outcome<Released>> {
  const outcome = await outcomeOf(() =>
    send<Released>("POST", machinePath("log-bundle"), { device }, pin),
  );
  if (outcome.ok) await readMedia();
  return outcome;
}
