// Hand switch, pedals and door contact of the simulation: tests and the local API press them.

import { Listeners } from "../../../core/listeners.ts";
import type { ExposureSwitch, SwitchState } from "../generator.ts";

export interface SimulatedSwitch extends ExposureSwitch {
  /** Presses and releases: changes the values given. */
  set(change: Partial<SwitchState>): void;
  now(): SwitchState;
}

export function simulatedSwitch(): SimulatedSwitch {
  const listeners = new Listeners<SwitchState>();
  let state: SwitchState = {
    prep: false,
    expose: false,
    fluoroPedal: false,
    recordPedal: false,
    doorClosed: true,
  };
  return {
    onChange: (listener) => listeners.add(listener),
    now: () => state,
    set(change) {
      state = { ...state, ...change };
      listeners.emit(state);
    },
  };
}
