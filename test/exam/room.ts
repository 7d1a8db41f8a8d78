// An examination room in this process: simulated panel with small modes and generator, the real pixel
// threads, a store on a disk in memory. Everything between is the device's own.

import { type Configuration, parseConfiguration } from "../../src/config/configuration.ts";
import { memorySource } from "../../src/core/byte-source.ts";
import { SystemClock } from "../../src/core/clock.ts";
import { Listeners } from "../../src/core/listeners.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { type ObjectHeader, readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { UidGenerator } from "../../src/dicom/iod/uid.ts";
import { Acquisition } from "../../src/exam/acquisition.ts";
import { Calibrations } from "../../src/exam/calibrations.ts";
import { type ExamNews, ExamService } from "../../src/exam/exam-service.ts";
import { ImageMaker } from "../../src/exam/image-maker.ts";
import type { ExamAnswer } from "../../src/exam/refusal.ts";
import type { DetectorEvent, DetectorMode } from "../../src/hal/detector/detector.ts";
import {
  type SimulatedDetector,
  simulatedDetector,
} from "../../src/hal/detector/sim/simulated-detector.ts";
import {
  type SimulatedGenerator,
  simulatedGenerator,
} from "../../src/hal/generator/sim/simulated-generator.ts";
import { simulatedPositioner } from "../../src/hal/generator/sim/simulated-positioner.ts";
import type { Exam } from "../../src/model/exam.ts";
import type { InstanceRecord } from "../../src/model/instance.ts";
import { UidSupply } from "../../src/services/uid-supply.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import { Store } from "../../src/store/store.ts";
import type { SlotCounts } from "../../src/workers/pixel/memory-map.ts";
import { PixelPool } from "../../src/workers/pixel/pixel-pool.ts";
import { RenderClient } from "../../src/workers/render/render-client.ts";
import { inProcessStorage } from "../../src/workers/storage/in-process-storage.ts";
import { MemoryDisk } from "../store/memory-disk.ts";

const FULL: DetectorMode = {
  id: "full",
  columns: 384,
  rows: 320,
  binning: 1,
  bitsStored: 14,
  pitchMm: 1.1,
  maxFps: 15,
  readoutMs: 5,
  countsPerMicroGray: 400,
};

const MODES: readonly DetectorMode[] = [
  FULL,
  {
    ...FULL,
    id: "binned",
    columns: 192,
    rows: 160,
    binning: 2,
    pitchMm: 2.2,
    maxFps: 30,
    countsPerMicroGray: 4000,
  },
];

export interface Room extends AsyncDisposable {
  readonly exams: ExamService;
  readonly images: ImageMaker;
  readonly storage: StoragePort;
  readonly disk: MemoryDisk;
  readonly panel: SimulatedDetector;
  readonly pixels: PixelPool;
  readonly generator: SimulatedGenerator;
  readonly news: ExamNews[];
  readonly log: { level: string; event: string; fields: Record<string, unknown> }[];
  instances(exam: Exam): InstanceRecord[];
  bytes(record: InstanceRecord): Uint8Array;
  read(record: InstanceRecord): Promise<ObjectHeader>;
  dataSet(record: InstanceRecord): Promise<DataSet>;
}

/** So many that a busy machine loses no frame: tests of losses bring their own. */
const ROOM_SLOTS: SlotCounts = { raw: 64, image: 16, display: 4 };

export interface RoomOptions {
  readonly configuration?: unknown;
  readonly slots?: SlotCounts;
  readonly instancePixelBytesMax?: number;
  readonly seed?: number;
}

export async function openRoom(options: RoomOptions = {}): Promise<Room> {
  const clock = new SystemClock();
  const configuration = configurationOf(options.configuration ?? {});
  const panel = simulatedDetector({
    seed: options.seed ?? 5,
    clock,
    modes: MODES,
    prepareMs: 1,
    integrationMs: 1,
  });
  const pixels = await PixelPool.start({
    modes: panel.info.modes,
    clock,
    slots: options.slots ?? ROOM_SLOTS,
  });
  const disk = new MemoryDisk();
  const store = await Store.open({
    db: openDatabase(":memory:"),
    disk,
    readHeader: readObjectHeader,
    log: silentLog,
    nowMs: clock.nowMs(),
    memory: pixels.memory.buffer,
    reserveBytes: 0,
  });
  const storage = inProcessStorage(store, disk);
  const lines: Room["log"] = [];
  const log = keptLog(lines);
  const events = new Listeners<DetectorEvent>();
  await panel.open(pixels.raw, (event) => events.emit(event));
  const positioner = simulatedPositioner();
  const generator = simulatedGenerator({ clock, geometry: () => positioner.now() });
  await generator.open();
  const uids = new UidGenerator(
    {
      root: configuration.device.uidRoot,
      uidNumber: configuration.device.uidNumber,
      timeZone: configuration.device.timeZone,
    },
    clock,
    await UidSupply.start(storage.takeNumbers),
  );
  const calibrations = new Calibrations({
    panel: panel.info,
    fetch: (modeId) => panel.factoryCalibration(modeId),
    load: (modeIndex, maps) => pixels.loadCalibration(modeIndex, maps),
    limits: () => configuration.acquisition.calibration,
    temperatureC: () => null,
    nowMs: () => clock.nowMs(),
    log,
  });
  const acquisition = new Acquisition(
    {
      info: panel.info,
      events,
      state: () => panel.state(),
      arm: (request) => panel.arm(request),
      trigger: () => panel.trigger(),
      stop: () => panel.stop(),
      abort: () => panel.abort(),
      adjustBeam: (beam) => panel.adjustBeam(beam),
    },
    generator,
    (slot) => pixels.raw.release(slot),
    clock,
    log,
  );
  const images = new ImageMaker({
    log,
    nowMs: () => clock.nowMs(),
    configuration: () => configuration,
    storage,
    uids,
    pixels,
    panel: panel.info,
    calibratedMs: (modeIndex) => calibrations.madeMs(modeIndex),
    uncorrected: (modeIndex) => calibrations.fault(modeIndex),
    instancePixelBytesMax: options.instancePixelBytesMax,
  });
  const render = new RenderClient();
  const exams = new ExamService({
    clock,
    log,
    configuration: () => configuration,
    storage,
    uids,
    acquisition,
    images,
    positioner,
    dapMeter: generator.dapMeter,
    calibration: (modeIndex) => calibrations.check(modeIndex),
    render,
  });
  const news: ExamNews[] = [];
  exams.news.add((n) => news.push(n));
  const bytes = (record: InstanceRecord) => {
    const out = new Uint8Array(record.fileBytes);
    disk.read(storage.filePath(record), out, 0);
    return out;
  };
  const read = (record: InstanceRecord) => readObjectHeader(memorySource(bytes(record)));
  return {
    exams,
    images,
    storage,
    disk,
    panel,
    pixels,
    generator,
    news,
    log: lines,
    instances: (exam) => [...storage.reader.instancesOfExam(exam.id)],
    bytes,
    read,
    dataSet: async (record) => (await read(record)).dataSet,
    async [Symbol.asyncDispose]() {
      await exams.close();
      render.close();
      await generator.close();
      await panel.close();
      pixels.close();
      await storage.close();
    },
  };
}

/** The value of an answer that must not be a refusal. */
export function granted<T>(answer: ExamAnswer<T>): T {
  if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.detail}`);
  return answer.value;
}

/** The refusal of an answer that must be one. */
export function refusalOf<T>(answer: ExamAnswer<T>): { code: string; detail: string } {
  if (answer.ok) throw new Error("it was not refused");
  return answer.refusal;
}

function configurationOf(document: unknown): Configuration {
  const parsed = parseConfiguration(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

function keptLog(lines: Room["log"]): Log {
  const write =
    (level: string) =>
    (event: string, fields: Record<string, unknown> = {}) => {
      lines.push({ level, event, fields });
    };
  const log: Log = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: () => log,
  };
  return log;
}
