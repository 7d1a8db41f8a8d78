// What is known of each remote: whether it answered when it was last asked. The state comes from the
// service really used, not from pings (quirk W15); a C-ECHO received counts as well.

import type { Clock } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";

export interface RemoteState {
  readonly remoteId: string;
  readonly reachable: boolean;
  readonly checkedMs: number;
  /** Why it is not reachable, in words. */
  readonly reason?: string | undefined;
}

export class RemoteStates {
  readonly changes = new Listeners<RemoteState>();
  readonly #clock: Clock;
  readonly #states = new Map<string, RemoteState>();
  readonly #busy = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(remoteId: string): RemoteState | undefined {
    return this.#states.get(remoteId);
  }

  alive(remoteId: string): void {
    this.#set({ remoteId, reachable: true, checkedMs: this.#clock.nowMs() });
  }

  failed(remoteId: string, reason: string): void {
    this.#set({ remoteId, reachable: false, checkedMs: this.#clock.nowMs(), reason });
  }

  /** A job is using the remote (S16: no life check meanwhile). Call the answer when it is done. */
  occupy(remoteId: string): () => void {
    this.#busy.set(remoteId, (this.#busy.get(remoteId) ?? 0) + 1);
    let occupied = true;
    return () => {
      if (!occupied) return;
      occupied = false;
      this.#busy.set(remoteId, (this.#busy.get(remoteId) ?? 1) - 1);
    };
  }

  busy(remoteId: string): boolean {
    return (this.#busy.get(remoteId) ?? 0) > 0;
  }

  #set(state: RemoteState): void {
    this.#states.set(state.remoteId, state);
    this.changes.emit(state);
  }
}
