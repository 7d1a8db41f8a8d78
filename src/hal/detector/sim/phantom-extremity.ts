// A hand with wrist and forearm, palm on the panel. Nothing moves.

import { bone, type Layer, type Phantom } from "./phantom.ts";
import type { AxisPoint } from "./solids.ts";

type Point = readonly [x: number, y: number];

/** Joints of each ray from the wrist outwards, mm, and the bones' radius at the shaft's end. */
const RAYS: readonly {
  readonly joints: readonly Point[];
  readonly radius: number;
  readonly flesh: number;
}[] = [
  {
    joints: [
      [-27, 44],
      [-56, 8],
      [-76, -22],
      [-90, -47],
    ],
    radius: 6.6,
    flesh: 11.5,
  },
  {
    joints: [
      [-15, 33],
      [-26, -34],
      [-32, -76],
      [-35, -101],
      [-37, -120],
    ],
    radius: 6,
    flesh: 9.5,
  },
  {
    joints: [
      [-4, 31],
      [-5, -39],
      [-5, -85],
      [-5, -114],
      [-5, -134],
    ],
    radius: 6,
    flesh: 9.7,
  },
  {
    joints: [
      [6, 34],
      [16, -33],
      [22, -76],
      [25, -104],
      [27, -123],
    ],
    radius: 5.6,
    flesh: 9.2,
  },
  {
    joints: [
      [16, 38],
      [34, -21],
      [45, -54],
      [50, -75],
      [54, -92],
    ],
    radius: 5,
    flesh: 8.4,
  },
];

/** The two rows of the wrist's bones: x, y, half axes, turn. */
const CARPALS: readonly (readonly [number, number, number, number, number])[] = [
  [-23, 52, 8, 6.5, -20],
  [-13, 45, 6, 6, 0],
  [-1, 47, 7.5, 10, 0],
  [12, 48, 7.5, 9, 15],
  [-15, 63, 7, 10.5, -35],
  [-1, 65, 8, 7, 0],
  [12, 64, 7, 6, 20],
  [17, 60, 4.5, 4.5, 0],
];

/** A long bone: wide ends, slender shaft with a thick wall. */
function longBone(from: Point, to: Point, radius: number): Layer[] {
  const gap = 1.4;
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const at = (share: number, factor: number): AxisPoint => {
    const s = (gap + radius + share * (length - 2 * (gap + radius))) / length;
    return [from[0] + (to[0] - from[0]) * s, from[1] + (to[1] - from[1]) * s, radius * factor];
  };
  return [
    {
      material: "bone",
      tubes: {
        axes: [
          [at(0, 1.12), at(0.12, 0.98), at(0.3, 0.72), at(0.62, 0.68), at(0.86, 0.9), at(1, 1)],
        ],
        hollow: 0.62,
        depth: 0.78,
      },
    },
    // Spongy ends.
    bone({ x: at(0, 1)[0], y: at(0, 1)[1], a: radius * 1.1, b: radius, thickness: radius * 0.15 }),
    bone({ x: at(1, 1)[0], y: at(1, 1)[1], a: radius, b: radius, thickness: radius * 0.15 }),
  ];
}

function bones(): Layer[] {
  const layers: Layer[] = [];
  for (const { joints, radius } of RAYS)
    for (let i = 1; i < joints.length; i++)
      layers.push(
        ...longBone(joints[i - 1] as Point, joints[i] as Point, radius * (1.06 - 0.13 * i)),
      );
  for (const [x, y, a, b, turn] of CARPALS) {
    layers.push(bone({ x, y, a, b, turn, thickness: 4.6, power: 0.3 }));
    layers.push(bone({ x, y, a: a * 0.8, b: b * 0.8, turn, thickness: -1, power: 0.2 }));
  }
  layers.push(
    {
      material: "bone",
      tubes: {
        axes: [
          [
            [-13, 86, 13],
            [-14, 94, 12.5],
            [-16, 112, 9],
            [-18, 150, 8],
            [-16, 240, 8.2],
          ],
        ],
        hollow: 0.76,
        depth: 0.6,
      },
    },
    {
      material: "bone",
      tubes: {
        axes: [
          [
            [17, 82, 7.5],
            [17, 92, 7],
            [16, 110, 6],
            [15, 150, 6.6],
            [14, 240, 7.4],
          ],
        ],
        hollow: 0.62,
        depth: 0.8,
      },
    },
  );
  return layers;
}

function flesh(): Layer[] {
  const fingers = RAYS.map(({ joints, flesh: radius }) =>
    joints.map(([x, y], i): AxisPoint => [x, y, radius * (1.15 - 0.09 * i)]),
  );
  const palm = RAYS.slice(1).map(({ joints: [base, knuckle] }): AxisPoint[] => [
    [(base?.[0] ?? 0) * 0.8, 76, 17],
    [(base?.[0] ?? 0) * 1.1, 34, 16.5],
    [knuckle?.[0] ?? 0, (knuckle?.[1] ?? 0) + 14, 13],
    [knuckle?.[0] ?? 0, knuckle?.[1] ?? 0, 11],
  ]);
  return [
    // Fingers and palm as one, so that they run into each other.
    { material: "soft", tubes: { axes: [...fingers, ...palm], depth: 0.85 } },
    {
      material: "soft",
      tubes: {
        axes: [
          [
            [0, 70, 27],
            [0, 84, 29],
            [0, 120, 33],
            [0, 250, 42],
          ],
        ],
        depth: 0.62,
      },
    },
  ];
}

export function extremity(): Phantom {
  return {
    still: [...flesh(), ...bones()],
    contrast: [],
    varying: () => [],
    box: null,
    structureMm: 0.35,
  };
}
