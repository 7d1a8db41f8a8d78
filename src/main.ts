// The program: reads options and configuration, makes hardware, pixels, store and network, has them
// assembled into the device (assembly.ts), serves its API, starts, stops.

import { mkdir, readFile, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { createApi } from "./api/app.ts";
import type { Device } from "./api/device.ts";
import { DISK_FULL_BYTES } from "./api/ports/health.ts";
import { ApiPortError, serveApi } from "./api/server.ts";
import { assemble, type DiskSpace } from "./assembly.ts";
import { type Configuration, parseConfiguration } from "./config/configuration.ts";
import { type Options, resolveOptions } from "./config/options.ts";
import { type Clock, SystemClock } from "./core/clock.ts";
import { jsonLog, type Log } from "./core/log.ts";
import { builtFile } from "./core/program-file.ts";
import { Random } from "./core/random.ts";
import { type ServiceManager, serviceManager } from "./hal/appliance/service-manager.ts";
import { socketAppliance } from "./hal/appliance/socket-appliance.ts";
import { PRODUCT, parseUpdateFacts, readUpdateSet } from "./hal/appliance/update-set.ts";
import { updateUploads } from "./hal/appliance/update-uploads.ts";
import { DetectorError } from "./hal/detector/detector.ts";
import { startSimulator } from "./hal/detector/gige/simulator/start-simulator.ts";
import { simulatedGenerator } from "./hal/generator/sim/simulated-generator.ts";
import { simulatedPositioner } from "./hal/generator/sim/simulated-positioner.ts";
import { xorrisoBurner } from "./hal/media/disc-burner.ts";
import { linuxDrives } from "./hal/media/linux-drives.ts";
import { staging } from "./hal/media/staging.ts";
import { watchUsb } from "./hal/media/usb-arrival.ts";
import { Resolver } from "./hal/net/resolve.ts";
import { tcpDial } from "./hal/net/tcp-dial.ts";
import { ListenError, tcpListen } from "./hal/net/tcp-listen.ts";
import { TlsFileError } from "./hal/net/tls-profile.ts";
import type { Geometry } from "./model/exposure.ts";
import { degrees, millimetres } from "./model/units.ts";
import { assembleRepair } from "./repair.ts";
import type { ApplianceParts } from "./services/appliance/appliance-service.ts";
import type { BackupParts } from "./services/backup/backup-service.ts";
import { ConfigurationHolder } from "./services/configuration-holder.ts";
import type { StickSettingsParts } from "./services/settings/stick-settings.ts";
import { ConfigFileError, readConfigFile, writeConfigFile } from "./store/config-file.ts";
import { lockFolder } from "./store/folder-lock.ts";
import { realDisk } from "./store/real-disk.ts";
import { takeUpRestore } from "./store/restore.ts";
import type { StoragePort } from "./store/storage-port.ts";
import { StoreError, UnfitDatabaseError } from "./store/store-error.ts";
import { startAcquisition } from "./workers/acquisition/acquisition-client.ts";
import { DEFAULT_SEED } from "./workers/acquisition/driver-spec.ts";
import { BackupClient } from "./workers/backup/backup-client.ts";
import { ExportClient } from "./workers/export/export-client.ts";
import { PixelPool } from "./workers/pixel/pixel-pool.ts";
import { RenderClient } from "./workers/render/render-client.ts";
import { startStorage } from "./workers/storage/storage-client.ts";

const HTTP_PORT_DEFAULT = 8080;
/** Says that it wants to be started again, to whoever looks after it (EX_TEMPFAIL). */
const RESTART_CODE = 75;
/** SIGTERM to exit: what is not done by then is left to the next start. */
const STOP_TIMEOUT_MS = 4_500;
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
  manager: ServiceManager,
  restart: () => void,
): Promise<Running> {
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
  const lock = lockFolder(dataFolder);
  const configFile = resolve(options.configFile ?? join(dataFolder, "config.json"));
  const isNamed = options.configFile !== null;
  const dataDisk = realDisk(dataFolder);
  const isInside = dirname(configFile) === dataFolder;
  await takeUpRestore(
    dataDisk,
    {
      disk: () => (isInside ? dataDisk : realDisk(dirname(configFile))),
      path: basename(configFile),
    },
    log,
  );
  const holder = new ConfigurationHolder(await readConfiguration(configFile, isNamed), (document) =>
    writeConfigFile(configFile, document),
  );
  const configuration = () => holder.current();
  if (configuration().device.uidRoot === REFERENCE_UID_ROOT)
    log.warn("reference-uid-root", {
      remedy: "set device.uidRoot to a root of your own before clinical use",
    });

  // ---- hardware, pixels, store ----------------------------------------------------------------------
  const detector = options.detector;
  const panelSimulator =
    detector.driver === "gige" && detector.address === "simulator" ? await startSimulator() : null;
  const driver =
    detector.driver === "simulated"
      ? { ...detector, seed: DEFAULT_SEED }
      : detector.driver === "gige" && panelSimulator !== null
        ? { ...detector, address: panelSimulator.address }
        : detector;
  const panelPort = await startAcquisition(driver);
  const pixels = await PixelPool.start({ modes: panelPort.info.modes, clock });
  const applianceSocket = process.env["UDR_APPLIANCE_SOCKET"] ?? "";
  const appliance = applianceSocket === "" ? null : socketAppliance(applianceSocket, clock);
  const drives = linuxDrives({
    dataFolder,
    allowPaths: () => configuration().http.allowPathTargets,
    unmount: appliance === null ? undefined : (root) => appliance.release(root),
  });
  const applianceParts: ApplianceParts | undefined =
    appliance === null
      ? undefined
      : {
          appliance,
          uploads: updateUploads(join(dataFolder, "updates")),
          readSet: async (folder) =>
            readUpdateSet({
              folder,
              publicKey: await readFile(builtFile("update-key.pem"), "utf8"),
              running: parseUpdateFacts(await readFile(builtFile("update.json"), "utf8")),
            }),
        };
  const backupThread = new BackupClient();
  const backup: BackupParts & Pick<StickSettingsParts, "thread"> = {
    place: {
      dataFolder,
      configFile,
      product: PRODUCT,
      version: await versionOf(),
      resolve: (path) => resolve(path),
    },
    thread: backupThread,
    restart: { byItself: appliance !== null, now: restart },
  };
  const httpPort = () => options.httpPort ?? configuration().http.port ?? HTTP_PORT_DEFAULT;
  const apiOf = (device: Device) =>
    createApi({
      ...{ device, clock, log },
      kioskFolder: builtFile("ui"),
      onImpossible: (error) => die(error.message),
    });
  let storage: StoragePort;
  try {
    storage = await startStorage(
      { folder: dataFolder, nowMs: clock.nowMs(), memory: pixels.memory.buffer },
      log,
      (error) => die(error.message),
    );
  } catch (error) {
    // Somebody at a plain PC can move files; an appliance has its page alone.
    if (!(error instanceof UnfitDatabaseError) || applianceParts === undefined) throw error;
    log.error("database-unfit", { error });
    await panelPort.terminate();
    await panelSimulator?.stop();
    pixels.close();
    const repair = assembleRepair({
      clock,
      log,
      fault: error.fault,
      holder,
      configFile,
      disk,
      drives,
      backup,
      appliance: applianceParts,
      watchBus: watchUsb,
    });
    const http = serveApi(apiOf(repair.device), httpPort());
    await repair.start();
    log.info("repair", { http: http.url });
    manager.ready();
    return {
      async stop() {
        await repair.stop();
        await http.stop();
        backupThread.close();
        lock[Symbol.dispose]();
      },
    };
  }
  const positioner = simulatedPositioner(geometryOf(configuration()));
  holder.changes.add((next) => positioner.move(geometryOf(next)));
  const generator = simulatedGenerator({ clock, geometry: () => positioner.now() });
  await generator.open();
  const renderer = new RenderClient();
  const discFolder = staging(join(dataFolder, "discs"));
  // A burning that was cut off left its copies there.
  discFolder.clear();
  const exportWriter = new ExportClient();

  // ---- the device -------------------------------------------------------------------------------------
  const resolver = new Resolver(clock);
  const assembled = await assemble({
    clock,
    log,
    random: new Random(clock.nowMs() >>> 0),
    holder,
    configFile,
    panelPort,
    detectorDriver: options.detector.driver,
    generator,
    positioner,
    pixels,
    calibration: {
      pixels,
      areas: { buffer: pixels.memory.buffer, at: pixels.map.calibration },
    },
    storage,
    disk: () => diskOf(dataFolder),
    renderer,
    media: {
      drives,
      burner: xorrisoBurner(),
      staging: discFolder,
      writer: exportWriter,
      watchBus: watchUsb,
    },
    appliance: applianceParts,
    backup,
    dial: tcpDial({ clock, resolver }),
    listen: tcpListen({ clock, log }),
    resolve: (host) => resolver.resolve(host).catch(() => []),
    dicomPort: options.dicomPort,
  });

  // ---- local API ----------------------------------------------------------------------------------------
  const http = serveApi(apiOf(assembled.device), httpPort(), assembled.device.live);

  log.info("ready", { http: http.url, dicomPort: assembled.dicomPort() });
  await assembled.start();
  manager.ready();

  return {
    async stop() {
      await assembled.stop();
      await http.stop();
      renderer.close();
      exportWriter.close();
      backupThread.close();
      await panelPort.terminate();
      await panelSimulator?.stop();
      await generator.close();
      await storage.close();
      pixels.close();
      lock[Symbol.dispose]();
    },
  };
}

/** The bundle's own, or that of the sources. */
async function versionOf(): Promise<string> {
  const text = await readFile(builtFile("update.json"), "utf8").catch(() => null);
  return text === null ? packageJson.version : parseUpdateFacts(text).version;
}

/** A file somebody named must be there; the one in the data folder comes with its first change. */
async function readConfiguration(file: string, isNamed: boolean): Promise<Configuration> {
  const document = await readConfigFile(file);
  if (document === null && isNamed)
    throw new StartError(
      `the configuration ${file} is not there; make it (with {} for the defaults), or leave --config out`,
    );
  const parsed = parseConfiguration(document ?? {});
  if (parsed.ok) return parsed.configuration;
  const problems = parsed.problems.map((p) => `  ${p.path} ${p.message}`).join("\n");
  throw new StartError(`the configuration ${file} is not valid; mend these keys:\n${problems}`);
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

async function diskOf(folder: string): Promise<DiskSpace> {
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
  const manager = serviceManager({ env: process.env, pid: process.pid, clock, log });
  let running: Running | undefined;
  let stopping = false;
  const stop = (signal: string, code = 0) => {
    // The impatient press Ctrl-C twice; a device that has only begun to start has nothing to lose.
    if (stopping) return;
    stopping = true;
    log.info("stopping", { signal });
    manager.stopping();
    if (running === undefined) process.exit(code);
    clock.after(STOP_TIMEOUT_MS, () => process.exit(code));
    running.stop().then(
      () => process.exit(code),
      (error: unknown) => die(messageOf(error)),
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  const restart = () => stop("restore", RESTART_CODE);
  running = await startDevice(resolved.options, clock, log, die, manager, restart).catch(
    (error: unknown) => {
      if (EXPECTED.some((kind) => error instanceof kind)) fail(messageOf(error));
      throw error;
    },
  );
}

function fail(message: string): never {
  process.stderr.write(`udr-10a: ${message}\n`);
  process.exit(2);
}

await main();
