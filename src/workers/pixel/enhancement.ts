// Enhancement of radiographs: noise is taken away, slight contrasts are raised and great ones compressed,
// each scale of detail by itself. As phases over the collimated field; what lies outside stays as it is.

import type { ProcessingSetting } from "../../model/protocol.ts";
import type { Rectangle } from "./analysis.ts";
import type { Curve } from "./characteristic.ts";
import {
  contrastLeft,
  type Enhancing,
  GAIN_TABLE_ENTRIES,
  isNeutral,
  storedScale,
} from "./enhancement-tables.ts";
import type { EnhancementAreas } from "./memory-map.ts";
import type { NoiseModel } from "./noise-model.ts";
import type { Band, Shape, Task } from "./pixel-messages.ts";
import { type Level, type Plane, type Pyramid, pyramidOver } from "./pyramid.ts";

/** Band of rows, and a thread's own room. */
interface Worked {
  readonly band: Band;
  readonly scratch: number;
}

/** How tones become stored values. */
export type StoredScale = ReturnType<typeof storedScale>;

export type EnhancementTask =
  /** The table from counts to tones. */
  | {
      readonly type: "fill-tones";
      readonly table: number;
      readonly curve: Curve;
      readonly bitsIn: number;
    }
  | {
      readonly type: "fill-gains";
      readonly tables: number;
      readonly setting: Enhancing;
      readonly curve: Curve;
      readonly bitsIn: number;
      readonly noise: NoiseModel;
    }
  /** A band of the half out of the picture; bands of all these are rows of the half. */
  | ({ readonly type: "reduce"; readonly from: Plane; readonly half: Level } & Worked)
  | ({ readonly type: "activity"; readonly from: Plane; readonly half: Level } & Worked)
  | ({ readonly type: "gains"; readonly half: Level; readonly table: number } & Worked)
  /** The coarsest level: what is far from the tone of `counts` comes nearer to it. */
  | {
      readonly type: "base";
      readonly level: Level;
      readonly tones: number;
      readonly counts: number;
      readonly kept: number;
    }
  /** A band of the picture out of its rebuilt half; stored values where `stored` is given. */
  | ({
      readonly type: "rebuild";
      readonly from: Plane;
      readonly half: Level;
      readonly out: Pick<Plane, "at" | "stride">;
      readonly stored: StoredScale | null;
    } & Worked);

export interface Enhancement {
  readonly setting: ProcessingSetting;
  readonly noise: NoiseModel;
  readonly pyramid: Pyramid;
  readonly areas: EnhancementAreas;
  readonly bitsIn: number;
}

/** Null where there is nothing to do, or the field is too small to have detail. `finest` takes the tones. */
export function planEnhancement(
  setting: ProcessingSetting,
  noise: NoiseModel,
  bitsIn: number,
  areas: EnhancementAreas,
  finest: number,
  shape: Shape,
  field: Rectangle,
): Enhancement | null {
  if (isNeutral(setting)) return null;
  const plane: Plane = {
    columns: field.right - field.left,
    rows: field.bottom - field.top,
    stride: shape.columns,
    at: finest + offsetIn(shape, field),
  };
  const pyramid = pyramidOver(plane, areas.pyramid);
  return pyramid.levels.length === 0 ? null : { setting, noise, pyramid, areas, bitsIn };
}

/** Bytes from a frame's first pixel to a rectangle's. */
function offsetIn({ columns }: Shape, { left, top }: Rectangle): number {
  return (top * columns + left) * 2;
}

/** Both tables, to be made side by side. */
export function tableTasks({ setting, noise, areas, bitsIn }: Enhancement): readonly Task[] {
  return [
    { type: "fill-tones", table: areas.tones, curve: setting, bitsIn },
    { type: "fill-gains", tables: areas.gains, setting, curve: setting, bitsIn, noise },
  ];
}

export interface EnhancementTarget {
  /** The frame of stored values that the field is written into. */
  readonly image: number;
  readonly shape: Shape;
  readonly field: Rectangle;
  readonly bitsStored: number;
  /** Counts in the middle of the anatomy's: their tone stays. */
  readonly middle: number;
}

/** Phases from the tones in the finest level to stored values in the image. */
export function enhancementPhases(
  { setting, pyramid, areas }: Enhancement,
  { image, shape, field, bitsStored, middle }: EnhancementTarget,
  scratch: readonly number[],
  bandsOf: (rows: number) => readonly Band[],
): readonly (readonly Task[])[] {
  const { finest, levels } = pyramid;
  const each = (rows: number, task: (worked: Worked) => Task) =>
    bandsOf(rows).map((band, index) => task({ band, scratch: scratch[index] ?? 0 }));
  const scales = levels.map((half, scale) => ({
    half,
    from: scale === 0 ? finest : (levels[scale - 1] ?? finest),
    out: scale === 0 ? null : (levels[scale - 1]?.rebuilt ?? null),
    table: areas.gains + scale * GAIN_TABLE_ENTRIES * 2,
  }));
  const phases: (readonly Task[])[] = [];
  for (const { from, half } of scales)
    phases.push(each(half.rows, (worked) => ({ type: "reduce", from, half, ...worked })));
  for (const { from, half } of scales)
    phases.push(each(half.rows, (worked) => ({ type: "activity", from, half, ...worked })));
  for (const { half, table } of scales)
    phases.push(each(half.rows, (worked) => ({ type: "gains", half, table, ...worked })));
  const coarsest = levels.at(-1);
  if (coarsest !== undefined) {
    const kept = contrastLeft(setting);
    phases.push([{ type: "base", level: coarsest, tones: areas.tones, counts: middle, kept }]);
  }
  for (const { from, half, out } of scales.toReversed()) {
    const last = { at: image + offsetIn(shape, field), stride: shape.columns };
    const target = out === null ? last : { at: out, stride: from.stride };
    const stored = out === null ? storedScale(bitsStored) : null;
    phases.push(
      each(from.rows, (worked) => ({
        type: "rebuild",
        from,
        half,
        out: target,
        stored,
        ...worked,
      })),
    );
  }
  return phases;
}
