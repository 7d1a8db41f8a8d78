// A chest from the front, standing, breathed in: lungs with vessels, heart, diaphragm, ribs, spine,
// shoulder girdle. In runs the heart beats, the diaphragm moves and a vessel tree fills with contrast.

import { Random } from "../../../core/random.ts";
import { bone, type Layer, type Phantom, smoothStep, soft } from "./phantom.ts";
import type { AxisPoint, Tubes } from "./solids.ts";

const SIDES = [-1, 1] as const;
type Side = (typeof SIDES)[number];

/** Half the width of neck, shoulders and chest at height y. */
function halfWidth(y: number): number {
  const neck = 58;
  const shoulders = neck + (205 - neck) * smoothStep(-212, -150, y);
  const chest = 172 - 8 * smoothStep(100, 215, y);
  return shoulders + (chest - shoulders) * smoothStep(-125, -70, y);
}

function depth(y: number): number {
  return 118 + 84 * smoothStep(-215, -60, y);
}

/** One rib as two bows: from the spine outwards, and back along the front. */
function rib(side: Side, index: number): AxisPoint[][] {
  const start = -172 + 25 * index;
  const width = 62 + 86 * (1 - Math.exp(-index / 1.9)) + (index > 7 ? (7 - index) * 6 : 0);
  const drop = 26 + 3.2 * index;
  const back: AxisPoint[] = [];
  for (let i = 0; i <= 12; i++) {
    const s = i / 12;
    const x = 17 + (width - 17) * Math.sin((s * Math.PI) / 2);
    const y = start + drop * (1 - Math.cos((s * Math.PI) / 2)) - 7 * Math.sin(Math.PI * s);
    back.push([side * x, y, 6.2 - 0.8 * s]);
  }
  if (index > 9) return [back.slice(0, 9)];
  const front: AxisPoint[] = [];
  for (let i = 0; i <= 10; i++) {
    const s = i / 10;
    const x = width * Math.cos(s * (0.95 + 0.03 * index));
    front.push([side * x, start + drop + (30 + 4 * index) * s ** 1.2, 5.2 + 2.2 * s * s]);
  }
  return [back, front];
}

function ribs(): Layer[] {
  const layers: Layer[] = [];
  for (const side of SIDES)
    for (let index = 0; index < 11; index++)
      rib(side, index).forEach((axis, part) => {
        layers.push({
          material: "bone",
          tubes: { axes: [axis], hollow: 0.84, depth: part === 0 ? 0.8 : 0.5 },
        });
      });
  return layers;
}

function spine(): Layer[] {
  const layers: Layer[] = [];
  let y = -218;
  for (let i = 0; i < 17; i++) {
    const height = 19 + i * 0.55;
    const half = 13 + i * 0.45;
    const radius = (height - 3.5) / 2;
    layers.push({
      material: "bone",
      tubes: {
        axes: [
          [
            [-half + radius * 0.6, y, radius],
            [half - radius * 0.6, y, radius],
          ],
        ],
        hollow: 0.86,
        depth: 0.62,
      },
    });
    layers.push(bone({ x: 0, y: y + 6, a: 3.2, b: 7, thickness: 8 }));
    for (const side of SIDES) {
      layers.push(bone({ x: side * half * 0.62, y: y - 3, a: 3.2, b: 4.6, thickness: 4 }));
      layers.push({
        material: "bone",
        tubes: {
          axes: [
            [
              [side * half, y - 4, 4],
              [side * (half + 14), y - 8, 3.4],
            ],
          ],
          depth: 0.5,
        },
      });
    }
    y += height + 1.2;
  }
  return layers;
}

function shoulderGirdle(): Layer[] {
  const layers: Layer[] = [];
  for (const side of SIDES) {
    const at = (x: number, y: number, radius: number): AxisPoint => [side * x, y, radius];
    const tube = (axis: AxisPoint[], hollow: number, depthFactor: number): Layer => ({
      material: "bone",
      tubes: { axes: [axis], hollow, depth: depthFactor },
    });
    layers.push(
      tube(
        [at(10, -126, 8), at(24, -131, 6), at(62, -137, 5.2), at(105, -152, 5.4), at(150, -166, 7)],
        0.78,
        0.9,
      ),
      // Shoulder blade: thin plate, thick outer border, spine.
      bone({ x: side * 128, y: -92, a: 30, b: 62, turn: side * 14, thickness: 2.6, power: 0.15 }),
      tube([at(158, -140, 7), at(150, -100, 5), at(122, -34, 3.6)], 0.7, 0.8),
      tube([at(105, -128, 3), at(140, -146, 5), at(172, -166, 7)], 0.6, 0.7),
      // Upper arm.
      bone({ x: side * 186, y: -142, a: 22, b: 22, thickness: 7, power: 0.4 }),
      tube(
        [at(190, -138, 16), at(200, -105, 12.5), at(212, -40, 11.5), at(232, 120, 11.5)],
        0.72,
        0.9,
      ),
      {
        material: "soft",
        tubes: {
          axes: [[at(196, -150, 40), at(214, -60, 40), at(246, 160, 38)]],
          depth: 0.9,
          // The shoulder is part of the trunk already.
          cut: (_x, y) => smoothStep(-165, -60, y),
        },
      },
    );
  }
  return layers;
}

/** Branches of the lung vessels from the hilum outwards; they displace air. */
function lungVessels(): Layer[] {
  const random = new Random(0x10f6);
  const axes: AxisPoint[][] = [];
  const grow = (
    x: number,
    y: number,
    angle: number,
    radius: number,
    length: number,
    side: Side,
  ) => {
    const axis: AxisPoint[] = [[x, y, radius]];
    let heading = angle;
    let px = x;
    let py = y;
    const steps = 4;
    for (let i = 1; i <= steps; i++) {
      heading += random.gaussian() * 0.12;
      px += (Math.cos(heading) * length) / steps;
      py += (Math.sin(heading) * length) / steps;
      axis.push([px, py, radius * (1 - (0.25 * i) / steps)]);
    }
    axes.push(axis);
    if (radius < 0.7) return;
    const fork = 0.28 + random.next() * 0.25;
    grow(px, py, heading + fork, radius * 0.68, length * 0.76, side);
    grow(px, py, heading - fork, radius * 0.68, length * 0.76, side);
  };
  for (const side of SIDES) {
    const outwards = side < 0 ? Math.PI : 0;
    for (const turn of [-1.25, -0.75, -0.25, 0.2, 0.65, 1.1, 1.35])
      grow(side * 36, -12 + turn * 6, outwards + (side < 0 ? -turn : turn), 3.9, 36, side);
  }
  return [{ material: "lung", tubes: { axes, depth: -1.6 } }];
}

/** Share of the lung's depth that heart, diaphragm and great vessels leave, at a phase. */
function lungCut(side: Side, phase: number): (x: number, y: number) => number {
  const beat = Math.sin(2 * Math.PI * phase);
  const breath = 5 * Math.cos(2 * Math.PI * phase) - 5;
  const a = 74 + 3 * beat;
  const b = 50 + 3 * beat;
  const cos = Math.cos(0.62);
  const sin = Math.sin(0.62);
  const apex = (side < 0 ? 74 : 86) + breath;
  return (x, y) => {
    const dx = x - side * 70;
    const outer = dx * side > 0 ? 0.0085 : 0.004;
    const above = apex + outer * dx * dx - y;
    if (above <= -4) return 0;
    let share = above >= 34 ? 1 : Math.sqrt((above + 4) / 38);
    const hx = x - 24;
    const hy = y - 48;
    const u = (hx * cos + hy * sin) / a;
    const v = (hy * cos - hx * sin) / b;
    const heart = 1 - u * u - v * v;
    if (heart > 0) share *= 1 - 0.8 * Math.min(1, Math.sqrt(heart) * 1.5);
    const kx = x - 22;
    const ky = y + 66;
    const knob = 1 - (kx * kx + ky * ky) / 400;
    if (knob > 0) share *= 1 - 0.75 * Math.sqrt(knob);
    return share;
  };
}

function lungs(phase: number): Layer[] {
  return SIDES.map((side) => ({
    material: "lung" as const,
    dome: {
      x: side * 76,
      y: -22,
      a: 63,
      b: 132,
      turn: side * -7,
      thickness: 158,
      power: 0.32,
      cut: lungCut(side, phase),
    },
  }));
}

/** A vessel tree on the heart that beats with it. */
function coronaries(phase: number): Tubes {
  const beat = 1 + 0.07 * Math.sin(2 * Math.PI * phase);
  const at = (x: number, y: number, radius: number): AxisPoint => [
    22 + (x - 22) * beat,
    44 + (y - 44) * beat + 3 * Math.sin(2 * Math.PI * phase + 0.8),
    radius,
  ];
  return {
    axes: [
      [at(18, 4, 2.1), at(32, 10, 2), at(46, 28, 1.7), at(62, 58, 1.4), at(72, 88, 0.9)],
      [at(32, 10, 1.7), at(52, 14, 1.6), at(72, 34, 1.3), at(84, 62, 0.9)],
      [at(46, 28, 1.2), at(64, 36, 1), at(78, 52, 0.8)],
      [at(54, 44, 1.1), at(48, 66, 1), at(52, 86, 0.7)],
      [at(14, 6, 2), at(-8, 18, 1.9), at(-18, 44, 1.7), at(-6, 74, 1.4), at(24, 92, 1)],
    ],
    depth: 1,
  };
}

export function thorax(): Phantom {
  return {
    still: [
      { material: "soft", trunk: { top: -300, bottom: 300, halfWidth, thickness: depth } },
      ...shoulderGirdle(),
      ...ribs(),
      ...spine(),
      // They displace air: taken away from the lungs, which are drawn later.
      ...lungVessels(),
      // Wind pipe and main bronchi.
      {
        material: "soft",
        tubes: {
          axes: [
            [
              [1, -230, 8.5],
              [-1, -60, 8.5],
              [-20, -38, 6.5],
              [-36, -26, 5],
            ],
            [
              [-1, -60, 8.5],
              [16, -34, 6],
              [34, -22, 4.6],
            ],
          ],
          depth: -0.95,
        },
      },
      // Gas in the stomach.
      soft({ x: 66, y: 126, a: 26, b: 13, turn: -12, thickness: -52 }),
    ],
    contrast: [
      // The catheter on its way down.
      {
        material: "iodine",
        tubes: {
          axes: [
            [
              [12, -230, 1],
              [16, -120, 1],
              [24, -62, 1],
              [12, -40, 1],
              [10, -10, 1],
              [18, 4, 1],
            ],
          ],
          depth: 1.4,
        },
      },
    ],
    varying: (phase, contrast) => [
      ...lungs(phase),
      ...(contrast ? [{ material: "iodine" as const, tubes: coronaries(phase) }] : []),
    ],
    box: [-140, -30, 150, 150],
    structureMm: 1.6,
  };
}
