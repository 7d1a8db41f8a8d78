// UIDs of what the device creates (PS3.5 §9), by one scheme:
//   root.1.1.number.yyyymmddhhmmss.counter
// `number` tells devices of one root apart; the counter (six digits) is durable, so a restart or a
// clock that was set back gives no UID twice.

import { type Clock, dicomDateTime } from "../../core/clock.ts";
import { isValidUid, UID_LENGTH_MAX } from "../dict/uids.ts";

/** The counter's six digits, none of them a leading zero (PS3.5 §9.1). */
const COUNTER_FIRST = 100_000;
export const COUNTER_SPAN = 900_000;

/** Series number of a study's first dose report; an appended step ends with the next. */
export const FIRST_REPORT_SERIES = 9001;

/**
 * Gives each number once: 0, 1, 2 … over the life of the device. Kept by the store; a worker takes
 * a block of it ({@link blockCounter}). Two UIDs could be the same only when the clock is set back
 * to the very second after {@link COUNTER_SPAN} UIDs.
 */
export interface UidCounter {
  next(): number;
}

export interface UidScheme {
  readonly root: string;
  /** Digits that tell this device from others of the same root. */
  readonly uidNumber: string;
  /** IANA zone of the date and time within the UID. */
  readonly timeZone: string;
}

/** A root or number that leaves no room, or is no UID. */
export class UidError extends Error {
  override readonly name = "UidError";
}

export class UidGenerator {
  readonly #prefix: string;
  readonly #timeZone: string;
  readonly #clock: Clock;
  readonly #counter: UidCounter;

  /** @throws UidError when UIDs of this scheme would not be valid or longer than 64 characters. */
  constructor(scheme: UidScheme, clock: Clock, counter: UidCounter) {
    this.#prefix = `${scheme.root}.1.1.${scheme.uidNumber}.`;
    this.#timeZone = scheme.timeZone;
    this.#clock = clock;
    this.#counter = counter;
    const longest = `${this.#prefix}20000101000000.${COUNTER_FIRST}`;
    if (!isValidUid(longest))
      throw new UidError(
        `"${scheme.root}" with number "${scheme.uidNumber}" makes UIDs of ${longest.length} ` +
          `characters such as ${longest}; use digits and dots without leading zeros, and a root ` +
          `that keeps them within ${UID_LENGTH_MAX}`,
      );
  }

  /** A new UID: study, instance, irradiation event, performed step, transaction. */
  next(): string {
    const { date, time } = dicomDateTime(this.#clock.nowMs(), this.#timeZone);
    const count = COUNTER_FIRST + (this.#counter.next() % COUNTER_SPAN);
    return `${this.#prefix}${date}${time}.${count}`;
  }

  /**
   * The UID of a series. Below a study UID of our own it is that UID with the series number; below
   * a scheduler's study, which is not ours to extend, and where no room is left, a UID of its own.
   */
  series(studyInstanceUid: string, seriesNumber: number): string {
    const extended = `${studyInstanceUid}.${seriesNumber}`;
    if (this.isOwn(studyInstanceUid) && isValidUid(extended)) return extended;
    const base = this.next();
    const numbered = `${base}.${seriesNumber}`;
    return isValidUid(numbered) ? numbered : base;
  }

  /** Whether this scheme gave the UID, and nothing was appended to it. */
  isOwn(uid: string): boolean {
    return uid.startsWith(this.#prefix) && OWN_TAIL.test(uid.slice(this.#prefix.length));
  }
}

const OWN_TAIL = /^\d{14}\.[1-9]\d{5}$/;

/**
 * A counter for one worker: `reserve` durably takes `size` numbers and answers the first of them.
 * What a worker does not use up is lost, not given twice.
 */
export function blockCounter(reserve: (size: number) => number, size: number): UidCounter {
  let next = 0;
  let end = 0;
  return {
    next() {
      if (next === end) {
        next = reserve(size);
        end = next + size;
      }
      return next++;
    },
  };
}

/** Series number of the dose report of a study's n-th step (from 1): 9001, 9002, … */
export const reportSeriesNumber = (stepNumber: number) => FIRST_REPORT_SERIES + stepNumber - 1;
