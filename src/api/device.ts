// All that the API asks of the device, in small groups. main.ts wires them; tests give a fake one.
// A group that is absent takes its routes with it.

import type { Unsubscribe } from "../core/listeners.ts";
import type {
  Appliance,
  AppliedSettings,
  Backup,
  Calibration,
  Configuration,
  DiscontinuationReason,
  EchoResult,
  Exam,
  Exposed,
  ExposeRequest,
  Health,
  Instance,
  Job,
  JobFilter,
  ListedBackup,
  LocalSettings,
  Medium,
  NetworkSettings,
  NewExam,
  NewJob,
  NewRemote,
  Prepared,
  PrepareRequest,
  QueryRequest,
  QueryResult,
  Released,
  RemoteChange,
  RemoteView,
  SecondaryCaptureRequest,
  SettingsPreview,
  StartCalibration,
  Study,
  StudyFilter,
  StudySummary,
  UpdateState,
  WorklistKeys,
  WorklistResult,
} from "./contract.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveFrame } from "./live-frame.ts";
import type { Answer, FieldError } from "./problem.ts";

export interface Device {
  readonly events: EventLog;
  health(): Health;
  readonly configuration: ConfigurationPort;
  readonly remotes: RemotesPort;
  readonly exams: ExamsPort;
  readonly studies: StudiesPort;
  readonly jobs: JobsPort;
  /** Absent where the generator is a real one. */
  readonly simulator?: SimulatorPort | undefined;
  readonly worklist?: WorklistPort | undefined;
  readonly query?: QueryPort | undefined;
  readonly media?: MediaPort | undefined;
  readonly live?: LivePort | undefined;
  /** Absent where the panel's maps cannot be made here. */
  readonly calibration?: CalibrationPort | undefined;
  /** Absent on a plain PC. */
  readonly appliance?: AppliancePort | undefined;
  /** Absent where nothing can be plugged in. */
  readonly backup?: BackupPort | undefined;
  /** Absent where nothing can be plugged in. */
  readonly stickSettings?: StickSettingsPort | undefined;
}

export type ConfigurationChange =
  | { readonly kind: "applied"; readonly configuration: Configuration }
  | { readonly kind: "invalid"; readonly problems: readonly FieldError[] }
  /** Valid, but could not be written or applied; the old one is still in force. */
  | { readonly kind: "failed"; readonly reason: string };

export interface ConfigurationPort {
  /** Redacted: the PIN reads as "***" or null. */
  read(): Configuration;
  /** Replaces the whole document; a PIN of "***" keeps the present one. */
  replace(document: unknown): Promise<ConfigurationChange>;
  /** RFC 7396: changes the keys of the patch, and nothing else. */
  merge(patch: unknown): Promise<ConfigurationChange>;
  /** The service PIN; null while none is set. */
  pin(): string | null;
  /** Sets the PIN while there is none, durable when it answers; absent on a plain PC, whose file is at hand. */
  setFirstPin?(pin: string): Promise<Answer<null>>;
  /** Where the configuration file lies, for the words of an answer. */
  readonly file: string;
  local(): LocalSettings;
  setLocal(settings: LocalSettings): Promise<ConfigurationChange>;
}

export interface RemotesPort {
  /** C-ECHO now. A remote that does not answer is a result (`ok: false`), not a refusal. */
  echo(remoteId: string): Promise<Answer<EchoResult>>;
  add(remote: NewRemote): Promise<Answer<RemoteView>>;
  /** Keys given take the place of the old. `force`: also what work under way still needs. */
  change(remoteId: string, change: RemoteChange, force: boolean): Promise<Answer<RemoteView>>;
  /** `force`: also while something still needs it. */
  remove(remoteId: string, force: boolean): Promise<Answer<null>>;
}

export interface ExamsPort {
  open(request: NewExam): Promise<Answer<Exam>>;
  list(state: Exam["state"] | undefined): Promise<readonly Exam[]>;
  get(examId: string): Promise<Answer<Exam>>;
  prepare(examId: string, request: PrepareRequest): Promise<Answer<Prepared>>;
  complete(examId: string): Promise<Answer<Exam>>;
  discontinue(examId: string, reasonCode: DiscontinuationReason): Promise<Answer<Exam>>;
  /** Lets the images of a held exam go their usual way. */
  release?(examId: string): Promise<Answer<Exam>>;
  /** Sends what the MPPS server did not take of the exam's step again. */
  resendStep?(examId: string): Promise<Answer<Exam>>;
  /** Stores the image that is held on the screen as an image of its own. */
  storeLastImage?(examId: string): Promise<Answer<Instance>>;
  /** Saves the last run of fluoroscopy, which was only looked at, after all. */
  saveLastRun?(examId: string): Promise<Answer<readonly Instance[]>>;
  secondaryCapture?(examId: string, request: SecondaryCaptureRequest): Promise<Answer<Instance>>;
}

export interface SimulatorPort {
  /** Presses the hand switch or pedal and answers when the exposure has ended. */
  expose(request: ExposeRequest): Promise<Answer<Exposed>>;
}

/** A part of a file on this machine. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface RenderRequest {
  readonly window?: { readonly center: number; readonly width: number } | undefined;
  /** From 1. */
  readonly frame: number;
  readonly width?: number | undefined;
  /** Frame that is subtracted, from 1. */
  readonly mask?: number | undefined;
  readonly shift?: { readonly x: number; readonly y: number } | undefined;
}

/** One frame's stored pixels: unsigned, little endian, row by row. */
export interface PixelFrame {
  readonly range: FileRange;
  readonly columns: number;
  readonly rows: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly samplesPerPixel: 1 | 3;
  readonly photometricInterpretation: "MONOCHROME1" | "MONOCHROME2" | "RGB";
  readonly numberOfFrames: number;
  readonly frameTimeMs?: number | undefined;
  /** Values are linear in the counts. */
  readonly linear?: boolean | undefined;
  readonly window?: { readonly center: number; readonly width: number } | undefined;
}

export interface StudiesPort {
  list(filter: StudyFilter): Promise<readonly StudySummary[]>;
  get(studyInstanceUid: string): Promise<Answer<Study>>;
  /** Refuses with `not-committed` where an archive destination has not committed it, unless forced. */
  remove(studyInstanceUid: string, force: boolean): Promise<Answer<null>>;
  instance(sopInstanceUid: string): Promise<Answer<Instance>>;
  file(sopInstanceUid: string): Promise<Answer<FileRange>>;
  pixels(sopInstanceUid: string, frame: number): Promise<Answer<PixelFrame>>;
  /** PNG. */
  render(sopInstanceUid: string, request: RenderRequest): Promise<Answer<Uint8Array<ArrayBuffer>>>;
}

export interface JobsPort {
  /** Durable when it answers. */
  create(request: NewJob): Promise<Answer<Job>>;
  list(filter: JobFilter): Promise<readonly Job[]>;
  get(jobId: string): Promise<Answer<Job>>;
  cancel(jobId: string): Promise<Answer<Job>>;
  retry(jobId: string): Promise<Answer<Job>>;
}

export interface WorklistPort {
  query(keys: WorklistKeys): Promise<Answer<WorklistResult>>;
  last(): Promise<WorklistResult>;
}

export interface QueryPort {
  /** `signal` ends the query: whoever asked went away. */
  find(request: QueryRequest, signal?: AbortSignal): Promise<Answer<QueryResult>>;
}

export interface CalibrationPort {
  state(): Calibration;
  start(request: StartCalibration): Promise<Answer<Calibration>>;
  /** The beam is free. */
  confirm(): Promise<Answer<Calibration>>;
  accept(): Promise<Answer<Calibration>>;
  cancel(): Promise<Answer<Calibration>>;
  undo(modeId: string): Promise<Answer<Calibration>>;
}

export interface MediaPort {
  list(): Promise<readonly Medium[]>;
  /** Flushes and lets a stick go. */
  release?(device: string): Promise<Answer<Released>>;
}

/** `force`: also where other work is cut off, or images are destroyed that only this device has. */
export interface AppliancePort {
  status(): Promise<Answer<Appliance>>;
  /** Answers when the update was found good; what follows are events. */
  updateFromStick(device: string, force: boolean): Promise<Answer<UpdateState>>;
  updateFromUpload(
    body: AsyncIterable<Uint8Array>,
    announcedBytes: number | null,
    force: boolean,
  ): Promise<Answer<UpdateState>>;
  restart(force: boolean): Promise<Answer<null>>;
  powerOff(force: boolean): Promise<Answer<null>>;
  factoryReset(force: boolean): Promise<Answer<null>>;
  setTimeServers(servers: readonly string[]): Promise<Answer<Appliance>>;
  setNetwork(settings: NetworkSettings, force: boolean): Promise<Answer<Appliance>>;
  /** A tar: journal, redacted configuration, health, versions. */
  logBundle(): Promise<Answer<Uint8Array<ArrayBuffer>>>;
  /** The same as a file of a stick, which is released then; absent where nothing can be plugged in. */
  logBundleToStick?(device: string): Promise<Answer<Released>>;
}

/** Answers when the work has begun; what follows are events. */
export interface BackupPort {
  state(): Backup;
  list(device: string): Promise<Answer<readonly ListedBackup[]>>;
  backUp(device: string): Promise<Answer<Backup>>;
  /** The device ends when everything is ready, and begins with what was restored. */
  restore(device: string, name: string): Promise<Answer<Backup>>;
  /** Brings back what the last restore replaced. */
  undoRestore(): Promise<Answer<Backup>>;
  /** Begins with an empty database; absent while the one that is there can be used. */
  beginAnew?(): Promise<Answer<Backup>>;
}

export interface StickSettingsPort {
  /** What a stick's settings would change. */
  preview(device: string): Promise<Answer<SettingsPreview>>;
  /** `ticket`: of the preview; refused where stick or settings are others by now. */
  apply(device: string, ticket: string): Promise<Answer<AppliedSettings>>;
  write(device: string): Promise<Answer<Released>>;
}

export interface LivePort {
  /** Frames as they come; their pixels are valid during the call only. */
  subscribe(onFrame: (frame: LiveFrame) => void): Unsubscribe;
  /** The image that is held; its pixels are valid until something else happens. */
  held(): LiveFrame | null;
}
