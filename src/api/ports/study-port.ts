// The local database as the API shows it: studies, instances with what became of them, files, pictures.

import type { Exam } from "../../model/exam.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import type { Subtraction } from "../../model/stored-pixels.ts";
import { describeFailureReason } from "../../services/commitment/record-result.ts";
import { isHeld, unsafeToDelete } from "../../services/held-exams.ts";
import type { Picture, Pictures } from "../../services/picture.ts";
import type { CommitState, InstanceListing, StudyListing } from "../../store/records.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { Instance, Series, StudySummary } from "../contract.ts";
import type { StudiesPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";
import { instanceView, isoDate, isoTime } from "../views.ts";

export interface StudyParts {
  readonly storage: StoragePort;
  readonly pictures: Pictures;
  /** A PNG of one frame, frames counted from 0. */
  readonly render: (
    picture: Picture,
    request: {
      readonly frame: number;
      readonly window: Picture["window"];
      readonly width: number | undefined;
      readonly subtraction?: Subtraction | undefined;
    },
  ) => Promise<Uint8Array>;
  /** Remotes that must all have committed a study before it may be deleted, sent there or not. */
  readonly archives: () => readonly string[];
  /** Told when a study is gone. */
  readonly onDeleted: (studyInstanceUid: string) => void;
}

/** An instance with its states, as the API shows it. */
export function instanceOf(storage: StoragePort, record: InstanceRecord): Instance {
  const [listing] = storage.reader.listings([record]);
  if (listing === undefined) return instanceView(record, NO_STATES);
  const exam = record.examId === null ? null : storage.reader.exam(record.examId);
  return listingView(listing, exam === null ? [] : [exam]);
}

const NO_STATES = { send: [], commit: [], print: [], export: [] };

export function studyPort(parts: StudyParts): StudiesPort {
  const { storage, pictures } = parts;
  const noInstance = (uid: string) =>
    refuse("not-found", `There is no instance ${uid}, or its file is missing.`);
  return {
    async list(filter) {
      return storage.reader
        .studies(filter)
        .slice(0, filter.limit)
        .map((study) => summary(study, storage));
    },
    async get(uid) {
      const study = storage.reader.study(uid);
      if (study === null) return refuse("not-found", `There is no study ${uid}.`);
      const listings = storage.reader.listings(storage.reader.instancesOfStudy(uid));
      const exams = storage.reader.exams({ studyInstanceUid: uid });
      const series = storage.reader.series(uid).map(
        (s): Series => ({
          seriesInstanceUid: s.seriesInstanceUid,
          seriesNumber: s.seriesNumber,
          modality: s.modality,
          description: s.description,
          bodyPart: s.bodyPart,
          instances: listings
            .filter((l) => l.record.seriesInstanceUid === s.seriesInstanceUid)
            .map((l) => listingView(l, exams)),
        }),
      );
      return answer({ ...summary(study, storage, listings), series });
    },
    async remove(uid, force) {
      if (storage.reader.study(uid) === null)
        return refuse("not-found", `There is no study ${uid}.`);
      if (storage.reader.isStudyInJob(uid))
        return refuse("in-use", "A job still works on the study; wait for it or cancel it.");
      const waiting = parts
        .archives()
        .filter((remoteId) => unsafeToDelete(storage.reader, uid, remoteId).length > 0);
      if (waiting.length > 0 && !force)
        return refuse(
          "not-committed",
          `${waiting.join(", ")} has not committed every image of the study. Send it and wait for the commitment, or delete it with force and the service PIN.`,
        );
      const outcome = await storage.deleteStudy(uid);
      switch (outcome.kind) {
        case "unknown-study":
          return refuse("not-found", `There is no study ${uid}.`);
        case "open-exam":
          return refuse("in-use", `Exam ${outcome.examId} of the study is open; end it first.`);
        case "deleted":
          parts.onDeleted(uid);
          return answer(null);
        default:
          return outcome satisfies never;
      }
    },
    async instance(uid) {
      const record = storage.reader.instance(uid);
      return record === null ? noInstance(uid) : answer(instanceOf(storage, record));
    },
    async file(uid) {
      const record = storage.reader.instance(uid);
      if (record === null) return noInstance(uid);
      return answer({ path: storage.filePath(record), offset: 0, bytes: record.fileBytes });
    },
    async pixels(uid, frame) {
      const found = await pictureOf(uid, frame);
      if (!found.ok) return found;
      const p = found.value;
      const bytes = p.columns * p.rows * p.samples * (p.bitsAllocated / 8);
      return answer({
        range: { path: p.path, offset: p.pixelOffset + (frame - 1) * bytes, bytes },
        columns: p.columns,
        rows: p.rows,
        bitsAllocated: p.bitsAllocated,
        bitsStored: p.bitsStored,
        samplesPerPixel: p.samples,
        photometricInterpretation: p.photometric,
        numberOfFrames: p.numberOfFrames,
        frameTimeMs: p.frameTimeMs,
        linear: p.linear,
        window: p.window,
      });
    },
    async render(uid, request) {
      const found = await pictureOf(uid, request.frame);
      if (!found.ok) return found;
      const { mask, shift = { x: 0, y: 0 }, width } = request;
      const frame = request.frame - 1;
      if (mask === undefined) {
        const window = request.window ?? found.value.window;
        const png = await parts.render(found.value, { frame, window, width });
        return answer(new Uint8Array(png));
      }
      if (found.value.samples === 3)
        return refuse("unsupported", "The picture is in colour; there is nothing to subtract.");
      if (mask > found.value.numberOfFrames)
        return refuse(
          "invalid-field",
          `The object has ${found.value.numberOfFrames} frame(s), mask ${mask} was asked for.`,
        );
      const subtraction = { frame: mask - 1, shift, linear: found.value.linear };
      const { window } = request;
      const png = await parts.render(found.value, { frame, window, width, subtraction });
      return answer(new Uint8Array(png));
    },
  };

  async function pictureOf(uid: string, frame: number) {
    const record = storage.reader.instance(uid);
    if (record === null) return noInstance(uid);
    const picture = await pictures.of(record);
    if (picture === null)
      return refuse("unsupported", "The object holds no picture that can be shown here.");
    if (frame > picture.numberOfFrames)
      return refuse(
        "invalid-field",
        `The object has ${picture.numberOfFrames} frame(s), frame ${frame} was asked for.`,
      );
    return answer(picture);
  }
}

function summary(
  study: StudyListing,
  storage: StoragePort,
  listings = storage.reader.listings(storage.reader.instancesOfStudy(study.studyInstanceUid)),
): StudySummary {
  const day = isoDate(study.studyDate);
  const clock = /^(\d{2})(\d{2})(\d{2})/.exec(study.studyTime);
  const birthDate = isoDate(study.birthDate);
  return {
    studyInstanceUid: study.studyInstanceUid,
    studyId: study.studyId,
    description: study.description,
    accessionNumber: study.accessionNumber,
    ...(day === undefined
      ? {}
      : { startedAt: clock ? `${day}T${clock[1]}:${clock[2]}:${clock[3]}` : `${day}T00:00:00` }),
    patient: {
      id: study.patientId,
      name: study.patientName,
      ...(birthDate === undefined ? {} : { birthDate }),
      ...(study.sex === "M" || study.sex === "F" || study.sex === "O" ? { sex: study.sex } : {}),
    },
    modalities: [...study.modalities],
    local: listings.some((l) => l.record.local),
    numberOfInstances: study.numberOfInstances,
    sent: listings.filter((l) => l.sends.some((s) => s.state === "stored" || s.state === "warning"))
      .length,
    committed: listings.filter((l) => l.commits.some((c) => c.state === "committed")).length,
  };
}

/** Nobody answers for an instance whose request failed or was given up. */
function commitState({ state, transactionState }: CommitState) {
  if (state !== "pending") return state;
  return transactionState === "failed" || transactionState === "superseded"
    ? ("failed" as const)
    : ("requested" as const);
}

/** `exams`: those of the study, or at least the instance's own. */
function listingView(listing: InstanceListing, exams: readonly Exam[]): Instance {
  const hex = (status: number) => status.toString(16).toUpperCase().padStart(4, "0");
  const held = exams.some((exam) => exam.id === listing.record.examId && isHeld(exam));
  return instanceView(listing.record, {
    ...(held ? { held } : {}),
    send: listing.sends.map((s) => ({
      remoteId: s.remoteId,
      state: s.state === "lost" ? "failed" : s.state,
      ...(s.status === undefined ? {} : { status: hex(s.status) }),
      at: isoTime(s.atMs),
    })),
    commit: listing.commits.map((c) => {
      const reason =
        c.failureReason === undefined ? c.reason : describeFailureReason(c.failureReason);
      return {
        remoteId: c.remoteId,
        state: commitState(c),
        at: isoTime(c.atMs),
        ...(reason === undefined || c.state === "committed" ? {} : { reason }),
      };
    }),
    print: copies("print"),
    export: copies("export"),
  });

  function copies(kind: "print" | "export") {
    return listing.outputs
      .filter((o) => o.kind === kind)
      .map((o) => ({ target: o.target, state: "done" as const, at: isoTime(o.atMs) }));
  }
}
