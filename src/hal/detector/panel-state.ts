// A panel's states as a pure function: what may follow what, and what has to be done on the way.
// The order of effects is the order of doing; on a fault expose-ready falls before anything else.

import type { DetectorState } from "./detector.ts";

export type PanelEvent =
  | { readonly type: "open" }
  | { readonly type: "opened" }
  | { readonly type: "open-failed"; readonly reason: string }
  | { readonly type: "arm" }
  | { readonly type: "prepared" }
  | { readonly type: "prepare-failed"; readonly reason: string }
  /** Beam on. `run`: more than one frame will be read out. */
  | { readonly type: "trigger"; readonly run: boolean }
  | { readonly type: "integrated" }
  /** A frame was read out. `last`: none is expected after it. */
  | { readonly type: "frame"; readonly last: boolean }
  | { readonly type: "stop" }
  | { readonly type: "abort" }
  | { readonly type: "fault"; readonly reason: string }
  | { readonly type: "close" };

export type PanelEffect =
  | { readonly do: "expose-ready"; readonly ready: boolean }
  | { readonly do: "enter"; readonly state: DetectorState; readonly reason?: string | undefined }
  /** The frame goes to whoever holds the slots. */
  | { readonly do: "deliver" }
  /** Nobody expects the frame: it is counted and dropped. */
  | { readonly do: "discard" }
  /** The frame in hand is the last one. */
  | { readonly do: "finish-run" }
  /** Integration ends now (the length was left to the switch). */
  | { readonly do: "end-integration" }
  /** Timers stop, reserved slots go back, whoever waits learns `reason`. */
  | { readonly do: "drop-all"; readonly reason: string }
  /** The event can't happen here; the caller is told why. */
  | { readonly do: "refuse"; readonly why: string };

export interface PanelStep {
  readonly state: DetectorState;
  readonly effects: readonly PanelEffect[];
}

/** An exposure is under way or may follow at once. */
export const ACTIVE_STATES: readonly DetectorState[] = [
  "preparing",
  "armed",
  "integrating",
  "readout",
  "streaming",
];

export function nextPanelState(state: DetectorState, event: PanelEvent): PanelStep {
  switch (event.type) {
    case "open":
      return state === "disconnected" || state === "fault"
        ? enter("initializing")
        : refuse(state, "the panel is open already");
    case "opened":
      return state === "initializing" ? enter("idle") : ignore(state);
    case "open-failed":
      return state === "initializing" ? enter("disconnected", event.reason) : ignore(state);
    case "arm":
      if (state === "idle") return enter("preparing");
      return refuse(state, armRefusal(state));
    case "prepared":
      if (state !== "preparing") return ignore(state);
      return enter("armed", undefined, [], [{ do: "expose-ready", ready: true }]);
    case "prepare-failed":
      if (state !== "preparing") return ignore(state);
      return enter("idle", event.reason, [{ do: "drop-all", reason: event.reason }]);
    case "trigger":
      if (state !== "armed") return refuse(state, `the panel is ${state}, not armed; arm it first`);
      // A run stays ready to be exposed until it ends; a single image is ready once.
      return event.run
        ? enter("streaming")
        : enter("integrating", undefined, [{ do: "expose-ready", ready: false }]);
    case "integrated":
      return state === "integrating" ? enter("readout") : ignore(state);
    case "frame":
      if (state === "readout") return enter("idle", undefined, [{ do: "deliver" }]);
      if (state !== "streaming") return { state, effects: [{ do: "discard" }] };
      if (!event.last) return { state, effects: [{ do: "deliver" }] };
      return enter("idle", undefined, [{ do: "expose-ready", ready: false }, { do: "deliver" }]);
    case "stop":
      if (state === "streaming") return { state, effects: [{ do: "finish-run" }] };
      if (state === "integrating") return { state, effects: [{ do: "end-integration" }] };
      if (state === "armed" || state === "preparing")
        return enter("idle", undefined, [
          { do: "expose-ready", ready: false },
          { do: "drop-all", reason: "the panel was disarmed" },
        ]);
      return ignore(state);
    case "abort":
      if (!ACTIVE_STATES.includes(state)) return ignore(state);
      return enter("idle", "aborted", [
        { do: "expose-ready", ready: false },
        { do: "enter", state: "aborting" },
        { do: "drop-all", reason: "the exposure was aborted" },
      ]);
    case "fault":
      if (state === "disconnected") return ignore(state);
      return enter("fault", event.reason, [
        { do: "expose-ready", ready: false },
        { do: "drop-all", reason: event.reason },
      ]);
    case "close":
      if (state === "disconnected") return ignore(state);
      return enter("disconnected", undefined, [
        { do: "expose-ready", ready: false },
        { do: "drop-all", reason: "the panel was closed" },
      ]);
  }
}

function armRefusal(state: DetectorState): string {
  if (state === "disconnected") return "the panel is not open; open it first";
  if (state === "fault") return "the panel has a fault; clear its cause and open it again";
  if (state === "armed") return "the panel is armed already; stop it first";
  return `the panel is ${state}; wait until it is idle`;
}

function enter(
  state: DetectorState,
  reason?: string,
  before: readonly PanelEffect[] = [],
  after: readonly PanelEffect[] = [],
): PanelStep {
  return { state, effects: [...before, { do: "enter", state, reason }, ...after] };
}

function refuse(state: DetectorState, why: string): PanelStep {
  return { state, effects: [{ do: "refuse", why }] };
}

function ignore(state: DetectorState): PanelStep {
  return { state, effects: [] };
}
