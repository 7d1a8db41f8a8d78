// Time as an argument. Everything that waits, stamps or expires asks a Clock, so the whole device
// can run in a simulation faster than the wall clock. Only this folder and hal touch the real one.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock milliseconds since 1970 UTC; may jump when the clock is set. */
  nowMs(): number;
  /** Milliseconds that never go backwards, for measuring and time-outs; fractional. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs`. */
  after(delayMs: number, fire: () => void): Timer;
}

/** Resolves after `delayMs`, or at once when `signal` aborts (the caller looks at the signal). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", wake);
      resolve();
    });
    const wake = () => {
      timer.cancel();
      resolve();
    };
    signal?.addEventListener("abort", wake, { once: true });
  });
}

/** Local calendar date and time of an instant in the given IANA zone, as DICOM DA and TM. */
export function dicomDateTime(epochMs: number, timeZone: string): { date: string; time: string } {
  const parts: Record<string, string> = {};
  for (const { type, value } of zoneFormat(timeZone).formatToParts(epochMs)) parts[type] = value;
  const { year, month, day, hour, minute, second } = parts;
  return { date: `${year}${month}${day}`, time: `${hour}${minute}${second}` };
}

/** The same for the name of a file or folder: "2026-01-05T08-00-00". */
export function fileStamp(epochMs: number, timeZone: string): string {
  const { date, time } = dicomDateTime(epochMs, timeZone);
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return `${day}T${time.slice(0, 2)}-${time.slice(2, 4)}-${time.slice(4, 6)}`;
}

/** Offset of the zone from UTC at an instant, as in Timezone Offset From UTC: "+0900". */
export function utcOffset(epochMs: number, timeZone: string): string {
  const { date, time } = dicomDateTime(epochMs, timeZone);
  const local = Date.UTC(
    Number(date.slice(0, 4)),
    Number(date.slice(4, 6)) - 1,
    Number(date.slice(6, 8)),
    Number(time.slice(0, 2)),
    Number(time.slice(2, 4)),
    Number(time.slice(4, 6)),
  );
  const minutes = Math.round((local - Math.floor(epochMs / 1000) * 1000) / 60_000);
  const sign = minutes < 0 ? "-" : "+";
  const abs = Math.abs(minutes);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${sign}${two(Math.floor(abs / 60))}${two(abs % 60)}`;
}

const zoneFormats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  let format = zoneFormats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    zoneFormats.set(timeZone, format);
  }
  return format;
}

/** The machine's clock. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, fire: () => void): Timer {
    const handle = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(handle) };
  }
}

/** A clock that stands still until told to move; timers fire in order of their due time. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #sequence = 0;
  #timers: { dueMs: number; sequence: number; fire: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 5, 8, 0, 0)) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  /** Whole milliseconds, as the machine's clock tells them. */
  nowMs(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  /** Due time of the next timer, or null when none is set. */
  nextDueMs(): number | null {
    return this.#timers.reduce<number | null>(
      (least, t) => (least === null || t.dueMs < least ? t.dueMs : least),
      null,
    );
  }

  /** Moves time forward, firing every timer that falls due, and lets promises settle in between. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      await settle();
      let next = -1;
      this.#timers.forEach((t, i) => {
        const best = this.#timers[next];
        if (t.dueMs > untilMs) return;
        if (!best || t.dueMs < best.dueMs || (t.dueMs === best.dueMs && t.sequence < best.sequence))
          next = i;
      });
      const [timer] = next < 0 ? [] : this.#timers.splice(next, 1);
      if (timer === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fire();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Lets every promise that is ready run, twice round the event loop. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => setImmediate(resolve));
}
