// The panel's states as a table: every state against every event.

import { describe, expect, test } from "bun:test";
import type { DetectorState } from "../../../src/hal/detector/detector.ts";
import { nextPanelState, type PanelEvent } from "../../../src/hal/detector/panel-state.ts";

const STATES: readonly DetectorState[] = [
  "disconnected",
  "initializing",
  "idle",
  "preparing",
  "armed",
  "integrating",
  "readout",
  "streaming",
  "fault",
];

const EVENTS = {
  open: { type: "open" },
  opened: { type: "opened" },
  arm: { type: "arm" },
  prepared: { type: "prepared" },
  single: { type: "trigger", run: false },
  run: { type: "trigger", run: true },
  integrated: { type: "integrated" },
  frame: { type: "frame", last: false },
  last: { type: "frame", last: true },
  stop: { type: "stop" },
  abort: { type: "abort" },
  fault: { type: "fault", reason: "why" },
  close: { type: "close" },
} as const satisfies Readonly<Record<string, PanelEvent>>;

// "!" the caller is refused; "·" nothing happens; else the state that follows. A frame that is not
// expected leaves the state as it is ("d": it is discarded).
// biome-ignore format: one row a state
const TABLE: Readonly<Record<string, readonly string[]>> = {
  //              open           opened arm          prepared single         run          integrated frame   last    stop    abort   fault    close
  disconnected: ["initializing", "·",   "!",         "·",     "!",           "!",         "·",       "d",    "d",    "·",    "·",    "·",     "·"],
  initializing: ["!",            "idle","!",         "·",     "!",           "!",         "·",       "d",    "d",    "·",    "·",    "fault", "disconnected"],
  idle:         ["!",            "·",   "preparing", "·",     "!",           "!",         "·",       "d",    "d",    "·",    "·",    "fault", "disconnected"],
  preparing:    ["!",            "·",   "!",         "armed", "!",           "!",         "·",       "d",    "d",    "idle", "idle", "fault", "disconnected"],
  armed:        ["!",            "·",   "!",         "·",     "integrating", "streaming", "·",       "d",    "d",    "idle", "idle", "fault", "disconnected"],
  integrating:  ["!",            "·",   "!",         "·",     "!",           "!",         "readout", "d",    "d",    "·",    "idle", "fault", "disconnected"],
  readout:      ["!",            "·",   "!",         "·",     "!",           "!",         "·",       "idle", "idle", "·",    "idle", "fault", "disconnected"],
  streaming:    ["!",            "·",   "!",         "·",     "!",           "!",         "·",       "·",    "idle", "·",    "idle", "fault", "disconnected"],
  fault:        ["initializing", "·",   "!",         "·",     "!",           "!",         "·",       "d",    "d",    "·",    "·",    "fault", "disconnected"],
};

describe("the panel's states", () => {
  for (const state of STATES)
    test(`every event in state ${state}`, () => {
      const found = Object.values(EVENTS).map((event) => {
        const step = nextPanelState(state, event);
        const entered = step.effects.findLast((e) => e.do === "enter");
        // What is entered last is the state that follows.
        expect(entered?.do === "enter" ? entered.state : state).toBe(step.state);
        if (step.effects.some((e) => e.do === "refuse")) return "!";
        if (step.effects.some((e) => e.do === "discard")) return "d";
        return entered === undefined ? "·" : step.state;
      });
      expect<readonly string[]>(found).toEqual(TABLE[state] ?? []);
    });

  test("whatever leaves armed or streaming drops expose-ready before any other effect", () => {
    for (const state of ["armed", "streaming"] as const)
      for (const event of [EVENTS.fault, EVENTS.abort, EVENTS.close])
        expect(nextPanelState(state, event).effects[0]).toEqual({
          do: "expose-ready",
          ready: false,
        });
  });
});
