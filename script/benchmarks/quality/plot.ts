// Curves as an SVG: axes from 0, a legend, nothing else.

export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xMax: number;
  readonly yMax: number;
  /** Decades below yMax that a logarithmic axis shows; linear from 0 where absent. */
  readonly decades?: number | undefined;
  readonly curves: readonly Curve[];
}

const WIDTH = 640;
const HEIGHT = 420;
const EDGES = { left: 70, right: 20, top: 36, bottom: 48 };
const COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#7f7f7f"];
const TICKS = 5;

export function svgOf(plot: Plot): string {
  const inner = {
    width: WIDTH - EDGES.left - EDGES.right,
    height: HEIGHT - EDGES.top - EDGES.bottom,
  };
  const { decades } = plot;
  const atX = (x: number) => EDGES.left + (x / plot.xMax) * inner.width;
  const share = (y: number) =>
    decades === undefined
      ? y / plot.yMax
      : 1 + Math.log10(Math.max(y, 1e-300) / plot.yMax) / decades;
  const atY = (y: number) => EDGES.top + inner.height * (1 - Math.min(1.02, Math.max(0, share(y))));
  const text = (x: number, y: number, words: string, more = "") =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(words)}</text>`;
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => {
    const x = (plot.xMax * i) / TICKS;
    const y =
      decades === undefined
        ? (plot.yMax * i) / TICKS
        : plot.yMax * 10 ** (-decades + (decades * i) / TICKS);
    return [
      `<path d="M${atX(x).toFixed(1)} ${EDGES.top}V${EDGES.top + inner.height}M${EDGES.left} ${atY(y).toFixed(1)}H${WIDTH - EDGES.right}" stroke="#ddd"/>`,
      text(atX(x), HEIGHT - EDGES.bottom + 18, short(x), 'text-anchor="middle"'),
      text(EDGES.left - 6, atY(y) + 4, short(y), 'text-anchor="end"'),
    ].join("");
  });
  const lines = plot.curves.map(({ name, x, y }, i) => {
    const points = x
      .map((value, k) => [value, y[k] ?? Number.NaN] as const)
      .filter(([a, b]) => a <= plot.xMax && Number.isFinite(b))
      .map(([a, b]) => `${atX(a).toFixed(1)},${atY(b).toFixed(1)}`);
    const colour = COLOURS[i % COLOURS.length] ?? "#000";
    const row = EDGES.top + 16 + 17 * i;
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.6" points="${points.join(" ")}"/>`,
      `<path d="M${WIDTH - 210} ${row - 4}h22" stroke="${colour}" stroke-width="2"/>`,
      text(WIDTH - 182, row, name),
    ].join("");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(plot.title)}</title>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(WIDTH / 2, 20, plot.title, 'text-anchor="middle" font-size="14"'),
    ...ticks,
    text(EDGES.left + inner.width / 2, HEIGHT - 10, plot.xLabel, 'text-anchor="middle"'),
    text(
      -(EDGES.top + inner.height / 2),
      14,
      plot.yLabel,
      'text-anchor="middle" transform="rotate(-90)"',
    ),
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function short(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) < 0.01 || Math.abs(value) >= 10_000
    ? value.toExponential(0)
    : String(Number(value.toPrecision(2)));
}

const escaped = (words: string) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
