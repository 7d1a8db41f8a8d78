// A device for the API's and the kiosk's tests: everything in memory, one synthetic radiograph on disk.

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type {
  Acquisition,
  Calibration,
  Configuration,
  Exam,
  ExamInstance,
  Health,
  Instance,
  Job,
  LocalSettings,
  NewExam,
  WorklistResult,
} from "../../src/api/contract.ts";
import type {
  CalibrationPort,
  ConfigurationChange,
  Device,
  PixelFrame,
} from "../../src/api/device.ts";
import { EventLog } from "../../src/api/event-log.ts";
import type { LiveFrame } from "../../src/api/live-frame.ts";
import { appliancePort, type Described } from "../../src/api/ports/appliance-port.ts";
import { backupPort, backupView } from "../../src/api/ports/backup-port.ts";
import { configurationPort } from "../../src/api/ports/configuration-port.ts";
import { remotePort } from "../../src/api/ports/remote-port.ts";
import { stickSettingsPort } from "../../src/api/ports/stick-settings-port.ts";
import { type Answer, answer, refuse } from "../../src/api/problem.ts";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { mergePatch } from "../../src/config/edits.ts";
import type { Clock } from "../../src/core/clock.ts";
import { Listeners } from "../../src/core/listeners.ts";
import { silentLog } from "../../src/core/log.ts";
import {
  type SimulatedAppliance,
  simulatedAppliance,
} from "../../src/hal/appliance/simulated-appliance.ts";
import type { Drives } from "../../src/hal/media/media.ts";
import type { ListedBackup } from "../../src/model/backup.ts";
import type { SettingsAnswer, SettingsTask } from "../../src/model/settings-set.ts";
import { ApplianceService } from "../../src/services/appliance/appliance-service.ts";
import { LogToStick } from "../../src/services/appliance/log-to-stick.ts";
import { BackupService } from "../../src/services/backup/backup-service.ts";
import { ConfigurationHolder } from "../../src/services/configuration-holder.ts";
import { StickSettings } from "../../src/services/settings/stick-settings.ts";
import { answerOf } from "../services/backup/simulated-thread.ts";

export const COLUMNS = 640;
export const ROWS = 800;
const BITS_STORED = 14;
const DX = "1.2.840.10008.5.1.4.1.1.1.1";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface FakeDevice extends Device {
  pinValue: string | null;
  acquisition: Acquisition;
  /** Bytes before the pixels in the instance's file. */
  readonly pixelOffset: number;
  readonly path: string;
  readonly calls: string[];
  readonly liveFrames: Listeners<LiveFrame>;
  /** Held until it is set to null. */
  heldFrame: LiveFrame | null;
  /** What the appliance is asked for. */
  readonly machine: SimulatedAppliance;
  readonly examsKept: Map<string, Exam>;
  readonly jobsKept: Map<string, Job>;
  changeJob(id: string, change: Partial<Job>): void;
  setAcquisition(state: Acquisition["state"], examId?: string): void;
  /** The file's pixels. */
  readonly pixels: Uint16Array<ArrayBuffer>;
  /** Where a configuration was given. */
  readonly holder?: ConfigurationHolder;
  [Symbol.dispose](): void;
}

export interface FakeOptions {
  /** Which optional groups the device offers; all by default. */
  readonly without?: readonly (
    | "simulator"
    | "worklist"
    | "query"
    | "media"
    | "live"
    | "calibration"
    | "appliance"
    | "backup"
  )[];
  /** A configuration as the device has one, with the real parts that read and change it. */
  readonly configured?: object;
  /** Text of udr-settings/config.json on the stick; without it there is none. */
  readonly stick?: () => string;
  /** Why a remote cannot be taken away just now. */
  readonly remoteInUse?: string;
  /** The database cannot be used, and that is why. */
  readonly repair?: string;
  /** Images are runs of so many frames: in each but the first a square in the middle is darker. */
  readonly frames?: number;
}

export async function fakeDevice(clock: Clock, options: FakeOptions = {}): Promise<FakeDevice> {
  const folder = await mkdtemp(join(tmpdir(), "udr-fake-"));
  const path = join(folder, "image.dcm");
  const pixels = radiograph();
  const pixelOffset = 1024;
  const frames = options.frames ?? 1;
  const file = new Uint8Array(pixelOffset + frames * pixels.byteLength);
  file.set(new TextEncoder().encode("DICM"), 128);
  for (let n = 0; n < frames; n++) {
    const bytes = new Uint8Array((n === 0 ? pixels : withSquare(pixels, n)).buffer);
    file.set(bytes, pixelOffset + n * pixels.byteLength);
  }
  await Bun.write(path, file);

  const events = new EventLog("test");
  const now = () => new Date(clock.nowMs()).toISOString();
  const instances = new Map<string, Instance>();
  const examsKept = new Map<string, Exam>();
  const jobsKept = new Map<string, Job>();
  const calls: string[] = [];
  const liveFrames = new Listeners<LiveFrame>();
  let counter = 0;
  let configuration = structuredClone(CONFIGURATION) as Configuration;
  let local: LocalSettings = { aeTitle: "UDR10A", port: 11104 };
  const without = new Set(options.without);
  const machine = simulatedAppliance({
    otherVersion: "0.0.9",
    network: [{ interface: "hospital", address: "192.0.2.7/24", gateway: "192.0.2.1", dns: [] }],
  });

  const exam = (id: string): Answer<Exam> => {
    const found = examsKept.get(id);
    return found
      ? answer(found)
      : refuse("not-found", `There is no exam ${id}. Open one with POST exams.`);
  };
  const keepExam = (kept: Exam) => {
    examsKept.set(kept.id, kept);
    events.publish({ type: "exam", data: kept });
    return kept;
  };
  const openExam = () => [...examsKept.values()].find((e) => e.state === "open");
  const instance = (uid: string): Answer<Instance> => {
    const found = instances.get(uid);
    return found ? answer(found) : refuse("not-found", `There is no instance ${uid}.`);
  };
  const job = (id: string): Answer<Job> => {
    const found = jobsKept.get(id);
    return found ? answer(found) : refuse("not-found", `There is no job ${id}.`);
  };
  const keepJob = (kept: Job) => {
    jobsKept.set(kept.id, kept);
    events.publish({ type: "job", data: kept });
    return kept;
  };
  const end = (id: string, change: Partial<Exam>): Answer<Exam> => {
    const found = exam(id);
    if (!found.ok) return found;
    if (found.value.state !== "open")
      return refuse("exam-not-open", "The exam has ended already. Open a new one.");
    device.setAcquisition("idle");
    // As on the real device, a dose report joins the images at the end.
    const report = {
      sopInstanceUid: `${found.value.studyInstanceUid}.9001`,
      sopClassUid: "1.2.840.10008.5.1.4.1.1.88.67",
      modality: "SR",
      numberOfFrames: 0,
    };
    const kept = [...found.value.instances, report];
    return answer(keepExam({ ...found.value, ...change, instances: kept, endedAt: now() }));
  };
  const expose = async (): Promise<Answer<{ exposureId: string; irradiationEventUid: string }>> => {
    const open = openExam();
    if (open === undefined) return refuse("no-open-exam", "Open an exam first.");
    device.setAcquisition("exposing", open.id);
    counter += 1;
    const uid = `1.2.3.4.${counter}`;
    const made: ExamInstance = {
      sopInstanceUid: uid,
      sopClassUid: DX,
      modality: "DX",
      numberOfFrames: frames,
      irradiationEventUid: `1.2.3.5.${counter}`,
    };
    const exposed = { exposureId: `x${counter}`, irradiationEventUid: `1.2.3.5.${counter}` };
    const whole: Instance = {
      ...made,
      studyInstanceUid: open.studyInstanceUid,
      seriesInstanceUid: `${open.studyInstanceUid}.1`,
      seriesNumber: 1,
      instanceNumber: counter,
      rows: ROWS,
      columns: COLUMNS,
      fileBytes: file.byteLength,
      createdAt: now(),
      local: true,
      examId: open.id,
      irradiationEventUid: exposed.irradiationEventUid,
      send: [],
      commit: [],
      print: [],
      export: [],
    };
    instances.set(uid, whole);
    events.publish({ type: "instance", data: whole });
    keepExam({
      ...open,
      exposures: [
        ...open.exposures,
        {
          ...exposed,
          kind: "radiography",
          kv: 117,
          ma: 200,
          exposureTimeMs: 12,
          mas: 2.4,
          at: now(),
        },
      ],
      instances: [...open.instances, made],
    });
    device.setAcquisition("idle", open.id);
    return answer(exposed);
  };
  const studyOf = (studyInstanceUid: string) => {
    const first = [...examsKept.values()].find((e) => e.studyInstanceUid === studyInstanceUid);
    if (first === undefined) return undefined;
    const own = [...instances.values()].filter((i) => i.studyInstanceUid === studyInstanceUid);
    return {
      studyInstanceUid,
      description: "Chest",
      startedAt: first.startedAt,
      patient: first.patient,
      modalities: ["DX"],
      local: true,
      numberOfInstances: own.length,
      sent: own.filter((i) => i.send.length > 0).length,
      committed: 0,
      series: [
        {
          seriesInstanceUid: `${studyInstanceUid}.1`,
          seriesNumber: 1,
          modality: "DX",
          description: "Chest PA",
          bodyPart: "CHEST",
          instances: own,
        },
      ],
    };
  };
  const worklist: WorklistResult = { items: WORKLIST, complete: true, queriedAt: now() };

  const device: FakeDevice = {
    pinValue: null,
    acquisition: { state: "idle" },
    pixelOffset,
    path,
    pixels,
    calls,
    liveFrames,
    heldFrame: null,
    machine,
    examsKept,
    jobsKept,
    events,
    health: () => ({
      ...HEALTH,
      ...(options.repair === undefined
        ? {}
        : { status: "fault" as const, problems: [options.repair], repair: true as const }),
      time: now(),
      acquisition: device.acquisition,
    }),
    setAcquisition(state, examId) {
      device.acquisition = { state, ...(examId === undefined ? {} : { examId }) };
      events.publish({ type: "acquisition", data: device.acquisition });
    },
    changeJob(id, change) {
      const found = jobsKept.get(id);
      if (found) keepJob({ ...found, ...change });
    },
    configuration: {
      file: "/data/config.json",
      read: () => ({
        ...configuration,
        http: { ...configuration.http, pin: device.pinValue === null ? null : "***" },
      }),
      pin: () => device.pinValue,
      ...(without.has("appliance")
        ? {}
        : {
            async setFirstPin(pin: string) {
              if (device.pinValue !== null) return refuse("wrong-state", "A PIN is set already.");
              device.pinValue = pin;
              events.publish({ type: "configuration", data: {} });
              return answer(null);
            },
          }),
      async replace(document): Promise<ConfigurationChange> {
        const remotes = (document as { remotes?: unknown }).remotes;
        if (remotes !== undefined && !Array.isArray(remotes))
          return { kind: "invalid", problems: [{ path: "remotes", message: "must be a list" }] };
        configuration = { ...configuration, ...(document as Partial<Configuration>) };
        return { kind: "applied", configuration };
      },
      async merge(patch) {
        configuration = mergePatch(configuration, patch) as Configuration;
        return { kind: "applied", configuration };
      },
      local: () => local,
      async setLocal(settings) {
        if (settings.port === 1)
          return { kind: "failed", reason: "port 1 is taken; choose another" };
        local = settings;
        return { kind: "applied", configuration };
      },
    },
    remotes: {
      async echo(remoteId) {
        if (remoteId === "archive") return answer({ ok: true, status: "0000", elapsedMs: 12 });
        if (remoteId === "ris")
          return answer({
            ok: false,
            elapsedMs: 15_000,
            reason: "192.0.2.7 does not answer. Check the network cable and the server.",
          });
        return refuse("not-found", `There is no remote ${remoteId} in the configuration.`);
      },
      add: async () => refuse("unsupported", "Give the fake device a configuration."),
      change: async () => refuse("unsupported", "Give the fake device a configuration."),
      remove: async () => refuse("unsupported", "Give the fake device a configuration."),
    },
    exams: {
      async open(request) {
        if (openExam() !== undefined)
          return refuse("exam-already-open", "Complete or discontinue the open exam first.");
        counter += 1;
        return answer(
          keepExam({
            id: `e${counter}`,
            state: "open",
            patient: patientOf(request, counter),
            studyInstanceUid: `1.2.3.${counter}`,
            studyDescription: "Chest",
            modality: "DX",
            protocolId: request.protocolId ?? "chest-pa",
            startedAt: now(),
            mpps: { sopInstanceUid: `1.2.3.9.${counter}`, state: "none" },
            exposures: [],
            instances: [],
          }),
        );
      },
      list: async (state) =>
        [...examsKept.values()].filter((e) => state === undefined || e.state === state).reverse(),
      get: async (id) => exam(id),
      async prepare(id, request) {
        calls.push(`prepare ${JSON.stringify(request)}`);
        const found = exam(id);
        if (!found.ok) return found;
        if (found.value.state !== "open")
          return refuse("exam-not-open", "The exam has ended. Open a new one.");
        if (request.technique?.kv === 150)
          return refuse("device-fault", "The tube is too hot. Wait two minutes and prepare again.");
        device.setAcquisition("ready", id);
        const protocolId = request.protocolId ?? found.value.protocolId;
        return answer({
          examId: id,
          state: "ready",
          protocolId,
          technique: {
            kv: request.technique?.kv ?? 117,
            ma: request.technique?.ma ?? 200,
            ms: request.technique?.ms ?? 12,
          },
        });
      },
      complete: async (id) => end(id, { state: "completed" }),
      async discontinue(id, reasonCode) {
        calls.push(`discontinue ${reasonCode}`);
        return end(id, { state: "discontinued", discontinuationReason: reasonCode });
      },
      async release(id) {
        calls.push(`release ${id}`);
        const found = exam(id);
        return found.ok ? answer(keepExam({ ...found.value, held: false })) : found;
      },
      async resendStep(id) {
        calls.push(`resend ${id}`);
        const found = exam(id);
        if (!found.ok) return found;
        const { sopInstanceUid } = found.value.mpps;
        return answer(keepExam({ ...found.value, mpps: { sopInstanceUid, state: "pending" } }));
      },
      async storeLastImage(id) {
        calls.push(`last-image ${id}`);
        const found = exam(id);
        if (!found.ok) return found;
        await expose();
        return answer([...instances.values()].at(-1) as Instance);
      },
      async saveLastRun(id) {
        calls.push(`last-run ${id}`);
        const found = exam(id);
        if (!found.ok) return found;
        await expose();
        return answer([[...instances.values()].at(-1) as Instance]);
      },
      async secondaryCapture(id, request) {
        calls.push(`capture ${request.kind ?? "dose-page"}`);
        const found = exam(id);
        if (!found.ok) return found;
        await expose();
        return answer([...instances.values()].at(-1) as Instance);
      },
    },
    studies: {
      async list(filter) {
        const uids = new Set([...examsKept.values()].map((e) => e.studyInstanceUid));
        return [...uids]
          .flatMap((uid) => studyOf(uid) ?? [])
          .filter(
            (s) =>
              (filter.patientId === undefined || s.patient.id === filter.patientId) &&
              (filter.name === undefined ||
                s.patient.name.toLowerCase().includes(filter.name.toLowerCase())),
          )
          .map(({ series: _, ...summary }) => summary);
      },
      async get(uid) {
        const found = studyOf(uid);
        return found ? answer(found) : refuse("not-found", `There is no study ${uid}.`);
      },
      async remove(uid, force) {
        if (studyOf(uid) === undefined) return refuse("not-found", `There is no study ${uid}.`);
        if (!force)
          return refuse(
            "not-committed",
            "The archive has not confirmed this study. Send it and wait, or delete it with force and the service PIN.",
          );
        for (const [id, e] of examsKept) if (e.studyInstanceUid === uid) examsKept.delete(id);
        return answer(null);
      },
      instance: async (uid) => instance(uid),
      async file(uid) {
        const found = instance(uid);
        return found.ok ? answer({ path, offset: 0, bytes: file.byteLength }) : found;
      },
      async pixels(uid, frame): Promise<Answer<PixelFrame>> {
        const found = instance(uid);
        if (!found.ok) return found;
        if (frame > frames)
          return refuse("not-found", `The instance has ${frames} frames, not ${frame}.`);
        const offset = pixelOffset + (frame - 1) * pixels.byteLength;
        return answer({
          range: { path, offset, bytes: pixels.byteLength },
          columns: COLUMNS,
          rows: ROWS,
          bitsAllocated: 16,
          bitsStored: BITS_STORED,
          samplesPerPixel: 1,
          photometricInterpretation: "MONOCHROME2",
          numberOfFrames: frames,
          frameTimeMs: 40,
          window: { center: 8192, width: 14_000 },
        });
      },
      async render(uid, request) {
        calls.push(`render ${JSON.stringify(request)}`);
        const found = instance(uid);
        if (!found.ok) return found;
        const grey = Uint8Array.from(pixels, (p) => p >> (BITS_STORED - 8));
        const png = await sharp(grey, { raw: { width: COLUMNS, height: ROWS, channels: 1 } })
          .resize(request.width ?? COLUMNS)
          .png()
          .toBuffer();
        return answer(new Uint8Array(png));
      },
    },
    jobs: {
      async create(request) {
        if ("remoteId" in request && !configuration.remotes.some((r) => r.id === request.remoteId))
          return refuse("unknown-reference", `There is no remote ${request.remoteId}.`);
        counter += 1;
        return answer(
          keepJob({
            id: `j${counter}`,
            type: request.type,
            state: "queued",
            progress: { done: 0, total: 2 },
            attempts: 0,
            log: [{ at: now(), text: "Made by the operator." }],
            createdAt: now(),
            ...("remoteId" in request ? { remoteId: request.remoteId } : {}),
            ...("studyInstanceUid" in request && request.studyInstanceUid !== undefined
              ? { studyInstanceUid: request.studyInstanceUid }
              : {}),
          }),
        );
      },
      list: async (filter) =>
        [...jobsKept.values()]
          .filter((j) => filter.state === undefined || j.state === filter.state)
          .reverse()
          .slice(0, filter.limit),
      get: async (id) => job(id),
      async cancel(id) {
        const found = job(id);
        if (!found.ok) return found;
        if (found.value.state === "done")
          return refuse("wrong-state", "The job is done; there is nothing to cancel.");
        return answer(keepJob({ ...found.value, state: "cancelled" }));
      },
      async retry(id) {
        const found = job(id);
        return found.ok ? answer(keepJob({ ...found.value, state: "queued" })) : found;
      },
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
  const optional = device as Writable<FakeDevice>;
  if (options.configured !== undefined) {
    const holder = heldConfiguration(options.configured);
    holder.changes.add(({ http }) => {
      if (http.pin !== null) device.pinValue = http.pin;
      events.publish({ type: "configuration", data: {} });
    });
    const real = configurationPort(holder, "/data/config.json", () => 11104);
    optional.holder = holder;
    optional.configuration = {
      ...device.configuration,
      ...real,
      read() {
        const shown = real.read();
        return { ...shown, http: { ...shown.http, pin: device.pinValue === null ? null : "***" } };
      },
      pin: () => device.pinValue,
    };
    optional.remotes = {
      ...device.remotes,
      ...remotePort(holder, () => [options.remoteInUse ?? []].flat(), silentLog),
    };
  }
  if (!without.has("simulator"))
    optional.simulator = {
      async expose(request) {
        calls.push(`expose ${JSON.stringify(request)}`);
        return expose();
      },
    };
  if (!without.has("worklist"))
    optional.worklist = {
      async query(keys) {
        calls.push(`worklist ${JSON.stringify(keys)}`);
        return answer(worklist);
      },
      last: async () => worklist,
    };
  if (!without.has("query"))
    optional.query = {
      find: async () => answer({ matches: [{ PatientID: "P1" }], complete: true }),
    };
  if (!without.has("media"))
    optional.media = {
      list: async () => [
        { kind: "usb", device: "/dev/sdb1", label: "STICK", freeBytes: 1e9, usable: true },
      ],
      async release(device) {
        calls.push(`release ${device}`);
        return device === "/dev/sdb1"
          ? answer({ text: "Everything is written; the stick can be pulled out." })
          : refuse("not-found", `${device} is not plugged in.`);
      },
    };
  if (!without.has("calibration")) optional.calibration = fakeCalibration();
  if (!without.has("appliance"))
    optional.appliance = fakeAppliance(machine, clock, calls, events, {
      health: () => device.health(),
      configuration: () => device.configuration.read(),
    });
  if (!without.has("backup"))
    optional.backup = fakeBackup(clock, calls, events, options.repair !== undefined);
  if (!without.has("backup"))
    optional.stickSettings = stickSettingsPort(
      new StickSettings({
        dataFolder: "/data",
        resolve: (path) => path,
        thread: {
          async run(task) {
            calls.push(`settings ${task.type}`);
            return answerOfStick(task, options.stick);
          },
        },
        drives: STICK_DRIVES,
        holder: device.holder ?? heldConfiguration({}),
        log: silentLog,
        useOfRemote: (_, after) => (after === null ? [options.remoteInUse ?? []].flat() : []),
        useWords: () => (calls.includes("in use") ? "An export writes to it. Wait." : null),
      }),
    );
  if (!without.has("live"))
    optional.live = {
      subscribe: (onFrame) => liveFrames.add(onFrame),
      held: () => device.heldFrame,
    };
  return device;
}

function answerOfStick(task: SettingsTask, stick: FakeOptions["stick"]): SettingsAnswer {
  switch (task.type) {
    case "read-settings":
      return stick === undefined
        ? { type: "failed", reason: "There is no udr-settings/config.json on this stick." }
        : { type: "settings-read", text: stick(), files: [] };
    case "write-settings":
      return { type: "settings-written" };
    case "keep-key-files":
      return { type: "key-files-kept", added: [] };
    case "drop-key-files":
      return { type: "key-files-dropped" };
    default:
      return task satisfies never;
  }
}

function heldConfiguration(document: object): ConfigurationHolder {
  const parsed = parseConfiguration(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return new ConfigurationHolder(parsed.configuration, async () => {});
}

/** Goes from one state to the next as told, and has one mode. */
function fakeCalibration(): CalibrationPort {
  let state: Calibration["procedure"]["state"] = "idle";
  const view = (): Calibration => ({
    procedure: { state },
    modes: [{ modeId: "full", columns: 2688, rows: 2688, valid: true, maps: [], damaged: [] }],
  });
  const step = (from: string, to: typeof state): Answer<Calibration> => {
    if (state !== from) return refuse("wrong-state", "Not now.");
    state = to;
    return answer(view());
  };
  return {
    state: view,
    start: async () => step("idle", "confirm"),
    confirm: async () => step("confirm", "summary"),
    accept: async () => step("summary", "idle"),
    cancel: async () => {
      state = "idle";
      return answer(view());
    },
    undo: async (modeId) =>
      modeId === "full" ? answer(view()) : refuse("unknown-reference", "There is no such mode."),
  };
}

const STICK_DRIVES: Pick<Drives, "open"> = {
  open: async (device) =>
    device === "/dev/sdb1"
      ? {
          kind: "open",
          drive: {
            root: "/stick",
            label: "STICK",
            release: async () => "Everything is written; the stick can be pulled out.",
          },
        }
      : { kind: "refused", reason: `${device} is not plugged in; put it in and try again.` },
};

/** The real service on a simulated machine; an update comes from the stick, whatever is on it. */
function fakeAppliance(
  machine: SimulatedAppliance,
  clock: Clock,
  calls: string[],
  events: EventLog,
  described: Described,
) {
  const service = new ApplianceService({
    appliance: machine,
    uploads: {
      async receive(body) {
        let bytes = 0;
        for await (const chunk of body) bytes += chunk.byteLength;
        calls.push(`upload ${bytes}`);
        return "/data/updates/upload";
      },
      async clear() {},
    },
    readSet: async () => ({
      facts: { product: "UDR-10A", version: "0.2.0", schema: 3, readableFromSchema: 3 },
    }),
    clock,
    log: silentLog,
    drives: STICK_DRIVES,
    occupation: () => ({
      isExposing: false,
      openExams: calls.includes("in use") ? 1 : 0,
      calibration: "none",
      activeJobs: { send: 0, print: 0, export: 0, retrieve: 0 },
      arrivingObjects: 0,
      backup: null,
      unsaved: () =>
        calls.includes("unsaved")
          ? { studies: 3, instances: 12, stepMessages: 0 }
          : { studies: 0, instances: 0, stepMessages: 0 },
    }),
  });
  service.changes.add((data) => events.publish({ type: "appliance", data }));
  const logs = new LogToStick({
    clock,
    log: silentLog,
    drives: STICK_DRIVES,
    thread: {
      async run(task) {
        calls.push(`${task.type} ${task.root} ${task.bytes.byteLength}`);
        return answerOf(task, { backups: [] });
      },
    },
    timeZone: () => "UTC",
    hindrance: () =>
      calls.includes("in use") ? "An exposure is going on. Let it end, then try again." : null,
  });
  return appliancePort(service, described, logs);
}

/** The real service; what the thread would do to stick and data folder is noted only. */
function fakeBackup(clock: Clock, calls: string[], events: EventLog, isUnfit: boolean) {
  const parsed = parseConfiguration({});
  if (!parsed.ok) throw new Error("the defaults are valid");
  const backups: readonly ListedBackup[] = [
    {
      name: "2026-01-04T17-30-00",
      madeAt: "2026-01-04T17:30:00.000Z",
      version: "0.1.0",
      stationName: "ROOM 2",
      serialNumber: "A0123456",
      bytes: 61_400_000,
      usable: true,
    },
    { name: "2026-01-03T09-00-00", usable: false, reason: "It was not finished." },
  ];
  const service = new BackupService({
    place: {
      dataFolder: "/data",
      configFile: "/data/config.json",
      product: "UDR-10A",
      version: "0.1.0",
      resolve: (path) => path,
    },
    thread: {
      async run(task) {
        calls.push(`backup ${task.type}`);
        return answerOf(task, { backups });
      },
    },
    restart: { byItself: true, now: () => calls.push("backup restart") },
    clock,
    log: silentLog,
    drives: STICK_DRIVES,
    configuration: () => parsed.configuration,
    isUnfit,
    restoreNote: () =>
      calls.includes("restored before")
        ? { restoredMs: clock.nowMs(), madeAt: "2026-01-04T17:30:00.000Z", reconciled: true }
        : null,
    inUse: () =>
      calls.includes("in use") ? "An exam is open. Complete it, then try again." : null,
  });
  service.changes.add(() => events.publish({ type: "backup", data: backupView(service, true) }));
  return backupPort(service, true);
}

function patientOf(request: NewExam, counter: number): Exam["patient"] {
  if ("patient" in request) {
    const { id, ...rest } = request.patient;
    return { id: id ?? `GEN${counter}`, ...rest };
  }
  const item = "worklistItemId" in request && WORKLIST.find((i) => i.id === request.worklistItemId);
  return item ? item.patient : { id: "P0", name: "Appended^Patient" };
}

/** The image with a darker square in its middle, the darker the later the frame. */
function withSquare(pixels: Uint16Array, frame: number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(pixels, (value, i) => {
    const [x, y] = [(i % COLUMNS) / COLUMNS, Math.floor(i / COLUMNS) / ROWS];
    const inside = Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)) < 0.15;
    return inside ? Math.max(0, value - 400 - 100 * frame) : value;
  });
}

/** A chest of ellipses: bright body and bones on a dark background, 14 bits. */
function radiograph(): Uint16Array<ArrayBuffer> {
  const pixels = new Uint16Array(COLUMNS * ROWS);
  const inside = (x: number, y: number, cx: number, cy: number, rx: number, ry: number) =>
    Math.max(0, 1 - ((x - cx) / rx) ** 2 - ((y - cy) / ry) ** 2);
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) {
      const x = column / COLUMNS - 0.5;
      const y = row / ROWS - 0.5;
      let thickness = 1.15 * Math.sqrt(inside(x, y, 0, 0.1, 0.46, 0.72));
      thickness -= 0.75 * Math.sqrt(inside(x, y, -0.2, 0.02, 0.15, 0.33));
      thickness -= 0.75 * Math.sqrt(inside(x, y, 0.2, 0.02, 0.15, 0.33));
      thickness += 0.4 * Math.sqrt(inside(x, y, 0.06, 0.14, 0.14, 0.17));
      thickness += 0.35 * Math.sqrt(inside(x, 0, 0, 0, 0.045, 1));
      for (let rib = 0; rib < 8; rib++) {
        const arc = -0.3 + rib * 0.085 + 0.35 * x * x;
        if (Math.abs(x) < 0.4) thickness += 0.12 * Math.sqrt(inside(0, y, 0, arc, 1, 0.014));
      }
      const grain = (((row * 7919 + column * 104_729) >>> 3) % 97) / 97 - 0.5;
      const value = 900 + 11_000 * (1 - Math.exp(-1.3 * Math.max(0, thickness))) + 180 * grain;
      pixels[row * COLUMNS + column] = Math.min(16_383, Math.max(0, Math.round(value)));
    }
  return pixels;
}

const PROTOCOLS = [
  ["chest-pa", "Chest PA", "CHEST", "PA", "radiography", 117, 200, 12],
  ["chest-lat", "Chest lateral", "CHEST", "LL", "radiography", 125, 250, 20],
  ["abdomen-ap", "Abdomen AP", "ABDOMEN", "AP", "radiography", 77, 320, 80],
  ["pelvis-ap", "Pelvis AP", "PELVIS", "AP", "radiography", 77, 320, 63],
  ["c-spine", "Cervical spine", "CSPINE", "LL", "radiography", 70, 200, 63],
  ["l-spine", "Lumbar spine", "LSPINE", "AP", "radiography", 81, 320, 100],
  ["hand-pa", "Hand PA", "HAND", "PA", "radiography", 50, 160, 16],
  ["knee-ap", "Knee AP", "KNEE", "AP", "radiography", 63, 200, 20],
  ["swallow", "Swallow", "NECK", "", "serial", 75, 200, 8],
  ["fluoro", "Fluoroscopy", "ABDOMEN", "", "fluoroscopy", 75, 4, 10],
] as const;

const CONFIGURATION = {
  device: { modelName: "UDR-10A" },
  http: { port: 8080, pin: null },
  remotes: [
    { id: "archive", aeTitle: "PACS", host: "192.0.2.5", port: 104, services: ["storage"] },
    { id: "ris", aeTitle: "RIS", host: "192.0.2.7", port: 104, services: ["worklist", "mpps"] },
    { id: "film", aeTitle: "PRINTER", host: "192.0.2.9", port: 104, services: ["print"] },
  ],
  printers: { film: { filmSizes: { "14INX17IN": [4096, 5120], "8INX10IN": [2048, 2560] } } },
  acquisition: {
    protocols: PROTOCOLS.map(([id, name, bodyPart, viewPosition, kind, kv, ma, ms]) => ({
      id,
      name,
      bodyPart,
      viewPosition,
      kind,
      technique: { kv, ma, ms },
    })),
  },
};

const HEALTH: Health = {
  status: "ok",
  problems: [],
  time: "2026-01-05T08:00:00.000Z",
  startedAt: "2026-01-05T08:00:00.000Z",
  device: {
    manufacturer: "Example",
    modelName: "UDR-10A",
    serialNumber: "1",
    softwareVersions: "0.1.0",
    stationName: "ROOM 2",
    institutionName: "Example hospital",
    aeTitle: "UDR10A",
    dicomPort: 11104,
  },
  acquisition: { state: "idle" },
  detector: {
    driver: "simulated",
    state: "idle",
    model: "Simulated 43 cm",
    temperatureC: [31.5],
    heartbeatAgeMs: 4,
    packets: 0,
    lost: 0,
    resent: 0,
    overruns: 0,
    discarded: 0,
  },
  generator: { driver: "simulated", state: "standby", anodePercent: 4, housingPercent: 2 },
  disk: { freeBytes: 42_000_000_000, totalBytes: 64_000_000_000, state: "ok" },
  remotes: [
    { id: "archive", reachable: true, checkedAt: "2026-01-05T08:00:00.000Z" },
    { id: "ris", reachable: null, checkedAt: null },
  ],
};

const WORKLIST: WorklistResult["items"] = [
  ["w1", "4711", "Yamada^Tarou=山田^太郎", "1958-03-14", "M", "Chest PA", "A1001", "08:30"],
  ["w2", "4712", "Doe^Jane", "1971-11-02", "F", "Upper GI", "A1002", "09:00"],
  ["w3", "4713", "Müller^Jörg", "2001-07-30", "M", "Knee both sides", "A1003", "09:20"],
].map(
  ([id = "", patientId = "", name = "", birthDate = "", sex, text = "", accession = "", at]) => ({
    id,
    patient: { id: patientId, name, birthDate, sex: sex === "M" ? "M" : "F" },
    studyInstanceUid: `1.2.99.${patientId}`,
    accessionNumber: accession,
    requestedProcedureId: `R${patientId}`,
    requestedProcedureDescription: text,
    scheduledProcedureStepId: `S${patientId}`,
    scheduledProcedureStepDescription: text,
    scheduledAt: `2026-01-05T${at}:00`,
    modality: "RF",
  }),
);
