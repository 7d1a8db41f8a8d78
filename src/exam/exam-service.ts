// Examinations: opened, exposed, ended. Every step is durable before it is answered; the radiation is
// recorded before anything becomes of its images. One exposure at a time, any number of open exams.

import { type Configuration, defaultConfiguration, protocolsOf } from "../config/configuration.ts";
import { protocolByText, SHIPPED_PROTOCOLS } from "../config/protocols.ts";
import { assert } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import { protocolKey } from "../dicom/iod/mapping.ts";
import { buildDoseReport } from "../dicom/iod/objects.ts";
import { reportSeriesNumber, type UidGenerator } from "../dicom/iod/uid.ts";
import type { DetectorMode } from "../hal/detector/detector.ts";
import type { DapMeter, Positioner } from "../hal/generator/generator.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { Exposure, Geometry, Tomography } from "../model/exposure.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type {
  ExposureKind,
  ImageObject,
  Laterality,
  Protocol,
  TechniqueSetting,
} from "../model/protocol.ts";
import type { Change } from "../store/records.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { RenderClient } from "../workers/render/render-client.ts";
import {
  type Acquisition,
  AcquisitionError,
  type ArrivedFrame,
  ExposureRefused,
  runRate,
  type Setup,
} from "./acquisition.ts";
import { BrightnessControl, brightnessTarget } from "./brightness-control.ts";
import type { CalibrationCheck } from "./calibrations.ts";
import { captureSeriesKey } from "./capture.ts";
import { CaptureMaker, type CaptureOrder, captureRefusal } from "./capture-maker.ts";
import { reportFacts } from "./dose-report.ts";
import {
  appendedExam,
  type ExamIdentifiers,
  type ExamSettings,
  endedExam,
  imageSeriesKey,
  nextSeriesNumber,
  type Registration,
  type SeriesKey,
  scheduledExam,
  seriesFor,
  type TypedPatient,
  unscheduledExam,
  withExposure,
  withExposureIndex,
  withSavedExposure,
  withSeries,
} from "./exam-record.ts";
import type { ImageFound, ImageMaker, ImageOrder } from "./image-maker.ts";
import { contrastAgentFault, protocolFault, registrationFault } from "./input-check.ts";
import { type LastRun, LastRunKeeper } from "./last-run.ts";
import { missedFrames, noImage, reasonOf, textNotices, withNotices } from "./notices.ts";
import { DiskFullError, encodeObject, objectRows, storedRecord } from "./object-writer.ts";
import { answered, type ExamAnswer, refused } from "./refusal.ts";
import { rehearse } from "./rehearsal.ts";
import type { Run } from "./run.ts";

export type ExamNews =
  | { readonly type: "exam"; readonly exam: Exam }
  | { readonly type: "instance"; readonly exam: Exam; readonly record: InstanceRecord }
  /** An exposure left no image although one was wanted; the log says why. */
  | { readonly type: "image-lost"; readonly examId: string }
  /** Ended, its images and its dose report durable. */
  | { readonly type: "ended"; readonly exam: Exam };

export interface ExamParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
  readonly storage: StoragePort;
  readonly uids: Pick<UidGenerator, "next" | "series">;
  readonly acquisition: Acquisition;
  readonly images: ImageMaker;
  readonly positioner: Positioner;
  readonly dapMeter: DapMeter;
  /** Whether frames of a mode can be corrected, or are wanted all the same. */
  readonly calibration: (modeIndex: number) => Promise<CalibrationCheck>;
  /** Draws dose pages and takes screens in; without it captures are refused. */
  readonly render?: Pick<RenderClient, "page" | "decode"> | undefined;
}

export interface OpenRequest extends Registration {
  readonly worklistItemId?: string | undefined;
  readonly patient?: TypedPatient | undefined;
  readonly appendTo?: string | undefined;
  readonly protocolId?: string | undefined;
  /** Service: take a worklist item of another modality all the same. */
  readonly overrideModality?: boolean | undefined;
}

/** Some of the values; undefined ones are as good as left out. */
type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

export interface PrepareOrder {
  readonly protocolId?: string | undefined;
  readonly technique?: Maybe<TechniqueSetting> | undefined;
  readonly laterality?: Laterality | undefined;
  readonly geometry?: Maybe<Geometry> | undefined;
  readonly contrastAgent?: string | undefined;
  readonly tomography?: Tomography | undefined;
  /** Fluoroscopy: whether the technique follows the picture; it does unless the operator set one. */
  readonly brightness?: "automatic" | "fixed" | undefined;
}

export interface ExposeOrder {
  readonly kind: ExposureKind;
  readonly frames?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly fps?: number | undefined;
  readonly save?: boolean | undefined;
}

/** What was prepared besides what panel and generator know. */
interface Preparation {
  readonly examId: string;
  readonly laterality?: Laterality | undefined;
  readonly geometry: Partial<Geometry>;
  /** Values the operator set; they hold for every kind of exposure that follows. */
  readonly technique?: PrepareOrder["technique"];
  readonly brightness?: PrepareOrder["brightness"];
  readonly contrastAgent?: string | undefined;
  readonly tomography?: Tomography | undefined;
}

/** Length of a run where neither frames nor a duration are given. */
const RUN_DURATION_DEFAULT_MS = 2000;
/** A run needs room for so many seconds before it may begin. */
const RUN_ROOM_S = 10;

export class ExamService {
  readonly news = new Listeners<ExamNews>();
  readonly #parts: ExamParts;
  readonly #making = new Map<string, Set<Promise<void>>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #prepared: Preparation | null = null;
  readonly #lastRun: LastRunKeeper;
  #exposing: { readonly examId: string; readonly done: Promise<unknown> } | null = null;
  /** The room as it is made ready; settles always. */
  #arming: Promise<unknown> | null = null;
  /** Exams that are being ended: their last images are awaited. */
  readonly #ending = new Set<string>();
  readonly #captures: CaptureMaker;
  #closed = false;
  #lostImages = 0;

  constructor(parts: ExamParts) {
    this.#parts = parts;
    this.#lastRun = new LastRunKeeper({
      images: parts.images,
      log: parts.log,
      refusal: (examId) => this.#openExamRefusal(examId),
      order: (last) => this.#lastRunOrder(last),
      noteSaved: ({ examId, exposure }) =>
        this.#inTurn(examId, () =>
          this.#save(withSavedExposure(this.#current(examId), exposure.exposureId)),
        ),
      onInstance: (examId, record) =>
        this.news.emit({ type: "instance", exam: this.#current(examId), record }),
      awaited: (examId, work) => this.#awaited(examId, work),
    });
    this.#captures = new CaptureMaker({
      ...parts,
      render: parts.render,
      nowMs: () => parts.clock.nowMs(),
    });
  }

  /** Exposures since the start that left no image although one was wanted. */
  get lostImages(): number {
    return this.#lostImages;
  }

  get(examId: string): Exam | null {
    return this.#parts.storage.reader.exam(examId);
  }

  // ---- opening ------------------------------------------------------------------------------------

  /** Opens an exam; it is a row before it is answered. */
  async open(request: OpenRequest): Promise<ExamAnswer<Exam>> {
    const { storage, uids, clock } = this.#parts;
    const configuration = this.#parts.configuration();
    const item =
      request.worklistItemId === undefined
        ? null
        : storage.reader.worklistItem(request.worklistItemId);
    if (request.worklistItemId !== undefined && item === null)
      return refused(
        "unknown-reference",
        "the worklist holds no such item; query the worklist again",
      );
    const wanted = configuration.worklist.modality;
    if (item !== null && wanted !== "" && item.modality !== wanted && !request.overrideModality)
      return refused(
        "wrong-modality",
        `the item is for ${item.modality || "no modality"}, this device takes ${wanted}; choose another item, or have service override it`,
      );
    const steps =
      request.appendTo === undefined
        ? []
        : storage.reader.exams({ studyInstanceUid: request.appendTo });
    if (request.appendTo !== undefined) {
      if (steps.length === 0)
        return refused("unknown-reference", "no exam of that study was made here");
      const open = steps.find((e) => e.state === "open");
      if (open)
        return refused(
          "exam-already-open",
          `exam ${open.id} of that study is still open; go on with it`,
        );
    }
    const byWorklist =
      item &&
      protocolByText(
        protocolsOf(configuration),
        protocolKey(item, configuration.mapping.protocolFrom),
      );
    const protocol = this.#protocol(
      request.protocolId ??
        configuration.mapping.forceProtocolId ??
        byWorklist?.id ??
        steps[0]?.protocolId ??
        configuration.acquisition.defaultProtocolId,
    );
    if (protocol === undefined)
      return refused("unknown-reference", `there is no protocol ${request.protocolId}`);
    const { characterSet } = configuration.local;
    const fault =
      registrationFault(request.patient, request, characterSet) ??
      protocolFault(protocol, characterSet);
    if (fault !== null) return refused("invalid-field", fault);
    const number = await storage.takeNumbers("exam", 1);
    const ids: ExamIdentifiers = {
      id: `exam-${number}`,
      counter: number % 1_000_000,
      studyInstanceUid: uids.next(),
      mppsSopInstanceUid: uids.next(),
    };
    const settings = examSettings(configuration);
    const nowMs = clock.nowMs();
    const exam =
      item !== null
        ? scheduledExam(item, request, protocol, ids, settings, nowMs)
        : steps.length > 0
          ? appendedExam(steps, request, protocol, ids, settings, nowMs)
          : unscheduledExam(
              request.patient ?? { name: "" },
              request,
              protocol,
              ids,
              settings,
              nowMs,
            );
    await this.#save(exam);
    await this.#lastRun.letGo();
    return answered(exam);
  }

  // ---- exposing -----------------------------------------------------------------------------------

  /** Makes panel and generator ready for an exam. */
  async prepare(examId: string, order: PrepareOrder): Promise<ExamAnswer<Setup>> {
    const exam = this.get(examId);
    if (exam === null) return refused("not-found", `there is no exam ${examId}`);
    if (exam.state !== "open")
      return refused("exam-not-open", `the exam is ${exam.state}; append a new step to its study`);
    const configuration = this.#parts.configuration();
    const protocol =
      this.#protocol(order.protocolId ?? exam.protocolId) ??
      this.#protocol(configuration.acquisition.defaultProtocolId);
    if (
      protocol === undefined ||
      (order.protocolId !== undefined && protocol.id !== order.protocolId)
    )
      return refused(
        "unknown-reference",
        `there is no protocol ${order.protocolId ?? exam.protocolId}`,
      );
    const { characterSet } = configuration.local;
    const fault =
      protocolFault(protocol, characterSet) ??
      contrastAgentFault(order.contrastAgent, characterSet);
    if (fault !== null) return refused("invalid-field", fault);
    if (this.#exposing !== null)
      return refused("in-use", "an exposure is under way; wait until it has ended");
    return this.#arm(
      exam,
      protocol,
      this.#techniqueFor(protocol, protocol.kind, order.technique),
      order,
    );
  }

  /**
   * What the operator set, over the protocol's own values, or over those of a protocol made for that
   * kind of exposure where this one is for another: a radiograph's current is none for fluoroscopy.
   */
  #techniqueFor(
    protocol: Protocol,
    kind: ExposureKind,
    set: PrepareOrder["technique"],
  ): TechniqueSetting {
    const all = protocolsOf(this.#parts.configuration()).filter((p) => p.kind === kind);
    const other = all.find((p) => p.bodyPart === protocol.bodyPart) ?? all[0] ?? protocol;
    const { fps: _, ...values } = other.technique;
    const own = protocol.kind === kind ? protocol.technique : values;
    return { ...own, ...definedOf(set ?? {}) };
  }

  async #arm(
    exam: Exam,
    protocol: Protocol,
    technique: TechniqueSetting,
    order: PrepareOrder,
    kind: ExposureKind = protocol.kind,
    fps = runRate(kind, technique),
  ): Promise<ExamAnswer<Setup>> {
    const { acquisition } = this.#parts;
    if (this.#closed) return refused("device-fault", "the device is being shut down");
    if (this.#ending.has(exam.id)) return refused("exam-not-open", "the exam is being ended");
    const preparation: Preparation = {
      examId: exam.id,
      laterality: order.laterality,
      geometry: definedOf(order.geometry ?? {}),
      contrastAgent: order.contrastAgent,
      tomography: order.tomography,
      technique: order.technique,
      brightness: order.brightness,
    };
    const no = await this.#cannotExpose(exam, protocol, technique, preparation, kind, fps);
    if (no !== null) return no;
    if (this.#ending.has(exam.id)) return refused("exam-not-open", "the exam is being ended");
    if (this.#lastRun.examId !== exam.id) await this.#lastRun.letGo();
    // Said before the room is armed, so that the exam's end finds what it has to stand down.
    this.#prepared = preparation;
    const arming = acquisition.prepare(exam.id, protocol, technique, kind, fps);
    this.#arming = arming.catch(() => {});
    try {
      return answered(await arming);
    } catch (error) {
      if (error instanceof AcquisitionError) return refused("not-ready", error.message);
      throw error;
    }
  }

  /** Why no image could be kept: asked before anybody is irradiated. */
  async #cannotExpose(
    exam: Exam,
    protocol: Protocol,
    technique: TechniqueSetting,
    preparation: Preparation,
    kind: ExposureKind,
    fps: number,
  ): Promise<ExamAnswer<never> | null> {
    const { index } = this.#parts.acquisition.mode(kind);
    const object = this.#objectFor(kind, protocol);
    const problems = rehearse(this.#parts.images, this.#parts.configuration(), {
      exam,
      protocol,
      object,
      technique,
      kind,
      fps,
      modeIndex: index,
      prepared: {
        ...preparation,
        geometry: { ...(await this.#parts.positioner.geometry()), ...preparation.geometry },
      },
      seriesKey: (exposure) => imageSeriesKey(protocol, exposure, object),
      nowMs: this.#parts.clock.nowMs(),
    });
    if (problems.length > 0)
      return refused(
        "not-ready",
        `no ${object} image could be made: ${problems.map((p) => `${p.attribute} ${p.what}`).join("; ")}; correct the exam's data, its protocol or the configuration`,
      );
    const calibration = await this.#parts.calibration(index);
    if (calibration.kind === "refused") return refused("not-ready", calibration.reason);
    const frames = kind === "radiography" ? 1 : Math.ceil(fps * RUN_ROOM_S);
    const lack = await this.#parts.storage.canStore(frames * this.#parts.images.frameBytes(index));
    if (lack !== null)
      return refused(
        "disk-full",
        `the disk has ${lack.freeBytes} bytes free, the exposure needs ${lack.neededBytes}; send and delete studies, then prepare again`,
      );
    return null;
  }

  /** The switch or pedal is pressed. Resolves when the exposure has ended and is recorded. */
  async expose(order: ExposeOrder): Promise<ExamAnswer<Exposure>> {
    if (this.#exposing !== null)
      return refused("in-use", "an exposure is under way; wait until it has ended");
    const exam = this.#examToExpose(this.#parts.acquisition.setup());
    if (exam === null) return refused("no-open-exam", "no exam is open; open one first");
    const exposed = this.#exposeExam(exam, order);
    const done = exposed.catch(() => {});
    this.#exposing = { examId: exam.id, done };
    try {
      return await exposed;
    } finally {
      this.#exposing = null;
    }
  }

  async #exposeExam(exam: Exam, order: ExposeOrder): Promise<ExamAnswer<Exposure>> {
    const { acquisition } = this.#parts;
    const setup = acquisition.setup();
    const usable = setup !== null && setup.examId === exam.id ? setup : null;
    const protocol =
      usable?.protocol ??
      this.#protocol(exam.protocolId) ??
      this.#protocol(this.#parts.configuration().acquisition.defaultProtocolId);
    assert(protocol !== undefined, "the default protocol exists");
    const preparation: Preparation =
      this.#prepared?.examId === exam.id ? this.#prepared : { examId: exam.id, geometry: {} };
    const technique = this.#techniqueFor(protocol, order.kind, preparation.technique);
    const fps = order.kind === "radiography" ? 0 : (order.fps ?? runRate(order.kind, technique));
    if (usable !== null && acquisition.readyFor() === order.kind) {
      const no = await this.#cannotExpose(exam, protocol, technique, preparation, order.kind, fps);
      if (no !== null) return no;
    } else {
      const armed = await this.#arm(exam, protocol, technique, preparation, order.kind, fps);
      if (!armed.ok) return armed;
    }
    try {
      return answered(await this.#exposeNow(exam.id, order, protocol, preparation, fps));
    } catch (error) {
      if (error instanceof ExposureRefused) return refused("not-ready", error.message);
      if (error instanceof AcquisitionError) return refused("device-fault", error.message);
      throw error;
    }
  }

  async #exposeNow(
    examId: string,
    order: ExposeOrder,
    protocol: Protocol,
    preparation: Preparation,
    fps: number,
  ): Promise<Exposure> {
    const { acquisition, images, uids, positioner, storage } = this.#parts;
    await this.#lastRun.letGo();
    const save = order.kind !== "fluoroscopy" || (order.save ?? true);
    const wanted =
      order.frames ??
      Math.max(1, Math.round(((order.durationMs ?? RUN_DURATION_DEFAULT_MS) * fps) / 1000));
    const { mode, index } = acquisition.mode(order.kind);
    const { kind } = order;
    const onBrightness =
      kind === "fluoroscopy" ? this.#brightnessControl(preparation, mode, fps) : undefined;
    const run =
      kind === "radiography" ? null : images.run(index, protocol, { kind, save, onBrightness });
    const arrived: ArrivedFrame[] = [];
    const end = await acquisition
      .expose({
        kind: order.kind,
        frames: wanted,
        fps,
        onFrame: (frame) => {
          if (run === null) arrived.push(frame);
          else run.take(frame);
        },
      })
      .catch(async (error: unknown) => {
        // No report, no object: what came of it is given up, and counted.
        if (arrived.length > 0 || run?.delivered) this.#lostImage(examId);
        for (const { slot } of arrived) images.drop(slot);
        await run?.abandon();
        throw error;
      });
    const [frame = null] = arrived;
    const geometry = { ...(await positioner.geometry()), ...preparation.geometry };
    const exposure: Exposure = {
      exposureId: `exposure-${await storage.takeNumbers("exposure", 1)}`,
      irradiationEventUid: uids.next(),
      kind: order.kind,
      protocolId: protocol.id,
      report: end.report,
      geometry,
      frames: end.frames,
      saved: save,
      laterality: preparation.laterality,
      contrastAgent: preparation.contrastAgent,
      tomography: preparation.tomography,
    };
    const object = this.#objectFor(order.kind, protocol);
    const exam = await this.#inTurn(examId, async () => {
      const lost = save ? end.lostFrames : 0;
      const notices =
        lost === 0
          ? []
          : end.frames === 0
            ? [noImage(exposure, "the panel delivered no frame")]
            : [missedFrames(lost, end.frames + lost)];
      const withIt = withNotices(withExposure(this.#current(examId), exposure), notices);
      const next =
        save && end.frames > 0 ? this.#withSeriesOf(withIt, protocol, exposure, object) : withIt;
      await this.#save(next);
      return next;
    });
    if (run !== null && kind === "fluoroscopy" && end.frames > 0)
      this.#lastRun.keep({ examId, exposure, protocol, object, fps }, run);
    if (end.frames > 0 && save) this.#make(exam, protocol, exposure, object, frame, run, fps);
    else if (save) this.#lostImage(examId);
    return exposure;
  }

  /** What follows the brightness of a run; undefined where its technique is fixed. */
  #brightnessControl(preparation: Preparation, mode: DetectorMode, fps: number) {
    const { acquisition, clock, log } = this.#parts;
    const { enabled, targetMicroGray } =
      this.#parts.configuration().acquisition.automaticBrightness;
    const chosen =
      preparation.brightness ?? (preparation.technique === undefined ? "automatic" : "fixed");
    const setup = acquisition.setup();
    if (!enabled || chosen === "fixed" || setup === null) return undefined;
    const control = new BrightnessControl({
      technique: setup.technique,
      targetCounts: brightnessTarget(mode, targetMicroGray),
      periodMs: 1000 / fps,
      nowMs: () => clock.nowMs(),
      adjust: (wanted) => acquisition.adjust(wanted),
      log,
    });
    return (centralMean: number, atMs: number) => control.look(centralMean, atMs);
  }

  /** Images are made beside the next exposures; the end of the exam waits for them. */
  #make(
    exam: Exam,
    protocol: Protocol,
    exposure: Exposure,
    object: ImageObject,
    frame: ArrivedFrame | null,
    run: Run | null,
    fps: number,
  ): void {
    const { images, log } = this.#parts;
    const work = async (): Promise<void> => {
      try {
        const order = this.#imageOrder(exam, protocol, exposure, object);
        const records =
          run !== null
            ? await images.finishRun(run, order, fps)
            : frame === null
              ? []
              : [await images.radiograph(frame, order)];
        for (const record of records)
          this.news.emit({ type: "instance", exam: this.#current(exam.id), record });
      } catch (error) {
        log.error("image-lost", {
          examId: exam.id,
          irradiationEventUid: exposure.irradiationEventUid,
          error,
        });
        this.#lostImage(exam.id);
        await this.#tell(exam.id, [noImage(exposure, reasonOf(error))]);
      }
    };
    this.#awaited(exam.id, work());
  }

  /** The end of the exam waits for this work, which must not reject. */
  #awaited(examId: string, work: Promise<unknown>): void {
    const all = this.#making.get(examId) ?? new Set();
    this.#making.set(examId, all);
    const mine: Promise<void> = work.then(() => {
      all.delete(mine);
    });
    all.add(mine);
  }

  #imageOrder(exam: Exam, protocol: Protocol, exposure: Exposure, object: ImageObject): ImageOrder {
    const series = seriesFor(exam, imageSeriesKey(protocol, exposure, object));
    assert(series !== undefined, "the series of an image was begun with its exposure");
    return {
      exam,
      series,
      protocol,
      object,
      exposure,
      commit: (found, write) => this.#commitImage(exam.id, exposure.exposureId, found, write),
    };
  }

  /** The image that is held on the screen, as an image of its own. */
  storeLastImage(examId: string): Promise<ExamAnswer<InstanceRecord>> {
    return this.#lastRun.storeImage(examId);
  }

  /** The last run of fluoroscopy, which was only looked at, is saved after all. */
  saveLastRun(examId: string): Promise<ExamAnswer<readonly InstanceRecord[]>> {
    return this.#lastRun.saveRun(examId);
  }

  async #lastRunOrder({ examId, exposure, protocol, object }: LastRun): Promise<ImageOrder> {
    const exam = await this.#inTurn(examId, async () => {
      const withIt = this.#withSeriesOf(this.#current(examId), protocol, exposure, object);
      await this.#save(withIt);
      return withIt;
    });
    return this.#imageOrder(exam, protocol, exposure, object);
  }

  #openExamRefusal(examId: string): ExamAnswer<never> | null {
    const exam = this.get(examId);
    if (exam === null) return refused("not-found", `there is no exam ${examId}`);
    if (exam.state !== "open" || this.#ending.has(examId))
      return refused("exam-not-open", "the exam has ended; append a new step to its study");
    return null;
  }

  /** Keeps sentences with an exam; where even that fails the log has to do. */
  async #tell(examId: string, notices: readonly string[]): Promise<void> {
    try {
      await this.#inTurn(examId, () => this.#save(withNotices(this.#current(examId), notices)));
    } catch (error) {
      this.#parts.log.error("notice-not-kept", { examId, error });
    }
  }

  #lostImage(examId: string): void {
    this.#lostImages++;
    this.news.emit({ type: "image-lost", examId });
  }

  /** An object and what it tells about the exam become durable together. */
  #commitImage(
    examId: string,
    exposureId: string,
    found: ImageFound,
    write: (changes: readonly Change[]) => Promise<InstanceRecord>,
  ): Promise<InstanceRecord> {
    return this.#inTurn(examId, () => {
      const now = this.#current(examId);
      const indexed =
        found.exposureIndex === undefined
          ? now
          : withExposureIndex(now, exposureId, found.exposureIndex);
      const next = withNotices(indexed, found.notices);
      return write(next === now ? [] : [{ kind: "exam", exam: next }]);
    });
  }

  // ---- captures -----------------------------------------------------------------------------------

  /** A dose page, or a screen that was handed in, as a Secondary Capture of the exam. */
  async secondaryCapture(examId: string, order: CaptureOrder): Promise<ExamAnswer<InstanceRecord>> {
    const exam = this.get(examId);
    if (exam === null) return refused("not-found", `there is no exam ${examId}`);
    const no = captureRefusal(exam);
    if (no !== null) return no;
    const drawn = await this.#captures.draw(exam, order);
    if (!drawn.ok) return drawn;
    const stored = await this.#inTurn(examId, async () => {
      const now = this.#current(examId);
      const bodyPart = this.#protocol(now.protocolId)?.bodyPart ?? "";
      const key = captureSeriesKey(order.kind, now, bodyPart);
      const withIt = this.#withSeries(now, key);
      const series = seriesFor(withIt, key);
      assert(series !== undefined, "the series of a capture was just begun");
      return captureRefusal(now) ?? this.#captures.store(withIt, series, drawn.value);
    });
    if (stored.ok)
      this.news.emit({ type: "instance", exam: this.#current(examId), record: stored.value });
    return stored;
  }

  // ---- ending -------------------------------------------------------------------------------------

  /** Ends an exam: its last images are waited for, then the dose report is made. */
  async end(
    examId: string,
    state: "completed" | "discontinued",
    reasonCode?: string,
  ): Promise<ExamAnswer<Exam>> {
    const exam = this.get(examId);
    if (exam === null) return refused("not-found", `there is no exam ${examId}`);
    if (this.#exposing?.examId === examId)
      return refused("in-use", "an exposure is under way; wait until it has ended");
    if (exam.state !== "open") return refused("exam-not-open", `the exam is already ${exam.state}`);
    if (this.#ending.has(examId)) return refused("exam-not-open", "the exam is being ended");
    this.#ending.add(examId);
    try {
      await this.#arming;
      if (this.#prepared?.examId === examId) {
        await this.#parts.acquisition.standDown();
        this.#prepared = null;
      }
      // Images change the record themselves, each in its turn: they come first.
      await Promise.all(this.#making.get(examId) ?? []);
      this.#making.delete(examId);
      if (this.#lastRun.examId === examId) await this.#lastRun.letGo();
      return await this.#inTurn(examId, () => this.#endNow(examId, state, reasonCode));
    } catch (error) {
      // Without its report the exam has not ended.
      if (error instanceof DiskFullError) return refused("disk-full", error.message);
      throw error;
    } finally {
      this.#ending.delete(examId);
    }
  }

  async #endNow(
    examId: string,
    state: "completed" | "discontinued",
    reasonCode: string | undefined,
  ): Promise<ExamAnswer<Exam>> {
    const exam = this.#current(examId);
    const ended = endedExam(exam, state, this.#parts.clock.nowMs(), reasonCode);
    const report = exam.exposures.length === 0 ? null : await this.#doseReport(ended);
    if (report === null) await this.#save(ended);
    else this.news.emit({ type: "instance", exam: report.exam, record: report.record });
    await this.#parts.dapMeter.reset();
    const last = report?.exam ?? ended;
    this.news.emit({ type: "exam", exam: last });
    this.news.emit({ type: "ended", exam: last });
    return answered(last);
  }

  /** The cumulative report of the study so far; the exam's end is committed with it. */
  async #doseReport(exam: Exam): Promise<{ exam: Exam; record: InstanceRecord }> {
    const { storage, uids, clock } = this.#parts;
    const configuration = this.#parts.configuration();
    const steps = [
      ...storage.reader
        .exams({ studyInstanceUid: exam.studyInstanceUid })
        .filter((e) => e.id !== exam.id),
      exam,
    ];
    const nowMs = clock.nowMs();
    const seriesNumber = reportSeriesNumber(exam.stepNumber);
    const series: ExamSeries = {
      seriesInstanceUid: uids.series(exam.studyInstanceUid, seriesNumber),
      seriesNumber,
      modality: "SR",
      bodyPart: "",
      laterality: "",
      protocolName: this.#protocol(exam.protocolId)?.name ?? exam.studyDescription,
      startedMs: nowMs,
    };
    const withReport = withSeries(exam, series);
    const built = buildDoseReport(
      reportFacts(configuration, {
        exam: withReport,
        series,
        steps,
        evidence: storage.reader
          .instancesOfStudy(exam.studyInstanceUid)
          .filter((i) => i.local && i.modality !== "SR"),
        sopInstanceUid: uids.next(),
        contentMs: nowMs,
      }),
    );
    const { header, substitutions } = encodeObject(built, 0, configuration);
    const ended = withNotices(withReport, textNotices(built.truncated, substitutions));
    const description = {
      exam: ended,
      series,
      instanceNumber: 1,
      numberOfFrames: 0,
      rows: 0,
      columns: 0,
      createdMs: nowMs,
      irradiationEventUid: null,
    };
    const outcome = await storage.writeObject({
      ...objectRows(built, description, configuration.device.timeZone, [
        { kind: "exam", exam: ended },
      ]),
      header,
      pixels: { kind: "none" },
      fromReserve: true,
    });
    return { exam: ended, record: storedRecord(outcome) };
  }

  /** Takes no more exposures, ends a run; resolves when every image in hand is stored. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#parts.acquisition.close();
    await this.#exposing?.done;
    await Promise.all([...this.#making.values()].flatMap((set) => [...set]));
    await this.#lastRun.letGo();
  }

  // ---- helpers ------------------------------------------------------------------------------------

  #examToExpose(setup: Setup | null): Exam | null {
    const prepared = setup === null ? null : this.get(setup.examId);
    if (prepared?.state === "open") return prepared;
    const open = this.#parts.storage.reader.exams({ state: "open" });
    return open.reduce<Exam | null>(
      (newest, e) => (newest === null || e.startedMs >= newest.startedMs ? e : newest),
      null,
    );
  }

  #protocol(id: string): Protocol | undefined {
    return protocolsOf(this.#parts.configuration()).find((p) => p.id === id);
  }

  /**
   * The protocol's object for its own kind of exposure, the configured one for another. A protocol the
   * device ships with, and which has what is usual for its kind, follows the configuration.
   */
  #objectFor(kind: ExposureKind, protocol: Protocol): ImageObject {
    const configured = this.#parts.configuration().acquisition.objects[kind];
    if (kind !== protocol.kind) return configured;
    const usual = defaultConfiguration.acquisition.objects[kind];
    return SHIPPED_PROTOCOLS.includes(protocol) && protocol.object === usual
      ? configured
      : protocol.object;
  }

  #withSeriesOf(exam: Exam, protocol: Protocol, exposure: Exposure, object: ImageObject): Exam {
    return this.#withSeries(exam, imageSeriesKey(protocol, exposure, object));
  }

  #withSeries(exam: Exam, key: SeriesKey): Exam {
    if (seriesFor(exam, key) !== undefined) return exam;
    const { storage, uids, clock } = this.#parts;
    const others = storage.reader
      .exams({ studyInstanceUid: exam.studyInstanceUid })
      .filter((e) => e.id !== exam.id);
    const seriesNumber = nextSeriesNumber([...others, exam]);
    return withSeries(exam, {
      ...key,
      seriesInstanceUid: uids.series(exam.studyInstanceUid, seriesNumber),
      seriesNumber,
      startedMs: clock.nowMs(),
    });
  }

  #current(examId: string): Exam {
    const exam = this.get(examId);
    assert(exam !== null, `exam ${examId} is in the database`);
    return exam;
  }

  async #save(exam: Exam): Promise<void> {
    await this.#parts.storage.apply([{ kind: "exam", exam }]);
    this.news.emit({ type: "exam", exam });
  }

  /** Changes of one exam's record one after the other. */
  #inTurn<T>(examId: string, change: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(examId) ?? Promise.resolve()).then(change, change);
    const settled = mine.catch(() => {});
    this.#turns.set(examId, settled);
    void settled.then(() => {
      if (this.#turns.get(examId) === settled) this.#turns.delete(examId);
    });
    return mine;
  }
}

function examSettings(configuration: Configuration): ExamSettings {
  const { acquisition, device, mapping } = configuration;
  return {
    timeZone: device.timeZone,
    modality: acquisition.modality,
    operator: acquisition.operator,
    performingPhysician: acquisition.performingPhysician,
    referringPhysicianFrom: mapping.referringPhysicianFrom,
    performingPhysicianFrom: mapping.performingPhysicianFrom,
  };
}

/** Without the keys whose value is undefined, so that they don't hide defaults. */
function definedOf<T extends object>(values: Maybe<T>): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, v]) => v !== undefined),
  ) as Partial<T>;
}
