// The device out of what it is given: hardware, pixels, store, network and time. The parts list that the
// program (main.ts) and the simulation of the whole device share.

import type { Device, ExamsPort } from "./api/device.ts";
import { EventLog } from "./api/event-log.ts";
import type { LiveFrame } from "./api/live-frame.ts";
import { appliancePort } from "./api/ports/appliance-port.ts";
import { backupPort, backupView } from "./api/ports/backup-port.ts";
import { calibrationPort, calibrationView } from "./api/ports/calibration-port.ts";
import { configurationPort, firstPinPort } from "./api/ports/configuration-port.ts";
import { examOf, examPort, type StepState, simulatorPort } from "./api/ports/exam-port.ts";
import { exportPlanner } from "./api/ports/export-planner.ts";
import { healthOf } from "./api/ports/health.ts";
import { jobPort } from "./api/ports/job-port.ts";
import { mediaPort } from "./api/ports/media-port.ts";
import { printPlanner } from "./api/ports/print-planner.ts";
import { queryPort } from "./api/ports/query-port.ts";
import { remotePort, type UseOfRemote } from "./api/ports/remote-port.ts";
import { retrievePlanner } from "./api/ports/retrieve-planner.ts";
import { stepPort } from "./api/ports/step-port.ts";
import { stickSettingsPort } from "./api/ports/stick-settings-port.ts";
import { instanceOf, studyPort } from "./api/ports/study-port.ts";
import { worklistPort, worklistResultOf } from "./api/ports/worklist-port.ts";
import { answer, refuse } from "./api/problem.ts";
import { jobView, mediumView } from "./api/views.ts";
import type { Configuration } from "./config/configuration.ts";
import { type Clock, dicomDateTime } from "./core/clock.ts";
import type { Dial, Listen } from "./core/connection.ts";
import { Listeners } from "./core/listeners.ts";
import type { Log } from "./core/log.ts";
import { paced } from "./core/paced.ts";
import type { Random } from "./core/random.ts";
import type { SlotPoolLayout } from "./core/slot-pool.ts";
import { UidGenerator } from "./dicom/iod/uid.ts";
import { Acquisition, type Panel } from "./exam/acquisition.ts";
import { type CalibrationPixels, CalibrationWizard } from "./exam/calibration-wizard.ts";
import { Calibrations, type MapAreas } from "./exam/calibrations.ts";
import { ExamService } from "./exam/exam-service.ts";
import { ImageMaker } from "./exam/image-maker.ts";
import type { DisplayFrame } from "./exam/live-picture.ts";
import { PipelineMeter } from "./exam/pipeline-meter.ts";
import type { PixelChain } from "./exam/pixel-chain.ts";
import type { CalibrationMap, DetectorEvent, DetectorHealth } from "./hal/detector/detector.ts";
import type { DapMeter, Generator, Positioner } from "./hal/generator/generator.ts";
import type { DiscBurner } from "./hal/media/disc-burner.ts";
import type { Drives } from "./hal/media/media.ts";
import type { Staging } from "./hal/media/staging.ts";
import { ExportJobExecutor, type ExportSettings } from "./jobs/export-job.ts";
import { JobQueue } from "./jobs/job-queue.ts";
import { PrintJobExecutor } from "./jobs/print-job.ts";
import { SendJobExecutor } from "./jobs/send-job.ts";
import type { JobType } from "./model/job.ts";
import { Acceptor, type AcceptorPorts } from "./services/acceptor/acceptor.ts";
import { type ApplianceParts, ApplianceService } from "./services/appliance/appliance-service.ts";
import { hindrance, type Occupation } from "./services/appliance/hindrances.ts";
import { LogToStick } from "./services/appliance/log-to-stick.ts";
import { AutoSend } from "./services/auto-send.ts";
import { type BackupParts, BackupService } from "./services/backup/backup-service.ts";
import { archivesOf } from "./services/commitment/archives.ts";
import { CommitmentService } from "./services/commitment/commitment-service.ts";
import type { ConfigurationHolder } from "./services/configuration-holder.ts";
import { type IncomingDependencies, serveIncoming } from "./services/incoming.ts";
import { MediaWatch } from "./services/media-watch.ts";
import { StepService, stepServer } from "./services/mpps/step-service.ts";
import { Pictures } from "./services/picture.ts";
import { filmPrinter } from "./services/print/film-printer.ts";
import { QueryService } from "./services/query-retrieve/query-service.ts";
import { RetrieveExecutor } from "./services/query-retrieve/retrieve-executor.ts";
import { Retrieves } from "./services/query-retrieve/retrieves.ts";
import { StorageScp } from "./services/query-retrieve/storage-scp.ts";
import { Turn } from "./services/query-retrieve/turn.ts";
import { LifeCheck } from "./services/remotes/life-check.ts";
import { RemoteStates } from "./services/remotes/remote-states.ts";
import { type RemoteFacts, remoteUse } from "./services/remotes/remote-use.ts";
import { Retention } from "./services/retention.ts";
import { StickSettings, type StickSettingsParts } from "./services/settings/stick-settings.ts";
import { storageSender } from "./services/storage-sender.ts";
import { UidSupply } from "./services/uid-supply.ts";
import { echoRemote, negotiationProbe } from "./services/verification.ts";
import { WorklistService } from "./services/worklist/worklist-service.ts";
import type { StoragePort } from "./store/storage-port.ts";
import type { PanelPort } from "./workers/acquisition/panel-port.ts";
import type { ExportWriter } from "./workers/export/export-client.ts";
import type { RenderClient } from "./workers/render/render-client.ts";

const DICOM_PORT_DEFAULT = 11104;
/** A panel's health is asked for so often. */
const HEALTH_CYCLE_MS = 5_000;
/** A study that grows by a retrieve is told about at most so often. */
const STUDY_NEWS_GAP_MS = 1_000;

/** What of a calibration a restart would lose. */
const CALIBRATION_STAGES = {
  idle: "none",
  confirm: "none",
  measuring: "measuring",
  summary: "to-accept",
  failed: "none",
} as const;

/** The pixel pool, or what stands for it. */
export interface Pixels extends PixelChain {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly map: { readonly raw: SlotPoolLayout };
  loadCalibration(modeIndex: number, maps: readonly CalibrationMap[]): Promise<void>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Removable drives and discs, and who writes to them. */
export interface Media {
  readonly drives: Drives;
  readonly burner: DiscBurner;
  readonly staging: Staging;
  readonly writer: ExportWriter;
  /** Calls at every arrival and removal on the bus; answers how to end that. */
  readonly watchBus: (onChange: () => void) => Promise<() => void>;
}

/** Columns of the pictures that an export carries for a look at it. */
const PREVIEW_COLUMNS = 480;
/** Names every file-set written here (PS3.10 §8.4), and a disc's volume. */
const FILE_SET_ID = "UDR10A";

/** Who owns a thing ends it: {@link assemble} closes nothing of this. */
export interface Given {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** The configuration in force, and the file it is kept in. */
  readonly holder: ConfigurationHolder;
  readonly configFile: string;
  /** Not opened yet. */
  readonly panelPort: PanelPort;
  readonly detectorDriver: string;
  /** Opened. */
  readonly generator: Generator & { readonly dapMeter: DapMeter };
  readonly positioner: Positioner;
  readonly pixels: Pixels;
  readonly storage: StoragePort;
  readonly disk: () => Promise<DiskSpace>;
  readonly renderer: Pick<RenderClient, "render" | "page" | "decode" | "filmBox">;
  /** What makes calibration maps; absent where none can be made. */
  readonly calibration?:
    | { readonly pixels: CalibrationPixels; readonly areas: MapAreas }
    | undefined;
  /** Absent where nothing can be plugged in: there are no exports then. */
  readonly media?: Media | undefined;
  /** Absent on a plain PC. */
  readonly appliance?: ApplianceParts | undefined;
  /** Backups and settings go to media: absent where there are none. */
  readonly backup?: (BackupParts & Pick<StickSettingsParts, "thread">) | undefined;
  readonly dial: Dial;
  readonly listen: Listen;
  /** Addresses of a host name; empty when unknown. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Wins over the configuration until somebody changes that. */
  readonly dicomPort: number | null;
}

/** A device that listens, and works once it was started. */
export interface Assembled {
  /** Its outer face, for the API. */
  readonly device: Device;
  /** Port listened on. */
  dicomPort(): number | null;
  /** Takes up the jobs and checks that a stop or a crash left. */
  start(): Promise<void>;
  /** Ends exposures, jobs and associations; what was given may be closed after that. */
  stop(): Promise<void>;
}

/**
 * Wires the parts and listens.
 * @throws DetectorError, or what `listen` throws when the port is taken
 */
export async function assemble(given: Given): Promise<Assembled> {
  const { clock, log, random, holder, panelPort, pixels, storage, generator, positioner } = given;
  const configuration = () => holder.current();
  const startedMs = clock.nowMs();
  const disk = await given.disk();

  // ---- panel and calibration --------------------------------------------------------------------------
  const panelEvents = new Listeners<DetectorEvent>();
  const meter = new PipelineMeter(clock);
  panelEvents.add((event) => {
    if (event.type === "frame") meter.arrived(event.header.lastPacketMs);
  });
  await panelPort.open(pixels.memory.buffer, pixels.map.raw, (event) => panelEvents.emit(event));
  const panel: Panel = {
    info: panelPort.info,
    events: panelEvents,
    state: () => panelPort.state(),
    arm: (request) => panelPort.arm(request),
    trigger: () => panelPort.trigger(),
    stop: () => panelPort.stop(),
    abort: () => panelPort.abort(),
    adjustBeam: (beam) => panelPort.adjustBeam(beam),
  };
  let detectorHealth: DetectorHealth = {
    temperatureC: [],
    heartbeatAgeMs: 0,
    packets: 0,
    lost: 0,
    resent: 0,
    overruns: 0,
    discarded: 0,
  };
  const calibrations = new Calibrations({
    panel: panel.info,
    fetch: (modeId) => panelPort.factoryCalibration(modeId),
    load: (modeIndex, maps) => pixels.loadCalibration(modeIndex, maps),
    stored: given.calibration && { storage, areas: given.calibration.areas },
    limits: () => configuration().acquisition.calibration,
    temperatureC: () => detectorHealth.temperatureC[0] ?? null,
    nowMs: () => clock.nowMs(),
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
  acquisition.changes.add(({ state }) => meter.onState(state));
  const isExposing = () => ["exposing", "processing"].includes(acquisition.status().state);
  const images = new ImageMaker({
    log,
    nowMs: () => clock.nowMs(),
    configuration,
    storage,
    uids,
    pixels,
    panel: panel.info,
    calibratedMs: (modeIndex) => calibrations.madeMs(modeIndex),
    uncorrected: (modeIndex) => calibrations.fault(modeIndex),
  });
  images.display.add(({ atMs, state }) => {
    if (state === "live") meter.pictured(atMs);
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
    calibration: (modeIndex) => calibrations.check(modeIndex),
    render: given.renderer,
  });

  // ---- network ----------------------------------------------------------------------------------------
  const states = new RemoteStates(clock);
  const network = { dial: given.dial, clock, log, configuration };
  const commitments = new CommitmentService({ ...network, storage, states, random, uids });
  const handlers: IncomingDependencies["handlers"] = (association) =>
    commitments.handlers(association);
  const turn = new Turn();
  const retrieves = new Retrieves();
  const storageScp = new StorageScp({ clock, log, configuration, storage, retrieves });
  const queries = new QueryService({ ...network, states, turn, handlers });
  const exporter =
    given.media === undefined
      ? null
      : new ExportJobExecutor({
          ...given.media,
          storage,
          clock,
          settings: () => exportSettings(configuration(), clock.nowMs()),
          newUid: () => uids.next(),
          async preview(record) {
            const picture = record.rows === 0 ? null : await pictures.of(record);
            if (picture === null) return null;
            const invert = picture.photometric === "MONOCHROME1";
            const frame = Math.floor(picture.numberOfFrames / 2);
            return given.renderer.render({ ...picture, invert, frame, width: PREVIEW_COLUMNS });
          },
        });
  const jobs = new JobQueue({
    storage,
    clock,
    log,
    executors: {
      send: new SendJobExecutor({
        storage,
        sender: storageSender({ ...network, storage, states, handlers }),
        clock,
        random,
        retryDelayMs: () => configuration().storage.retryDelay * 1000,
      }),
      retrieve: new RetrieveExecutor({ ...network, states, turn, handlers, retrieves, storage }),
      print: new PrintJobExecutor({
        storage,
        printer: filmPrinter({
          ...network,
          storage,
          states,
          compose: (box, into) => given.renderer.filmBox(box, into),
        }),
        clock,
        random,
        retryDelayMs: () => configuration().print.retryDelay * 1000,
      }),
      ...(exporter === null ? {} : { export: exporter }),
    },
  });
  const acceptor = new Acceptor({
    clock,
    log,
    listen: given.listen,
    resolve: given.resolve,
    configuration,
    onAssociation: (association) =>
      serveIncoming(
        {
          clock,
          log,
          configuration,
          states,
          handlers: (a) => ({ ...handlers(a), ...storageScp.handlers(a) }),
        },
        association,
      ),
  });
  const dicomPort = (c: Configuration) => given.dicomPort ?? c.local.port ?? DICOM_PORT_DEFAULT;
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
  const autoSend = new AutoSend({ clock, log, configuration, storage, jobs });
  holder.changes.add(() => void autoSend.noteRemotes());
  holder.changes.add(() => commitments.onConfiguration());
  jobs.changes.add((job) => commitments.onJob(job));
  const retention = new Retention({
    clock,
    log,
    configuration,
    storage,
    freeBytes: async () => (await given.disk()).freeBytes,
  });
  const lifeCheck = new LifeCheck(clock, states, configuration, negotiationProbe(network));
  const worklist = new WorklistService({ ...network, storage, states, uids });
  holder.changes.add(() => worklist.poll());
  const steps = new StepService({ ...network, storage, states });
  holder.changes.add(() => steps.configured());

  const wizard =
    given.calibration === undefined
      ? null
      : new CalibrationWizard({
          panel: panel.info,
          acquisition,
          pixels: given.calibration.pixels,
          areas: given.calibration.areas,
          storage,
          calibrations,
          flatTechnique: () => configuration().acquisition.calibration.flat,
          nowMs: () => clock.nowMs(),
          log,
        });

  const media =
    given.media === undefined
      ? null
      : new MediaWatch({ clock, log, drives: given.media.drives, isExposing });

  // ---- appliance ----------------------------------------------------------------------------------------
  /** An export writes to the medium now, in words; null: none does. */
  const exportWords = (medium: string): string | null =>
    jobs
      .list()
      .some(
        ({ state, parameters }) =>
          state === "active" && parameters.type === "export" && parameters.target.device === medium,
      )
      ? "An export writes to it. Wait until it is done."
      : null;
  const occupation = (): Omit<Occupation, "ending" | "update"> => {
    const active = jobs.list().filter(({ state }) => state === "active");
    const ofType = (type: JobType) => active.filter((job) => job.type === type).length;
    return {
      isExposing: isExposing(),
      openExams: storage.reader.exams({ state: "open" }).length,
      calibration: CALIBRATION_STAGES[wizard?.state().kind ?? "idle"],
      activeJobs: {
        send: ofType("send"),
        print: ofType("print"),
        export: ofType("export"),
        retrieve: ofType("retrieve"),
      },
      arrivingObjects: storageScp.arriving,
      backup: backup?.busyWords() ?? logToStick?.busyWords() ?? null,
      unsaved: () => ({
        ...storage.reader.unsaved(archivesOf(configuration()).map((r) => r.id)),
        stepMessages: storage.reader.mpps({ unfinished: true }).length,
      }),
    };
  };
  const appliance =
    given.appliance === undefined
      ? null
      : new ApplianceService({
          ...given.appliance,
          clock,
          log,
          drives: given.media?.drives ?? null,
          occupation,
        });

  /** What somebody should know who takes a remote away. */
  const factsOfRemote = (id: string): RemoteFacts => {
    const types = jobs.unfinishedFor(id);
    const ofType = (type: JobType) => types.filter((other) => other === type).length;
    const { pending = 0, failed = 0 } = commitments.archive(id) ?? {};
    return {
      jobs: { send: ofType("send"), print: ofType("print"), retrieve: ofType("retrieve") },
      unconfirmed: pending + failed,
      openExams: storage.reader.exams({ state: "open" }).length,
      isStepServer: stepServer(configuration())?.id === id,
      stepMessages: storage.reader.mpps({ unfinished: true }).length,
      hasPrinterSettings: Object.hasOwn(configuration().printers, id),
    };
  };
  const useOfRemote: UseOfRemote = (before, after) =>
    remoteUse(before, after, factsOfRemote(before.id));

  const logToStick: LogToStick | null =
    appliance === null || given.backup === undefined || given.media === undefined
      ? null
      : new LogToStick({
          clock,
          log,
          drives: given.media.drives,
          thread: given.backup.thread,
          timeZone: () => configuration().device.timeZone,
          // The panel's frames need the time that packing a journal takes.
          hindrance: (device) =>
            isExposing()
              ? "An exposure is going on. Let it end, then try again."
              : (exportWords(device) ?? backup?.busyWords() ?? stickSettings?.busyWords() ?? null),
        });

  // ---- backup -------------------------------------------------------------------------------------------
  /** What a copy would catch in the middle, and a restore would cut off. */
  const backupHindrance = () =>
    logToStick?.busyWords() ??
    hindrance("backup", false, {
      ...occupation(),
      ending: null,
      update: appliance?.updating ?? "none",
    }) ??
    stickSettings?.busyWords() ??
    null;
  const backup: BackupService | null =
    given.backup === undefined || given.media === undefined
      ? null
      : new BackupService({
          ...given.backup,
          clock,
          log,
          drives: given.media.drives,
          configuration,
          restoreNote: () => storage.reader.restoreNote(),
          inUse: backupHindrance,
        });
  const stickSettings: StickSettings | null =
    given.backup === undefined || given.media === undefined
      ? null
      : new StickSettings({
          ...given.backup.place,
          thread: given.backup.thread,
          drives: given.media.drives,
          holder,
          log,
          useOfRemote,
          useWords: (device) =>
            backup?.busyWords() ??
            logToStick?.busyWords() ??
            exportWords(device) ??
            ((appliance?.updating ?? "none") === "none"
              ? null
              : "An update is under way. Wait until it is installed."),
        });
  const examHindrance = () => {
    if (backup?.isRestoring() === true)
      return "A backup is being restored; the device restarts then. Wait, and begin again.";
    const ending = appliance?.ending ?? null;
    return ending === null ? null : `The device ${ending}. Wait until it is ready again.`;
  };
  const restartsByItself = given.backup?.restart.byItself === true;

  // ---- local API ----------------------------------------------------------------------------------------
  const pictures = new Pictures(storage);
  const events = new EventLog(startedMs.toString(36));
  const stepState: StepState = (exam) => steps.state(exam);
  let free = disk;
  // Only a start finds files missing; later they can but come back, or their study is deleted.
  const missing = new Map(
    storage.reader.missingToTell().map((one) => [one.sopInstanceUid, one.studyInstanceUid]),
  );
  const studyGone = (studyInstanceUid: string) => {
    for (const [sopInstanceUid, study] of missing)
      if (study === studyInstanceUid) missing.delete(sopInstanceUid);
    events.publish({ type: "study-deleted", data: { studyInstanceUid } });
  };
  const health = () =>
    healthOf({
      nowMs: clock.nowMs(),
      startedMs,
      configuration: configuration(),
      dicomPort: acceptor.port ?? 0,
      acquisition: acquisition.status(),
      detector: {
        driver: given.detectorDriver,
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
      pipeline: meter.figures(),
      ...free,
      remote: (id) => states.get(id),
      commitment: (id) => commitments.archive(id),
      missing: missing.size,
      calibration: [...panel.info.modes.keys()].flatMap((index) => [
        ...calibrations.damaged(index),
        ...(calibrations.maps(index).length > 0 ? [calibrations.fault(index) ?? []].flat() : []),
      ]),
      lostImages: exams.lostImages,
    });
  const configurationFace = {
    ...configurationPort(holder, given.configFile, () => acceptor.port ?? 0),
    ...(appliance === null ? {} : firstPinPort(holder, log)),
  };
  const device: Device = {
    events,
    health,
    configuration: configurationFace,
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
      ...remotePort(holder, useOfRemote, log),
    },
    exams: withoutExamsWhile(examHindrance, {
      ...examPort(exams, storage, stepState, autoSend),
      ...stepPort(steps, storage),
    }),
    studies: studyPort({
      storage,
      pictures,
      render: (picture, request) =>
        given.renderer.render({
          ...picture,
          invert: picture.photometric === "MONOCHROME1",
          ...request,
        }),
      archives: () => archivesOf(configuration()).map((r) => r.id),
      onDeleted: studyGone,
    }),
    jobs: jobPort(
      jobs,
      storage,
      (remoteId, service) =>
        configuration().remotes.some(
          (r) => r.id === remoteId && (r.services as readonly string[]).includes(service),
        ),
      {
        print: printPlanner(storage, configuration),
        export: exportPlanner(storage, () => configuration().http.allowPathTargets),
        retrieve: retrievePlanner(configuration),
      },
    ),
    simulator: simulatorPort(exams),
    worklist: worklistPort(worklist, storage),
    media:
      given.media === undefined || media === null
        ? undefined
        : mediaPort(
            given.media.drives,
            media,
            (device) =>
              exportWords(device) ??
              backup?.useWords(device) ??
              logToStick?.useWords(device) ??
              stickSettings?.useWords(device) ??
              null,
          ),
    appliance:
      appliance === null
        ? undefined
        : appliancePort(
            appliance,
            { health, configuration: () => configurationFace.read() },
            logToStick,
          ),
    backup: backup === null ? undefined : backupPort(backup, restartsByItself),
    stickSettings: stickSettings === null ? undefined : stickSettingsPort(stickSettings),
    query: queryPort(queries),
    calibration: wizard === null ? undefined : calibrationPort(wizard, calibrations, panel.info),
    live: {
      subscribe: (onFrame) => images.display.add((frame) => onFrame(liveFrame(frame))),
      held: () => (images.held === null ? null : liveFrame(images.held)),
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
        void autoSend.onInstance(news.exam, news.record.sopInstanceUid);
        void steps.onInstance(news.exam, news.record);
        break;
      case "image-lost":
        events.publish({ type: "health", data: health() });
        break;
      case "ended":
        void steps.onEnded(news.exam);
        void autoSend
          .onEnded(news.exam)
          .then(() => commitments.onExamEnded(news.exam.studyInstanceUid));
        break;
    }
  });
  steps.changes.add((examId) => {
    const exam = exams.get(examId);
    if (exam !== null) events.publish({ type: "exam", data: examOf(storage, stepState, exam) });
  });
  worklist.changes.add((result) =>
    events.publish({ type: "worklist", data: worklistResultOf(storage, result) }),
  );
  media?.changes.add((list) => events.publish({ type: "media", data: list.map(mediumView) }));
  backup?.changes.add(() =>
    events.publish({ type: "backup", data: backupView(backup, restartsByItself) }),
  );
  appliance?.changes.add((update) => events.publish({ type: "appliance", data: update }));
  jobs.changes.add((job) => events.publish({ type: "job", data: jobView(job) }));
  const studyGrew = paced(clock, STUDY_NEWS_GAP_MS, (studyInstanceUid) =>
    events.publish({ type: "study", data: { studyInstanceUid } }),
  );
  storageScp.received.add((record) => {
    missing.delete(record.sopInstanceUid);
    events.publish({ type: "instance", data: instanceOf(storage, record) });
    studyGrew(record.studyInstanceUid);
  });
  commitments.changes.add(({ studyInstanceUid }) => {
    events.publish({ type: "study", data: { studyInstanceUid } });
    events.publish({ type: "health", data: health() });
  });
  autoSend.released.add((exam) => {
    events.publish({ type: "exam", data: examOf(storage, stepState, exam) });
    events.publish({ type: "study", data: { studyInstanceUid: exam.studyInstanceUid } });
  });
  retention.deleted.add(studyGone);
  acquisition.changes.add(() => events.publish({ type: "health", data: health() }));
  states.changes.add(() => events.publish({ type: "health", data: health() }));
  holder.changes.add(() => events.publish({ type: "configuration", data: {} }));
  if (wizard !== null)
    wizard.changes.add(() =>
      events.publish({
        type: "calibration",
        data: calibrationView(wizard, calibrations, panel.info),
      }),
    );
  const refreshHealth = async () => {
    detectorHealth = await panelPort.health().catch(() => detectorHealth);
    free = await given.disk().catch(() => free);
    healthTimer = clock.after(HEALTH_CYCLE_MS, () => void refreshHealth());
  };
  let healthTimer = clock.after(0, () => void refreshHealth());

  let stopWatching: () => void = () => {};
  return {
    device,
    dicomPort: () => acceptor.port,
    async start() {
      await jobs.start();
      await autoSend.catchUp();
      await steps.start();
      commitments.start();
      void retention.start();
      lifeCheck.start();
      worklist.start();
      void calibrations.start();
      await appliance?.start();
      media?.start();
      stopWatching = (await given.media?.watchBus(() => media?.stir())) ?? stopWatching;
    },
    async stop() {
      healthTimer.cancel();
      meter.stop();
      stopWatching();
      await exams.close();
      await wizard?.stop();
      backup?.stop();
      await media?.stop();
      await Promise.all([commitments.stop(), retention.stop()]);
      await Promise.all([
        lifeCheck.stop(),
        worklist.stop(),
        queries.stop(),
        steps.stop(),
        jobs.stop(),
        acceptor.close(),
      ]);
    },
  };
}

/** An exam that began now would be cut off, or be gone with the database it is written to. */
function withoutExamsWhile(hindered: () => string | null, exams: ExamsPort): ExamsPort {
  return {
    ...exams,
    async open(request) {
      const reason = hindered();
      return reason === null ? exams.open(request) : refuse("busy", reason);
    },
  };
}

const liveFrame = ({ state, ...frame }: DisplayFrame): LiveFrame => ({
  ...frame,
  lastImageHold: state === "held",
  cleared: state === "cleared",
});

function acceptorPorts(configuration: Configuration, port: number): AcceptorPorts {
  const { tls } = configuration;
  return { host: "0.0.0.0", port, tls: tls === null ? undefined : { ...tls } };
}

/** What an export says of its writer. */
function exportSettings({ device, local, http }: Configuration, nowMs: number): ExportSettings {
  const { date, time } = dicomDateTime(nowMs, device.timeZone);
  const writtenAt = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)} ${time.slice(0, 2)}:${time.slice(2, 4)}`;
  return {
    identity: {
      implementationClassUid: device.implementationClassUid,
      implementationVersionName: device.implementationVersionName,
      sourceAeTitle: local.mediaAeTitle,
    },
    characterSet: local.characterSet,
    fileSetId: FILE_SET_ID,
    page: {
      institution: device.institutionName,
      device: `${device.modelName} ${device.serialNumber}`,
      writtenAt,
    },
    timeZone: device.timeZone,
    allowPaths: http.allowPathTargets,
  };
}
