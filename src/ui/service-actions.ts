// What the operator does besides exposing: sends a step again, makes captures, decides about held
// exams, and uses the service PIN where the device asks for it.

import type {
  Backup,
  Exam,
  Instance,
  ListedBackup,
  Medium,
  NewExam,
  Released,
  Restore,
  SecondaryCaptureRequest,
} from "../api/contract.ts";
import { apiPath, forced, type Outcome, outcomeOf, read, send } from "./client.ts";
import {
  attempt,
  backup,
  go,
  keepExam,
  offered,
  readMedia,
  showExam,
  studiesVersion,
  tell,
} from "./state.ts";
import { strings } from "./strings.ts";

export const canResend = () => offered("POST", "/exams/{id}/mpps/resend");
export const canRelease = () => offered("POST", "/exams/{id}/release");
export const canCapture = () => offered("POST", "/exams/{id}/secondary-captures");

/** Sends the performed procedure step of an exam again. False when it was refused. */
export async function resendStep(examId: string): Promise<boolean> {
  const news = await attempt(() => send<Exam>("POST", apiPath("exams", examId, "mpps", "resend")));
  if (news !== null) keepExam(news);
  return news !== null;
}

/** Lets what was held after a wrong worklist entry go its usual way. */
export async function releaseExam(examId: string): Promise<boolean> {
  const news = await attempt(() => send<Exam>("POST", apiPath("exams", examId, "release")));
  if (news === null) return false;
  keepExam(news);
  studiesVersion.value += 1;
  tell("done", strings.held.released);
  return true;
}

/** Makes a secondary capture; the image joins the exam by itself. */
export async function capture(examId: string, request: SecondaryCaptureRequest): Promise<boolean> {
  const path = apiPath("exams", examId, "secondary-captures");
  const made = await attempt(() => send<Instance>("POST", path, request));
  if (made !== null) tell("done", strings.capture.made);
  return made !== null;
}

/** Deletes a study; with the PIN also one that an archive has not committed. */
export async function removeStudy(uid: string, pin?: string): Promise<Outcome<null>> {
  const path = apiPath("studies", uid);
  const outcome = await outcomeOf(() =>
    send<null>("DELETE", forced(path, pin !== undefined), undefined, pin),
  );
  if (outcome.ok) {
    studiesVersion.value += 1;
    tell("done", strings.studies.removed);
  }
  return outcome;
}

/** Only on an appliance: on a plain PC the PIN is a matter of the configuration file. */
export const canSetFirstPin = () => offered("PUT", "/appliance/service-pin");

/** The page learns of it by the configuration's event. */
export async function setFirstPin(pin: string): Promise<Outcome<null>> {
  const path = apiPath("appliance", "service-pin");
  const outcome = await outcomeOf(() => send<null>("PUT", path, { pin }));
  if (outcome.ok) tell("done", strings.firstPin.done);
  return outcome;
}

/** Lets a stick go, and says whether it may be pulled out. */
export async function releaseMedium({ device }: Medium): Promise<void> {
  const path = apiPath("media", device, "release");
  const released = await attempt(() => send<Released>("POST", path));
  if (released === null) return;
  tell("done", released.text);
  await readMedia();
}

export const canBackUp = () => offered("POST", "/backup");

export async function readBackup(): Promise<void> {
  if (!canBackUp()) return;
  const now = await attempt(() => read<Backup>(apiPath("backup")));
  if (now !== null) backup.value = now;
}

/** Null when the stick could not be looked at. */
export function listBackups({ device }: Medium): Promise<ListedBackup[] | null> {
  const path = `${apiPath("backup", "sets")}?device=${encodeURIComponent(device)}`;
  return attempt(() => read<ListedBackup[]>(path));
}

/** Begins; its progress and its end come as events. */
export const backUp = ({ device }: Medium, pin: string): Promise<Outcome<Backup>> =>
  begun(() => send<Backup>("POST", apiPath("backup"), { device }, pin));

/** Who got here has chosen the backup, read what it does, and knows the PIN. */
const CONFIRMED: Restore["confirm"] = "REPLACE ALL DATA";

export function restoreBackup(
  { device }: Medium,
  { name }: ListedBackup,
  pin: string,
): Promise<Outcome<Backup>> {
  const request: Restore = { device, name, confirm: CONFIRMED };
  return begun(() => send<Backup>("POST", apiPath("backup", "restore"), request, pin));
}

export const undoRestore = (pin: string): Promise<Outcome<Backup>> =>
  begun(() => send<Backup>("POST", apiPath("backup", "undo-restore"), { confirm: CONFIRMED }, pin));

/** Only while the database cannot be used. */
export const canBeginAnew = () => offered("POST", "/backup/begin-anew");

export const beginAnew = (pin: string): Promise<Outcome<Backup>> =>
  begun(() => send<Backup>("POST", apiPath("backup", "begin-anew"), { confirm: CONFIRMED }, pin));

async function begun(ask: () => Promise<Backup>): Promise<Outcome<Backup>> {
  const outcome = await outcomeOf(ask);
  // An event may have told more by now; the answer only where none has.
  if (outcome.ok && backup.value?.now.state !== "working") await readBackup();
  return outcome;
}

/** Opens an exam and shows it; a refusal is for the caller to show. */
export async function openExamWith(request: NewExam, pin?: string): Promise<Outcome<Exam>> {
  const outcome = await outcomeOf(() => send<Exam>("POST", apiPath("exams"), request, pin));
  if (outcome.ok) {
    keepExam(outcome.value);
    showExam(outcome.value);
    go({ name: "exam" });
  }
  return outcome;
}
