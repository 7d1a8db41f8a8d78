// The simulated panel: the contract, and what its frames are made of.

import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import type { ArmRequest } from "../../../src/hal/detector/detector.ts";
import { simulatedDetector } from "../../../src/hal/detector/sim/simulated-detector.ts";
import { FRAME_SATURATED } from "../../../src/model/frame.ts";
import { detectorContract } from "../../contract/detector.ts";
import { EventLog, makeSlots, radiograph, run, SMALL_MODES } from "./small-panel.ts";

const make = (clock: SimulatedClock, seed = 5) =>
  simulatedDetector({ seed, clock, modes: SMALL_MODES });

detectorContract("simulated", (clock) => make(clock));

/** Frames of requests one after the other, copied out of their slots, with their status bits. */
async function frames(seed: number, ...requests: ArmRequest[]) {
  const clock = new SimulatedClock();
  const panel = make(clock, seed);
  const slots = makeSlots();
  const log = new EventLog();
  const pictures: Uint16Array[] = [];
  const status: number[] = [];
  await panel.open(slots, (event) => {
    log.add(event);
    if (event.type !== "frame") return;
    const mode = panel.info.modes[event.header.mode];
    pictures.push(slots.uint16(event.slot, (mode?.columns ?? 0) * (mode?.rows ?? 0)).slice());
    status.push(event.header.status);
    slots.release(event.slot);
  });
  for (const request of requests) {
    const armed = panel.arm(request);
    await clock.advance(100);
    await armed;
    await panel.trigger();
    await clock.advance(2000);
  }
  return { panel, pictures, status };
}

/** Counts without offset, response and defects; NaN where a pixel is bad. */
async function corrected(seed: number, request: ArmRequest): Promise<Float32Array> {
  const { panel, pictures } = await frames(seed, request);
  const [offset, gain, defect] = await panel.factoryCalibration(request.modeId);
  return Float32Array.from(pictures[0] ?? [], (value, i) =>
    defect?.pixels[i] === 0 && value < 16383
      ? ((value - (offset?.pixels[i] ?? 0)) * (gain?.pixels[i] ?? 0)) / 32768
      : Number.NaN,
  );
}

const meanOf = (values: Iterable<number>) => {
  let sum = 0;
  let count = 0;
  for (const value of values)
    if (!Number.isNaN(value)) {
      sum += value;
      count++;
    }
  return sum / count;
};

describe("the simulated panel's frames", () => {
  test("the same seed gives the same panel and the same frames, another seed others", async () => {
    const [a, b, c] = [
      await frames(5, radiograph()),
      await frames(5, radiograph()),
      await frames(6, radiograph()),
    ];
    expect(a.pictures[0]).toEqual(b.pictures[0] ?? new Uint16Array());
    expect(a.pictures[0]).not.toEqual(c.pictures[0] ?? new Uint16Array());
  });

  test("two frames of the same exposure differ by their noise alone", async () => {
    const { pictures } = await frames(5, radiograph(), radiograph());
    const [a, b] = pictures;
    expect(a).not.toEqual(b ?? new Uint16Array());
    const difference = meanOf((a ?? new Uint16Array()).map((v, i) => Math.abs(v - (b?.[i] ?? 0))));
    expect(difference).toBeLessThan(60);
  });

  test("signal is linear in dose", async () => {
    const low = await corrected(5, radiograph({ beam: { kv: 80, mas: 0.5 } }));
    const high = await corrected(5, radiograph({ beam: { kv: 80, mas: 2 } }));
    const ratios: number[] = [];
    low.forEach((value, i) => {
      if (value > 300) ratios.push((high[i] ?? 0) / value);
    });
    expect(ratios.length).toBeGreaterThan(1000);
    expect(meanOf(ratios)).toBeCloseTo(4, 1);
  });

  test("what is left after correction is the noise the panel states", async () => {
    const beam = { kv: 80, mas: 1 };
    const { panel } = await frames(5);
    const ideal = panel.truth.ideal("full", beam);
    const perQuantum = panel.truth.countsPerQuantum("full");
    const picture = await corrected(5, radiograph({ beam }));
    const normalised = picture.map((value, i) => {
      const truth = ideal[i] ?? 0;
      // Quantum noise, read noise in frame and offset map, noise left in the gain map.
      const variance = truth * perQuantum + 5 + (0.0015 * truth) ** 2;
      return truth > 14_000 ? Number.NaN : (value - truth) / Math.sqrt(variance);
    });
    expect(Math.abs(meanOf(normalised))).toBeLessThan(0.05);
    expect(Math.sqrt(meanOf(normalised.map((v) => v * v)))).toBeCloseTo(1, 1);
  });

  test("defects read what they read, whatever the dose, and are all in the shipped map", async () => {
    const { panel, pictures } = await frames(5, radiograph(), radiograph({ kind: "dark" }));
    const defects = panel.truth.defects("full");
    expect(new Set(defects.map((d) => d.kind))).toEqual(
      new Set(["dead", "hot", "cluster", "line"]),
    );
    const map = (await panel.factoryCalibration("full"))[2];
    for (const { index, reads } of defects) {
      expect(pictures[0]?.[index]).toBe(reads);
      expect(pictures[1]?.[index]).toBe(reads);
      expect(map?.pixels[index]).toBe(1);
    }
    expect(map?.pixels.reduce((a, b) => a + b, 0)).toBe(defects.length);
  });

  test("counts end at 14 bits, and the frame says so", async () => {
    const { pictures, status } = await frames(5, radiograph({ beam: { kv: 120, mas: 200 } }));
    expect(Math.max(...(pictures[0] ?? []))).toBe(16383);
    expect((status[0] ?? 0) & FRAME_SATURATED).toBe(FRAME_SATURATED);
  });

  test("bones and soft parts weaken the beam, lungs let it through, more so at high voltage", async () => {
    const { panel } = await frames(5);
    const share = (kv: number, xMm: number, yMm: number) => {
      const ideal = panel.truth.ideal("full", { kv, mas: 1 });
      const x = Math.round(96 + xMm / 2.2);
      const y = Math.round(80 + yMm / 2.2);
      return (ideal[y * 192 + x] ?? 0) / panel.truth.openCounts("full", { kv, mas: 1 });
    };
    const lung = share(80, -90, 0);
    const belly = share(80, -60, 150);
    const spine = share(80, 0, 0);
    expect(lung).toBeGreaterThan(4 * belly);
    expect(belly).toBeGreaterThan(0.001);
    expect(spine).toBeLessThan(lung / 4);
    expect(share(80, -205, 150)).toBeGreaterThan(0.9);
    expect(share(120, 0, 0) / share(60, 0, 0)).toBeGreaterThan(1.5);
  });

  test("each phantom is another picture", async () => {
    const { panel } = await frames(5);
    const beams = (["thorax", "extremity", "abdomen"] as const).map((phantom) =>
      meanOf(panel.truth.ideal("full", { kv: 70, mas: 1, phantom })),
    );
    expect(new Set(beams.map((m) => Math.round(m))).size).toBe(3);
  });

  test("things move in a run, and no two frames are the same", async () => {
    const { pictures } = await frames(5, run({ frames: 20 }));
    expect(pictures.length).toBe(20);
    for (let i = 1; i < 20; i++)
      expect(pictures[i]).not.toEqual(pictures[i - 1] ?? new Uint16Array());
    // Far apart in the loop the picture differs by more than noise between neighbours in time.
    const change = (a: number, b: number) =>
      meanOf(
        (pictures[a] ?? new Uint16Array()).map((v, i) => Math.abs(v - (pictures[b]?.[i] ?? 0))),
      );
    expect(change(0, 12)).toBeGreaterThan(1.02 * change(0, 1));
  });

  test("scatter is part of the picture: little behind a hand, more behind an abdomen", async () => {
    const { panel } = await frames(5);
    const share = (phantom: "extremity" | "abdomen") => {
      const beam = { kv: 70, mas: 1, phantom };
      const ideal = panel.truth.ideal("full", beam);
      const scatter = panel.truth.scatter("full", beam);
      const middle = 80 * 192 + 96;
      return (scatter[middle] ?? 0) / ((ideal[middle] ?? 1) - (scatter[middle] ?? 0));
    };
    expect(share("extremity")).toBeWithin(0.01, 0.2);
    expect(share("abdomen")).toBeWithin(0.3, 2);
  });

  test("a flat frame holds the field of the beam, the maker's gain map does not", async () => {
    const { panel } = await frames(5);
    const flat = await corrected(5, radiograph({ kind: "flat" }));
    const field = panel.truth.beamField("full");
    const ratio = flat.map((value, i) => value / (field[i] ?? 1));
    const level = meanOf(ratio);
    expect(level).toBeWithin(5990, 6010);
    const third = (values: Float32Array, part: number) =>
      meanOf(values.subarray((part * values.length) / 3, ((part + 1) * values.length) / 3));
    for (const part of [0, 1, 2]) expect(third(ratio, part) / level).toBeCloseTo(1, 2);
    expect(third(flat, 0) / third(flat, 2)).toBeLessThan(0.92);
  });

  test("a frame of a run comes again in the next: what the lag states, and more in time", async () => {
    const { panel, pictures } = await frames(5, run({ frames: 40, kind: "flat" }));
    const dark = await panel.factoryCalibration("binned");
    const level = (n: number) =>
      meanOf(
        Float32Array.from(pictures[n] ?? [], (value, i) =>
          dark[2]?.pixels[i] === 0 ? value - (dark[0]?.pixels[i] ?? 0) : Number.NaN,
        ),
      );
    const { nextFrame, ghostShare } = panel.truth.lag;
    expect(level(1) / level(0)).toBeCloseTo(1 + nextFrame, 3);
    expect(level(39) / level(0)).toBeCloseTo((1 + 39 * ghostShare) / (1 - nextFrame), 2);
    expect(level(39)).toBeGreaterThan(level(5));
  });

  test("a bright radiograph lies over the run after it as a ghost, which fades", async () => {
    const bright = radiograph({ beam: { kv: 110, mas: 60, phantom: "extremity" } });
    const faint = run({ frames: 2, kind: "dark" });
    const { panel, pictures } = await frames(5, bright, faint, faint);
    const [offset, , defect] = await panel.factoryCalibration("binned");
    const counts = panel.truth.ideal("full", { kv: 110, mas: 60, phantom: "extremity" });
    const microGray = counts.map((value) => value / 400);
    const ghost = (n: number) =>
      meanOf(
        Float32Array.from(pictures[n] ?? [], (value, i) =>
          defect?.pixels[i] === 0 ? value - (offset?.pixels[i] ?? 0) : Number.NaN,
        ),
      );
    const { ghostShare, ghostFadesS } = panel.truth.lag;
    // The first dark frame is 2 s after the radiograph: 4000 counts for 1 µGy in this mode.
    const expected = meanOf(microGray) * 4000 * ghostShare * Math.exp(-2 / ghostFadesS);
    expect(expected).toBeGreaterThan(3);
    expect(ghost(1) / expected).toBeWithin(0.7, 1.3);
    expect(ghost(3) / ghost(1)).toBeWithin(0.5, 0.9);
  });

  test("after a single picture the panel is cleared: the next one of the same mode has no lag", async () => {
    const { panel, pictures } = await frames(5, radiograph(), radiograph({ kind: "dark" }));
    const offset = (await panel.factoryCalibration("full"))[0];
    const defect = (await panel.factoryCalibration("full"))[2];
    const left = meanOf(
      Float32Array.from(pictures[1] ?? [], (value, i) =>
        defect?.pixels[i] === 0 ? value - (offset?.pixels[i] ?? 0) : Number.NaN,
      ),
    );
    expect(Math.abs(left)).toBeLessThan(0.6);
  });

  test("the pixels of a line share a little noise, far below that of one pixel", async () => {
    const dark = radiograph({ kind: "dark" });
    const { panel, pictures } = await frames(5, dark, dark);
    const bad = (await panel.factoryCalibration("full"))[2]?.pixels ?? new Uint16Array();
    const rows = Array.from({ length: 160 }, (_, y) => {
      const differences: number[] = [];
      for (let x = 0; x < 192; x++) {
        const i = y * 192 + x;
        if (bad[i] === 0) differences.push((pictures[0]?.[i] ?? 0) - (pictures[1]?.[i] ?? 0));
      }
      return differences.length === 0 ? Number.NaN : meanOf(differences);
    });
    const sd = Math.sqrt(meanOf(rows.map((v) => v * v)));
    // Two frames: √2 of the line's noise, and the rest of the pixels' own.
    expect(sd).toBeWithin(0.45, 0.8);
  });

  test("a warmer panel has a higher offset, and says how warm it is", async () => {
    let temperature = 31.5;
    const clock = new SimulatedClock();
    const panel = simulatedDetector({
      seed: 5,
      clock,
      modes: SMALL_MODES,
      temperatureC: () => temperature,
    });
    const slots = makeSlots();
    const levels: number[] = [];
    const told: number[] = [];
    await panel.open(slots, (event) => {
      if (event.type !== "frame") return;
      levels.push(meanOf(slots.uint16(event.slot, 192 * 160).slice()));
      told.push(event.header.temperatureCx100);
      slots.release(event.slot);
    });
    for (const warmer of [0, 4]) {
      temperature += warmer;
      const armed = panel.arm(radiograph({ kind: "dark" }));
      await clock.advance(100);
      await armed;
      await panel.trigger();
      await clock.advance(2000);
    }
    expect((levels[1] ?? 0) - (levels[0] ?? 0)).toBeWithin(5.5, 6.5);
    expect(told).toEqual([3150, 3550]);
    expect(panel.health().temperatureC).toEqual([35.5]);
  });

  test("dead pixels stay dead in a run's mode too, which has a sensor of its own", async () => {
    const { panel, pictures } = await frames(5, run({ frames: 2 }));
    for (const { index, reads } of panel.truth.defects("binned"))
      for (const picture of pictures) expect(picture[index]).toBe(reads);
  });
});
