// Fluoroscopy on the whole device: frames of the simulated GigE Vision panel (a process of its own) to
// the saved objects, while a study is sent and worklists are queried; with nobody watching, with a plain
// client of the live view, and with the kiosk in a real browser, all on the same two cores.
// fluoro [seconds=60] [cores=0,1] [watch=nobody,socket,browser].

import { existsSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Health } from "../../src/api/contract.ts";
import { unreachable } from "../../src/core/assert.ts";
import { dicomDateTime } from "../../src/core/clock.ts";
import {
  type SimulatorProcess,
  startSimulator,
} from "../../src/hal/detector/gige/simulator/start-simulator.ts";
import { OBJECTS, objectPath } from "../../src/store/object-path.ts";
import { strings } from "../../src/ui/strings.ts";
import { parseLive } from "../../src/ui/viewer/live-view.tsx";
import { type DeviceProcess, startDevice, until } from "../../test/device-process.ts";
import { findings } from "../../test/dicom/iod/dciodvfy.ts";
import { installed } from "../../test/peers/program.ts";
import { startStorescp } from "../../test/peers/storescp.ts";
import { startWlmscpfs } from "../../test/peers/wlmscpfs.ts";
import { worklistFiles } from "../../test/peers/worklist-files.ts";
import { launchBrowser, noChromium } from "../../test/ui/chromium.ts";
import { goFirst } from "../priority.ts";
import { familyProcessorMs, forgetPeak, memoryOf, processorMs } from "../process-figures.ts";
import type { BenchTable, Target } from "./table.ts";

const DEFAULT_SECONDS = 60;
const FPS = 30;
const SIDE = 1344;
const FRAME_BYTES = SIDE * SIDE * 2;
/** The study that is sent: eight radiographs of 14.5 MB; one a second is what a Gigabit link carries. */
const STUDY_IMAGES = 8;
const WORKLIST_ITEMS = 20;
/** Between the beginnings of two sendings, and of two worklist queries. */
const PACE_MS = 1000;
const OBJECT_BYTES_MAX = 2 ** 31;
/** Frames of the saved run that are looked at. */
const LOOKED_AT = 40;
const NEEDED = ["storescp", "wlmscpfs", "dump2dcm", "dciodvfy"];

/** The targets, ms. */
const TARGET_MS = { withoutBrowser: 15, withBrowser: 33, loopStall: 10 };

/** Who watches the live view meanwhile. */
type Watch = "nobody" | "socket" | "browser";
const WATCHES: readonly Watch[] = ["nobody", "socket", "browser"];
const WATCH_NAMES: Readonly<Record<Watch, string>> = {
  nobody: "without a browser",
  socket: "without a browser, a plain client of the live view",
  browser: "with the live view in Chromium",
};

interface Part {
  readonly frames: string;
  readonly lost: string;
  readonly objects: string;
  readonly rest: readonly string[];
  readonly targets: readonly Target[];
}

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  // The device inherits it: a service manager would see to it.
  goFirst();
  const seconds = Number(options["seconds"] ?? DEFAULT_SECONDS);
  if (!installed(...NEEDED))
    throw new Error(`fluoro needs ${NEEDED.join(", ")}; script/test installs them`);
  await demandRoom(1.2 * seconds * FPS * FRAME_BYTES);
  const cores = await confine(options["cores"] ?? "0,1");
  const rows: string[][] = [];
  const targets: Target[] = [];
  const chosen = options["watch"]?.split(",");
  for (const watch of WATCHES) {
    if (chosen !== undefined && !chosen.includes(watch)) continue;
    const name = WATCH_NAMES[watch];
    if (watch === "browser" && noChromium) {
      rows.push([`${name}: skipped, Chromium is not installed`, ...Array<string>(12).fill("")]);
      continue;
    }
    const { frames, lost, objects, rest, targets: held } = await part(seconds, watch);
    rows.push([name, frames, lost, objects, ...rest]);
    targets.push(...held);
  }
  return {
    title: "Fluoroscopy on the whole device",
    note: [
      `\`script/bench fluoro\`: ${seconds} s at ${FPS} frames/s, ${SIDE} × ${SIDE} × 16, from the simulated panel's process over GigE Vision to the saved objects, everything on ${cores}.`,
      `Meanwhile a study of ${STUDY_IMAGES} radiographs (${Math.round((STUDY_IMAGES * 2688 * 2688 * 2) / 1e6)} MB) is sent to storescp and a worklist of ${WORKLIST_ITEMS} items asked of wlmscpfs, both once a second.`,
      "Times are the device's own (`pipeline` of `GET health`): from a frame's last packet to its descriptor on the main loop, to its processed picture there, and how late a 5 ms timer of the main loop fires.",
      `Targets: 0 lost, p99 to the main loop ≤ ${TARGET_MS.withoutBrowser} ms without and ≤ ${TARGET_MS.withBrowser} ms with the browser, stall p99 ≤ ${TARGET_MS.loopStall} ms.`,
      `Lost: by the panel + no free slot + in processing or saving. Objects: dciodvfy's findings, ≤ 2 GiB, every frame's bytes there, ${LOOKED_AT} frames of each looked at. Processor times in % of one core. A browser without a graphics card draws with the processor, on the cores that device and panel share; what the live view itself delivers is the line of the plain client.`,
    ].join(" "),
    columns: [
      "what",
      "frames saved",
      "lost",
      "objects",
      "to the main loop p50 / p99 / max ms",
      "to the picture p50 / p99 / max ms",
      "loop stall p99 / max ms",
      "live view: come to the client or painted by the browser, frames/s",
      "studies sent, queries",
      "device CPU %",
      "panel CPU %",
      "browser CPU %",
      "memory before / peak MiB",
    ],
    rows,
    targets,
  };
}

async function part(seconds: number, watch: Watch): Promise<Part> {
  const panel = await startSimulator();
  try {
    await using archive = await startStorescp(["--ignore"]);
    await using ris = await startWlmscpfs("RIS", await worklistOfToday());
    const at = { host: "127.0.0.1" };
    await using device = await startDevice({
      detector: `gige:${panel.address}`,
      configuration: {
        remotes: [
          { id: "archive", aeTitle: "ARCHIVE", port: archive.port, services: ["storage"], ...at },
          { id: "ris", aeTitle: "RIS", port: ris.port, services: ["worklist"], ...at },
        ],
      },
    });
    const study = await exposedStudy(device);
    const exam = await device.post<{ id: string }>("exams", {
      patient: { name: "Bench^Fluoro" },
      operator: "Bench^Operator",
      protocolId: "fluoroscopy",
    });
    await using watcher = await watcherOf(watch, device.http);
    await prepared(device, exam.id);
    return await exposed({ device, panel, watch, watcher, study, examId: exam.id, seconds });
  } finally {
    await panel.stop();
  }
}

interface Room {
  readonly device: DeviceProcess;
  readonly panel: SimulatorProcess;
  readonly watch: Watch;
  readonly watcher: Watcher | null;
  readonly study: string;
  readonly examId: string;
  readonly seconds: number;
}

async function exposed(room: Room): Promise<Part> {
  const { device, panel, watch, watcher, study, examId, seconds } = room;
  const browserPid = watcher?.pid ?? null;
  const { pid } = device.process;
  const countsBefore = await freshCounts(device);
  const before = await memoryOf(pid);
  await forgetPeak(pid);
  const processors = async () => ({
    device: await processorMs(pid),
    panel: await processorMs(panel.pid),
    browser: browserPid === null ? 0 : await familyProcessorMs(browserPid),
  });
  await watcher?.count();
  const [from, beganMs] = [await processors(), performance.now()];
  const others = besides(device, study);
  await device.post("simulator/expose", {
    kind: "fluoroscopy",
    durationMs: seconds * 1000,
    fps: FPS,
  });
  const [to, tookMs] = [await processors(), performance.now() - beganMs];
  const seen = (await watcher?.seen()) ?? null;
  const { sent, queries } = await others.end();
  const memory = await memoryOf(pid);
  const counts = await freshCounts(device);
  const { pipeline } = await device.get<Health>("health");
  if (pipeline === undefined) throw new Error("the device measured nothing");

  const wanted = seconds * FPS;
  const saved = await savedRun(device, examId, wanted);
  const percent = (kind: keyof typeof to) => ((100 * (to[kind] - from[kind])) / tookMs).toFixed(0);
  const [byPanel, noSlot] = [
    counts.lost - countsBefore.lost,
    counts.overruns - countsBefore.overruns,
  ];
  const three = ({ p50, p99, max }: { p50: number; p99: number; max: number }) =>
    `${p50} / ${p99} / ${max}`;
  return {
    frames: `${saved.frames} of ${wanted}`,
    lost: `${byPanel} + ${noSlot} + ${wanted - byPanel - noSlot - saved.frames}`,
    objects: saved.verdict,
    rest: [
      three(pipeline.arrivalMs),
      three(pipeline.pictureMs),
      `${pipeline.loopStallMs.p99} / ${pipeline.loopStallMs.max}`,
      seen === null ? "" : (seen / seconds).toFixed(1),
      `${sent}, ${queries}`,
      percent("device"),
      percent("panel"),
      browserPid === null ? "" : percent("browser"),
      `${before.residentMib.toFixed(0)} / ${memory.peakMib.toFixed(0)}`,
    ],
    targets: targetsOf(pipeline, { wanted, saved, watch }),
  };
}

function targetsOf(
  { arrivalMs, pictureMs, loopStallMs }: NonNullable<Health["pipeline"]>,
  run: { readonly wanted: number; readonly saved: Saved; readonly watch: Watch },
): Target[] {
  const { wanted, saved, watch } = run;
  const where = WATCH_NAMES[watch];
  const toMainMs = watch === "browser" ? TARGET_MS.withBrowser : TARGET_MS.withoutBrowser;
  return [
    {
      what: `fluoroscopy ${where}: frames lost, objects`,
      target: "0, valid and whole",
      here: `${wanted - saved.frames} of ${wanted}; ${saved.verdict}`,
      met: saved.frames === wanted && saved.isRight,
    },
    {
      what: `fluoroscopy ${where}: frame complete to the main loop`,
      target: `p99 ≤ ${toMainMs} ms`,
      here: `p99 ${arrivalMs.p99} ms, longest ${arrivalMs.max}; to its processed picture p99 ${pictureMs.p99}, longest ${pictureMs.max}`,
      met: arrivalMs.p99 <= toMainMs,
    },
    {
      what: `fluoroscopy ${where}: main loop held up`,
      target: `p99 ≤ ${TARGET_MS.loopStall} ms`,
      here: `p99 ${loopStallMs.p99} ms, longest ${loopStallMs.max}`,
      met: loopStallMs.p99 <= TARGET_MS.loopStall,
    },
  ];
}

// ---- what happens besides --------------------------------------------------------------------------

/** Sends the study and asks for the worklist, again and again until it is ended. */
function besides(device: DeviceProcess, studyInstanceUid: string) {
  let over = false;
  let sent = 0;
  let queries = 0;
  const paced = async (once: () => Promise<void>) => {
    while (!over) {
      const nextMs = performance.now() + PACE_MS;
      await once();
      await Bun.sleep(Math.max(0, nextMs - performance.now()));
    }
  };
  const sending = paced(async () => {
    const order = { type: "send", remoteId: "archive", studyInstanceUid };
    const { id } = await device.post<{ id: string }>("jobs", order);
    await until("the study sent", async () => {
      const job = await device.get<{ state: string; reason?: string }>(`jobs/${id}`);
      if (job.state === "failed") throw new Error(`the study was not sent: ${job.reason}`);
      return job.state === "done" ? job : undefined;
    });
    sent++;
  });
  const asking = paced(async () => {
    const answer = await device.post<{ items: unknown[]; complete: boolean; reason?: string }>(
      "worklist/query",
    );
    if (!answer.complete || answer.items.length !== WORKLIST_ITEMS)
      throw new Error(`the worklist came with ${answer.items.length} items: ${answer.reason}`);
    queries++;
  });
  const both = Promise.all([sending, asking]);
  both.catch(() => {});
  return {
    async end() {
      over = true;
      await both;
      return { sent, queries };
    },
  };
}

/** A study of radiographs, ready to be sent. */
async function exposedStudy(device: DeviceProcess): Promise<string> {
  const { id } = await device.post<{ id: string }>("exams", { patient: { name: "Bench^Send" } });
  await prepared(device, id);
  for (let i = 0; i < STUDY_IMAGES; i++)
    await device.post("simulator/expose", { kind: "radiography" });
  const done = await device.post<{ studyInstanceUid: string }>(`exams/${id}/complete`);
  return done.studyInstanceUid;
}

/** Waits until the panel is calibrated and armed. */
const prepared = (device: DeviceProcess, examId: string) =>
  until("the panel ready", () =>
    device.post(`exams/${examId}/prepare`).then(
      () => true as const,
      () => undefined,
    ),
  );

function worklistOfToday(): Promise<Uint8Array[]> {
  const { date } = dicomDateTime(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone);
  return worklistFiles(
    Array.from({ length: WORKLIST_ITEMS }, (_, i) => ({
      name: `Bench^Number${i}`,
      id: `P${i}`,
      date,
      studyUid: `1.2.826.0.1.77.${i + 1}`,
    })),
  );
}

/** The panel's counts; the device reads them every two seconds. */
async function freshCounts(device: DeviceProcess): Promise<Health["detector"]> {
  const first = await device.get<Health>("health");
  return until("fresh counts", async () => {
    const now = await device.get<Health>("health");
    return Date.parse(now.time) - Date.parse(first.time) > 2500 ? now.detector : undefined;
  });
}

// ---- who watches -----------------------------------------------------------------------------------

interface Watcher extends AsyncDisposable {
  /** The browser's process that all of its others come from; null where there is none. */
  readonly pid: number | null;
  /** Counts what comes from now on. */
  count(): Promise<void>;
  /** Live frames since, each once. */
  seen(): Promise<number>;
}

function watcherOf(watch: Watch, http: string): Promise<Watcher | null> {
  switch (watch) {
    case "nobody":
      return Promise.resolve(null);
    case "socket":
      return openClient(http);
    case "browser":
      return openBrowser(http);
    default:
      return unreachable(watch);
  }
}

/** A client that takes whatever the feed sends. */
async function openClient(http: string): Promise<Watcher> {
  const socket = new WebSocket(`${http.replace("http", "ws")}/api/v1/live`);
  socket.binaryType = "arraybuffer";
  let frames = 0;
  let last: number | undefined;
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const picture = parseLive(data);
    if (picture === null || picture.held || picture.sequence === last) return;
    last = picture.sequence;
    frames++;
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the live view cannot be opened"));
  });
  return {
    pid: null,
    count: async () => {
      frames = 0;
    },
    seen: async () => frames,
    [Symbol.asyncDispose]: async () => socket.close(),
  };
}

/** The kiosk page with the open exam on it, as at the console. */
async function openBrowser(http: string): Promise<Watcher> {
  const before = await childrenCalled("chrom");
  const browser = await launchBrowser();
  const [pid] = (await childrenCalled("chrom")).filter((child) => !before.includes(child));
  if (pid === undefined) throw new Error("the browser's process is not to be found");
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(http);
  await page.locator(".link-veil").waitFor({ state: "detached" });
  await page.locator("nav button", { hasText: strings.nav.exam }).click();
  await page.locator(".screen.exam").waitFor();
  return {
    pid,
    count: () => countPainted(page),
    seen: () => page.evaluate(() => Number(document.body.dataset["painted"])),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** At every paint, a frame that was not there at the last one counts. */
const countPainted = (page: Page) =>
  page.evaluate(() => {
    let last: string | undefined;
    let painted = 0;
    const look = () => {
      const viewer = document.querySelector<HTMLElement>('.viewer[data-state="live"]');
      const frame = viewer?.dataset["frame"];
      if (frame !== undefined && frame !== last) painted++;
      last = frame;
      document.body.dataset["painted"] = String(painted);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });

async function childrenCalled(name: string): Promise<number[]> {
  const listed = Bun.spawnSync(["ps", "-o", "pid=,comm=", "--ppid", String(process.pid)]);
  return listed.stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes(name))
    .map((line) => Number.parseInt(line, 10));
}

// ---- what was saved --------------------------------------------------------------------------------

interface Saved {
  readonly frames: number;
  readonly isRight: boolean;
  readonly verdict: string;
}

/** Waits for the run's objects and looks at each file: validator, size, pixels. */
async function savedRun(device: DeviceProcess, examId: string, wanted: number): Promise<Saved> {
  const { studyInstanceUid, instances } = await device.get<{
    studyInstanceUid: string;
    instances: { sopInstanceUid: string; numberOfFrames: number }[];
  }>(`exams/${examId}`);
  const objects = instances.filter((i) => i.numberOfFrames > 0);
  const wrong: string[] = [];
  let largest = 0;
  for (const { sopInstanceUid, numberOfFrames } of objects) {
    const file = join(device.dataFolder, OBJECTS, objectPath(studyInstanceUid, sopInstanceUid));
    largest = Math.max(largest, Bun.file(file).size);
    wrong.push(...findings(file, "RF"), ...(await pixelProblems(file, numberOfFrames)));
  }
  if (largest > OBJECT_BYTES_MAX) wrong.push(`an object has ${largest} bytes`);
  const frames = objects.reduce((sum, i) => sum + i.numberOfFrames, 0);
  if (frames !== wanted) console.error(`fluoro: ${frames} frames saved of ${wanted}`);
  for (const line of wrong) console.error(`fluoro: ${line}`);
  const size = `${objects.length} of ≤ ${(largest / 2 ** 30).toFixed(2)} GiB`;
  return {
    frames,
    isRight: objects.length > 0 && wrong.length === 0,
    verdict: wrong.length === 0 ? `${size}, all right` : `${size}, ${wrong.length} findings`,
  };
}

const ELEMENT_HEAD = [0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x57, 0, 0];

/** Pixel Data (OW, explicit VR) ends the file with every frame's bytes; some frames are looked at. */
async function pixelProblems(path: string, frames: number): Promise<string[]> {
  const bytes = frames * FRAME_BYTES;
  const pixelsAt = Bun.file(path).size - bytes;
  const handle = await open(path);
  try {
    const read = async (length: number, position: number) => {
      const { buffer } = await handle.read(new Uint8Array(length), 0, length, position);
      return buffer;
    };
    const head = await read(12, pixelsAt - 12);
    const length = new DataView(head.buffer).getUint32(8, true);
    if (ELEMENT_HEAD.some((byte, i) => head[i] !== byte) || length !== bytes)
      return [`${path}: its pixel data does not hold ${frames} frames`];
    const problems: string[] = [];
    let before: Uint16Array | null = null;
    for (let i = 0; i < LOOKED_AT; i++) {
      // Pairs of neighbours: alike, as pictures of one patient are, and not the same, as noise never is.
      const pair = Math.floor(((i >> 1) * (frames - 2)) / (LOOKED_AT / 2));
      const frame = new Uint16Array(
        (await read(FRAME_BYTES, pixelsAt + (pair + (i & 1)) * FRAME_BYTES)).buffer,
      );
      const seen = likeness(frame, before ?? frame);
      if (seen.spread < 1) problems.push(`${path}: frame ${pair + (i & 1)} is empty`);
      else if ((i & 1) === 1 && (seen.correlation < 0.9 || seen.same))
        problems.push(`${path}: frames ${pair} and ${pair + 1} are no neighbours`);
      before = (i & 1) === 1 ? null : frame;
    }
    return problems;
  } finally {
    await handle.close();
  }
}

/** Of every 13th pixel: standard deviation, correlation with another frame, and whether nothing differs. */
function likeness(a: Uint16Array, b: Uint16Array) {
  let [n, sumA, sumB, squaresA, squaresB, products, differ] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 13) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    n++;
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
    if (x !== y) differ++;
  }
  const varianceA = squaresA / n - (sumA / n) ** 2;
  const varianceB = squaresB / n - (sumB / n) ** 2;
  const covariance = products / n - (sumA / n) * (sumB / n);
  return {
    spread: Math.sqrt(varianceA),
    correlation: covariance / Math.sqrt(varianceA * varianceB),
    same: differ === 0,
  };
}

// ---- the machine -----------------------------------------------------------------------------------

/** @throws Error when the run does not fit on the disk of temporary files */
async function demandRoom(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < bytes)
    throw new Error(
      `fluoro writes ${(bytes / 1e9).toFixed(1)} GB to ${tmpdir()}, ${((bavail * bsize) / 1e9).toFixed(1)} GB are free; make room, set TMPDIR or choose seconds=`,
    );
}

/** Keeps this process and all it starts on these cores; answers what to call that. */
async function confine(cores: string): Promise<string> {
  if (navigator.hardwareConcurrency <= 2) return "this machine's two cores";
  if (!existsSync("/usr/bin/taskset")) return "all cores (taskset is not installed)";
  const set = Bun.spawnSync(["taskset", "-a", "-c", "-p", cores, String(process.pid)]);
  if (set.exitCode !== 0) throw new Error(`no cores ${cores}: ${set.stderr.toString().trim()}`);
  return `cores ${cores}`;
}
