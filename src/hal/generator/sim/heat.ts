// Heat in anode and housing: what exposures bring, and what cooling takes away as time passes.

import {
  ANODE_COOLING_S,
  ANODE_HEAT_UNITS_MAX,
  HEAT_LIMIT_SHARE,
  HEAT_UNITS_PER_JOULE,
  HOUSING_COOLING_S,
  HOUSING_HEAT_UNITS_MAX,
} from "./tube-limits.ts";

/** Heat units of a load; kV × mAs is its energy in joule. */
export function heatUnits(kv: number, mas: number): number {
  return kv * mas * HEAT_UNITS_PER_JOULE;
}

export class TubeHeat {
  #anode = 0;
  #housing = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Cools until `nowMs` (monotonic), then adds a load. What leaves the anode goes to the housing. */
  add(units: number, nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#atMs = nowMs;
    const left = this.#anode * Math.exp(-seconds / ANODE_COOLING_S);
    this.#housing = (this.#housing + this.#anode - left) * Math.exp(-seconds / HOUSING_COOLING_S);
    this.#anode = left + units;
  }

  percent(nowMs: number): { readonly anodePercent: number; readonly housingPercent: number } {
    this.add(0, nowMs);
    return {
      anodePercent: (100 * this.#anode) / ANODE_HEAT_UNITS_MAX,
      housingPercent: (100 * this.#housing) / HOUSING_HEAT_UNITS_MAX,
    };
  }

  /** Heat units that may still be brought in. */
  room(nowMs: number): number {
    this.add(0, nowMs);
    return Math.max(0, ANODE_HEAT_UNITS_MAX * HEAT_LIMIT_SHARE - this.#anode);
  }

  /** Seconds of rest until a load fits; Infinity when it never does. */
  waitSeconds(units: number, nowMs: number): number {
    const allowed = ANODE_HEAT_UNITS_MAX * HEAT_LIMIT_SHARE - units;
    if (allowed <= 0) return Number.POSITIVE_INFINITY;
    this.add(0, nowMs);
    return this.#anode <= allowed ? 0 : ANODE_COOLING_S * Math.log(this.#anode / allowed);
  }
}
