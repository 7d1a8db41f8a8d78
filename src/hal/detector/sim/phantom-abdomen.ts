// An abdomen from the front, lying: lumbar spine, pelvis, hips, organs, gas in the bowel. In runs
// contrast agent flows down the aorta into the legs' arteries.

import { Random } from "../../../core/random.ts";
import { bone, type Layer, type Phantom, smoothStep, soft } from "./phantom.ts";
import type { AxisPoint } from "./solids.ts";

const SIDES = [-1, 1] as const;

const halfWidth = (y: number) => 168 - 14 * smoothStep(-180, -40, y) + 32 * smoothStep(-20, 130, y);

function lumbarSpine(): Layer[] {
  const layers: Layer[] = [];
  for (let i = 0; i < 7; i++) {
    const y = -205 + i * 38;
    const half = 20 + i * 1.1;
    layers.push({
      material: "bone",
      tubes: {
        axes: [
          [
            [-half + 9, y, 14.5],
            [half - 9, y, 14.5],
          ],
        ],
        hollow: 0.9,
        depth: 0.62,
      },
    });
    layers.push(bone({ x: 0, y: y + 9, a: 4.5, b: 12, thickness: 9 }));
    for (const side of SIDES) {
      layers.push(bone({ x: side * half * 0.62, y: y - 4, a: 4.5, b: 7, thickness: 5 }));
      layers.push({
        material: "bone",
        tubes: {
          axes: [
            [
              [side * half, y - 2, 5],
              [side * (half + 24), y - (i < 2 ? 10 : 5), 3.6],
            ],
          ],
          depth: 0.5,
        },
      });
    }
  }
  return layers;
}

function pelvis(): Layer[] {
  const layers: Layer[] = [
    bone({
      x: 0,
      y: 100,
      a: 47,
      b: 66,
      thickness: 11,
      power: 0.3,
      cut: (x, y) => smoothStep(158, 110, y + Math.abs(x) * 1.2),
    }),
    bone({ x: 0, y: 150, a: 20, b: 32, thickness: 6, power: 0.3 }),
  ];
  for (const row of [0, 1, 2, 3])
    for (const side of SIDES)
      layers.push(bone({ x: side * (15 - row), y: 76 + row * 19, a: 4.5, b: 3.8, thickness: -5 }));
  for (const side of SIDES) {
    const at = (x: number, y: number, radius: number): AxisPoint => [side * x, y, radius];
    const tube = (axis: AxisPoint[], hollow: number, depth: number): Layer => ({
      material: "bone",
      tubes: { axes: [axis], hollow, depth },
    });
    layers.push(
      bone({ x: side * 84, y: 80, a: 50, b: 62, turn: side * 24, thickness: 6, power: 0.2 }),
      tube(
        [
          at(46, 70, 5),
          at(62, 34, 5.5),
          at(92, 22, 6),
          at(124, 40, 6.5),
          at(136, 74, 6),
          at(122, 118, 7),
        ],
        0.6,
        0.8,
      ),
      tube([at(44, 84, 5), at(56, 112, 6), at(86, 140, 9), at(84, 168, 9)], 0.7, 0.8),
      // Pubis and ischium round the foramen.
      tube(
        [
          at(84, 166, 9),
          at(44, 178, 8),
          at(8, 190, 9),
          at(10, 208, 8),
          at(40, 232, 8),
          at(72, 216, 10),
          at(84, 178, 10),
        ],
        0.7,
        0.6,
      ),
      // Hip: socket, head, neck, shaft.
      bone({ x: side * 98, y: 168, a: 25, b: 25, thickness: 17, power: 0.4 }),
      tube([at(98, 152, 3), at(76, 164, 3), at(80, 186, 3)], 0, 1),
      tube([at(100, 170, 17), at(124, 188, 14), at(140, 204, 19), at(136, 260, 16)], 0.78, 0.7),
    );
  }
  return layers;
}

function lowerRibs(): Layer[] {
  const layers: Layer[] = [];
  for (const side of SIDES)
    for (let i = 0; i < 3; i++) {
      const axis: AxisPoint[] = [];
      for (let k = 0; k <= 8; k++) {
        const s = k / 8;
        axis.push([side * (24 + (110 - 18 * i) * s), -228 + 30 * i + (46 + 6 * i) * s * s, 5.5]);
      }
      layers.push({ material: "bone", tubes: { axes: [axis], hollow: 0.82, depth: 0.8 } });
    }
  return layers;
}

function organs(): Layer[] {
  const layers: Layer[] = [
    soft({ x: -86, y: -150, a: 82, b: 74, thickness: 16 }),
    soft({ x: 108, y: -150, a: 34, b: 48, turn: -15, thickness: 10 }),
    soft({ x: 0, y: 170, a: 44, b: 28, thickness: 14 }),
  ];
  for (const side of SIDES) {
    layers.push(soft({ x: side * 66, y: -92, a: 27, b: 52, turn: side * -14, thickness: 13 }));
    layers.push(soft({ x: side * 46, y: -20, a: 22, b: 104, turn: side * -13, thickness: 13 }));
    // Fat between muscle and gut.
    layers.push(soft({ x: side * 140, y: -10, a: 9, b: 110, turn: side * 3, thickness: -9 }));
  }
  const random = new Random(0x9a5);
  const gas = (x: number, y: number, size: number) =>
    layers.push(
      soft({
        x: x + random.gaussian() * 5,
        y: y + random.gaussian() * 5,
        a: size * (0.8 + random.next() * 0.7),
        b: size * (0.6 + random.next() * 0.4),
        turn: random.next() * 180,
        thickness: -size * (1 + random.next()),
        power: 0.7,
      }),
    );
  // Colon: up on the left of the picture, across, down on the right; then small bowel.
  for (let i = 0; i < 8; i++) gas(-126 + random.next() * 8, 70 - i * 20, 12);
  for (let i = 0; i < 10; i++) gas(-108 + i * 24, -82 + 22 * Math.sin((i / 9) * Math.PI), 13);
  for (let i = 0; i < 9; i++) gas(130 - random.next() * 8, -60 + i * 19, 10);
  for (let i = 0; i < 14; i++) gas(random.gaussian() * 50, 40 + random.gaussian() * 45, 8);
  gas(10, 128, 13);
  return layers;
}

/** Aorta and its branches; the bolus runs down them. */
function arteries(phase: number): Layer {
  const front = -260 + 620 * phase;
  return {
    material: "iodine",
    tubes: {
      axes: [
        [
          [6, -260, 9.5],
          [5, -120, 8.6],
          [3, 20, 7.8],
        ],
        [
          [3, 20, 6],
          [-20, 62, 5.2],
          [-52, 118, 4.6],
          [-78, 168, 4],
          [-88, 240, 3.8],
        ],
        [
          [3, 20, 6],
          [24, 62, 5.2],
          [54, 118, 4.6],
          [78, 168, 4],
          [88, 240, 3.8],
        ],
        [
          [5, -100, 3.6],
          [-26, -96, 3],
          [-52, -94, 2.2],
        ],
        [
          [5, -98, 3.6],
          [30, -96, 3],
          [54, -94, 2.2],
        ],
        [
          [4, -128, 3.6],
          [-10, -70, 2.8],
          [-26, -10, 2],
          [-44, 24, 1.4],
        ],
      ],
      depth: 0.3,
      cut: (_x, y) =>
        smoothStep(front + 30, front - 30, y) * smoothStep(front - 420, front - 250, y),
    },
  };
}

export function abdomen(): Phantom {
  return {
    still: [
      { material: "soft", trunk: { top: -300, bottom: 300, halfWidth, thickness: () => 196 } },
      ...lowerRibs(),
      ...lumbarSpine(),
      ...pelvis(),
      ...organs(),
    ],
    contrast: [],
    varying: (phase, contrast) => (contrast ? [arteries(phase)] : []),
    box: [-100, -215, 100, 215],
    structureMm: 2,
  };
}
