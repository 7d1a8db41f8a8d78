// Every step of a calibration in every state: what follows, and what is refused.

import { expect, test } from "bun:test";
import {
  nextProcedure,
  type ProcedureEvent,
  type ProcedureState,
} from "../../src/exam/calibration-procedure.ts";

const OFFSET = { modes: [0], steps: "offset" } as const;
const ALL = { modes: [0, 1], steps: "all" } as const;
const NOW = { modeIndex: 0, phase: "dark", frames: 3, framesTotal: 32 } as const;

const STATES = {
  idle: { kind: "idle" },
  confirm: { kind: "confirm", plan: ALL },
  measuring: { kind: "measuring", plan: ALL, now: null },
  summary: { kind: "summary", plan: ALL, results: [] },
  failed: { kind: "failed", plan: ALL, reason: "too dark" },
} as const satisfies Record<string, ProcedureState>;

const EVENTS = {
  start: { type: "start", plan: OFFSET },
  startAll: { type: "start", plan: ALL },
  confirm: { type: "confirm" },
  progress: { type: "progress", now: NOW },
  measured: { type: "measured", results: [] },
  failed: { type: "failed", reason: "no frames" },
  accept: { type: "accept" },
  cancel: { type: "cancel" },
} as const satisfies Record<string, ProcedureEvent>;

// State reached and effects; "no" is refused, "·" leaves the state as it is.
const TABLE = {
  idle: "measuring+measure confirm no · ·+discard · no idle",
  confirm: "no no measuring+measure · ·+discard · no idle",
  measuring: "no no no measuring summary failed+discard no idle+break-off",
  summary: "no no no · ·+discard · idle+take-into-use idle+discard",
  failed: "measuring+measure confirm no · ·+discard · no idle",
} as const;

for (const [name, state] of Object.entries(STATES) as [keyof typeof STATES, ProcedureState][])
  Object.entries(EVENTS).forEach(([what, event], column) => {
    const wanted = TABLE[name].split(" ")[column] ?? "";
    test(`${what} while ${name}: ${wanted}`, () => {
      const step = nextProcedure(state, event);
      if (wanted === "no") {
        expect(step.ok).toBe(false);
        return;
      }
      if (!step.ok) throw new Error(step.why);
      const reached = step.state === state ? "·" : step.state.kind;
      expect([reached, ...step.effects.map((e) => e.do)].join("+")).toBe(wanted);
    });
  });
