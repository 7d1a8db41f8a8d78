// Host names → addresses. Names are only ever resolved forwards (A1); when the name server is slow
// or away, the address that worked last is used.

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../../core/clock.ts";

/** The name server gets this long while an older answer is at hand. */
const LOOKUP_PATIENCE_MS = 2_000;

/** Names remembered. */
const NAMES_MAX = 256;

export type Lookup = (host: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

export class Resolver {
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  readonly #good = new Map<string, readonly string[]>();

  constructor(clock: Clock, lookup: Lookup = systemLookup) {
    this.#clock = clock;
    this.#lookup = lookup;
  }

  /** Addresses to try in order; empty when the name is unknown. A literal is its own answer. */
  async resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [canonicalAddress(host)];
    const known = this.#good.get(host);
    const asked = this.#lookup(host).then(
      (addresses) => {
        if (addresses.length === 0) return known ?? [];
        const ordered = preferring(known?.[0], addresses);
        this.#remember(host, ordered);
        return ordered;
      },
      () => known ?? [],
    );
    if (known === undefined) return asked;
    const { promise: impatient, resolve } = Promise.withResolvers<readonly string[]>();
    const timer = this.#clock.after(LOOKUP_PATIENCE_MS, () => resolve(known));
    const addresses = await Promise.race([asked, impatient]);
    timer.cancel();
    return addresses;
  }

  /** The address that connected goes first the next time. */
  worked(host: string, address: string): void {
    const known = this.#good.get(host);
    if (known !== undefined) this.#remember(host, preferring(address, known));
  }

  #remember(host: string, addresses: readonly string[]): void {
    this.#good.delete(host);
    this.#good.set(host, addresses);
    const [oldest] = this.#good.keys();
    if (this.#good.size > NAMES_MAX && oldest !== undefined) this.#good.delete(oldest);
  }
}

/** One way to write an address, the kernel's: short, lower case. */
function canonicalAddress(literal: string): string {
  return isIP(literal) === 6 ? new URL(`http://[${literal}]`).hostname.slice(1, -1) : literal;
}

/** The preferred address first, where it is one of them. */
function preferring(
  preferred: string | undefined,
  addresses: readonly string[],
): readonly string[] {
  if (preferred === undefined || !addresses.includes(preferred)) return addresses;
  return [preferred, ...addresses.filter((address) => address !== preferred)];
}
