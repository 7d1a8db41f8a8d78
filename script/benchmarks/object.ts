// A whole radiograph from its pixel slot to the durable object: facts, data set, header, file, rows,
// beside a plain write and fsync of the same bytes, in turn.

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
import { defaultConfiguration } from "../../src/config/configuration.ts";
import { SHIPPED_PROTOCOLS } from "../../src/config/protocols.ts";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { SlotPool, slotPoolBytes } from "../../src/core/slot-pool.ts";
import { UidGenerator } from "../../src/dicom/iod/uid.ts";
import { unscheduledExam, withExposure, withSeries } from "../../src/exam/exam-record.ts";
import { ImageMaker, type ImageOrder } from "../../src/exam/image-maker.ts";
import { SIMULATED_MODES } from "../../src/hal/detector/sim/simulated-detector.ts";
import { DEFAULT_GEOMETRY } from "../../src/hal/generator/sim/simulated-positioner.ts";
import type { Exposure } from "../../src/model/exposure.ts";
import type { FrameHeader } from "../../src/model/frame.ts";
import type { ImageObject } from "../../src/model/protocol.ts";
import {
  gy,
  gyM2,
  kiloVolts,
  milliAmpereSeconds,
  milliAmperes,
  millimetres,
  milliseconds,
} from "../../src/model/units.ts";
import { startStorage } from "../../src/workers/storage/storage-client.ts";
import { type BenchTable, median } from "./table.ts";

const SIDE = 2688;
const PIXEL_BYTES = SIDE * SIDE * 2;
const SLOTS = 2;
/** About what a radiograph's header has. */
const HEADER_BYTES = 4096;
/** The first ones warm caches and journal. */
const WARM_ROUNDS = 3;
const OBJECTS: readonly ImageObject[] = ["DX", "CR"];

/** Options: rounds (25), folder (below the working directory, so that a real disk is measured). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const rounds = Number(options["rounds"] ?? 25);
  const folder = mkdtempSync(join(options["folder"] ?? ".", ".bench-object-"));
  const poolBytes = slotPoolBytes(SLOTS, PIXEL_BYTES);
  const memory = new SharedArrayBuffer(2 * poolBytes);
  const raw = pool("raw", memory, 0);
  const image = pool("image", memory, poolBytes);
  for (let slot = 0; slot < SLOTS; slot++) {
    const pixels = image.bytes(slot);
    for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 2654435761) >>> 24;
  }
  const clock = new SystemClock();
  const storage = await startStorage(
    { folder, nowMs: clock.nowMs(), memory },
    silentLog,
    (error) => {
      throw error;
    },
  );
  const header = new Uint8Array(HEADER_BYTES);
  let count = 0;
  const { uidRoot: root, uidNumber, timeZone } = defaultConfiguration.device;
  const uids = new UidGenerator({ root, uidNumber, timeZone }, clock, { next: () => count++ });
  // The pixel chain's work is measured elsewhere: here it is done already.
  const processed = async () => ({
    columns: SIDE,
    rows: SIDE,
    window: { center: 8000, width: 9000 },
    analysis: null,
    timesMs: {},
  });
  const images = new ImageMaker({
    log: silentLog,
    nowMs: () => clock.nowMs(),
    configuration: () => defaultConfiguration,
    storage,
    uids,
    pixels: {
      raw,
      image,
      display: raw,
      processRadiograph: processed,
      processFluoroFrame: processed,
    },
    panel: { vendor: "B", model: "B", serial: "1", firmware: "1", modes: SIMULATED_MODES },
    calibratedMs: () => clock.nowMs(),
    uncorrected: () => null,
  });
  try {
    const rows: string[][] = [];
    for (const object of OBJECTS) {
      // The images of one exam, as a day's work is: their folder is there after the first.
      const order = orderOf(object, uids, clock.nowMs());
      const plainMs: number[] = [];
      const storedMs: number[] = [];
      const plainPaths: string[] = [];
      for (let n = 0; n < rounds + WARM_ROUNDS; n++) {
        const slot = raw.take();
        if (slot === null) throw new Error("no slot");
        const path = join(folder, `plain-${n}`);
        const plain = () => timed(async () => plainWrite(path, [header, image.bytes(0)]));
        const stored = () => timed(() => images.radiograph({ slot, header: HEADER }, order));
        // Each goes first every other time: what one leaves to the disk's cache hits the other.
        const [plainTook, storedTook] =
          n % 2 === 0
            ? [await plain(), await stored()]
            : (await inTurn(stored, plain)).toReversed();
        plainPaths.push(path);
        if (n < WARM_ROUNDS) continue;
        storedMs.push(storedTook ?? 0);
        plainMs.push(plainTook ?? 0);
      }
      for (const path of plainPaths) unlinkSync(path);
      rows.push([
        object,
        median(plainMs).toFixed(1),
        median(storedMs).toFixed(1),
        (median(storedMs) / median(plainMs)).toFixed(2),
        Math.max(...storedMs).toFixed(1),
      ]);
    }
    return {
      title: "Whole radiograph",
      note: `\`script/bench object\`: ${rounds} images of ${SIDE} × ${SIDE} × 16 each, from the pixel slot to file (fsync, rename, folder fsync) and rows (WAL, FULL; the exam's record with them), header built from the exam's facts included; beside each, in turn, one write and fsync of as many bytes. Target ≤ 1.3.`,
      columns: ["object", "plain write + fsync ms", "slot to durable ms", "ratio", "slowest ms"],
      rows,
    };
  } finally {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function pool(name: string, memory: SharedArrayBuffer, base: number): SlotPool {
  return new SlotPool(memory, { name, base, slots: SLOTS, slotBytes: PIXEL_BYTES });
}

const HEADER: FrameHeader = {
  sequence: 0,
  deviceFrameId: 0,
  deviceTimeNs: 0n,
  firstPacketMs: 0,
  lastPacketMs: 0,
  mode: 0,
  kind: "normal",
  exposureEvent: 1,
  integrationUs: 0,
  temperatureCx100: 3000,
  status: 1,
  missingPackets: 0,
};

function orderOf(object: ImageObject, uids: UidGenerator, nowMs: number): ImageOrder {
  const protocol = SHIPPED_PROTOCOLS.find((p) => p.id === "chest-pa");
  if (protocol === undefined) throw new Error("the protocol is not shipped any more");
  const studyInstanceUid = uids.next();
  const { timeZone } = defaultConfiguration.device;
  const opened = unscheduledExam(
    { name: "Bench^Object", birthDate: "19700131", sex: "O" },
    { operator: "Bench^Operator" },
    protocol,
    { id: studyInstanceUid, counter: 1, studyInstanceUid, mppsSopInstanceUid: uids.next() },
    {
      timeZone,
      modality: "RF",
      operator: "",
      performingPhysician: "",
      referringPhysicianFrom: "referring",
      performingPhysicianFrom: "scheduled",
    },
    nowMs,
  );
  const series = {
    seriesInstanceUid: uids.series(studyInstanceUid, 1),
    seriesNumber: 1,
    modality: object,
    bodyPart: protocol.bodyPart,
    laterality: "",
    protocolName: protocol.name,
    startedMs: nowMs,
  };
  const exposure = exposureOf(uids.next(), nowMs);
  const exam = withSeries(withExposure(opened, exposure), series);
  return {
    exam,
    series,
    protocol,
    object,
    exposure,
    commit: (_found, write) => write([{ kind: "exam", exam }]),
  };
}

function exposureOf(irradiationEventUid: string, startMs: number): Exposure {
  return {
    exposureId: "exposure-1",
    irradiationEventUid,
    kind: "radiography",
    protocolId: "chest-pa",
    report: {
      event: 1,
      kind: "radiography",
      startMs,
      durationMs: milliseconds(8),
      kv: kiloVolts(120),
      ma: milliAmperes(320),
      exposureTimeMs: milliseconds(8),
      mas: milliAmpereSeconds(2.56),
      pulses: 1,
      pulseMs: milliseconds(8),
      pulseRate: 0,
      focusMm: millimetres(1.2),
      filterMaterial: "ALUMINUM",
      filterMm: millimetres(3),
      dap: gyM2(4.8e-5),
      doseRp: gy(5.8e-4),
      terminatedBy: "timer",
    },
    geometry: DEFAULT_GEOMETRY,
    frames: 1,
    saved: true,
  };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await act();
  return performance.now() - beganMs;
}

async function inTurn(...acts: readonly (() => Promise<number>)[]): Promise<number[]> {
  const results: number[] = [];
  for (const act of acts) results.push(await act());
  return results;
}

function plainWrite(path: string, views: readonly Uint8Array[]): void {
  const fd = openSync(path, "wx");
  const wanted = views.reduce((sum, v) => sum + v.byteLength, 0);
  if (writevSync(fd, [...views]) !== wanted) throw new Error("short write");
  fsyncSync(fd);
  closeSync(fd);
}
