// The last N events, kept in a ring so that a reader who was away can go on where he stopped.
// Readers hold a position, never a queue: a slow one costs nothing and at worst must start over.

import { assert } from "../core/assert.ts";
import { Listeners, type Unsubscribe } from "../core/listeners.ts";
import type { DeviceEvent } from "./contract.ts";

/** Events kept for readers that come back. */
export const EVENTS_KEPT = 1024;
/** Their JSON together, in characters: a worklist that is polled may be long. */
export const EVENT_CHARACTERS_KEPT = 8 * 1024 * 1024;

export interface KeptEvent {
  /** Counts from 1 since the process started. */
  readonly number: number;
  readonly type: DeviceEvent["type"];
  /** JSON, one line. */
  readonly json: string;
}

export class EventLog {
  /** Tells ids of this run of the process from those of an earlier one. */
  readonly run: string;
  readonly #kept: KeptEvent[] = [];
  readonly #limit: number;
  readonly #news = new Listeners<void>();
  #last = 0;
  #characters = 0;

  constructor(run: string, limit = EVENTS_KEPT) {
    assert(/^[0-9a-z]+$/.test(run), "the run's mark goes into event ids");
    assert(limit >= 1, "an event log keeps at least one event");
    this.run = run;
    this.#limit = limit;
  }

  publish(event: DeviceEvent): void {
    this.#last += 1;
    const json = JSON.stringify(event.data);
    this.#kept.push({ number: this.#last, type: event.type, json });
    this.#characters += json.length;
    while (this.#tooMuch()) this.#characters -= this.#kept.shift()?.json.length ?? 0;
    this.#news.emit();
  }

  /** The newest event stays, however long it is. */
  #tooMuch(): boolean {
    if (this.#kept.length <= 1) return false;
    return this.#kept.length > this.#limit || this.#characters > EVENT_CHARACTERS_KEPT;
  }

  /** Number of the newest event; 0 before the first. */
  last(): number {
    return this.#last;
  }

  idOf(number: number): string {
    return `${this.run}-${number}`;
  }

  /** Where to go on after `id`; null when it is of another run, or nothing an event log gave out. */
  positionOf(id: string): number | null {
    const [run, digits = ""] = id.split("-", 2);
    if (run !== this.run || !/^\d{1,15}$/.test(digits)) return null;
    const number = Number(digits);
    return number <= this.#last ? number : null;
  }

  /** Events after `position`, oldest first; null when some of them are no longer kept. */
  after(position: number): readonly KeptEvent[] | null {
    const missed = this.#last - position;
    if (missed <= 0) return [];
    return missed > this.#kept.length ? null : this.#kept.slice(this.#kept.length - missed);
  }

  onNews(listener: () => void): Unsubscribe {
    return this.#news.add(listener);
  }
}
