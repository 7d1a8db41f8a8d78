// What an appliance is while its database cannot be used: a page that says so, takes a backup from a stick, and
// does what service does to the machine. It exposes nothing, answers no peer, and ends with the restore.

import type { Health } from "./api/contract.ts";
import type { Device } from "./api/device.ts";
import { EventLog } from "./api/event-log.ts";
import { appliancePort } from "./api/ports/appliance-port.ts";
import { backupPort, backupView } from "./api/ports/backup-port.ts";
import { configurationPort, firstPinPort } from "./api/ports/configuration-port.ts";
import { healthOf } from "./api/ports/health.ts";
import { mediaPort } from "./api/ports/media-port.ts";
import { refuse } from "./api/problem.ts";
import { mediumView } from "./api/views.ts";
import type { DiskSpace } from "./assembly.ts";
import type { Clock } from "./core/clock.ts";
import type { Log } from "./core/log.ts";
import type { Drives } from "./hal/media/media.ts";
import { type ApplianceParts, ApplianceService } from "./services/appliance/appliance-service.ts";
import { hindrance, type Occupation } from "./services/appliance/hindrances.ts";
import { LogToStick } from "./services/appliance/log-to-stick.ts";
import { type BackupParts, BackupService } from "./services/backup/backup-service.ts";
import type { ConfigurationHolder } from "./services/configuration-holder.ts";
import { MediaWatch } from "./services/media-watch.ts";

export interface RepairGiven {
  readonly clock: Clock;
  readonly log: Log;
  /** Of the database, after "The database". */
  readonly fault: string;
  readonly holder: ConfigurationHolder;
  readonly configFile: string;
  readonly disk: DiskSpace;
  readonly drives: Drives;
  readonly backup: BackupParts;
  readonly appliance: ApplianceParts;
  readonly watchBus: (onChange: () => void) => Promise<() => void>;
}

/** Nothing goes on in it but backups and log bundles. */
const IDLE: Omit<Occupation, "ending" | "update"> = {
  isExposing: false,
  openExams: 0,
  calibration: "none",
  activeJobs: { send: 0, print: 0, export: 0, retrieve: 0 },
  arrivingObjects: 0,
  backup: null,
  unsaved: () => null,
};

export interface Repair {
  readonly device: Device;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function assembleRepair(given: RepairGiven): Repair {
  const { clock, log, fault, holder, drives } = given;
  const startedMs = clock.nowMs();
  const reason = `The database ${fault}. Put in a stick with a backup and restore it, or begin without one: System screen, Backup. The images on the disk stay.`;
  const refused = async () => refuse("device-fault", reason);
  const events = new EventLog(startedMs.toString(36));
  const media = new MediaWatch({ clock, log, drives, isExposing: () => false });
  const backup = new BackupService({
    ...given.backup,
    clock,
    log,
    drives,
    configuration: () => holder.current(),
    restoreNote: () => null,
    isUnfit: true,
    inUse: () =>
      logToStick.busyWords() ??
      hindrance("backup", false, { ...occupation(), ending: null, update: appliance.updating }),
  });
  const occupation = (): Omit<Occupation, "ending" | "update"> => ({
    ...IDLE,
    backup: backup.busyWords() ?? logToStick.busyWords(),
  });
  const appliance = new ApplianceService({ ...given.appliance, clock, log, drives, occupation });
  const logToStick = new LogToStick({
    clock,
    log,
    drives,
    thread: given.backup.thread,
    timeZone: () => holder.current().device.timeZone,
    hindrance: () => backup.busyWords(),
  });
  const { byItself } = given.backup.restart;
  media.changes.add((list) => events.publish({ type: "media", data: list.map(mediumView) }));
  backup.changes.add(() => events.publish({ type: "backup", data: backupView(backup, byItself) }));
  appliance.changes.add((update) => events.publish({ type: "appliance", data: update }));
  holder.changes.add(() => events.publish({ type: "configuration", data: {} }));
  let stopWatching: () => void = () => {};

  const health = (): Health => ({
    ...healthOf({
      nowMs: clock.nowMs(),
      startedMs,
      configuration: holder.current(),
      dicomPort: 0,
      acquisition: { state: "idle" },
      detector: {
        driver: "none",
        state: "disconnected",
        temperatureC: [],
        heartbeatAgeMs: 0,
        packets: 0,
        lost: 0,
        resent: 0,
        overruns: 0,
        discarded: 0,
      },
      generator: { driver: "none", state: "standby" },
      ...given.disk,
      remote: () => undefined,
      commitment: () => undefined,
      missing: 0,
      calibration: [],
      lostImages: 0,
    }),
    status: "fault",
    problems: [reason],
    repair: true,
  });

  const configuration = {
    ...configurationPort(holder, given.configFile, () => 0),
    ...firstPinPort(holder, log),
  };
  return {
    device: {
      events,
      health,
      configuration,
      remotes: { echo: refused, add: refused, change: refused, remove: refused },
      exams: {
        open: refused,
        list: async () => [],
        get: refused,
        prepare: refused,
        complete: refused,
        discontinue: refused,
      },
      studies: {
        list: async () => [],
        get: refused,
        remove: refused,
        instance: refused,
        file: refused,
        pixels: refused,
        render: refused,
      },
      jobs: {
        create: refused,
        list: async () => [],
        get: refused,
        cancel: refused,
        retry: refused,
      },
      media: mediaPort(
        drives,
        media,
        (device) => backup.useWords(device) ?? logToStick.useWords(device),
      ),
      appliance: appliancePort(
        appliance,
        { health, configuration: () => configuration.read() },
        logToStick,
      ),
      backup: backupPort(backup, byItself),
    },
    async start() {
      await appliance.start();
      media.start();
      stopWatching = await given.watchBus(() => media.stir());
    },
    async stop() {
      stopWatching();
      backup.stop();
      await media.stop();
    },
  };
}
