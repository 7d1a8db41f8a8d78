// The parts list: reads options and configuration, builds every part, wires, starts, stops.

import { mkdir, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createApi } from "./api/app.ts";
import type { Device } from "./api/device.ts";
import { EventLog } from "./api/event-log.ts";
import { configurationPort } from "./api/ports/configuration-port.ts";
import { examOf, examPort, type StepState, simulatorPort } from "./api/ports/exam-port.ts";
import { DISK_FULL_BYTES, healthOf } from "./api/ports/health.ts";
import { jobPort } from "./api/ports/job-port.ts";
import { instanceOf, studyPort } from "./api/ports/study-port.ts";
import { answer, refuse } from "./api/problem.ts";
import { ApiPortError, serveApi } from "./api/server.ts";
import { jobView } from "./api/views.ts";
import { type Configuration, parseConfiguration } from "./config/configuration.ts";
import { type Options, resolveOptions } from "./config/options.ts";
import { type Clock, SystemClock } from "./core/clock.ts";
import { Listeners } from "./core/listeners.ts";
import { jsonLog, type Log } from "./core/log.ts";
import { Random } from "./core/random.ts";
import { UidGenerator } from "./dicom/iod/uid.ts";
import { Acquisition, type Panel } from "./exam/acquisition.ts";
import { Calibrations } from "./exam/calibrations.ts";
import { ExamService } from "./exam/exam-service.ts";
import { ImageMaker } from "./exam/image-maker.ts";
import { DetectorError, type DetectorEvent, type DetectorHealth } from "./hal/detector/detector.ts";
import { simulatedGenerator } from "./hal/generator/sim/simulated-generator.ts";
import { simulatedPositioner } from "./hal/generator/sim/simulated-positioner.ts";
import { Resolver } from "./hal/net/resolve.ts";
import { tcpDial } from "./hal/net/tcp-dial.ts";
import { ListenError, tcpListen } from "./hal/net/tcp-listen.ts";
import { TlsFileError } from "./hal/net/tls-profile.ts";
import { JobQueue } from "./jobs/job-queue.ts";
import { SendJobExecutor } from "./jobs/send-job.ts";
import type { Geometry } from "./model/exposure.ts";
import { degrees, millimetres } from "./model/units.ts";
import { Acceptor, type AcceptorPorts } from "./services/acceptor/acceptor.ts";
import { AutoSend } from "./services/auto-send.ts";
import { ConfigurationHolder } from "./services/configuration-holder.ts";
import { serveIncoming } from "./services/incoming.ts";
import { Pictures } from "./services/picture.ts";
import { LifeCheck } from "./services/remotes/life-check.ts";
import { RemoteStates } from "./services/remotes/remote-states.ts";
import { storageSender } from "./services/storage-sender.ts";
import { UidSupply } from "./services/uid-supply.ts";
import { echoRemote, negotiationProbe } from "./services/verification.ts";
import { ConfigFileError, readConfigFile, writeConfigFile } from "./store/config-file.ts";
import { StoreError } from "./store/store-error.ts";
import { startAcquisition } from "./workers/acquisition/acquisition-client.ts";
import { DEFAULT_SEED } from "./workers/acquisition/driver-spec.ts";
import { PixelPool } from "./workers/pixel/pixel-pool.ts";
import { RenderClient } from "./workers/render/render-client.ts";
import { startStorage } from "./workers/storage/storage-client.ts";

const HTTP_PORT_DEFAULT = 8080;
const DICOM_PORT_DEFAULT = 11104;
/** SIGTERM to exit: what is not done by then is left to the next start. */
const STOP_TIMEOUT_MS = 4_500;
/** A panel's health is asked for so often. */
const HEALTH_CYCLE_MS = 2_000;
const REFERENCE_UID_ROOT = "1.2.392.200036.9116.32.5";

/** The device cannot start; the message names cause and remedy. */
class StartError extends Error {
  override readonly name = "StartError";
}

interface Running {
  stop(): Promise<void>;
}

async function startDevice(
  options: Options,
  clock: Clock,
  log: Log,
  die: (why: string) => void,
): Promise<Running> {
  const random = new Random(clock.nowMs() >>> 0);
  const startedMs = clock.nowMs();

  // ---- configuration and data folder --------------------------------------------------------------
  const dataFolder = resolve(options.dataFolder);
  await mkdir(dataFolder, { recursive: true }).catch((cause: unknown) => {
    throw new StartError(
      `the data folder ${dataFolder} cannot be made (${messageOf(cause)}); give another with --data`,
    );
  });
  const disk = await diskOf(dataFolder);
  if (disk.freeBytes < DISK_FULL_BYTES)
    throw new StartError(
      `the disk of ${dataFolder} is full (${disk.freeBytes} bytes free, ${DISK_FULL_BYTES} needed to start); make room or give another folder with --data`,
    );
  const configFile = resolve(options.configFile ?? join(dataFolder, "config.json"));
  const holder = new ConfigurationHolder(await readConfiguration(configFile), (document) =>
    writeConfigFile(configFile, document),
  );
  const configuration = () => holder.current();
  if (configuration().device.uidRoot === REFERENCE_UID_ROOT)
    log.warn("reference-uid-root", {
      remedy: "set device.uidRoot to a root of your own before clinical use",
    });

  // ---- hardware, pixels, store ----------------------------------------------------------------------
  const driver =
    options.detector.driver === "simulated"
      ? { ...options.detector, seed: DEFAULT_SEED }
      : options.detector;
  const panelPort = await startAcquisition(driver);
  const pixels = await PixelPool.start({ modes: panelPort.info.modes, clock });
  const storage = await startStorage(
    { folder: dataFolder, nowMs: startedMs, memory: pixels.memory.buffer },
    log,
    (error) => die(error.message),
  );
  const panelEvents = new Listeners<DetectorEvent>();
  await panelPort.open(pixels.memory.buffer, pixels.map.raw, (event) => panelEvents.emit(event));
  const panel: Panel = {
    info: panelPort.info,
    events: panelEvents,
    state: () => panelPort.state(),
    arm: (request) => panelPort.arm(request),
    trigger: () => panelPort.trigger(),
    stop: () => panelPort.stop(),
    abort: () => panelPort.abort(),
  };
  const positioner = simulatedPositioner(geometryOf(configuration()));
  holder.changes.add((next) => positioner.move(geometryOf(next)));
  const generator = simulatedGenerator({ clock, geometry: () => positioner.now() });
  await generator.open();
  const render = new RenderClient();

  const calibrations = new Calibrations({
    panel: panel.info,
    fetch: (modeId) => panelPort.factoryCalibration(modeId),
    load: (modeIndex, maps) => pixels.loadCalibration(modeIndex, maps),
    log,
  });

  // ---- exams ----------------------------------------------------------------------------------------
  const uidSupply = await UidSupply.start(storage.takeNumbers);
  const uidGenerator = ({ device }: Configuration) =>
    new UidGenerator(
      { root: device.uidRoot, uidNumber: device.uidNumber, timeZone: device.timeZone },
      clock,
      uidSupply,
    );
  let generatorOfUids = uidGenerator(configuration());
  const uids = {
    next: () => generatorOfUids.next(),
    series: (study: string, number: number) => generatorOfUids.series(study, number),
  };
  const acquisition = new Acquisition(
    panel,
    generator,
    (slot) => pixels.raw.release(slot),
    clock,
    log,
  );
  const images = new ImageMaker({
    log,
    nowMs: () => clock.nowMs(),
    configuration,
    storage,
    uids,
    pixels,
    panel: panel.info,
    calibratedMs: (modeIndex) => calibrations.madeMs(modeIndex),
  });
  const exams = new ExamService({
    clock,
    log,
    configuration,
    storage,
    uids,
    acquisition,
    images,
    positioner,
    dapMeter: generator.dapMeter,
    calibrated: (modeIndex) => calibrations.ready(modeIndex),
  });

  // ---- network ----------------------------------------------------------------------------------------
  const resolver = new Resolver(clock);
  const states = new RemoteStates(clock);
  const network = { dial: tcpDial({ clock, resolver }), clock, log, configuration };
  const jobs = new JobQueue({
    storage,
    clock,
    log,
    executors: {
      send: new SendJobExecutor({
        storage,
        sender: storageSender({ ...network, storage, states }),
        clock,
        random,
        retryDelayMs: () => configuration().storage.retryDelay * 1000,
      }),
    },
  });
  const acceptor = new Acceptor({
    clock,
    log,
    listen: tcpListen({ clock, log }),
    resolve: (host) => resolver.resolve(host).catch(() => []),
    configuration,
    onAssociation: (association) =>
      serveIncoming({ clock, log, configuration, states, handlers: () => ({}) }, association),
  });
  const dicomPort = (c: Configuration) => options.dicomPort ?? c.local.port ?? DICOM_PORT_DEFAULT;
  await acceptor.listen(acceptorPorts(configuration(), dicomPort(configuration())));
  holder.addApplier(async (next, before) => {
    if (
      next.local.port !== before.local.port ||
      JSON.stringify(next.tls) !== JSON.stringify(before.tls)
    )
      // A port set by the user wins over the command line from then on.
      await acceptor.listen(
        acceptorPorts(
          next,
          next.local.port !== before.local.port && next.local.port !== null
            ? next.local.port
            : (acceptor.port ?? dicomPort(next)),
        ),
      );
  });
  holder.addApplier(async (next) => {
    generatorOfUids = uidGenerator(next);
  });
  const autoSend = new AutoSend({ clock, configuration, storage, jobs });
  holder.changes.add(() => void autoSend.noteRemotes());
  const lifeCheck = new LifeCheck(clock, states, configuration, negotiationProbe(network));

  // ---- local API ----------------------------------------------------------------------------------------
  const pictures = new Pictures(storage);
  const events = new EventLog(startedMs.toString(36));
  const stepState: StepState = () => ({ state: "none" });
  let detectorHealth: DetectorHealth = {
    temperatureC: [],
    heartbeatAgeMs: 0,
    packets: 0,
    lost: 0,
    resent: 0,
    overruns: 0,
    discarded: 0,
  };
  let free = disk;
  const health = () =>
    healthOf({
      nowMs: clock.nowMs(),
      startedMs,
      configuration: configuration(),
      dicomPort: acceptor.port ?? 0,
      acquisition: acquisition.status(),
      detector: {
        driver: options.detector.driver,
        state: panel.state(),
        model: panel.info.model,
        ...detectorHealth,
        temperatureC: [...detectorHealth.temperatureC],
      },
      generator: {
        driver: "simulated",
        state: generator.state(),
        ...generator.heat(),
        fluoroSeconds: generator.fluoroTimer().seconds,
      },
      ...free,
      remote: (id) => states.get(id),
      missing: storage.reader.missing(),
      lostImages: exams.lostImages,
    });
  const device: Device = {
    events,
    health,
    configuration: configurationPort(holder, configFile, () => acceptor.port ?? 0),
    remotes: {
      async echo(remoteId) {
        const remote = configuration().remotes.find((r) => r.id === remoteId);
        if (remote === undefined)
          return refuse("not-found", `The configuration has no remote ${remoteId}.`);
        const { ok, status, elapsedMs, reason } = await echoRemote(network, states, remote);
        return answer({
          ok,
          elapsedMs,
          ...(status === undefined
            ? {}
            : { status: status.toString(16).toUpperCase().padStart(4, "0") }),
          ...(reason === undefined ? {} : { reason }),
        });
      },
    },
    exams: examPort(exams, storage, stepState),
    studies: studyPort({
      storage,
      pictures,
      render: (picture, frame, window, width) =>
        render.render({
          ...picture,
          invert: picture.photometric === "MONOCHROME1",
          frame,
          window,
          width,
        }),
      archives: () =>
        configuration()
          .remotes.filter((r) => r.archive)
          .map((r) => r.id),
      onDeleted: (studyInstanceUid) =>
        events.publish({ type: "study-deleted", data: { studyInstanceUid } }),
    }),
    jobs: jobPort(jobs, storage, (remoteId, service) =>
      configuration().remotes.some(
        (r) => r.id === remoteId && (r.services as readonly string[]).includes(service),
      ),
    ),
    simulator: simulatorPort(exams),
    live: {
      subscribe: (onFrame) =>
        images.display.add((f) =>
          onFrame({ ...f, lastImageHold: false, pixels: f.pixels.slice() }),
        ),
    },
  };

  // ---- news ---------------------------------------------------------------------------------------------
  exams.news.add((news) => {
    switch (news.type) {
      case "exam":
        events.publish({ type: "exam", data: examOf(storage, stepState, news.exam) });
        break;
      case "instance":
        events.publish({ type: "instance", data: instanceOf(storage, news.record) });
        events.publish({ type: "exam", data: examOf(storage, stepState, news.exam) });
        events.publish({ type: "study", data: { studyInstanceUid: news.exam.studyInstanceUid } });
        void autoSend.onInstance(news.exam.studyInstanceUid, news.record.sopInstanceUid);
        break;
      case "ended":
        void autoSend.onEnded(news.exam);
        break;
    }
  });
  jobs.changes.add((job) => events.publish({ type: "job", data: jobView(job) }));
  acquisition.changes.add(() => events.publish({ type: "health", data: health() }));
  states.changes.add(() => events.publish({ type: "health", data: health() }));
  holder.changes.add(() => events.publish({ type: "configuration", data: {} }));
  const refreshHealth = async () => {
    detectorHealth = await panelPort.health().catch(() => detectorHealth);
    free = await diskOf(dataFolder).catch(() => free);
    healthTimer = clock.after(HEALTH_CYCLE_MS, () => void refreshHealth());
  };
  let healthTimer = clock.after(0, () => void refreshHealth());

  const app = createApi({
    device,
    clock,
    log,
    kioskFolder: join(import.meta.dir, "..", "dist", "ui"),
    onImpossible: (error) => die(error.message),
  });
  const http = serveApi(
    app,
    options.httpPort ?? configuration().http.port ?? HTTP_PORT_DEFAULT,
    device.live,
  );

  log.info("ready", { http: http.url, dicomPort: acceptor.port });
  await jobs.start();
  await autoSend.catchUp();
  lifeCheck.start();
  void calibrations.start();

  return {
    async stop() {
      healthTimer.cancel();
      await exams.close();
      await Promise.all([lifeCheck.stop(), jobs.stop(), acceptor.close(), http.stop()]);
      render.close();
      await panelPort.terminate();
      await generator.close();
      await storage.close();
      pixels.close();
    },
  };
}

async function readConfiguration(file: string): Promise<Configuration> {
  const parsed = parseConfiguration((await readConfigFile(file)) ?? {});
  if (parsed.ok) return parsed.configuration;
  const problems = parsed.problems.map((p) => `  ${p.path} ${p.message}`).join("\n");
  throw new StartError(`the configuration ${file} is not valid; mend these keys:\n${problems}`);
}

function acceptorPorts(configuration: Configuration, port: number): AcceptorPorts {
  const { tls } = configuration;
  return { host: "0.0.0.0", port, tls: tls === null ? undefined : { ...tls } };
}

/** Where tube and table stand as installed. */
function geometryOf({ acquisition }: Configuration): Partial<Geometry> {
  const g = acquisition.geometry;
  return {
    sourceToDetectorMm: millimetres(g.sourceToDetectorMm),
    sourceToPatientMm: millimetres(g.sourceToPatientMm),
    tableHeightMm: millimetres(g.tableHeightMm),
    tableLongitudinalMm: millimetres(g.tableLongitudinalMm),
    tableLateralMm: millimetres(g.tableLateralMm),
    tableAngle: degrees(g.tableAngle),
    primaryAngle: degrees(g.primaryAngle),
    secondaryAngle: degrees(g.secondaryAngle),
    columnAngulation: degrees(g.columnAngulation),
    grid: g.grid,
  };
}

async function diskOf(folder: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, bsize, blocks } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a user can mend; everything else is a defect and shows its stack. */
const EXPECTED = [
  StartError,
  ConfigFileError,
  StoreError,
  DetectorError,
  ListenError,
  TlsFileError,
  ApiPortError,
];

async function main(): Promise<void> {
  const resolved = resolveOptions(process.argv.slice(2), process.env);
  if (resolved.ok === "help") {
    process.stdout.write(resolved.text);
    process.exit(0);
  }
  if (!resolved.ok) fail(resolved.message);
  const clock = new SystemClock();
  const log = jsonLog(
    (line) => process.stdout.write(`${line}\n`),
    () => clock.nowMs(),
  );
  const die = (why: string) => {
    log.error("device-stops", { why });
    process.exit(1);
  };
  process.on("uncaughtException", (error) => die(error.stack ?? error.message));
  process.on("unhandledRejection", (error) =>
    die(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  const running = await startDevice(resolved.options, clock, log, die).catch((error: unknown) => {
    if (EXPECTED.some((kind) => error instanceof kind)) fail(messageOf(error));
    throw error;
  });
  const stop = (signal: string) => {
    log.info("stopping", { signal });
    clock.after(STOP_TIMEOUT_MS, () => process.exit(0));
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => die(messageOf(error)),
    );
  };
  process.once("SIGTERM", () => stop("SIGTERM"));
  process.once("SIGINT", () => stop("SIGINT"));
}

function fail(message: string): never {
  process.stderr.write(`udr-10a: ${message}\n`);
  process.exit(2);
}

await main();
