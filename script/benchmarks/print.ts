// A 14 × 17 inch sheet of four 2688 × 2688 images of 14 bits: composed by the render thread and printed
// over loopback, on a printer of our own in another process and on DCMTK's dcmprscp.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, stdout } from "node:process";
import type { FilmBoxPicture } from "../../src/model/film.ts";
import { RenderClient } from "../../src/workers/render/render-client.ts";
import { hasDcmprscp, startDcmprscp } from "../../test/peers/dcmprscp.ts";
import { fileOf, imageObject } from "../../test/services/print/film-images.ts";
import { filmOf } from "../../test/services/print/film-table.ts";
import { openHouse, scriptedPrinter } from "../../test/services/print/scripted-printer.ts";
import { type BenchTable, median } from "./table.ts";

const SIDE = 2688;
const FILM: readonly [number, number] = [4096, 5120];
/** How often the main loop is asked whether it is free, ms. */
const PULSE_MS = 2;
const IDLE_MS = 2_000;

export async function run(options: { readonly rounds?: string }): Promise<BenchTable> {
  const rounds = Number(options.rounds ?? 5);
  const own = Bun.spawn([process.execPath, import.meta.path, "serve"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const theirs = hasDcmprscp ? await startDcmprscp() : null;
  const folder = await mkdtemp(join(tmpdir(), "udr-bench-print-"));
  const renderer = new RenderClient();
  try {
    const { value } = await own.stdout.getReader().read();
    const printers: [string, number][] = [["own", Number(new TextDecoder().decode(value))]];
    if (theirs !== null) printers.push(["dcmprscp", theirs.port]);
    // What other programs on the machine do to the main loop.
    const idle = await stalls(() => Bun.sleep(IDLE_MS));
    const rows: string[][] = [["none (idle)", "", "", idle.toFixed(1)]];
    for (const [name, port] of printers) {
      const { sheet, compose, stall } = await prints(port, rounds, folder, renderer);
      rows.push([
        name,
        median(sheet).toFixed(0),
        median(compose).toFixed(0),
        Math.max(...stall).toFixed(1),
      ]);
    }
    return {
      title: "A film of four images",
      note: `\`script/bench print rounds=${rounds}\`: STANDARD\\2,2 on ${FILM.join(" × ")} pixels from four ${SIDE} × ${SIDE} images of 14 bits; a job from its creation to done with every step durable (database in memory), N-GET to release on loopback; composing beside the sending. Median of ${rounds} rounds behind one to warm up; stall: the longest wait of the main loop.`,
      columns: ["printer", "sheet ms", "four boxes composed ms", "stall max ms"],
      rows,
    };
  } finally {
    renderer.close();
    await theirs?.[Symbol.asyncDispose]();
    own.kill();
    await own.exited;
    await rm(folder, { recursive: true, force: true });
  }
}

async function prints(port: number, rounds: number, folder: string, renderer: RenderClient) {
  const sops = ["1.1", "1.2", "1.3", "1.4"];
  const objects = sops.map((sop) =>
    imageObject(sop, { columns: SIDE, rows: SIDE, window: [8192, 16384], spacingMm: 0.148 }),
  );
  const pathOf = (sop: string) => join(folder, `${sop}.dcm`);
  for (const object of objects)
    await writeFile(pathOf(object.instance.sopInstanceUid), fileOf(object));
  const composed: number[] = [];
  await using house = await openHouse(port, {
    objects,
    printer: { filmSizes: { "14INX17IN": FILM } },
    wrap: (storage) => ({
      ...storage,
      reader: storage.reader,
      filePath: (record) => pathOf(record.sopInstanceUid),
    }),
    async compose(box: FilmBoxPicture, into) {
      const started = performance.now();
      await renderer.filmBox(box, into);
      composed.push(performance.now() - started);
    },
  });
  const film = filmOf("STANDARD\\2,2", sops, { filmSize: "14INX17IN" });
  const figures = { sheet: [] as number[], compose: [] as number[], stall: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    composed.length = 0;
    let sheet = 0;
    const stall = await stalls(async () => {
      const started = performance.now();
      const job = await house.settled(await house.print([film]), "done", "failed", "waiting");
      sheet = performance.now() - started;
      if (job.state !== "done") throw new Error(job.reason);
    });
    // The first round warms up.
    if (round === 0) continue;
    figures.sheet.push(sheet);
    figures.compose.push(composed.reduce((sum, ms) => sum + ms, 0));
    figures.stall.push(stall);
  }
  return figures;
}

/** The longest wait of the main loop while something goes on, ms. */
async function stalls(work: () => Promise<void>): Promise<number> {
  let last = performance.now();
  let most = 0;
  const pulse = setInterval(() => {
    const now = performance.now();
    most = Math.max(most, now - last - PULSE_MS);
    last = now;
  }, PULSE_MS);
  await work().finally(() => clearInterval(pulse));
  return most;
}

if (argv[2] === "serve" && import.meta.main) {
  const printer = await scriptedPrinter();
  stdout.write(String(printer.port));
  process.stdin.resume();
}
