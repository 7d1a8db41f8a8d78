// What the kiosk knows: signals that the event stream keeps up to date, and the actions of the user.

import { computed, signal } from "@preact/signals";
import type {
  Acquisition,
  Appliance,
  Backup,
  Configuration,
  DiscontinuationReason,
  Exam,
  ExamInstance,
  Exposed,
  Health,
  Job,
  Medium,
  NewExam,
  NewJob,
  Prepared,
  PrepareRequest,
  ProtocolView,
  RemoteView,
  WorklistResult,
} from "../api/contract.ts";
import { apiPath, ProblemAnswer, read, send } from "./client.ts";
import { strings } from "./strings.ts";

export type Screen =
  | { readonly name: "start" | "exam" | "studies" | "archive" | "jobs" | "system" }
  | { readonly name: "study"; readonly studyInstanceUid: string };

export interface Notice {
  readonly id: number;
  readonly kind: "problem" | "done";
  readonly title?: string | undefined;
  readonly text: string;
}

export type Link = "connecting" | "up" | "down";

export const link = signal<Link>("connecting");
export const screen = signal<Screen>({ name: "start" });
export const health = signal<Health | null>(null);
export const configuration = signal<Configuration | null>(null);
/** "POST /api/v1/worklist/query" and the like: what this device offers. */
export const offers = signal<ReadonlySet<string>>(new Set());
export const acquisition = signal<Acquisition>({ state: "idle" });
/** Every exam that is open, newest first; usually one. */
export const openExams = signal<readonly Exam[]>([]);
/** The exam on the exam screen: an open one, or the one that has just ended. */
export const exam = signal<Exam | null>(null);
export const selectedInstance = signal<string | null>(null);
export const jobs = signal<readonly Job[]>([]);
/** What a study can be exported to. */
export const media = signal<readonly Medium[]>([]);
/** Null on a plain PC. */
export const appliance = signal<Appliance | null>(null);
/** What a backup or restore is doing; null where there is none to be made. */
export const backup = signal<Backup | null>(null);
export const worklist = signal<WorklistResult | null>(null);
export const notices = signal<readonly Notice[]>([]);
/** Counts changes of the local database, for screens that list it. */
export const studiesVersion = signal(0);

export const openExam = computed(() => (exam.value?.state === "open" ? exam.value : null));
export const protocols = computed<readonly ProtocolView[]>(
  () => configuration.value?.acquisition.protocols ?? [],
);
export const remotes = computed<readonly RemoteView[]>(() => configuration.value?.remotes ?? []);
export const imageServers = computed(() =>
  remotes.value.filter((remote) => remote.services.includes("storage")),
);
export const printers = computed(() =>
  remotes.value.filter((remote) => remote.services.includes("print")),
);
export const queryServers = computed(() =>
  remotes.value.filter((remote) => remote.services.includes("query-retrieve")),
);
export const runningJobs = computed(
  () => jobs.value.filter((job) => ["queued", "active", "waiting"].includes(job.state)).length,
);

export const offered = (method: string, path: string): boolean =>
  offers.value.has(`${method} /api/v1${path}`);

// ---- notices --------------------------------------------------------------------------------------

/** Notices shown at a time; older ones make room. */
const NOTICES_MAX = 3;
const DONE_SHOWN_MS = 3_000;
let noticeCount = 0;

export function tell(kind: Notice["kind"], text: string, title?: string): void {
  const id = ++noticeCount;
  notices.value = [...notices.value.slice(1 - NOTICES_MAX), { id, kind, text, title }];
  if (kind === "done") setTimeout(() => dismiss(id), DONE_SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Does what the user asked; a refusal is shown in its own words. Null when it was refused. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemAnswer)) throw error;
    tell(
      "problem",
      error.problem.detail,
      error.problem.status === 0 ? undefined : error.problem.title,
    );
    return null;
  }
}

// ---- what is known --------------------------------------------------------------------------------

/** Reads everything anew; repeated when something changed meanwhile. */
export async function readAll(changes: () => number): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const before = changes();
    const [document, newHealth, newConfiguration, open, newJobs] = await Promise.all([
      read<{ paths: Record<string, object> }>(apiPath("openapi.json")),
      read<Health>(apiPath("health")),
      read<Configuration>(apiPath("config")),
      read<Exam[]>(`${apiPath("exams")}?state=open`),
      read<Job[]>(`${apiPath("jobs")}?limit=200`),
    ]);
    offers.value = new Set(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    );
    health.value = newHealth;
    // Nothing else can be done then.
    if (newHealth.repair) go({ name: "system" });
    acquisition.value = newHealth.acquisition;
    configuration.value = newConfiguration;
    jobs.value = newJobs;
    await readExams(open);
    // A worklist that cannot be read must not keep the rest of the panel from working.
    if (offered("GET", "/worklist"))
      worklist.value = await read<WorklistResult>(apiPath("worklist")).catch(() => null);
    studiesVersion.value += 1;
    if (changes() === before) return;
  }
}

async function readExams(open: readonly Exam[]): Promise<void> {
  openExams.value = open;
  const shown = exam.value;
  const same = open.find((other) => other.id === shown?.id);
  if (same !== undefined) keepExam(same);
  else if (shown !== null)
    exam.value = await read<Exam>(apiPath("exams", shown.id)).catch(() => null);
  const [newest] = open;
  if (exam.value?.state !== "open" && newest !== undefined) showExam(newest);
}

/** Takes news of an exam. One that is worked on is never replaced by another patient's. */
export function keepExam(news: Exam): void {
  const others = openExams.value.filter((other) => other.id !== news.id);
  openExams.value =
    news.state === "open"
      ? [news, ...others].sort((a, b) => b.startedAt.localeCompare(a.startedAt))
      : others;
  const shown = exam.value;
  if (shown?.id !== news.id) {
    if (news.state === "open" && shown?.state !== "open") showExam(news);
    return;
  }
  const known = new Set(shown.instances.map((i) => i.sopInstanceUid));
  const added = imagesOf(news).findLast((i) => !known.has(i.sopInstanceUid));
  if (added !== undefined) selectedInstance.value = added.sopInstanceUid;
  exam.value = news;
}

/** Puts an exam on the exam screen, with its newest image. */
export function showExam(chosen: Exam): void {
  exam.value = chosen;
  selectedInstance.value = imagesOf(chosen).at(-1)?.sopInstanceUid ?? null;
}

/** The instances that can be looked at: a dose report has no picture. */
export const imagesOf = (shown: Exam): readonly ExamInstance[] =>
  shown.instances.filter((instance) => instance.numberOfFrames > 0);

export function keepJob(news: Job): void {
  const others = jobs.value.filter((job) => job.id !== news.id);
  jobs.value = [news, ...others].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

// ---- what the user does ---------------------------------------------------------------------------

export const go = (to: Screen): void => {
  screen.value = to;
};

export async function beginExam(request: NewExam): Promise<boolean> {
  const opened = await attempt(() => send<Exam>("POST", apiPath("exams"), request));
  if (opened === null) return false;
  keepExam(opened);
  showExam(openExams.value.find((other) => other.id === opened.id) ?? opened);
  go({ name: "exam" });
  return true;
}

export const prepare = (examId: string, request: PrepareRequest): Promise<Prepared | null> =>
  attempt(() => send<Prepared>("POST", apiPath("exams", examId, "prepare"), request));

export const pressSwitch = (request: object): Promise<Exposed | null> =>
  attempt(() => send<Exposed>("POST", apiPath("simulator", "expose"), request));

/** The image that is held, as an image of its own. */
export async function storeLastImage(examId: string): Promise<void> {
  const stored = await attempt(() => send<object>("POST", apiPath("exams", examId, "last-image")));
  if (stored !== null) tell("done", strings.viewer.stored);
}

/** The last run, which was only looked at. */
export async function saveLastRun(examId: string): Promise<void> {
  const saved = await attempt(() => send<object>("POST", apiPath("exams", examId, "last-run")));
  if (saved !== null) tell("done", strings.viewer.runSaved);
}

export async function completeExam(examId: string): Promise<boolean> {
  return ended(await attempt(() => send<Exam>("POST", apiPath("exams", examId, "complete"))));
}

export async function discontinueExam(
  examId: string,
  reasonCode: DiscontinuationReason,
): Promise<boolean> {
  const path = apiPath("exams", examId, "discontinue");
  return ended(await attempt(() => send<Exam>("POST", path, { reasonCode })));
}

function ended(news: Exam | null): boolean {
  if (news === null) return false;
  keepExam(news);
  tell("done", strings.exam.ended(strings.examStates[news.state]));
  return true;
}

export async function sendStudy(remoteId: string, studyInstanceUid: string): Promise<boolean> {
  const request = { type: "send", remoteId, studyInstanceUid };
  const job = await attempt(() => send<Job>("POST", apiPath("jobs"), request));
  if (job === null) return false;
  if (!jobs.value.some((known) => known.id === job.id)) keepJob(job);
  tell("done", strings.send.begun(remoteId));
  return true;
}

export async function printFilms(request: Extract<NewJob, { type: "print" }>): Promise<boolean> {
  const job = await attempt(() => send<Job>("POST", apiPath("jobs"), request));
  if (job === null) return false;
  if (!jobs.value.some((known) => known.id === job.id)) keepJob(job);
  tell("done", strings.print.begun(request.remoteId));
  return true;
}

export async function readMedia(): Promise<void> {
  if (!offered("GET", "/media")) return;
  const list = await attempt(() => read<Medium[]>(apiPath("media")));
  if (list !== null) media.value = list;
}

export async function exportStudy(medium: Medium, studyInstanceUid: string): Promise<boolean> {
  const { kind, device, label } = medium;
  const request = {
    type: "export",
    target: { kind, device },
    studyInstanceUids: [studyInstanceUid],
  };
  const job = await attempt(() => send<Job>("POST", apiPath("jobs"), request));
  if (job === null) return false;
  if (!jobs.value.some((known) => known.id === job.id)) keepJob(job);
  tell("done", strings.export.begun(label));
  return true;
}

/** Brings a study, or some series of it, from an image server. */
export async function retrieve(
  remoteId: string,
  studyInstanceUid: string,
  seriesInstanceUids?: readonly string[],
): Promise<boolean> {
  const request = { type: "retrieve", remoteId, studyInstanceUid, seriesInstanceUids };
  const job = await attempt(() => send<Job>("POST", apiPath("jobs"), request));
  if (job === null) return false;
  if (!jobs.value.some((known) => known.id === job.id)) keepJob(job);
  tell("done", strings.archive.begun(remoteId));
  return true;
}

export const changeJob = (jobId: string, action: "cancel" | "retry"): Promise<Job | null> =>
  attempt(() => send<Job>("POST", apiPath("jobs", jobId, action)));
