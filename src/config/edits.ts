// Changes of a part of the configuration, as whole new documents: what is not named stays as it is.

import type { Configuration, ConfigurationProblem, Remote } from "./configuration.ts";

/** An object of a JSON document. */
export type Members = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7396: members of the patch take the place of the document's, null takes them away, lists are replaced. */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(document) ? document : {}));
  for (const [key, value] of Object.entries(patch))
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  return Object.fromEntries(merged);
}

/** A document with this remote behind the others. */
export function withNewRemote(configuration: Configuration, remote: Members): Members {
  return { ...configuration, remotes: [...configuration.remotes, remote] };
}

/** Keys given take the place of the remote's, null takes them away. */
export function withChangedRemote(
  configuration: Configuration,
  id: string,
  change: Members,
): Members {
  const remotes = configuration.remotes.map((remote) => {
    if (remote.id !== id) return remote;
    const changed = Object.entries({ ...remote, ...change }).filter(([, value]) => value !== null);
    return Object.fromEntries(changed);
  });
  return withPrintersOf({ ...configuration, remotes }, remotes);
}

export function withoutRemote(configuration: Configuration, id: string): Members {
  const remotes = configuration.remotes.filter((remote) => remote.id !== id);
  return withPrintersOf({ ...configuration, remotes }, remotes);
}

/** Film sizes and the like of a remote that prints no more would make the configuration invalid. */
function withPrintersOf(document: Configuration | Members, remotes: readonly Members[]): Members {
  const prints = (id: string) =>
    remotes.some(
      ({ id: own, services }) =>
        own === id && Array.isArray(services) && services.includes("print"),
    );
  const printers = isObject(document["printers"]) ? document["printers"] : {};
  const kept = Object.entries(printers).filter(([id]) => prints(id));
  return { ...document, printers: Object.fromEntries(kept) };
}

/** Problems of the remote at this place, with its fields' own names. */
export function problemsOfRemote(
  problems: readonly ConfigurationProblem[],
  index: number,
): ConfigurationProblem[] {
  const prefix = `remotes[${index}].`;
  return problems.map(({ path, message }) => ({
    path: path.startsWith(prefix) ? path.slice(prefix.length) : path,
    message,
  }));
}

export const remoteOf = ({ remotes }: Configuration, id: string): Remote | undefined =>
  remotes.find((remote) => remote.id === id);
