// A panel of a few pixels whose frames tell which exposure they belong to, and a pixel chain that
// copies them: what the simulation of a day needs of both.

import type { Pixels } from "../../src/assembly.ts";
import type { Clock } from "../../src/core/clock.ts";
import { SLOT_HEADER_BYTES, SlotPool, slotPoolBytes } from "../../src/core/slot-pool.ts";
import type { ArmRequest, CalibrationMap, DetectorMode } from "../../src/hal/detector/detector.ts";
import { type FrameMaker, SoftwarePanel } from "../../src/hal/detector/software-panel.ts";
import type { FrameResult } from "../../src/workers/pixel/pipeline.ts";
import type { FrameRequest } from "../../src/workers/pixel/pixel-pool.ts";

export const TINY_MODES: readonly DetectorMode[] = [
  {
    id: "full",
    columns: 16,
    rows: 16,
    binning: 1,
    bitsStored: 14,
    pitchMm: 26.88,
    maxFps: 15,
    readoutMs: 60,
    countsPerMicroGray: 400,
  },
  {
    id: "binned",
    columns: 8,
    rows: 8,
    binning: 2,
    bitsStored: 14,
    pitchMm: 53.76,
    maxFps: 30,
    readoutMs: 15,
    countsPerMicroGray: 4000,
  },
];

const PIXEL_MAX = 2 ** 14 - 1;
const SLOTS = 12;

/** `stamp` is asked at each arming: the first pixels of the frames hold it. */
export function tinyPanel(clock: Clock, stamp: () => number): SoftwarePanel {
  let mark = 0;
  const maker: FrameMaker = {
    open: async () => {},
    prepare(_request: ArmRequest) {
      mark = stamp();
    },
    make(into, index) {
      into.fill(index & PIXEL_MAX);
      into[0] = mark & 0x3fff;
      into[1] = (mark >> 14) & 0x3fff;
      return 0;
    },
    maps: (mode): CalibrationMap[] => [
      {
        kind: "offset",
        modeId: mode.id,
        pixels: new Uint16Array(mode.columns * mode.rows),
        createdMs: clock.nowMs(),
        temperatureC: 30,
        frames: 1,
      },
    ],
    close: () => {},
  };
  return new SoftwarePanel({
    info: { vendor: "Simulated", model: "TINY", serial: "1", firmware: "1.0", modes: TINY_MODES },
    clock,
    maker,
    prepareMs: 20,
    integrationMs: 30,
    temperatureC: () => 30,
  });
}

/** Slots in a memory of their own; the "processing" is a copy. */
export function tinyPixels(): Pixels {
  const slotBytes = Math.max(...TINY_MODES.map((m) => m.columns * m.rows * 2), SLOT_HEADER_BYTES);
  const each = (slotPoolBytes(SLOTS, slotBytes) + 63) & ~63;
  const buffer = new SharedArrayBuffer(3 * each);
  const layouts = ["raw", "image", "display"].map((name, i) => ({
    name,
    base: i * each,
    slots: SLOTS,
    slotBytes,
  }));
  const [rawLayout, imageLayout, displayLayout] = layouts;
  if (!rawLayout || !imageLayout || !displayLayout) throw new Error("three pools");
  const raw = new SlotPool(buffer, rawLayout);
  const image = new SlotPool(buffer, imageLayout);
  const display = new SlotPool(buffer, displayLayout);

  const copy = async (request: FrameRequest): Promise<FrameResult> => {
    const mode = TINY_MODES[request.modeIndex];
    if (mode === undefined) throw new Error(`mode ${request.modeIndex}`);
    const { columns, rows } = mode;
    image
      .uint16(request.imageSlot, columns * rows)
      .set(raw.uint16(request.rawSlot, columns * rows));
    return {
      columns,
      rows,
      window: { center: 2 ** 13, width: 2 ** 14 },
      analysis: {
        field: { left: 0, top: 0, right: columns, bottom: rows },
        beamPart: 0,
        counts: { low: 100, high: 2000, median: 1000, mean: 1000, pixels: columns * rows },
      },
      timesMs: {},
    };
  };
  return {
    memory: { buffer },
    map: { raw: rawLayout },
    raw,
    image,
    display,
    processRadiograph: copy,
    processFluoroFrame: copy,
    loadCalibration: async () => {},
  };
}
