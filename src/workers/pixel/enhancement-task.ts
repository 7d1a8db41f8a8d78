// Carries out the tasks of enhancement.ts on the shared memory.

import { unreachable } from "../../core/assert.ts";
import type { EnhancementTask } from "./enhancement.ts";
import {
  fillGains,
  fillTones,
  GAIN_TABLES_BYTES,
  TONE_LOW,
  TONE_SPAN,
} from "./enhancement-tables.ts";
import type { Kernels } from "./kernel-module.ts";

const TONE_MAX = 32767;

export function runEnhancementTask(
  kernels: Pick<Kernels, "reduce" | "activity" | "gains" | "rebuild">,
  buffer: ArrayBufferLike,
  task: EnhancementTask,
): void {
  switch (task.type) {
    case "fill-tones":
      fillTones(new Uint16Array(buffer, task.table, 65536), task.curve, task.bitsIn);
      return;
    case "fill-gains": {
      const tables = new Uint16Array(buffer, task.tables, GAIN_TABLES_BYTES / 2);
      fillGains(tables, task.setting, task.curve, task.bitsIn, task.noise);
      return;
    }
    case "reduce": {
      const { from, half, band, scratch } = task;
      kernels.reduce(
        from.at,
        from.stride,
        from.columns,
        from.rows,
        half.at,
        half.stride,
        band.rowFrom,
        band.rowTo,
        scratch,
      );
      return;
    }
    case "activity": {
      const { from, half, band, scratch } = task;
      kernels.activity(
        from.at,
        from.stride,
        from.columns,
        from.rows,
        half.at,
        half.stride,
        half.activity,
        band.rowFrom,
        band.rowTo,
        scratch,
      );
      return;
    }
    case "gains": {
      const { half, table, band, scratch } = task;
      kernels.gains(
        half.activity,
        half.at,
        half.stride,
        half.columns,
        half.rows,
        table,
        half.gain,
        band.rowFrom,
        band.rowTo,
        scratch,
      );
      return;
    }
    case "base":
      compressBase(buffer, task);
      return;
    case "rebuild": {
      const { from, half, out, stored, band, scratch } = task;
      kernels.rebuild(
        from.at,
        from.stride,
        from.columns,
        from.rows,
        half.at,
        half.rebuilt,
        half.gain,
        half.stride,
        out.at,
        out.stride,
        band.rowFrom,
        band.rowTo,
        TONE_LOW,
        TONE_SPAN,
        stored?.factor ?? 0,
        stored?.shift ?? 0,
        scratch,
      );
      return;
    }
    default:
      unreachable(task);
  }
}

/** The few pixels of the coarsest level, whole rows with what lies between them. */
function compressBase(
  buffer: ArrayBufferLike,
  { level, tones, counts, kept }: Extract<EnhancementTask, { type: "base" }>,
): void {
  const middle = new Uint16Array(buffer, tones, 65536)[counts] ?? 0;
  const pixels = level.stride * level.rows;
  const source = new Uint16Array(buffer, level.at, pixels);
  const out = new Uint16Array(buffer, level.rebuilt, pixels);
  for (let i = 0; i < pixels; i++) {
    const tone = Math.round(middle + kept * ((source[i] ?? 0) - middle));
    out[i] = Math.min(TONE_MAX, Math.max(0, tone));
  }
}
