// Drawing line integrals: simple solids seen along the beam, each adding its thickness in millimetres
// to a map of one material. A solid touches only the pixels of its own box.

/** A grid over the panel; x to the right, y down, origin in the panel's middle, millimetres. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly stepMm: number;
  /** Position of the grid's first pixel's outer corner. */
  readonly leftMm: number;
  readonly topMm: number;
}

export function gridOver(columns: number, rows: number, stepMm: number): Grid {
  return {
    columns,
    rows,
    stepMm,
    leftMm: (-columns * stepMm) / 2,
    topMm: (-rows * stepMm) / 2,
  };
}

/** A part of a grid, in whole pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
}

export function cutGrid(grid: Grid, region: Region): Grid {
  return {
    columns: region.columns,
    rows: region.rows,
    stepMm: grid.stepMm,
    leftMm: grid.leftMm + region.x * grid.stepMm,
    topMm: grid.topMm + region.y * grid.stepMm,
  };
}

/** Thickness per pixel, mm. */
export type ThicknessMap = Float32Array;

/** A rotated ellipse whose thickness falls from the middle to the edge: (1 − u²)^power. */
export interface Dome {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  /** Clockwise on the image, degrees. */
  readonly turn?: number | undefined;
  /** Thickness in the middle, mm; negative takes away. */
  readonly thickness: number;
  /** 0.5 is an ellipsoid, less is flatter. */
  readonly power?: number | undefined;
  /** Factor 0 … 1 by position, for what cuts into the solid. */
  readonly cut?: ((x: number, y: number) => number) | undefined;
}

const PROFILE_STEPS = 1024;
const profiles = new Map<number, Float32Array>();

/** (1 − u²)^power by u², tabulated. */
function profile(power: number): Float32Array {
  let table = profiles.get(power);
  if (table === undefined) {
    table = new Float32Array(PROFILE_STEPS + 1);
    for (let i = 0; i <= PROFILE_STEPS; i++) table[i] = (1 - i / PROFILE_STEPS) ** power;
    profiles.set(power, table);
  }
  return table;
}

const clampInt = (value: number, low: number, high: number) =>
  Math.min(high, Math.max(low, Math.floor(value)));

export function drawDome(map: ThicknessMap, grid: Grid, dome: Dome): void {
  const table = profile(dome.power ?? 0.5);
  const angle = ((dome.turn ?? 0) * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const halfX = Math.hypot(dome.a * cos, dome.b * sin);
  const halfY = Math.hypot(dome.a * sin, dome.b * cos);
  const { stepMm, leftMm, topMm, columns, rows } = grid;
  const x0 = clampInt((dome.x - halfX - leftMm) / stepMm, 0, columns);
  const x1 = clampInt((dome.x + halfX - leftMm) / stepMm + 1, 0, columns);
  const y0 = clampInt((dome.y - halfY - topMm) / stepMm, 0, rows);
  const y1 = clampInt((dome.y + halfY - topMm) / stepMm + 1, 0, rows);
  const { thickness, cut } = dome;
  for (let row = y0; row < y1; row++) {
    const y = topMm + (row + 0.5) * stepMm;
    const dy = y - dome.y;
    for (let column = x0; column < x1; column++) {
      const x = leftMm + (column + 0.5) * stepMm;
      const dx = x - dome.x;
      const u = (dx * cos + dy * sin) / dome.a;
      const v = (dy * cos - dx * sin) / dome.b;
      const square = u * u + v * v;
      if (square >= 1) continue;
      let t = thickness * (table[(square * PROFILE_STEPS) | 0] as number);
      if (cut !== undefined) t *= cut(x, y);
      const at = row * columns + column;
      map[at] = (map[at] as number) + t;
    }
  }
}

/** A body whose width and depth change along y; its cross-section is an ellipse. */
export interface Trunk {
  readonly top: number;
  readonly bottom: number;
  readonly halfWidth: (y: number) => number;
  readonly thickness: (y: number) => number;
  readonly power?: number | undefined;
}

export function drawTrunk(map: ThicknessMap, grid: Grid, trunk: Trunk): void {
  const table = profile(trunk.power ?? 0.4);
  const { stepMm, leftMm, topMm, columns, rows } = grid;
  for (let row = 0; row < rows; row++) {
    const y = topMm + (row + 0.5) * stepMm;
    if (y < trunk.top || y > trunk.bottom) continue;
    const half = trunk.halfWidth(y);
    const depth = trunk.thickness(y);
    for (let column = 0; column < columns; column++) {
      const u = (leftMm + (column + 0.5) * stepMm) / half;
      if (u <= -1 || u >= 1) continue;
      const at = row * columns + column;
      map[at] = (map[at] as number) + depth * (table[(u * u * PROFILE_STEPS) | 0] as number);
    }
  }
}

/** A point of a tube's axis with the radius there, mm. */
export type AxisPoint = readonly [x: number, y: number, radius: number];

/** Tubes drawn as one: where they overlap, the thicker counts (joints and branches don't add up). */
export interface Tubes {
  readonly axes: readonly (readonly AxisPoint[])[];
  /** Inner radius as a share of the outer; a hollow bone has marrow inside. 0 is solid. */
  readonly hollow?: number | undefined;
  /** Factor on the chord: 1 is round, less is flattened towards the panel. */
  readonly depth: number;
  readonly cut?: ((x: number, y: number) => number) | undefined;
}

/** Share of a hollow tube's inner chord that is marrow instead of wall. */
const MARROW = 0.82;

export function drawTubes(
  map: ThicknessMap,
  grid: Grid,
  tubes: Tubes,
  scratch: ThicknessMap,
): void {
  const axes = tubes.axes.map(smoothAxis);
  addChords(map, grid, axes, 1, tubes.depth, tubes.cut, scratch);
  if (tubes.hollow !== undefined)
    addChords(map, grid, axes, tubes.hollow, -MARROW * tubes.depth, tubes.cut, scratch);
}

/** Points between the given ones, on a curve through them (Catmull–Rom), so that no bend is sharp. */
function smoothAxis(axis: readonly AxisPoint[]): readonly AxisPoint[] {
  if (axis.length < 3) return axis;
  const at = (i: number) => axis[Math.min(axis.length - 1, Math.max(0, i))] as AxisPoint;
  const out: AxisPoint[] = [at(0)];
  for (let i = 0; i + 1 < axis.length; i++) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let k = 1; k <= CURVE_STEPS; k++) {
      const t = k / CURVE_STEPS;
      const curve = (n: 0 | 1 | 2) =>
        0.5 *
        (2 * q[n] +
          (r[n] - p[n]) * t +
          (2 * p[n] - 5 * q[n] + 4 * r[n] - s[n]) * t * t +
          (3 * q[n] - p[n] - 3 * r[n] + s[n]) * t * t * t);
      out.push([curve(0), curve(1), Math.max(0.1, curve(2))]);
    }
  }
  return out;
}

const CURVE_STEPS = 4;

/** Adds `factor` times the longest chord of the tubes, their radii scaled, to the map. */
function addChords(
  map: ThicknessMap,
  grid: Grid,
  axes: readonly (readonly AxisPoint[])[],
  scale: number,
  factor: number,
  cut: Tubes["cut"],
  scratch: ThicknessMap,
): void {
  const { stepMm, leftMm, topMm, columns, rows } = grid;
  let top = rows;
  let bottom = 0;
  let left = columns;
  let right = 0;
  for (const axis of axes)
    for (let i = 1; i < axis.length; i++) {
      const [ax, ay, a] = axis[i - 1] as AxisPoint;
      const [bx, by, b] = axis[i] as AxisPoint;
      const ar = a * scale;
      const br = b * scale;
      const reach = Math.max(ar, br);
      const x0 = clampInt((Math.min(ax, bx) - reach - leftMm) / stepMm, 0, columns);
      const x1 = clampInt((Math.max(ax, bx) + reach - leftMm) / stepMm + 1, 0, columns);
      const y0 = clampInt((Math.min(ay, by) - reach - topMm) / stepMm, 0, rows);
      const y1 = clampInt((Math.max(ay, by) + reach - topMm) / stepMm + 1, 0, rows);
      if (x0 >= x1 || y0 >= y1) continue;
      top = Math.min(top, y0);
      bottom = Math.max(bottom, y1);
      left = Math.min(left, x0);
      right = Math.max(right, x1);
      const ex = bx - ax;
      const ey = by - ay;
      const lengthSquare = ex * ex + ey * ey || 1e-9;
      for (let row = y0; row < y1; row++) {
        const dy = topMm + (row + 0.5) * stepMm - ay;
        for (let column = x0; column < x1; column++) {
          const dx = leftMm + (column + 0.5) * stepMm - ax;
          const along = Math.min(1, Math.max(0, (dx * ex + dy * ey) / lengthSquare));
          const radius = ar + (br - ar) * along;
          const offX = dx - ex * along;
          const offY = dy - ey * along;
          // Four times the square of half the chord; the root is taken once per pixel below.
          const square = 4 * (radius * radius - offX * offX - offY * offY);
          const at = row * columns + column;
          if (square > (scratch[at] as number)) scratch[at] = square;
        }
      }
    }
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const at = row * columns + column;
      const square = scratch[at] as number;
      if (square === 0) continue;
      scratch[at] = 0;
      let t = Math.sqrt(square) * factor;
      if (cut !== undefined)
        t *= cut(leftMm + (column + 0.5) * stepMm, topMm + (row + 0.5) * stepMm);
      map[at] = (map[at] as number) + t;
    }
}

/**
 * Adds `amplitude` times value noise on a lattice of `spacingMm` to a row of a grid: −1 … 1, the same
 * for the same place and seed. Lattice points between two rows are blended once, not per pixel.
 */
export function addTextureRow(
  into: Float32Array,
  grid: Grid,
  row: number,
  spacingMm: number,
  seed: number,
  amplitude: number,
): void {
  const v = (grid.topMm + (row + 0.5) * grid.stepMm) / spacingMm;
  const j = Math.floor(v);
  const fy = v - j;
  const sy = fy * fy * (3 - 2 * fy);
  const value = (i: number) => {
    const above = lattice(i, j, seed);
    return amplitude * (above + (lattice(i, j + 1, seed) - above) * sy);
  };
  const stepInLattice = grid.stepMm / spacingMm;
  let u = (grid.leftMm + 0.5 * grid.stepMm) / spacingMm;
  let i = Math.floor(u);
  let left = value(i);
  let rise = value(i + 1) - left;
  for (let column = 0; column < into.length; column++) {
    if (u >= i + 1) {
      i = Math.floor(u);
      left = value(i);
      rise = value(i + 1) - left;
    }
    const fx = u - i;
    into[column] = (into[column] as number) + left + rise * fx * fx * (3 - 2 * fx);
    u += stepInLattice;
  }
}

function lattice(i: number, j: number, seed: number): number {
  let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1) ^ seed;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 13), 0x297a2d39);
  return (h ^ (h >>> 16)) / 0x8000_0000;
}
