// The configuration in force. A change is checked, applied to the parts that hold something of it (the
// listener's port), written, and only then in force; where one of these fails, nothing has changed.

import {
  type Configuration,
  type ConfigurationProblem,
  parseConfiguration,
} from "../config/configuration.ts";
import { Listeners } from "../core/listeners.ts";

/** A part that must move before a configuration can be in force. @throws Error saying why it cannot */
export type Applier = (next: Configuration, before: Configuration) => Promise<void>;

export type ConfigurationOutcome =
  | { readonly kind: "applied"; readonly configuration: Configuration }
  | { readonly kind: "invalid"; readonly problems: readonly ConfigurationProblem[] }
  | { readonly kind: "failed"; readonly reason: string };

/** The document that is to be, or why there is none. */
export type Edit<R> =
  | { readonly kind: "document"; readonly document: unknown }
  | { readonly kind: "refused"; readonly refusal: R };

export type EditOutcome<R> = ConfigurationOutcome | Extract<Edit<R>, { kind: "refused" }>;

export type FirstPinOutcome = ConfigurationOutcome | { readonly kind: "has-pin" };

/** What a PIN reads as; sent back, it keeps the PIN. */
const PIN_MASK = "***";

export class ConfigurationHolder {
  readonly changes = new Listeners<Configuration>();
  readonly #write: (document: unknown) => Promise<void>;
  readonly #appliers: Applier[] = [];
  #current: Configuration;
  #last: Promise<unknown> = Promise.resolve();

  /** `write` keeps a document durably. */
  constructor(current: Configuration, write: (document: unknown) => Promise<void>) {
    this.#current = current;
    this.#write = write;
  }

  current(): Configuration {
    return this.#current;
  }

  addApplier(applier: Applier): void {
    this.#appliers.push(applier);
  }

  /** Replaces the whole document; changes are made one after the other. */
  replace(document: unknown): Promise<ConfigurationOutcome> {
    return this.#inTurn(() => this.#replace(document));
  }

  /** Changes a part: `make` sees the configuration that is in force when its turn has come. */
  update(make: (current: Configuration) => unknown): Promise<ConfigurationOutcome> {
    return this.#inTurn(() => this.#replace(make(this.#current)));
  }

  /** The same for a change that may turn out to be none. */
  change<R>(edit: (current: Configuration) => Edit<R>): Promise<EditOutcome<R>> {
    return this.#inTurn(async () => {
      const edited = edit(this.#current);
      return edited.kind === "refused" ? edited : this.#replace(edited.document);
    });
  }

  /** AE title and port, which belong to the user. */
  setLocal(settings: {
    readonly aeTitle: string;
    readonly port: number;
  }): Promise<ConfigurationOutcome> {
    return this.update((current) => ({ ...current, local: { ...current.local, ...settings } }));
  }

  /** Sets the service PIN where there is none; of several at once the first does. */
  setFirstPin(pin: string): Promise<FirstPinOutcome> {
    return this.#inTurn(async () => {
      const { http } = this.#current;
      if (http.pin !== null) return { kind: "has-pin" };
      return this.#replace({ ...this.#current, http: { ...http, pin } });
    });
  }

  /** What is changed is what those before left. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(change);
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #replace(document: unknown): Promise<ConfigurationOutcome> {
    const before = this.#current;
    const parsed = parseConfiguration(withPin(document, before.http.pin));
    if (!parsed.ok) return { kind: "invalid", problems: parsed.problems };
    const next = parsed.configuration;
    const applied: Applier[] = [];
    try {
      for (const applier of this.#appliers) {
        await applier(next, before);
        applied.push(applier);
      }
      await this.#write(next);
    } catch (error) {
      for (const applier of applied.reverse()) await applier(before, next).catch(() => {});
      return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
    }
    this.#current = next;
    this.changes.emit(next);
    return { kind: "applied", configuration: next };
  }
}

/** An edit that is to be made. */
export const document = (whole: unknown): Edit<never> => ({ kind: "document", document: whole });

function withPin(document: unknown, pin: string | null): unknown {
  if (typeof document !== "object" || document === null || !("http" in document)) return document;
  const { http } = document;
  if (typeof http !== "object" || http === null || !("pin" in http) || http.pin !== PIN_MASK)
    return document;
  return { ...document, http: { ...http, pin } };
}
