// Examinations as the API asks for them.

import type { ExamService } from "../../exam/exam-service.ts";
import type { Exam as ExamRecord } from "../../model/exam.ts";
import type { Tomography } from "../../model/exposure.ts";
import { degrees, millimetres, seconds } from "../../model/units.ts";
import type { AutoSend } from "../../services/auto-send.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { Exam, PrepareRequest } from "../contract.ts";
import type { ExamsPort, SimulatorPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";
import { dicomDate, examView } from "../views.ts";
import { instanceOf } from "./study-port.ts";

/** What the MPPS server knows of an exam's step. */
export type StepState = (exam: ExamRecord) => {
  readonly state: Exam["mpps"]["state"];
  readonly reason?: string | undefined;
};

/** An exam with its durable instances, as the API shows it. */
export function examOf(storage: StoragePort, stepState: StepState, exam: ExamRecord): Exam {
  return examView(exam, storage.reader.instancesOfExam(exam.id), stepState(exam));
}

export function examPort(
  exams: ExamService,
  storage: StoragePort,
  stepState: StepState,
  autoSend: Pick<AutoSend, "release">,
): ExamsPort {
  const view = (exam: ExamRecord) => examOf(storage, stepState, exam);
  return {
    async open(request) {
      const patient = "patient" in request ? request.patient : undefined;
      const opened = await exams.open({
        ...request,
        patient: patient && {
          ...patient,
          birthDate: patient.birthDate === undefined ? undefined : dicomDate(patient.birthDate),
        },
      });
      return opened.ok ? answer(view(opened.value)) : opened;
    },
    async list(state) {
      return storage.reader.exams(state === undefined ? {} : { state }).map(view);
    },
    async get(examId) {
      const exam = exams.get(examId);
      return exam === null
        ? refuse("not-found", `There is no exam ${examId}.`)
        : answer(view(exam));
    },
    async prepare(examId, request) {
      const prepared = await exams.prepare(examId, {
        protocolId: request.protocolId,
        technique: request.technique,
        brightness: request.brightness,
        laterality: request.laterality,
        geometry: request.geometry && geometryOf(request.geometry),
        contrastAgent: request.contrastAgent,
        tomography: request.tomography && tomographyOf(request.tomography),
      });
      if (!prepared.ok) return prepared;
      const { protocol, technique } = prepared.value;
      return answer({
        examId,
        state: "ready",
        protocolId: protocol.id,
        technique,
        ...(request.laterality === undefined ? {} : { laterality: request.laterality }),
      });
    },
    async complete(examId) {
      const ended = await exams.end(examId, "completed");
      return ended.ok ? answer(view(ended.value)) : ended;
    },
    async discontinue(examId, reasonCode) {
      const ended = await exams.end(examId, "discontinued", reasonCode);
      return ended.ok ? answer(view(ended.value)) : ended;
    },
    async release(examId) {
      const outcome = await autoSend.release(examId);
      switch (outcome.kind) {
        case "released":
          return answer(view(outcome.exam));
        case "unknown-exam":
          return refuse("not-found", `There is no exam ${examId}.`);
        case "not-held":
          return refuse(
            "wrong-state",
            `Exam ${examId} is not held: only one discontinued with 110514 is, until it is released.`,
          );
        default:
          return outcome satisfies never;
      }
    },
    async storeLastImage(examId) {
      const stored = await exams.storeLastImage(examId);
      return stored.ok ? answer(instanceOf(storage, stored.value)) : stored;
    },
    async saveLastRun(examId) {
      const saved = await exams.saveLastRun(examId);
      return saved.ok ? answer(saved.value.map((one) => instanceOf(storage, one))) : saved;
    },
    async secondaryCapture(examId, { kind = "dose-page", image = "" }) {
      const captured = await exams.secondaryCapture(
        examId,
        kind === "dose-page" ? { kind } : { kind, png: Buffer.from(image, "base64") },
      );
      return captured.ok ? answer(instanceOf(storage, captured.value)) : captured;
    },
  };
}

export function simulatorPort(exams: ExamService): SimulatorPort {
  return {
    async expose(request) {
      const exposed = await exams.expose(request);
      if (!exposed.ok) return exposed;
      const { exposureId, irradiationEventUid } = exposed.value;
      return answer({ exposureId, irradiationEventUid });
    },
  };
}

function geometryOf(request: NonNullable<PrepareRequest["geometry"]>) {
  const mm = (value: number | undefined) => (value === undefined ? undefined : millimetres(value));
  const deg = (value: number | undefined) => (value === undefined ? undefined : degrees(value));
  return {
    ...request,
    sourceToDetectorMm: mm(request.sourceToDetectorMm),
    sourceToPatientMm: mm(request.sourceToPatientMm),
    tableHeightMm: mm(request.tableHeightMm),
    tableLongitudinalMm: mm(request.tableLongitudinalMm),
    tableLateralMm: mm(request.tableLateralMm),
    tableAngle: deg(request.tableAngle),
    primaryAngle: deg(request.primaryAngle),
    secondaryAngle: deg(request.secondaryAngle),
    columnAngulation: deg(request.columnAngulation),
  };
}

function tomographyOf(request: NonNullable<PrepareRequest["tomography"]>): Tomography {
  return {
    layerHeightMm: millimetres(request.layerHeightMm),
    angle: request.angle === undefined ? undefined : degrees(request.angle),
    timeS: request.timeMs === undefined ? undefined : seconds(request.timeMs / 1000),
  };
}
