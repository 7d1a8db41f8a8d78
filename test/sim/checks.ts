// What must be true when a simulated day is over.

import type { Device } from "../../src/api/device.ts";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import { doseTotals, gyM2Text } from "../../src/model/dose.ts";
import type { Exam } from "../../src/model/exam.ts";
import type { InstanceRecord } from "../../src/model/instance.ts";
import { isHeld } from "../../src/services/held-exams.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import type { Receipt, SimArchive } from "./archive.ts";
import type { Ledger } from "./ledger.ts";
import type { Done } from "./operator.ts";
import type { Plan } from "./plan.ts";
import type { SimRis } from "./ris.ts";

export interface DayParts {
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly archive: SimArchive;
  readonly ris: SimRis;
  readonly done: readonly Done[];
  readonly storage: StoragePort;
  readonly device: Device;
  readonly complain: (what: string) => void;
}

export function checkDay(day: DayParts): void {
  checkExams(day);
  checkArchive(day);
  checkReceipts(day);
  checkCommitments(day);
  checkDose(day);
  checkSteps(day);
}

/** Every exam has ended as planned, and what was answered is in its record. */
function checkExams({ plan, done, ledger, complain }: DayParts): void {
  if (done.length !== plan.exams.length) complain(`${done.length} exams of ${plan.exams.length}`);
  for (const { sopInstanceUid, examId } of ledger.made.values())
    if (examId === null) complain(`${sopInstanceUid} belongs to no exam`);
  const images = Map.groupBy(ledger.made.values(), (r) => r.irradiationEventUid);
  for (const { planned, examId, events, endedInRun } of done) {
    const exam = examId === null ? undefined : ledger.exams.get(examId);
    if (exam === undefined) {
      complain(`planned exam ${planned.number} is not recorded`);
      continue;
    }
    const wanted = planned.discontinued === null ? "completed" : "discontinued";
    if (exam.state !== wanted) complain(`${exam.id} is ${exam.state}, not ${wanted}`);
    if (exam.exposures.length < planned.exposures.length)
      complain(`${exam.id} has ${exam.exposures.length} exposures`);
    for (const { uid, run, exposure } of events) {
      if (!exam.exposures.some((e) => e.irradiationEventUid === uid))
        complain(`${exam.id}: the exposure ${uid} was answered and is not recorded`);
      // Pixels in memory go with the mains; with none of that, each exposure kept has its image.
      if (run === endedInRun && exposure.save !== false && !images.has(uid))
        complain(`${exam.id}: the exposure ${uid} has no image, and the mains were on`);
    }
    const reports = [...ledger.made.values()].filter((r) => r.examId === exam.id && isReport(r));
    const due = exam.exposures.length > 0 ? 1 : 0;
    if (reports.length !== due)
      complain(`${exam.id} has ${reports.length} dose reports, not ${due}`);
  }
}

/** What the device made is in the archive, and nothing else. */
function checkArchive({ ledger, archive, complain }: DayParts): void {
  for (const record of ledger.made.values()) {
    const exam = record.examId === null ? undefined : ledger.exams.get(record.examId);
    if (exam !== undefined && isHeld(exam))
      checkHeld(exam, record.sopInstanceUid, archive, complain);
    else if (!archive.kept.has(record.sopInstanceUid))
      complain(`${record.sopInstanceUid} of ${record.examId} is not in the archive`);
  }
  for (const uid of archive.kept.keys())
    if (!ledger.made.has(uid)) complain(`the archive holds ${uid}, which was never made`);
}

/** What is held does not go out: only what had gone before, or was on its way. */
function checkHeld(
  exam: Exam,
  uid: string,
  archive: SimArchive,
  complain: (what: string) => void,
): void {
  const late = archive.receipts.find(
    (r) => r.sopInstanceUid === uid && r.atMs > (exam.endedMs ?? 0) + ON_ITS_WAY_MS,
  );
  if (late !== undefined) complain(`${uid} of ${exam.id} was held, and sent at ${clockTime(late)}`);
}

/** An association that was sending when the exam was held may end with what it has begun. */
const ON_ITS_WAY_MS = 1_000;

/**
 * Exactly once: an instance comes again only where the answer to it was lost on the way, or before
 * the device had recorded it; or where somebody asked for it after the archive had disowned it.
 */
function checkReceipts({ ledger, archive, complain }: DayParts): void {
  for (const [uid, receipts] of Map.groupBy(archive.receipts, (r) => r.sopInstanceUid)) {
    const good = receipts.filter((r) => r.success);
    good.forEach((receipt, i) => {
      const next = good[i + 1];
      if (next === undefined || answerWasLost(receipt, next, ledger.cutsMs)) return;
      const askedMs = ledger.askedAgainMs.get(uid);
      if (askedMs === undefined || askedMs < receipt.atMs || askedMs > next.atMs)
        complain(`${uid} was stored at ${clockTime(receipt)} and came again at ${clockTime(next)}`);
    });
  }
}

function answerWasLost(receipt: Receipt, next: Receipt, cutsMs: readonly number[]): boolean {
  return (
    !receipt.answered ||
    receipt.stream.faulted ||
    cutsMs.some((cut) => cut >= receipt.atMs && cut <= next.atMs)
  );
}

function clockTime({ atMs }: Receipt): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

/** The archive has committed to everything it was given, and the device knows. */
function checkCommitments({ ledger, archive, storage, complain }: DayParts): void {
  for (const uid of archive.kept.keys()) {
    const exam = ledger.exams.get(ledger.made.get(uid)?.examId ?? "");
    if (exam !== undefined && isHeld(exam)) continue;
    if (!archive.committed.has(uid))
      complain(`${uid} of ${examText(ledger, uid)} is not committed`);
    const record = storage.reader.instance(uid);
    if (record === null) continue;
    const commits = storage.reader.listings([record])[0]?.commits ?? [];
    if (!commits.some((c) => c.remoteId === "archive" && c.state === "committed"))
      complain(`${uid} is not known to be committed: ${JSON.stringify(commits)}`);
  }
  for (const record of ledger.made.values()) {
    const gone = storage.reader.instance(record.sopInstanceUid) === null;
    const noted = ledger.deleted.get(record.studyInstanceUid)?.includes(record.sopInstanceUid);
    if (gone && !noted) complain(`${record.sopInstanceUid} is gone from the device`);
  }
}

function examText({ made, exams }: Ledger, sopInstanceUid: string): string {
  const exam = exams.get(made.get(sopInstanceUid)?.examId ?? "");
  return `${exam?.id} (${exam?.state}${exam?.discontinuationReason ? `, ${exam.discontinuationReason}` : ""})`;
}

/** DICOM's codes of dose report totals, PS3.16 TID 10004 and 10007. */
const DAP_TOTAL = "113722";

/** Each report holds every exposure of its study up to its step, and adds them up rightly. */
function checkDose({ ledger, archive, complain }: DayParts): void {
  const beams = new Set(ledger.beams.map(beamKey));
  for (const exam of ledger.exams.values())
    for (const { report } of exam.exposures)
      if (!beams.has(beamKey(report))) complain(`${exam.id} records a beam that never was`);
  for (const record of ledger.made.values()) {
    if (!isReport(record)) continue;
    const kept = archive.kept.get(record.sopInstanceUid);
    const exam = record.examId === null ? undefined : ledger.exams.get(record.examId);
    if (kept === undefined || exam === undefined) continue;
    const steps = stepsUpTo(exam, [...ledger.exams.values()]);
    const exposures = steps.flatMap((step) => step.exposures);
    const wanted = gyM2Text(doseTotals(exposures).dap);
    const found = numbersOf(kept.dataSet, DAP_TOTAL);
    const told = found.reduce((sum, value) => sum + value, 0);
    if (Math.abs(told - Number(wanted)) > 1e-12)
      complain(`${exam.id}: the report's total is ${found.join(" + ")}, the exposures' ${wanted}`);
    const events = eventsOf(kept.dataSet);
    const uids = exposures.map((e) => e.irradiationEventUid);
    if (events.length !== uids.length || uids.some((uid) => !events.includes(uid)))
      complain(`${exam.id}: the report has ${events.length} events, the exam ${uids.length}`);
  }
}

function beamKey({ startMs, kind, dap }: Exam["exposures"][number]["report"]): string {
  return `${startMs} ${kind} ${dap}`;
}

function stepsUpTo(exam: Exam, all: readonly Exam[]): Exam[] {
  return all.filter(
    (e) => e.studyInstanceUid === exam.studyInstanceUid && e.stepNumber <= exam.stepNumber,
  );
}

function* contentOf(item: DataSet): Generator<DataSet> {
  for (const child of item.items(Tag.ContentSequence)) {
    yield child;
    yield* contentOf(child);
  }
}

function conceptOf(item: DataSet): string | undefined {
  return item.items(Tag.ConceptNameCodeSequence)[0]?.string(Tag.CodeValue);
}

/** Values of the measurements of a concept, one for each time it is told. */
function numbersOf(report: DataSet, code: string): number[] {
  return [...contentOf(report)]
    .filter((item) => conceptOf(item) === code)
    .map((item) => item.items(Tag.MeasuredValueSequence)[0]?.number(Tag.NumericValue) ?? 0);
}

const IRRADIATION_EVENT_UID = "113769";

function eventsOf(report: DataSet): string[] {
  return [...contentOf(report)]
    .filter((item) => conceptOf(item) === IRRADIATION_EVENT_UID)
    .map((item) => item.string(Tag.UID) ?? "");
}

/** The scheduler knows of every step with an image how it began, how it ended and what it made. */
function checkSteps({ ledger, ris, complain }: DayParts): void {
  const byExam = Map.groupBy(ledger.made.values(), (r) => r.examId);
  const wanted = new Map<string, Exam>();
  for (const exam of ledger.exams.values())
    if (byExam.get(exam.id)?.some((r) => !isReport(r))) wanted.set(exam.mppsSopInstanceUid, exam);
  for (const uid of ris.steps.keys())
    if (!wanted.has(uid)) complain(`the scheduler has a step ${uid} of no exam with images`);
  for (const [uid, exam] of wanted) {
    const step = ris.steps.get(uid);
    if (step === undefined) {
      complain(`${exam.id}: its step never came to the scheduler`);
      continue;
    }
    const same = (what: string, told: string | undefined, is: string) => {
      if ((told ?? "") !== is)
        complain(`${exam.id}: its step tells ${what} "${told}", not "${is}"`);
    };
    const order = step.created.items(Tag.ScheduledStepAttributesSequence)[0];
    same("the patient", step.created.string(Tag.PatientID), exam.patient.patientId);
    same("the name", step.created.string(Tag.PatientName), exam.patient.patientName);
    same("the study", order?.string(Tag.StudyInstanceUID), exam.studyInstanceUid);
    same("the accession number", order?.string(Tag.AccessionNumber), exam.accessionNumber);
    same(
      "the scheduled step",
      order?.string(Tag.ScheduledProcedureStepID),
      exam.worklistItem?.scheduledProcedureStepId ?? "",
    );
    same("the state", step.state, exam.state === "completed" ? "COMPLETED" : "DISCONTINUED");
    if (step.set === null) continue;
    const reason = step.set
      .items(Tag.PerformedProcedureStepDiscontinuationReasonCodeSequence)[0]
      ?.string(Tag.CodeValue);
    same("the reason", reason, exam.discontinuationReason ?? "");
    const told = step.set
      .items(Tag.PerformedSeriesSequence)
      .flatMap((series) => [
        ...series.items(Tag.ReferencedImageSequence),
        ...series.items(Tag.ReferencedNonImageCompositeSOPInstanceSequence),
      ])
      .map((item) => item.string(Tag.ReferencedSOPInstanceUID) ?? "");
    const made = (byExam.get(exam.id) ?? []).map((r) => r.sopInstanceUid);
    if (told.sort().join() !== made.sort().join())
      complain(`${exam.id}: its step names ${told.length} instances of ${made.length}`);
  }
}

function isReport({ sopClassUid }: InstanceRecord): boolean {
  return sopClassUid === SopClassUid.XRayRadiationDoseSrStorage;
}
