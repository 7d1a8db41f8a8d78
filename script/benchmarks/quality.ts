// What the chain makes of known pictures: the simulated panel's ground truth beside what comes out.
// Figures as tables; pictures and curves into a folder, to be looked at. quality [out=FOLDER] [seed=4]

import { SHIPPED_PROTOCOLS } from "../../src/config/protocols.ts";
import type { SimulatedBeam } from "../../src/hal/detector/detector.ts";
import { edgeTransfer } from "../../src/hal/detector/sim/edge-object.ts";
import type { ProcessingSetting } from "../../src/model/protocol.ts";
import { build } from "../build-kernels.ts";
import {
  COLLIMATED_BEAMS,
  DEFECT_KINDS,
  type DoseStep,
  doseSeries,
  SATURATING_BEAM,
  USUAL_BEAMS,
} from "./quality/dose-series.ts";
import { type Gallery, openGallery } from "./quality/gallery.ts";
import { powerAt } from "./quality/noise-power.ts";
import { COUNTS, type PanelRig, startRig } from "./quality/panel-rig.ts";
import { type Picture, quantiles } from "./quality/picture.ts";
import {
  BRIGHT_RUN_BEAM,
  RUN_BEAM,
  RUN_FPS,
  type RunFigures,
  runFigures,
  TRAIL_FRAMES,
} from "./quality/run-figures.ts";
import { frequencyAt, transferAt } from "./quality/slanted-edge.ts";
import {
  EDGE_BEAM,
  picturesOf,
  quantumPower,
  type StageFigures,
  stageFigures,
} from "./quality/stages.ts";
import type { BenchTable } from "./table.ts";

/** Not checked in: `var/` is for what a program leaves behind. */
const OUT_DEFAULT = "var/quality";
const SEED = 4;
/** Line pairs a millimetre at which figures are told; the panel's limit is 3.1. */
const FREQUENCIES = [0.5, 1, 2] as const;
const COLLIMATED_DOSES = [0.25, 1, 4] as const;
const OVERVIEW_WIDTH = 900;
/** Of the pictures that go into docs/quality. */
const SMALL_WIDTH = 300;
/** Sides of the parts that are shown pixel by pixel. */
const DETAIL_PIXELS = 420;

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable[]> {
  await build();
  const folder = options["out"] ?? OUT_DEFAULT;
  const gallery = await openGallery(folder);
  const rig = await startRig(Number(options["seed"] ?? SEED));
  try {
    const series: DoseStep[][] = [];
    for (const beam of USUAL_BEAMS) series.push(await doseSeries(rig, beam));
    const collimated: DoseStep[][] = [];
    for (const beam of COLLIMATED_BEAMS)
      collimated.push(await doseSeries(rig, beam, COLLIMATED_DOSES));
    const beyond = await doseSeries(rig, SATURATING_BEAM, [1]);
    const stages = await stageFigures(rig, settingOf("chest-pa"));
    const runs = await runRows(rig, gallery);
    await drawCurves(gallery, rig, stages);
    for (const beam of USUAL_BEAMS) await drawPhantom(gallery, rig, beam);
    await drawEdge(gallery, rig);
    return [
      correctionTable(series, beyond, folder),
      fieldTable(collimated),
      repairTable(series),
      stageTable(rig, stages),
      runTable(rig, runs),
    ];
  } finally {
    rig.close();
  }
}

function settingOf(protocolId: string): ProcessingSetting {
  const protocol = SHIPPED_PROTOCOLS.find((p) => p.id === protocolId);
  if (protocol === undefined) throw new Error(`no protocol ${protocolId}`);
  return { ...protocol.processing, rotate: 0, flip: false };
}

const PROTOCOL_OF = { thorax: "chest-pa", abdomen: "abdomen-ap", extremity: "hand-pa" } as const;

function correctionTable(
  series: readonly (readonly DoseStep[])[],
  beyond: readonly DoseStep[],
  folder: string,
): BenchTable {
  const row = (step: DoseStep, proportion: string) => [
    `${step.phantom}, ${step.kv} kV`,
    String(step.dose),
    step.uncorrected.overQuantum.toFixed(2),
    step.left.overQuantum.toFixed(3),
    step.left.overPanel.toFixed(3),
    step.left.biasCounts.toFixed(2),
    step.index.toFixed(1),
    proportion,
  ];
  const usual = new Map(series.map(([first]) => [first?.phantom, first]));
  return {
    title: "Image quality: correction and exposure index",
    note:
      "`script/bench quality`: radiographs of the simulated panel, 2688 × 2688, through correction with the maker's maps, beside the picture " +
      "the simulation started from. Residual: root mean square of the differences of good pixels over that of quantum noise (target ≤ 1.1), " +
      "and over quantum and read noise together. Exposure index over dose, as a deviation from the series' mean (target ≤ 2 %). The last row " +
      "is an exposure whose direct beam is four times the panel's range: thin parts beside it saturate too and are lost to the index. " +
      `Pictures and curves go to \`${folder}\`.`,
    columns: [
      "phantom",
      "dose",
      "residual uncorrected",
      "residual / quanta",
      "residual / panel's noise",
      "bias counts",
      "exposure index",
      "off proportion %",
    ],
    rows: [
      ...series.flat().map((step) => row(step, percent(step.proportion - 1))),
      ...beyond.map((step) => {
        const first = usual.get(step.phantom);
        const times =
          SATURATING_BEAM.mas / (USUAL_BEAMS.find((b) => b.phantom === step.phantom)?.mas ?? 1);
        const expected =
          first === undefined ? 1 : (first.index / first.dose / first.proportion) * times;
        return row(
          { ...step, dose: Number(times.toPrecision(3)) },
          percent(step.index / expected - 1),
        );
      }),
    ],
  };
}

function fieldTable(series: readonly (readonly DoseStep[])[]): BenchTable {
  return {
    title: "Image quality: collimated fields",
    note:
      "`script/bench quality`: the same with the collimator closed to a part, its shadow lightened by scatter. Worst edge of the field that was found, from " +
      "where it is (a pixel of the analysed picture is 2.6 mm and the half shadow is left out); exposure index over dose as above.",
    columns: ["phantom", "opening mm", "dose", "edge off mm", "exposure index", "off proportion %"],
    rows: series
      .flat()
      .map((step) => [
        `${step.phantom}, ${step.kv} kV`,
        (step.openingMm ?? []).join(" "),
        String(step.dose),
        step.fieldOffMm.toFixed(1),
        step.index.toFixed(1),
        percent(step.proportion - 1),
      ]),
  };
}

const percent = (part: number) => (100 * part).toFixed(2);

function repairTable(series: readonly (readonly DoseStep[])[]): BenchTable {
  return {
    title: "Image quality: defects",
    note:
      "`script/bench quality`: every defective pixel of the same radiographs against the truth, in units of a good pixel's noise there, at the " +
      "usual dose. A repaired pixel is a mean of two to four neighbours, so its own noise is 0.5 to 0.7; what is above that is structure of the " +
      "object that no neighbour knows.",
    columns: ["phantom", "defects", "pixels", "before", "repaired", "within 3 %", "worst"],
    rows: series.flatMap((steps) => {
      const step = steps.find((s) => s.dose === 1);
      if (step === undefined) return [];
      return DEFECT_KINDS.map((kind) => {
        const [before, after] = [step.unrepaired[kind], step.repair[kind]];
        return [
          step.phantom,
          kind,
          String(after.pixels),
          before.deviation.toFixed(0),
          after.deviation.toFixed(2),
          (100 * after.withinThree).toFixed(2),
          after.worst.toFixed(1),
        ];
      });
    }),
  };
}

function stageTable(rig: PanelRig, stages: readonly StageFigures[]): BenchTable {
  const { pitchMm } = rig.full;
  const truth = FREQUENCIES.map((f) => edgeTransfer(f, pitchMm));
  const quanta = quantumPower(rig);
  return {
    title: "Image quality: sharpness and noise by stage",
    note:
      "`script/bench quality`: a plate with a straight edge that lets 87 % through, slanted by 2.5°, at 0.6 mAs and 70 kV, twelve frames averaged for the edge. " +
      "MTF: modulation transfer across the edge, 1 for what is coarse. Noise: standard deviation on the plate's open side over the plate's contrast; noise " +
      "power (2-D spectra of squares of 128 pixels, averaged round the circle) over contrast², mm² × 10⁻⁶. Settings of the protocol CHEST PA.",
    columns: [
      "stage",
      ...FREQUENCIES.map((f) => `MTF ${f}/mm`),
      "MTF 50 % at /mm",
      "noise / contrast",
      ...FREQUENCIES.map((f) => `noise power ${f}/mm`),
    ],
    rows: [
      [
        "truth (edge, quanta)",
        ...truth.map((value) => value.toFixed(3)),
        "",
        (Math.sqrt(quanta) / pitchMm).toFixed(4),
        ...FREQUENCIES.map(() => (1e6 * quanta).toFixed(0)),
      ],
      ...stages.map(({ stage, edge, noise }) => [
        stage,
        ...FREQUENCIES.map((f) => transferAt(edge, f).toFixed(3)),
        frequencyAt(edge, 0.5).toFixed(2),
        (noise.deviation / Math.abs(edge.contrast)).toFixed(4),
        ...FREQUENCIES.map((f) => ((1e6 * powerAt(noise, f)) / edge.contrast ** 2).toFixed(0)),
      ]),
    ],
  };
}

interface NamedSetting {
  readonly name: string;
  readonly setting: ProcessingSetting;
  readonly beam: SimulatedBeam;
}

interface NamedRun extends Pick<NamedSetting, "name" | "beam"> {
  readonly figures: RunFigures;
}

async function runRows(rig: PanelRig, gallery: Gallery): Promise<NamedRun[]> {
  const { noise, edge } = settingOf("fluoroscopy");
  const settings: readonly NamedSetting[] = [
    { name: "none", setting: COUNTS, beam: RUN_BEAM },
    { name: `noise ${noise}`, setting: { ...COUNTS, noise }, beam: RUN_BEAM },
    { name: "noise 1", setting: { ...COUNTS, noise: 1 }, beam: RUN_BEAM },
    { name: `noise ${noise}, edge ${edge}`, setting: { ...COUNTS, noise, edge }, beam: RUN_BEAM },
    { name: "none", setting: COUNTS, beam: BRIGHT_RUN_BEAM },
    { name: `noise ${noise}`, setting: { ...COUNTS, noise }, beam: BRIGHT_RUN_BEAM },
    {
      name: `noise ${noise}, edge ${edge}`,
      setting: { ...COUNTS, noise, edge },
      beam: BRIGHT_RUN_BEAM,
    },
  ];
  const rows: NamedRun[] = [];
  const { columns, rows: height } = rig.binned;
  const side = Math.min(columns, DETAIL_PIXELS);
  const part = {
    left: (columns - side) >> 1,
    top: (height - side) >> 1,
    columns: side,
    rows: side,
  };
  const shown: string[] = [];
  for (const [i, { name, setting, beam }] of settings.entries()) {
    const figures = await runFigures(rig, setting, { beam });
    rows.push({ name, beam, figures });
    const file = `run-${i}`;
    const picture = { pixels: figures.frame.image, columns, rows: height };
    await gallery.picture(file, picture, quantiles(picture, 0.005, 0.995), { part });
    if (beam === RUN_BEAM) shown.push(file);
  }
  await gallery.strip("run-filters", shown);
  return rows;
}

function runTable(rig: PanelRig, runs: readonly NamedRun[]): BenchTable {
  const nanoGray = (beam: SimulatedBeam) =>
    (1000 * rig.truth.openCounts(rig.binned.id, beam)) / (rig.binned.countsPerMicroGray ?? 1);
  const unfiltered = (beam: SimulatedBeam) =>
    runs.find((one) => one.beam === beam)?.figures.noise ?? 1;
  return {
    title: "Image quality: fluoroscopy",
    note:
      `\`script/bench quality\`: 144 frames of the plate moving by 2.5 mm ten times a second, ${RUN_FPS} frames/s, 1344 × 1344, with and without ` +
      "filters (linear characteristic). Noise: standard deviation in time of pixels that see nothing move, over their mean. Trail: what is left of the plate " +
      "(13 % contrast; 1.6 times the noise, 5 times at the higher dose) where it has gone, in the frame of the step and those after; the panel's own lag is 3 %.",
    columns: [
      "filters",
      "nGy a frame",
      "noise in time %",
      "of unfiltered",
      "noise in a frame %",
      ...Array.from({ length: TRAIL_FRAMES }, (_, i) => `trail ${i} %`),
    ],
    rows: runs.map(({ name, beam, figures }) => [
      name,
      nanoGray(beam).toFixed(0),
      percent(figures.noise),
      (figures.noise / unfiltered(beam)).toFixed(2),
      percent(figures.noiseInFrame),
      ...figures.trail.map((part) => (100 * part).toFixed(1)),
    ]),
  };
}

async function drawCurves(
  gallery: Gallery,
  rig: PanelRig,
  stages: readonly StageFigures[],
): Promise<void> {
  const shown = stages.filter(({ stage }) => stage !== "corrected");
  const { pitchMm } = rig.full;
  const limit = 1 / (2 * pitchMm);
  const grid = Array.from({ length: 80 }, (_, i) => (i * limit) / 79);
  await gallery.plot("mtf", {
    title: "Modulation transfer by stage",
    xLabel: "line pairs / mm",
    yLabel: "transfer",
    xMax: limit,
    yMax: Math.max(
      1.2,
      1.1 *
        Math.max(
          ...shown.flatMap(({ edge }) =>
            edge.transfer.filter((_, k) => (edge.perMm[k] ?? 0) < limit),
          ),
        ),
    ),
    curves: [
      { name: "truth", x: grid, y: grid.map((f) => edgeTransfer(f, pitchMm)) },
      ...shown.map(({ stage, edge }) => ({ name: stage, x: edge.perMm, y: edge.transfer })),
    ],
  });
  await gallery.plot("edge-profile", {
    title: "Profile across the edge by stage",
    xLabel: "pixels right of 10 left of the edge",
    yLabel: "level",
    xMax: 20,
    yMax: 1.4,
    curves: shown.map(({ stage, edge: { profile } }) => ({
      name: stage,
      x: profile.pixels.map((x) => x + 10).filter((x) => x >= 0),
      y: profile.level.filter((_, i) => (profile.pixels[i] ?? 0) >= -10),
    })),
  });
  const powers = shown.map(({ stage, edge, noise }) => ({
    name: stage,
    x: noise.perMm,
    y: noise.radial.map((value) => value / edge.contrast ** 2),
  }));
  await gallery.plot("nps", {
    title: "Noise power over contrast² by stage",
    xLabel: "line pairs / mm",
    yLabel: "mm²",
    xMax: limit,
    yMax: 2 * Math.max(...powers.flatMap(({ y }) => y)),
    decades: 3,
    curves: powers,
  });
}

/** Overviews by stage, and details around the worst defect line. */
async function drawPhantom(
  gallery: Gallery,
  rig: PanelRig,
  beam: (typeof USUAL_BEAMS)[number],
): Promise<void> {
  const { phantom } = beam;
  const setting = settingOf(PROTOCOL_OF[phantom as keyof typeof PROTOCOL_OF]);
  const pictures = await picturesOf(rig, await rig.expose(beam), setting);
  const result = await rig.process(setting);
  const { center, width } = result.result.window;
  const range = { low: center - width / 2, high: center + width / 2 };
  const dark = quantiles(pictures.raw, 0.002, 0.99);
  const counts = quantiles(pictures.repaired, 0.002, 0.99);
  const wide = { width: OVERVIEW_WIDTH };
  await gallery.picture(`${phantom}-raw`, pictures.raw, dark, wide);
  await gallery.picture(`${phantom}-repaired`, pictures.repaired, counts, wide);
  await gallery.picture(`${phantom}-curve`, pictures.curve, range, wide);
  await gallery.picture(`${phantom}-windowed`, pictures.windowed, { low: 0, high: 255 }, wide);
  const line = rig.truth.defects(rig.full.id).find((d) => d.kind === "cluster");
  const part = around(rig, line?.index ?? 0);
  await gallery.picture(`${phantom}-detail-raw`, pictures.raw, dark, { part });
  await gallery.picture(`${phantom}-detail-corrected`, pictures.corrected, counts, { part });
  await gallery.picture(`${phantom}-detail-repaired`, pictures.repaired, counts, { part });
  await gallery.strip(`${phantom}-detail-defects`, [
    `${phantom}-detail-raw`,
    `${phantom}-detail-corrected`,
    `${phantom}-detail-repaired`,
  ]);
  const middle = around(rig, (rig.full.rows * rig.full.columns) / 2 + rig.full.columns / 3);
  await gallery.picture(`${phantom}-detail-curve`, pictures.curve, range, { part: middle });
  await gallery.picture(`${phantom}-detail-enhanced`, pictures.enhanced, range, { part: middle });
  await gallery.strip(`${phantom}-detail-enhancement`, [
    `${phantom}-detail-curve`,
    `${phantom}-detail-enhanced`,
  ]);
  const small = { width: SMALL_WIDTH };
  await gallery.picture(`${phantom}-small-raw`, pictures.raw, dark, small);
  await gallery.picture(
    `${phantom}-small-windowed`,
    pictures.windowed,
    { low: 0, high: 255 },
    small,
  );
  await gallery.strip(`${phantom}-small`, [`${phantom}-small-raw`, `${phantom}-small-windowed`]);
}

async function drawEdge(gallery: Gallery, rig: PanelRig): Promise<void> {
  const pictures = await picturesOf(rig, await rig.expose(EDGE_BEAM), settingOf("chest-pa"));
  const part = around(rig, (rig.full.rows * rig.full.columns) / 2 + rig.full.columns / 2, 160);
  const names: string[] = [];
  for (const stage of ["raw", "repaired", "curve", "enhanced"] as const) {
    const picture: Picture = pictures[stage];
    await gallery.picture(`edge-${stage}`, picture, quantiles(picture, 0.001, 0.999, part), {
      part,
      enlarge: 2,
    });
    names.push(`edge-${stage}`);
  }
  await gallery.strip("edge-stages", names);
}

/** A square round a pixel, within the panel. */
function around({ full }: PanelRig, pixel: number, wanted = DETAIL_PIXELS) {
  const side = Math.min(wanted, full.columns);
  const within = (at: number, size: number) => Math.min(size - side, Math.max(0, at - (side >> 1)));
  return {
    left: within(Math.floor(pixel % full.columns), full.columns),
    top: within(Math.floor(pixel / full.columns), full.rows),
    columns: side,
    rows: side,
  };
}
