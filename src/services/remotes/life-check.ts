// The life check (negotiation only) of the Verification SCU: every few minutes an association is opened with each image
// and worklist server and released again, no C-ECHO (E44, E45). Never while a job uses that remote.

import type { Configuration, Remote } from "../../config/configuration.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { RemoteStates } from "./remote-states.ts";

/** `signal`: nobody wants to know any more. */
export type Probe = (
  remote: Remote,
  signal: AbortSignal,
) => Promise<{ readonly alive: true } | { readonly alive: false; readonly reason: string }>;

const CHECKED_SERVICES: readonly string[] = ["storage", "worklist", "query-retrieve"];

export class LifeCheck {
  readonly #clock: Clock;
  readonly #states: RemoteStates;
  readonly #configuration: () => Configuration;
  readonly #probe: Probe;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  readonly #stop = new AbortController();

  constructor(
    clock: Clock,
    states: RemoteStates,
    configuration: () => Configuration,
    probe: Probe,
  ) {
    this.#clock = clock;
    this.#states = states;
    this.#configuration = configuration;
    this.#probe = probe;
  }

  /** Checks now and then every `verification.negotiationCycle` minutes. */
  start(): void {
    this.#running = this.#round().finally(() => {
      this.#running = null;
      if (this.#stop.signal.aborted) return;
      const cycleMs = this.#configuration().verification.negotiationCycle * 60_000;
      this.#timer = this.#clock.after(cycleMs, () => this.start());
    });
  }

  /** Ends the cycle and the check in hand. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  async #round(): Promise<void> {
    for (const remote of this.#configuration().remotes) {
      if (this.#stop.signal.aborted) return;
      const asked = remote.lifeCheck && remote.services.some((s) => CHECKED_SERVICES.includes(s));
      if (!asked || this.#states.busy(remote.id)) continue;
      const result = await this.#probe(remote, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      if (result.alive) this.#states.alive(remote.id);
      else this.#states.failed(remote.id, result.reason);
    }
  }
}
