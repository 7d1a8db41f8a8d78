// Processed pixels to durable file and row, beside a plain write and fsync of the same bytes, in turn.

import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { silentLog } from "../../src/core/log.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";
import type { ObjectRows } from "../../src/store/object-writer.ts";
import { RUN_HEADER_BYTES } from "../../src/store/object-writer.ts";
import { startStorage } from "../../src/workers/storage/storage-client.ts";
import { type BenchTable, median } from "./table.ts";

const COLUMNS = 2688;
const ROWS = 2688;
const RUN_FRAMES = 150;
const RUN_SIDE = 1344;
/** What a run of 30 frames/s asks of the disk. */
const RUN_FPS = 30;
const TICK_MS = 5;

/** Options: rounds (25), folder (below the working directory, so that a real disk is measured). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const { rounds: roundsText = "25", folder: parent = "." } = options;
  const rounds = Number(roundsText);
  const folder = mkdtempSync(join(parent, ".bench-durable-"));
  const pixelBytes = COLUMNS * ROWS * 2;
  const memory = new SharedArrayBuffer(pixelBytes);
  const pixels = new Uint8Array(memory);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 2654435761) >>> 24;
  try {
    const storage = await startStorage({ folder, nowMs: 0, memory }, silentLog, (error) => {
      throw error;
    });
    const plainMs: number[] = [];
    const storedMs: number[] = [];
    const paths: string[] = [];
    for (let n = 0; n < rounds + 2; n++) {
      const rows = rowsOf(`1.2.${n}`, COLUMNS, 1);
      const header = headerOf(rows, pixelBytes);
      const plain = timed(() => plainWrite(join(folder, `plain-${n}`), [header, pixels]));
      const startMs = performance.now();
      const outcome = await storage.writeObject({
        ...rows,
        header,
        pixels: { kind: "memory", offset: 0, byteLength: pixelBytes },
      });
      const stored = performance.now() - startMs;
      if (outcome.kind !== "stored") throw new Error(`not stored: ${outcome.kind}`);
      paths.push(join(folder, `plain-${n}`));
      // The first two warm the caches and the file system's journal.
      if (n < 2) continue;
      plainMs.push(plain);
      storedMs.push(stored);
    }
    for (const path of paths) unlinkSync(path);
    const appendMs = await measureRun(storage);
    const stallsMs = await measureStalls(storage, rounds);
    await storage.close();

    const ratio = median(storedMs) / median(plainMs);
    const worst = Math.max(...storedMs);
    return {
      title: "Durable objects",
      note: `${rounds} objects of ${COLUMNS}×${ROWS}×16 from shared memory through the storage thread: file, fsync, rename, folder fsync, row (WAL, FULL). Beside each, in turn, one write and fsync of the same bytes on the main thread. Target ≤ 1.5. Then a run of ${RUN_FRAMES} frames ${RUN_SIDE}² written frame by frame.`,
      columns: ["what", "median ms", "max ms", "ratio"],
      rows: [
        ["plain write + fsync", ms(median(plainMs)), ms(Math.max(...plainMs)), "1"],
        ["durable file and row", ms(median(storedMs)), ms(worst), ratio.toFixed(2)],
        [
          `frame of a run (${RUN_SIDE}²; ${(1000 / RUN_FPS).toFixed(1)} ms apart at ${RUN_FPS}/s)`,
          ms(median(appendMs.frames)),
          ms(Math.max(...appendMs.frames)),
          "",
        ],
        ["end of that run: header, sync, row", ms(appendMs.finish), "", ""],
        [
          `lateness of a ${TICK_MS} ms tick on the main loop meanwhile (p99, max)`,
          ms(stallsMs[Math.floor(stallsMs.length * 0.99)] ?? Number.NaN),
          ms(stallsMs.at(-1) ?? Number.NaN),
          "",
        ],
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureRun(storage: Awaited<ReturnType<typeof startStorage>>) {
  const frameBytes = RUN_SIDE * RUN_SIDE * 2;
  const rows = rowsOf("1.3.1", RUN_SIDE, RUN_FRAMES);
  const begun = await storage.beginRun({
    sopInstanceUid: "1.3.1",
    expectedBytes: RUN_FRAMES * frameBytes,
  });
  if (begun.kind !== "begun") throw new Error(begun.kind);
  const frames: number[] = [];
  for (let n = 0; n < RUN_FRAMES; n++) {
    const startMs = performance.now();
    await storage.appendRun(begun.runId, {
      kind: "memory",
      offset: n * 64,
      byteLength: frameBytes,
    });
    frames.push(performance.now() - startMs);
  }
  const startMs = performance.now();
  const outcome = await storage.finishRun({
    ...rows,
    runId: begun.runId,
    header: headerOf(rows, RUN_FRAMES * frameBytes),
    creatorUid: "1.2.3.4",
  });
  if (outcome.kind !== "stored" || outcome.record.pixelOffset !== RUN_HEADER_BYTES)
    throw new Error("the run was not stored");
  return { frames, finish: performance.now() - startMs };
}

/** How late the main loop's ticks come, sorted, while objects go to the storage thread. */
async function measureStalls(
  storage: Awaited<ReturnType<typeof startStorage>>,
  rounds: number,
): Promise<number[]> {
  const gaps: number[] = [];
  let running = true;
  const ticking = (async () => {
    let last = performance.now();
    while (running) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const now = performance.now();
      gaps.push(now - last - TICK_MS);
      last = now;
    }
  })();
  const byteLength = COLUMNS * ROWS * 2;
  for (let n = 0; n < rounds; n++) {
    const rows = rowsOf(`1.4.${n}`, COLUMNS, 1);
    const header = headerOf(rows, byteLength);
    await storage.writeObject({
      ...rows,
      header,
      pixels: { kind: "memory", offset: 0, byteLength },
    });
  }
  running = false;
  await ticking;
  return gaps.sort((a, b) => a - b);
}

function plainWrite(path: string, views: readonly Uint8Array[]): void {
  const fd = openSync(path, "wx");
  const wanted = views.reduce((sum, v) => sum + v.byteLength, 0);
  if (writevSync(fd, [...views]) !== wanted) throw new Error("short write");
  fsyncSync(fd);
  closeSync(fd);
}

function timed(act: () => void): number {
  const startMs = performance.now();
  act();
  return performance.now() - startMs;
}

function rowsOf(sopInstanceUid: string, side: number, frames: number): ObjectRows {
  const study = "1.2.840.1";
  return {
    instance: {
      sopInstanceUid,
      sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      studyInstanceUid: study,
      seriesInstanceUid: `${study}.1`,
      modality: "DX",
      seriesNumber: 1,
      instanceNumber: 1,
      numberOfFrames: frames,
      rows: side,
      columns: side,
      createdMs: 0,
      examId: null,
      irradiationEventUid: null,
      local: true,
    },
    series: {
      seriesInstanceUid: `${study}.1`,
      studyInstanceUid: study,
      modality: "DX",
      seriesNumber: 1,
      description: "",
      bodyPart: "CHEST",
    },
    study: {
      studyInstanceUid: study,
      patientId: "BENCH",
      patientName: "Bench^Mark",
      birthDate: "",
      sex: "O",
      studyDate: "20260105",
      studyTime: "080000",
      studyId: "1",
      accessionNumber: "",
      description: "",
    },
  };
}

function headerOf({ instance }: ObjectRows, pixelBytes: number): Uint8Array {
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", instance.sopClassUid)
    .text(Tag.SOPInstanceUID, "UI", instance.sopInstanceUid)
    .text(Tag.PatientName, "PN", "Bench^Mark")
    .text(Tag.StudyInstanceUID, "UI", instance.studyInstanceUid)
    .text(Tag.SeriesInstanceUID, "UI", instance.seriesInstanceUid)
    .numbers(Tag.Rows, "US", instance.rows)
    .numbers(Tag.Columns, "US", instance.columns);
  return encodeObjectHeader({
    meta: {
      sopClassUid: instance.sopClassUid,
      sopInstanceUid: instance.sopInstanceUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      implementationClassUid: "1.2.3.4",
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: "OW", byteLength: pixelBytes },
  });
}

function ms(value: number): string {
  return value.toFixed(1);
}
