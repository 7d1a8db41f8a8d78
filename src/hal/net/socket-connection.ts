// A node socket (TCP or TLS) as the upper layer sees it: ordered writes with backpressure, chunks,
// one close.

import type { Socket } from "node:net";
import type { Connection } from "../../core/connection.ts";

/** Silence after which the kernel asks whether the peer is still there (A10), ms. */
const KEEPALIVE_DELAY_MS = 30_000;

/** Chunks up to this size are joined before they are written: one packet instead of several. */
const JOIN_BYTES_MAX = 64 * 1024;

export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly peerCertificate: string | null;
  readonly #socket: Socket;
  readonly #closeListeners: ((cause: Error | null) => void)[] = [];
  /** Rejects of the writes under way: a destroyed socket does not always call them back. */
  readonly #pending = new Set<(cause: Error) => void>();
  readonly #silentClose: Error | null;
  #cause: Error | null = null;
  #closed = false;
  /** The peer sent something, or the close is ours. */
  #accounted = false;

  /**
   * Takes over a connected socket.
   * @param peerCertificate Subject of the peer's certificate, or null.
   * @param explain Turns a socket's error into one that says what to do.
   * @param silentClose Cause of a close of the peer before it sent anything, where that means more
   * than it says.
   */
  constructor(
    socket: Socket,
    peerCertificate: string | null,
    explain: (error: Error) => Error = (error) => error,
    silentClose: Error | null = null,
  ) {
    this.#socket = socket;
    this.#silentClose = silentClose;
    this.peerCertificate = peerCertificate;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? "");
    this.remotePort = socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_DELAY_MS);
    socket.on("error", (error) => {
      this.#cause ??= explain(error);
    });
    socket.on("close", () => this.#onClose());
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    const joined = joinSmall(chunks);
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#socket.destroyed) {
        reject(this.#cause ?? new Error("the connection is closed"));
        return;
      }
      const fail = (cause: Error) => {
        this.#pending.delete(fail);
        reject(cause);
      };
      this.#pending.add(fail);
      joined.forEach((chunk, i) => {
        this.#socket.write(chunk, (error) => {
          if (error) fail(error);
          else if (i === joined.length - 1) {
            this.#pending.delete(fail);
            resolve();
          }
        });
      });
    });
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    // a plain Uint8Array: Buffer's slice() shares memory where everyone expects a copy
    this.#socket.on("data", (chunk: Buffer) => {
      this.#accounted = true;
      listener(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    });
  }

  onClose(listener: (cause: Error | null) => void): void {
    if (this.#closed) queueMicrotask(() => listener(this.#cause));
    else this.#closeListeners.push(listener);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#accounted = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#accounted = true;
    this.#socket.destroy();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#accounted) this.#cause ??= this.#silentClose;
    const cause = this.#cause ?? new Error("the connection is closed");
    for (const fail of [...this.#pending]) fail(cause);
    for (const listener of this.#closeListeners) listener(this.#cause);
  }
}

function joinSmall(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (chunks.length < 2) return chunks;
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return bytes > JOIN_BYTES_MAX ? chunks : [Buffer.concat(chunks, bytes)];
}

/** An IPv4 peer on a dual-stack socket comes as ::ffff:a.b.c.d. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
