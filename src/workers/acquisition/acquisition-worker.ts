// Thread entry: hosts the panel's driver, so that no pause of the main loop costs a frame.

import { SystemClock } from "../../core/clock.ts";
import { SlotPool } from "../../core/slot-pool.ts";
import { type Detector, DetectorError } from "../../hal/detector/detector.ts";
import { type DriverSpec, makeDetector } from "./driver-spec.ts";
import type { FromAcquisition, PanelAnswer, PanelCall, ToAcquisition } from "./messages.ts";

declare const self: {
  onmessage: ((event: MessageEvent<ToAcquisition>) => void) | null;
  postMessage(message: FromAcquisition, transfer?: ArrayBuffer[]): void;
};

let detector: Detector | null = null;

self.onmessage = ({ data }) => {
  switch (data.type) {
    case "start":
      void start(data.spec);
      break;
    case "call":
      void answer(data.id, data.call);
      break;
    case "abort":
      detector?.abort();
      break;
    case "adjust-beam":
      detector?.adjustBeam?.(data.beam);
      break;
  }
};

async function start(spec: DriverSpec): Promise<void> {
  try {
    detector = await makeDetector(spec, new SystemClock());
    self.postMessage({ type: "started", info: detector.info });
  } catch (error) {
    self.postMessage({ type: "not-started", message: textOf(error) });
  }
}

async function answer(id: number, call: PanelCall): Promise<void> {
  try {
    const value = await perform(call);
    const maps = Array.isArray(value) ? value : [];
    self.postMessage(
      { type: "done", id, value },
      maps.map((map) => map.pixels.buffer),
    );
  } catch (error) {
    self.postMessage({ type: "failed", id, message: textOf(error) });
  }
}

async function perform(call: PanelCall): Promise<PanelAnswer> {
  if (detector === null) throw new DetectorError("the panel's driver was not started");
  switch (call.method) {
    case "open":
      await detector.open(new SlotPool(call.buffer, call.layout), (event) =>
        self.postMessage({ type: "event", event }),
      );
      return undefined;
    case "arm":
      await detector.arm(call.request);
      return undefined;
    case "trigger":
      await detector.trigger();
      return undefined;
    case "stop":
      await detector.stop();
      return undefined;
    case "close":
      await detector.close();
      return undefined;
    case "health":
      return detector.health();
    case "factoryCalibration":
      return detector.factoryCalibration(call.modeId);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
