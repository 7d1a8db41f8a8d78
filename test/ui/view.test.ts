// The kiosk's arithmetic: where the picture lies, what a drag does to the window, steps and words.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  byteSize,
  clockTime,
  patientLine,
  personName,
  toPersonName,
  typedDate,
} from "../../src/ui/format.ts";
import { strings } from "../../src/ui/strings.ts";
import { stepTechnique, TECHNIQUE_LIMITS } from "../../src/ui/technique.ts";
import {
  dragWindow,
  fitView,
  oneToOneView,
  pan,
  SCALE_MAX,
  SCALE_MIN,
  zoomAt,
} from "../../src/ui/viewer/view.ts";

const image = { width: 2688, height: 2688 };
const canvas = { width: 1000, height: 800 };

describe("the view", () => {
  test("a fitted image touches two sides and lies in the middle", () => {
    const view = fitView(image, canvas);
    expect(view.scale).toBeCloseTo(800 / 2688, 10);
    expect(view.y).toBeCloseTo(0, 10);
    expect(view.x).toBeCloseTo(100, 10);
  });

  test("one to one shows the middle of the image in the middle of the canvas", () => {
    expect(oneToOneView(image, canvas)).toEqual({ scale: 1, x: -844, y: -944 });
  });

  test("zooming keeps the image point under the finger where it is", () => {
    const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(number(0.2, 5), number(0, 1000), number(0, 800), (factor, x, y) => {
        const before = pan(fitView(image, canvas), 13, -7);
        const after = zoomAt(before, factor, x, y);
        expect((x - after.x) / after.scale).toBeCloseTo((x - before.x) / before.scale, 6);
        expect((y - after.y) / after.scale).toBeCloseTo((y - before.y) / before.scale, 6);
      }),
    );
  });

  test("zoom ends at its limits", () => {
    const view = fitView(image, canvas);
    expect(zoomAt(view, 1e9, 0, 0).scale).toBe(SCALE_MAX);
    expect(zoomAt(view, 1e-9, 0, 0).scale).toBe(SCALE_MIN);
  });

  test("a drag to the right widens the window, downwards it darkens the image", () => {
    const window = { center: 8192, width: 8192 };
    expect(dragWindow(window, 100, 0, canvas, 14)).toEqual({ center: 8192, width: 8192 + 1638.4 });
    expect(dragWindow(window, 0, 80, canvas, 14).center).toBeCloseTo(8192 + 1638.4, 6);
    expect(dragWindow(window, -1e6, 0, canvas, 14).width).toBe(1);
    expect(dragWindow(window, 1e6, 1e6, canvas, 14)).toEqual({ width: 32_768, center: 24_576 });
  });
});

describe("technique steps", () => {
  test("kV goes by ones, mA and ms along the R'10 series", () => {
    expect(stepTechnique("kv", 70, 1)).toBe(71);
    expect([10, 12.5, 63, 80, 100].map((ma) => stepTechnique("ma", ma, 1))).toEqual([
      12.5, 16, 80, 100, 125,
    ]);
    expect([10, 12.5, 100, 1000].map((ms) => stepTechnique("ms", ms, -1))).toEqual([
      8, 10, 80, 800,
    ]);
    expect(stepTechnique("ma", 210, 1)).toBe(250);
    expect(stepTechnique("ma", 210, -1)).toBe(200);
  });

  test("steps end at the limits", () => {
    for (const key of ["kv", "ma", "ms"] as const) {
      const { low, high } = TECHNIQUE_LIMITS[key];
      expect(stepTechnique(key, high, 1)).toBe(high);
      expect(stepTechnique(key, low, -1)).toBe(low);
    }
  });
});

describe("words", () => {
  test("person names are shown as people write them", () => {
    expect(personName("Doe^Jane")).toBe("Doe, Jane");
    expect(personName("Yamada^Tarou=山田^太郎=やまだ^たろう")).toBe("Yamada, Tarou (山田 太郎)");
    expect(personName("=山田^太郎")).toBe("山田 太郎");
    expect(personName("Doe^Jane^Q^Dr")).toBe("Doe, Jane Q Dr");
    expect(personName("")).toBe("");
  });

  test("names, dates and sizes", () => {
    expect(toPersonName(" Doe ", "Jane ")).toBe("Doe^Jane");
    expect(toPersonName("Doe", "")).toBe("Doe");
    expect(["1", "1970", "19700", "197001311", "1970-01-3x1"].map(typedDate)).toEqual([
      "1",
      "1970",
      "1970-0",
      "1970-01-31",
      "1970-01-31",
    ]);
    expect([999, 14_450_000, 42e9, 640e9].map(byteSize)).toEqual([
      "999 B",
      "14.4 MB",
      "42.0 GB",
      "640 GB",
    ]);
    expect(patientLine({ id: "4711", name: "", sex: "F" })).toBe("4711  ·  Female");
    expect(clockTime("2026-01-05T08:05:03.000Z")).toMatch(/^\d\d:\d\d:03$/);
  });

  test("every word of the table is there", () => {
    const walk = (value: unknown): void => {
      if (typeof value === "string") expect(value.trim()).not.toBe("");
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
    };
    walk(strings);
  });
});
