// The accepted connections, bounded: one that carries no association (yet, or any more) gives way
// to a newer one, so that peers which connect and say nothing never keep a good one out (A4).

import type { Connection } from "../../core/connection.ts";

/** Connections without an association, from everywhere. */
export const WAITING_CONNECTIONS_MAX = 128;

/** The same, from one address. */
export const WAITING_PER_ADDRESS_MAX = 64;

export class ConnectionTable {
  /** Oldest first. */
  readonly #waiting = new Set<Connection>();
  readonly #associated = new Set<Connection>();

  get waiting(): number {
    return this.#waiting.size;
  }

  get associated(): number {
    return this.#associated.size;
  }

  /** Takes a new connection in; answers how many others had to go. */
  add(connection: Connection): number {
    const { remoteAddress } = connection;
    connection.onClose(() => this.#remove(connection));
    const sameAddress = [...this.#waiting].filter((c) => c.remoteAddress === remoteAddress);
    const surplus =
      sameAddress.length >= WAITING_PER_ADDRESS_MAX
        ? sameAddress.slice(0, 1)
        : this.#waiting.size >= WAITING_CONNECTIONS_MAX
          ? [...this.#waiting].slice(0, 1)
          : [];
    for (const old of surplus) {
      this.#remove(old);
      old.destroy();
    }
    this.#waiting.add(connection);
    return surplus.length;
  }

  /** The connection carries an association from now on; quotas bound those. */
  associate(connection: Connection): void {
    if (this.#waiting.delete(connection)) this.#associated.add(connection);
  }

  /** Its association is over; it only waits for the peer to close. */
  dissociate(connection: Connection): void {
    if (this.#associated.delete(connection)) this.#waiting.add(connection);
  }

  destroyAll(): void {
    for (const connection of [...this.#waiting, ...this.#associated]) connection.destroy();
  }

  #remove(connection: Connection): void {
    this.#waiting.delete(connection);
    this.#associated.delete(connection);
  }
}
