// The dose meter of the simulation: adds up what the generator's exposures gave.

import { gy, gyM2 } from "../../../model/units.ts";
import type { DapMeter } from "../generator.ts";
import type { Dose } from "./dose.ts";

export interface SimulatedDapMeter extends DapMeter {
  add(dose: Dose): void;
  /** From now on the meter reads "fault", or is well again. */
  setFault(fault: boolean): void;
}

export function simulatedDapMeter(): SimulatedDapMeter {
  let dap = 0;
  let doseRp = 0;
  let fault = false;
  return {
    async read() {
      return { dap: gyM2(dap), doseRp: gy(doseRp), status: fault ? "fault" : "ok" };
    },
    async reset() {
      dap = 0;
      doseRp = 0;
    },
    add(dose) {
      dap += dose.dap;
      doseRp += dose.doseRp;
    },
    setFault(value) {
      fault = value;
    },
  };
}
