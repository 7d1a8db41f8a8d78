// Service functions ask for a PIN (Authorization: Bearer). Compared in constant time; after a few
// wrong ones every further attempt must wait, longer each time, whoever makes it.

import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { ProblemError, problem } from "./problem.ts";

/** Wrong PINs in a row that cost nothing. */
export const FREE_ATTEMPTS = 3;
/** Wait after the first one that costs; doubles with each. */
export const FIRST_PENALTY_MS = 2_000;
export const PENALTY_MS_MAX = 5 * 60_000;

export class ServicePin {
  readonly #clock: Clock;
  readonly #pin: () => string | null;
  readonly #howToSet: string;
  #wrong = 0;
  #lockedUntilMs = 0;

  /** `howToSet`: what to do while there is none, after "Service functions are locked until a PIN is set: ". */
  constructor(clock: Clock, pin: () => string | null, howToSet: string) {
    this.#clock = clock;
    this.#pin = pin;
    this.#howToSet = howToSet;
  }

  /** Lets pass who knows the PIN. @throws ProblemError 401, 403 or 429. */
  require(authorization: string | undefined): void {
    const pin = this.#pin();
    if (pin === null)
      throw problem(
        "pin-not-set",
        `Service functions are locked until a PIN is set: ${this.#howToSet}.`,
      );
    const given = /^Bearer +(\S.*)$/i.exec(authorization ?? "")?.[1];
    if (given === undefined)
      throw unauthorized(
        "pin-required",
        "This is a service function. Send the service PIN as Authorization: Bearer <PIN>.",
      );
    const waitMs = this.#lockedUntilMs - this.#clock.monotonicMs();
    if (waitMs > 0) throw tooMany(waitMs);
    if (sameText(given, pin)) {
      this.#wrong = 0;
      return;
    }
    this.#wrong += 1;
    const costly = this.#wrong - FREE_ATTEMPTS;
    if (costly >= 0) {
      const penaltyMs = Math.min(PENALTY_MS_MAX, FIRST_PENALTY_MS * 2 ** costly);
      this.#lockedUntilMs = this.#clock.monotonicMs() + penaltyMs;
    }
    throw unauthorized("pin-wrong", "The service PIN is not right. Check it and try again.");
  }
}

/** Equal length for the comparison whatever the texts are: their digests are compared. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(a), digest(b));
}

function unauthorized(code: "pin-required" | "pin-wrong", detail: string): ProblemError {
  return new ProblemError(
    { code, detail },
    {
      "www-authenticate": `Bearer realm="service"${code === "pin-wrong" ? ', error="invalid_token"' : ""}`,
    },
  );
}

function tooMany(waitMs: number): ProblemError {
  const seconds = Math.ceil(waitMs / 1000);
  return new ProblemError(
    { code: "too-many-attempts", detail: `Wait ${seconds} s before the next attempt.` },
    { "retry-after": String(seconds) },
  );
}
