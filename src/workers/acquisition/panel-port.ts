// The panel as the main side holds it, whether its driver runs in the acquisition thread or, in the
// simulation of the whole device, in the same one.

import { SlotPool, type SlotPoolLayout } from "../../core/slot-pool.ts";
import type {
  ArmRequest,
  CalibrationMap,
  Detector,
  DetectorEvent,
  DetectorHealth,
  DetectorInfo,
  DetectorState,
  SimulatedBeam,
} from "../../hal/detector/detector.ts";

export interface PanelPort {
  /** Known before the panel is opened: the shared memory is laid out by it. */
  readonly info: DetectorInfo;
  /**
   * Connects the panel; frames go into the slots of `layout` in the shared memory `buffer`.
   * @throws DetectorError
   */
  open(
    buffer: ArrayBufferLike,
    layout: SlotPoolLayout,
    onEvent: (event: DetectorEvent) => void,
  ): Promise<void>;
  /** Disconnects the panel; it may be opened again. */
  close(): Promise<void>;
  /** As last heard of. */
  state(): DetectorState;
  /** @throws DetectorError */
  arm(request: ArmRequest): Promise<void>;
  /** @throws DetectorError */
  trigger(): Promise<void>;
  stop(): Promise<void>;
  abort(): void;
  /** Panels of software: the run's beam is another one from the next frame on. */
  adjustBeam(beam: SimulatedBeam): void;
  /** @throws DetectorError */
  health(): Promise<DetectorHealth>;
  /** @throws DetectorError */
  factoryCalibration(modeId: string): Promise<readonly CalibrationMap[]>;
  /** Ends the thread, if there is one; the port is of no use afterwards. */
  terminate(): Promise<void>;
}

/** A port to a driver in this thread. */
export function inProcessPanel(detector: Detector): PanelPort {
  return {
    info: detector.info,
    open: (buffer, layout, onEvent) => detector.open(new SlotPool(buffer, layout), onEvent),
    close: () => detector.close(),
    state: () => detector.state(),
    arm: (request) => detector.arm(request),
    trigger: () => detector.trigger(),
    stop: () => detector.stop(),
    abort: () => detector.abort(),
    adjustBeam: (beam) => detector.adjustBeam?.(beam),
    health: async () => detector.health(),
    factoryCalibration: (modeId) => detector.factoryCalibration(modeId),
    terminate: () => detector.close(),
  };
}
