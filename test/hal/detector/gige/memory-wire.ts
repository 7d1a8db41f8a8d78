// A driver and the simulated panel's device side joined without a network: every datagram is there at
// once, time is the test's.

import type { Clock } from "../../../../src/core/clock.ts";
import { Random } from "../../../../src/core/random.ts";
import type { DetectorMode } from "../../../../src/hal/detector/detector.ts";
import type { FrameAssembler } from "../../../../src/hal/detector/gige/frame-assembler.ts";
import { Features } from "../../../../src/hal/detector/gige/genicam.ts";
import { GigePanel } from "../../../../src/hal/detector/gige/gige-panel.ts";
import { modesOf } from "../../../../src/hal/detector/gige/probe-panel.ts";
import { SimulatedGigePanel } from "../../../../src/hal/detector/gige/simulator/simulated-gige-panel.ts";
import type { PanelWire } from "../../../../src/hal/detector/gige/wire.ts";
import { phantomFrames } from "../../../../src/hal/detector/sim/simulated-detector.ts";
import type { PanelFaults } from "../../../../src/hal/detector/software-panel.ts";
import { SMALL_MODES } from "../small-panel.ts";

const CHECK_MS = 5;
const HOST = "127.0.0.1:5000";

export interface JoinOptions {
  readonly extended?: boolean;
  readonly firstBlock?: number;
  readonly receiveBufferBytes?: number;
  readonly modes?: readonly DetectorMode[];
}

/** Extends the driver by a hand on the device it is joined to. */
export type JoinedPanel = GigePanel & {
  readonly faults: PanelFaults;
  readonly device: SimulatedGigePanel;
};

export function joinedPanel(clock: Clock, options: JoinOptions = {}): JoinedPanel {
  const modes = options.modes ?? SMALL_MODES;
  let host: { hear: (datagram: Uint8Array) => void; frames: FrameAssembler } | null = null;
  const device = new SimulatedGigePanel({
    modes,
    maker: phantomFrames({ seed: 3, clock, modes }),
    clock,
    random: new Random(3),
    serial: "3",
    address: "127.0.0.77",
    extended: options.extended,
    firstBlock: options.firstBlock,
    output: {
      answer: (datagram) => host?.hear(datagram),
      stream(packets) {
        for (const packet of packets) host?.frames.packet(packet);
        return packets.length;
      },
    },
  });
  const connect = async (): Promise<PanelWire> => {
    let closed = false;
    const look = () => {
      if (closed) return;
      host?.frames.check();
      clock.after(CHECK_MS, look);
    };
    return {
      local: { address: "127.0.0.1", streamPort: 6000 },
      packetBytesMax: 1500,
      receiveBufferBytes: options.receiveBufferBytes ?? 1e9,
      sendControl: (datagram) => device.command(datagram, HOST),
      start(hear, frames) {
        host = { hear, frames };
        look();
      },
      streaming() {},
      close() {
        closed = true;
        host = null;
      },
    };
  };
  const features = new Features(device.xml);
  const panel = new GigePanel({
    info: {
      vendor: "Simulated",
      model: "SIM-4343G",
      serial: "3",
      firmware: "1.0",
      modes: modesOf(features, [0, 0]),
    },
    features,
    clock,
    connect,
  });
  return Object.assign(panel, {
    device,
    faults: {
      fail: (reason: string) => panel.fail(reason),
      strayFrame: () => device.strayFrame(),
    },
  });
}
