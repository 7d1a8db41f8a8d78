// Small panel modes, slots and a listener for the panel tests: quick, and nothing real waits.

import { SlotPool, slotPoolBytes } from "../../../src/core/slot-pool.ts";
import type {
  ArmRequest,
  DetectorEvent,
  DetectorMode,
} from "../../../src/hal/detector/detector.ts";

export const FULL: DetectorMode = {
  id: "full",
  columns: 192,
  rows: 160,
  binning: 1,
  bitsStored: 14,
  pitchMm: 2.2,
  maxFps: 15,
  readoutMs: 60,
  countsPerMicroGray: 400,
};

export const BINNED: DetectorMode = {
  ...FULL,
  id: "binned",
  columns: 96,
  rows: 80,
  binning: 2,
  pitchMm: 4.4,
  maxFps: 30,
  readoutMs: 15,
  countsPerMicroGray: 4000,
};

export const SMALL_MODES: readonly DetectorMode[] = [FULL, BINNED];

export function makeSlots(count = 4): SlotPool {
  const slotBytes = FULL.columns * FULL.rows * 2;
  return new SlotPool(new SharedArrayBuffer(slotPoolBytes(count, slotBytes)), {
    name: "raw",
    base: 0,
    slots: count,
    slotBytes,
  });
}

export type FrameEvent = Extract<DetectorEvent, { type: "frame" }>;

/** Keeps every event, with words for the order of what happened. */
export class EventLog {
  readonly events: DetectorEvent[] = [];
  readonly add = (event: DetectorEvent): void => {
    this.events.push(event);
  };

  words(): string[] {
    return this.events.map((e) =>
      e.type === "state" ? e.state : e.type === "frame" ? "frame" : e.ready ? "ready" : "not ready",
    );
  }

  frames(): FrameEvent[] {
    return this.events.filter((e): e is FrameEvent => e.type === "frame");
  }

  clear(): void {
    this.events.length = 0;
  }
}

export const radiograph = (more: Partial<ArmRequest> = {}): ArmRequest => ({
  modeId: "full",
  trigger: "software",
  frames: 1,
  kind: "normal",
  exposureEvent: 7,
  beam: { kv: 80, mas: 4 },
  ...more,
});

export const run = (more: Partial<ArmRequest> = {}): ArmRequest => ({
  modeId: "binned",
  trigger: "software",
  frames: "continuous",
  fps: 25,
  kind: "normal",
  exposureEvent: 8,
  beam: { kv: 75, mas: 0.2 },
  ...more,
});
