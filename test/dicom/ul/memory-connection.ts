// Two ends of a connection in memory, for the upper layer's shell: bytes cross in the next
// microtask, writes can be held up, either end can vanish.

import type { Connection } from "../../../src/core/connection.ts";

export class MemoryConnection implements Connection {
  readonly remoteAddress = "192.0.2.7";
  readonly remotePort = 11112;
  readonly peerCertificate = null;
  /** Everything written, in order. */
  readonly written: Uint8Array[] = [];
  paused = false;
  destroyed = false;
  ended = false;
  /** While true, writes do not resolve (a peer that does not read). */
  blocked = false;
  onWritten: ((bytes: Uint8Array) => void) | null = null;
  readonly #held: (() => void)[] = [];
  readonly #failing: ((cause: Error) => void)[] = [];
  readonly #queue: Uint8Array[] = [];
  #onData: ((chunk: Uint8Array) => void) | null = null;
  readonly #onClose: ((cause: Error | null) => void)[] = [];
  #closed = false;

  write(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("closed"));
    for (const chunk of chunks) {
      const copy = chunk.slice();
      this.written.push(copy);
      this.onWritten?.(copy);
    }
    if (!this.blocked) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#held.push(resolve);
      this.#failing.push(reject);
    });
  }

  unblock(): void {
    this.blocked = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener;
    this.#flush();
  }

  onClose(listener: (cause: Error | null) => void): void {
    this.#onClose.push(listener);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#flush();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.close(null);
  }

  /** Bytes from the peer. */
  receive(...chunks: readonly Uint8Array[]): void {
    this.#queue.push(...chunks);
    this.#flush();
  }

  /** The connection is over. */
  close(cause: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reject of this.#failing.splice(0)) reject(cause ?? new Error("closed"));
    queueMicrotask(() => {
      for (const listener of this.#onClose) listener(cause);
    });
  }

  /** All bytes written so far, one after the other. */
  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.written));
  }

  #flush(): void {
    while (!this.paused && this.#onData !== null) {
      const chunk = this.#queue.shift();
      if (chunk === undefined) return;
      this.#onData(chunk);
    }
  }
}
