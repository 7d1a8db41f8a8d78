// The configuration as it travels on a stick: what stays at the device, how files are named, what a new one
// changes. Pure.

import type { Configuration, ConfigurationProblem } from "./configuration.ts";
import { isObject, type Members } from "./edits.ts";

export type KeyFileRole = "certificate" | "key" | "authority";

/** A file that the configuration names. */
export interface NamedKeyFile {
  /** Dotted path of the key that names it. */
  readonly key: string;
  readonly role: KeyFileRole;
  readonly file: string;
}

/**
 * A document from elsewhere as one of this device: of `http` it changes only what it names, and the PIN only
 * where it names a new one. A stick made with less would unlock the device, or let it write to any folder.
 */
export function atThisDevice(document: unknown, current: Configuration): unknown {
  if (!isObject(document)) return document;
  const { http = {} } = document;
  if (!isObject(http)) return document;
  const { pin, ...rest } = http;
  const kept = pin === null || pin === undefined || pin === "***" ? {} : { pin };
  return { ...document, http: { ...current.http, ...rest, ...kept } };
}

/** Every file named, with its place in the document. */
export function namedKeyFiles({ tls, remotes }: Configuration): NamedKeyFile[] {
  const named = (key: string, role: KeyFileRole, file: string | undefined): NamedKeyFile[] =>
    file === undefined ? [] : [{ key, role, file }];
  return [
    ...named("tls.certFile", "certificate", tls?.certFile),
    ...named("tls.keyFile", "key", tls?.keyFile),
    ...named("tls.caFile", "authority", tls?.caFile),
    ...remotes.flatMap(({ tls: own }, i) => [
      ...named(`remotes[${i}].tls.cert`, "certificate", own?.cert),
      ...named(`remotes[${i}].tls.key`, "key", own?.key),
      ...named(`remotes[${i}].tls.ca`, "authority", own?.ca),
    ]),
  ];
}

/** The same configuration with its files called otherwise. */
export function withFileNames(
  configuration: Configuration,
  nameOf: (file: string) => string,
): Configuration {
  const name = <K extends string>(key: K, file: string | undefined) =>
    file === undefined ? {} : { [key]: nameOf(file) };
  const { tls } = configuration;
  return {
    ...configuration,
    tls:
      tls === null
        ? null
        : {
            ...tls,
            certFile: nameOf(tls.certFile),
            keyFile: nameOf(tls.keyFile),
            ...name("caFile", tls.caFile),
          },
    remotes: configuration.remotes.map((remote) => {
      const own = remote.tls;
      if (own === undefined) return remote;
      const files = { ...name("cert", own.cert), ...name("key", own.key), ...name("ca", own.ca) };
      return { ...remote, tls: { ...own, ...files } };
    }),
  };
}

export interface SettingsChange {
  /** Dotted path; remotes and protocols by their id. */
  readonly key: string;
  /** As JSON, shortened; absent where there is none. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const SHOWN_MAX = 60;
const SECRET = "***";

/** What is other in `next`, key by key; secrets are not shown. */
export function changesBetween(before: Configuration, next: Configuration): SettingsChange[] {
  return changesBelow("", before, next);
}

function changesBelow(key: string, before: unknown, next: unknown): SettingsChange[] {
  if (JSON.stringify(before) === JSON.stringify(next)) return [];
  const [a, b] = [membersOf(before), membersOf(next)];
  if (a === null || b === null)
    return [{ key, from: shownAt(key, before), to: shownAt(key, next) }];
  const [ids, nextIds] = [Object.keys(a), Object.keys(b)];
  // The first remote with a service is the one that is asked: their order is a setting too.
  const isReordered =
    Array.isArray(next) &&
    ids.join() !== nextIds.join() &&
    ids.toSorted().join() === nextIds.toSorted().join();
  const order: SettingsChange[] = isReordered
    ? [{ key, from: shownAt(key, ids), to: shownAt(key, nextIds) }]
    : [];
  const below = [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    changesBelow(isObject(next) ? dotted(key, name) : `${key}[${name}]`, a[name], b[name]),
  );
  return [...order, ...below];
}

const dotted = (key: string, name: string) => (key === "" ? name : `${key}.${name}`);

/** Members of an object, and of a list whose entries have ids; null for everything else. */
function membersOf(value: unknown): Members | null {
  if (isObject(value)) return value;
  if (!Array.isArray(value) || value.length === 0) return Array.isArray(value) ? {} : null;
  const entries = value.map((entry) =>
    isObject(entry) && typeof entry["id"] === "string" ? ([entry["id"], entry] as const) : null,
  );
  const named = entries.filter((entry) => entry !== null);
  return named.length === entries.length ? Object.fromEntries(named) : null;
}

function shownAt(key: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (key === "http.pin") return value === null ? "null" : SECRET;
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

export const problemWords = (problems: readonly ConfigurationProblem[]): string =>
  problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
