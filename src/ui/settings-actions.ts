// What service sets at the screen: remotes, and single keys of the configuration.

import type {
  AppliedSettings,
  Configuration,
  LocalSettings,
  Medium,
  Released,
  RemoteView,
  SettingsPreview,
} from "../api/contract.ts";
import { apiPath, forced, type Outcome, outcomeOf, read, send } from "./client.ts";
import { attempt, configuration, offered, readMedia, tell } from "./state.ts";
import { strings } from "./strings.ts";

export const canChangeRemotes = () => offered("PATCH", "/remotes/{id}");
export const canChangeSettings = () => offered("PATCH", "/config");

/** The page learns of a change by the configuration's event; who waits for it reads at once. */
async function changed<T>(outcome: Outcome<T>, text: string): Promise<Outcome<T>> {
  if (!outcome.ok) return outcome;
  const fresh = await attempt(() => read<Configuration>(apiPath("config")));
  if (fresh !== null) configuration.value = fresh;
  tell("done", text);
  return outcome;
}

export async function addRemote(
  remote: { readonly id: string },
  pin: string,
): Promise<Outcome<RemoteView>> {
  const outcome = await outcomeOf(() => send<RemoteView>("POST", apiPath("remotes"), remote, pin));
  return changed(outcome, strings.remotes.done(remote.id));
}

/** `change`: the keys that are to be other than they are. */
export async function changeRemote(
  id: string,
  change: object,
  pin: string,
  force: boolean,
): Promise<Outcome<RemoteView>> {
  const path = forced(apiPath("remotes", id), force);
  const outcome = await outcomeOf(() => send<RemoteView>("PATCH", path, change, pin));
  return changed(outcome, strings.remotes.done(id));
}

export async function removeRemote(
  id: string,
  pin: string,
  force: boolean,
): Promise<Outcome<null>> {
  const path = forced(apiPath("remotes", id), force);
  const outcome = await outcomeOf(() => send<null>("DELETE", path, undefined, pin));
  return changed(outcome, strings.remotes.removed(id));
}

export const readLocal = (): Promise<LocalSettings | null> =>
  attempt(() => read<LocalSettings>(apiPath("settings", "local")));

export async function setLocal(settings: LocalSettings): Promise<Outcome<LocalSettings>> {
  const path = apiPath("settings", "local");
  const outcome = await outcomeOf(() => send<LocalSettings>("PUT", path, settings));
  return changed(outcome, strings.settings.done);
}

/** A JSON Merge Patch. */
export async function patchSettings(patch: object, pin: string): Promise<Outcome<Configuration>> {
  const outcome = await outcomeOf(() =>
    send<Configuration>("PATCH", apiPath("config"), patch, pin),
  );
  return changed(outcome, strings.settings.done);
}

export const canUseStick = () => offered("POST", "/settings/stick/preview");

/** What the settings on a stick would change. */
export function previewStickSettings(
  { device }: Medium,
  pin: string,
): Promise<Outcome<SettingsPreview>> {
  const path = apiPath("settings", "stick", "preview");
  return outcomeOf(() => send<SettingsPreview>("POST", path, { device }, pin));
}

/** `ticket`: of what was shown. */
export async function applyStickSettings(
  { device }: Medium,
  ticket: string,
  pin: string,
): Promise<Outcome<AppliedSettings>> {
  const path = apiPath("settings", "stick", "apply");
  const outcome = await outcomeOf(() =>
    send<AppliedSettings>("POST", path, { device, ticket }, pin),
  );
  return changed(outcome, strings.settings.done);
}

export async function writeStickSettings(
  { device }: Medium,
  pin: string,
): Promise<Outcome<Released>> {
  const path = apiPath("settings", "stick", "export");
  const outcome = await outcomeOf(() => send<Released>("POST", path, { device }, pin));
  if (outcome.ok) {
    tell("done", outcome.value.text);
    await readMedia();
  }
  return outcome;
}
