// What is to happen on a simulated day, drawn from the seed before it begins: who comes when, what is
// exposed, when the mains go, when archive and scheduler are away.

import type { Random } from "../../src/core/random.ts";
import type { HostState, StreamFate } from "./network.ts";
import type { Order } from "./ris.ts";

export interface PlannedExposure {
  readonly protocolId: string;
  readonly kind: "radiography" | "serial" | "fluoroscopy";
  readonly frames?: number | undefined;
  /** Fluoroscopy that is only looked at has false. */
  readonly save?: boolean | undefined;
}

export interface PlannedExam {
  readonly number: number;
  /** From the day's start. */
  readonly atMs: number;
  /** Null: nobody scheduled it. */
  readonly order: Order | null;
  readonly patientId: string;
  readonly patientName: string;
  /** The planned exam whose study this one goes on with. */
  readonly appendTo: number | null;
  readonly exposures: readonly PlannedExposure[];
  /** Null: completed. Else the code of CID 9300. */
  readonly discontinued: "110513" | "110501" | "110514" | null;
}

export interface PlannedCut {
  readonly atMs: number;
  /** Not a cut: the technician switches off in good order. */
  readonly orderly: boolean;
  /** Null: at that moment. Else after so many more happenings within the machine. */
  readonly afterHappenings: number | null;
  readonly peersLearn: StreamFate["how"];
  readonly offMs: number;
}

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly how: Exclude<HostState, "up">;
}

export interface Plan {
  readonly seed: number;
  readonly lengthMs: number;
  readonly exams: readonly PlannedExam[];
  readonly cuts: readonly PlannedCut[];
  readonly archiveOutages: readonly Outage[];
  readonly risOutages: readonly Outage[];
  readonly latencyMs: number;
  readonly send: "on-acquisition" | "on-completion";
  readonly pollS: number;
  /** Small enough that committed studies have to go before the day is over, on some days. */
  readonly diskBytes: number;
}

export interface DaySize {
  readonly hours: number;
  readonly exams: number;
  readonly cuts: number;
  readonly archiveDownHours: number;
  readonly risDownHours: number;
}

export const WHOLE_DAY: DaySize = {
  hours: 24,
  exams: 120,
  cuts: 20,
  archiveDownHours: 6,
  risDownHours: 2,
};

/** A day cut to a quarter: every kind of fault, fewer of each. */
export const QUARTER_DAY: DaySize = {
  hours: 6,
  exams: 30,
  cuts: 8,
  archiveDownHours: 1.5,
  risDownHours: 0.75,
};

/** The same within three hours, for the tests. */
export const SHORT_DAY: DaySize = {
  hours: 3,
  exams: 15,
  cuts: 5,
  archiveDownHours: 0.75,
  risDownHours: 0.4,
};

const HOUR_MS = 3_600_000;
const RADIOGRAPHS = ["chest-pa", "chest-lat", "abdomen-ap", "pelvis-ap", "lspine-ap", "hand-pa"];
const NAMES = ["Doe^John", "Yamada^Tarou=山田^太郎", "Meyer^Anna", "Smith^Mary Ann", "Sato^Hanako"];
/** Bytes that a planned exposure and its part of a report take on disk, about. */
const EXPOSURE_BYTES = 26_000;

export function planDay(seed: number, size: DaySize, random: Random): Plan {
  const lengthMs = size.hours * HOUR_MS;
  const times = Array.from({ length: size.exams }, () =>
    random.int(0, lengthMs - HOUR_MS / 2),
  ).sort((a, b) => a - b);
  const exams = times.map((atMs, i) => plannedExam(i + 1, atMs, random));
  const outage = (hours: number): Outage[] => {
    const parts = random.int(1, 2);
    return Array.from({ length: parts }, (_, i) => {
      const ms = (hours * HOUR_MS) / parts;
      const fromMs = random.int((i * lengthMs) / parts, ((i + 1) * lengthMs) / parts - ms);
      return { fromMs, toMs: fromMs + ms, how: random.pick(["refusing", "silent"] as const) };
    });
  };
  return {
    seed,
    lengthMs,
    exams,
    cuts: Array.from({ length: size.cuts }, () => plannedCut(exams, lengthMs, random)).sort(
      (a, b) => a.atMs - b.atMs,
    ),
    archiveOutages: outage(size.archiveDownHours),
    risOutages: outage(size.risDownHours),
    latencyMs: random.pick([0, 0, 1, 40]),
    send: random.pick(["on-acquisition", "on-completion"]),
    pollS: random.pick([0, 900, 3600]),
    diskBytes: random.chance(0.3)
      ? 2 ** 30
      : EXPOSURE_BYTES * exams.reduce((sum, exam) => sum + exam.exposures.length + 1, 0),
  };
}

function plannedExam(number: number, atMs: number, random: Random): PlannedExam {
  const patientId = `P${number}`;
  const patientName = random.pick(NAMES);
  const fate = random.next();
  const exposures = random.chance(0.04)
    ? []
    : Array.from({ length: random.int(1, 4) }, () => plannedExposure(random));
  const order: Order = {
    accessionNumber: `A${number}`,
    patientId,
    patientName,
    birthDate: "19700102",
    sex: random.pick(["M", "F"] as const),
    studyInstanceUid: `1.2.3.${number}`,
    requestedProcedureId: `R${number}`,
    description: "CHEST",
    stepId: `S${number}`,
    date: "",
    time: "",
    modality: "RF",
  };
  return {
    number,
    atMs,
    order: random.chance(0.7) ? order : null,
    patientId,
    patientName,
    appendTo: number > 3 && random.chance(0.08) ? random.int(1, number - 1) : null,
    exposures,
    discontinued: fate < 0.06 ? "110513" : fate < 0.09 ? "110501" : fate < 0.11 ? "110514" : null,
  };
}

function plannedExposure(random: Random): PlannedExposure {
  const kind = random.next();
  if (kind < 0.7) return { protocolId: random.pick(RADIOGRAPHS), kind: "radiography" };
  if (kind < 0.85) return { protocolId: "upper-gi", kind: "serial", frames: random.int(1, 8) };
  return {
    protocolId: "fluoroscopy",
    kind: "fluoroscopy",
    frames: random.int(1, 20),
    save: random.chance(0.6),
  };
}

/** Most cuts come while somebody is being examined. */
function plannedCut(exams: readonly PlannedExam[], lengthMs: number, random: Random): PlannedCut {
  const atMs = random.chance(0.7)
    ? random.pick(exams).atMs + random.int(0, 240_000)
    : random.int(0, lengthMs);
  return {
    atMs,
    orderly: random.chance(0.25),
    afterHappenings: random.chance(0.8) ? random.int(0, 60) : null,
    peersLearn: random.pick(["reset", "silent"] as const),
    offMs: random.int(5_000, 300_000),
  };
}
