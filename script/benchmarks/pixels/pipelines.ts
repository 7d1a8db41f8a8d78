// Whole ways of a frame through the pixel pool, with the processing of shipped protocols.

import { SHIPPED_PROTOCOLS } from "../../../src/config/protocols.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import { Random } from "../../../src/core/random.ts";
import type { CalibrationMap } from "../../../src/hal/detector/detector.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import { PixelPool } from "../../../src/workers/pixel/pixel-pool.ts";
import { inTurn, type Measured } from "./measured.ts";
import { defectMap, FRAMES, fillWithScene } from "./scene.ts";

const BITS = 14;
const PITCH_MM = 0.16;
const COUNTS_PER_MICRO_GRAY = 3000;

export interface PipelineTimes {
  readonly radiograph: Measured;
  readonly fluoroscopy: Measured;
  readonly all: readonly Measured[];
}

export async function pipelineTimes(side: number, rounds: number): Promise<PipelineTimes> {
  const pixels = side * side;
  const mode = {
    id: "bench",
    columns: side,
    rows: side,
    bitsStored: BITS,
    pitchMm: PITCH_MM,
    countsPerMicroGray: COUNTS_PER_MICRO_GRAY,
  };
  const slots = { raw: FRAMES, image: 2, display: 2 };
  const pool = await PixelPool.start({ modes: [mode], clock: new SystemClock(), slots });
  try {
    const random = new Random(1);
    const common = { modeId: mode.id, createdMs: 0, temperatureC: 30, frames: 1 };
    const maps: CalibrationMap[] = [
      { kind: "offset", pixels: new Uint16Array(pixels).fill(300), ...common },
      { kind: "gain", pixels: new Uint16Array(pixels).fill(33_000), ...common },
      { kind: "defect", pixels: defectMap(pixels, random), ...common },
    ];
    await pool.loadCalibration(0, maps);
    const [imageSlot, displaySlot] = [pool.image.take() ?? 0, pool.display.take() ?? 0];
    const rawSlots = Array.from({ length: FRAMES }, () => pool.raw.take() ?? 0);
    for (const slot of rawSlots) fillWithScene(pool.raw.uint16(slot, pixels), side, random);
    const request = (frame: number, processing: ProcessingSetting) => ({
      rawSlot: rawSlots[frame] ?? 0,
      imageSlot,
      displaySlot,
      modeIndex: 0,
      bitsStored: BITS,
      processing,
    });
    const chest = processingOf("radiography");
    const pedal = processingOf("fluoroscopy");
    const plain = { ...pedal, edge: 0, noise: 0 };
    const window = { center: 8000, width: 9000 };
    let deviceFrameId = 0;
    const next = () => ({ run: 1, deviceFrameId: deviceFrameId++, afterArm: false });
    const ways = {
      radiograph: (f: number) => pool.processRadiograph(request(f, chest)),
      "the same, turned by 90°": (f: number) =>
        pool.processRadiograph(request(f, { ...chest, rotate: 90 })),
      "fluoroscopy frame, filtered in time and space": (f: number) =>
        pool.processFluoroFrame({ ...request(f, pedal), window, place: next() }),
      "fluoroscopy frame, not filtered": (f: number) =>
        pool.processFluoroFrame({ ...request(f, plain), window }),
    };
    // Each way by itself: a run that is interrupted by radiographs begins anew.
    const all: Measured[] = [];
    for (const [name, run] of Object.entries(ways))
      all.push(
        ...(await inTurn(
          [{ name: `${name}, ${side}×${side}, two threads`, bytes: null, run }],
          rounds,
        )),
      );
    const [radiograph, , fluoroscopy] = all;
    if (radiograph === undefined || fluoroscopy === undefined) throw new Error("nothing measured");
    return { radiograph, fluoroscopy, all };
  } finally {
    pool.close();
  }
}

function processingOf(kind: "radiography" | "fluoroscopy"): ProcessingSetting {
  const protocol = SHIPPED_PROTOCOLS.find((p) => p.kind === kind);
  if (protocol === undefined) throw new Error(`no protocol for ${kind} is shipped`);
  return protocol.processing;
}
