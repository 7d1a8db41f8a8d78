// The technician of the simulated day: does the planned exams one after the other through the device's
// outer face, and takes up where it stopped when the mains were away.

import type { Exam } from "../../src/api/contract.ts";
import type { Answer } from "../../src/api/problem.ts";
import { type Clock, sleep } from "../../src/core/clock.ts";
import type { Random } from "../../src/core/random.ts";
import { type Machine, PowerCut, type Run } from "./machine.ts";
import type { Plan, PlannedExam, PlannedExposure } from "./plan.ts";

/** What became of a planned exam. */
export interface Done {
  readonly planned: PlannedExam;
  /** The device's, once it has answered. */
  examId: string | null;
  studyInstanceUid: string | null;
  /** Irradiation events that the device answered, with the number of its run. */
  readonly events: {
    readonly uid: string;
    readonly run: number;
    readonly exposure: PlannedExposure;
  }[];
  /** The run in which the end was answered. */
  endedInRun: number | null;
}

export interface OperatorParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly startMs: number;
  /** Something that should not be. */
  readonly complain: (what: string) => void;
}

/** Tries at a thing that the device refuses for a passing reason, and the wait between. */
const TRIES_MAX = 40;
const TRY_AGAIN_MS = 30_000;

export class Operator {
  readonly done: Done[] = [];
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** Resolves when every exam of the plan has ended. */
  async work(): Promise<void> {
    const { clock, plan, startMs } = this.#parts;
    for (const planned of plan.exams) {
      const waitMs = startMs + planned.atMs - clock.nowMs();
      if (waitMs > 0) await sleep(clock, waitMs);
      const done: Done = {
        planned,
        examId: null,
        studyInstanceUid: null,
        events: [],
        endedInRun: null,
      };
      this.done.push(done);
      while (done.endedInRun === null) {
        const run = await this.#parts.machine.running();
        try {
          await this.#perform(run, done);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
        }
      }
    }
  }

  async #perform(run: Run, done: Done): Promise<void> {
    const { planned } = done;
    let exam =
      done.examId === null ? await this.#find(run, done) : await this.#look(run, done.examId);
    exam ??= await this.#open(run, done);
    done.examId = exam.id;
    done.studyInstanceUid = exam.studyInstanceUid;
    if (exam.state !== "open") {
      done.endedInRun = run.number;
      return;
    }
    while (exam.exposures.length < planned.exposures.length) {
      const exposure = planned.exposures[exam.exposures.length];
      if (exposure === undefined) break;
      await this.#pause(5_000, 60_000);
      await this.#expose(run, done, exam.id, exposure);
      exam = (await this.#look(run, exam.id)) ?? exam;
    }
    await this.#pause(1_000, 30_000);
    const { id } = exam;
    const reason = planned.discontinued;
    // The report of an exam may wait for its last images.
    await this.#insist(run, `end of ${id}`, (device) =>
      reason === null ? device.exams.complete(id) : device.exams.discontinue(id, reason),
    );
    done.endedInRun = run.number;
    // To be on the safe side, he sends the study by hand as well: nothing may come twice of it.
    const { studyInstanceUid } = exam;
    if (reason === null && this.#parts.random.chance(0.15))
      await run.ask((d) => d.jobs.create({ type: "send", remoteId: "archive", studyInstanceUid }));
  }

  /** The exam as opened in an earlier run, when nobody heard the answer; nobody else ends it. */
  async #find(run: Run, { planned }: Done): Promise<Exam | null> {
    const exams = await run.ask((device) => device.exams.list("open"));
    const taken = new Set(this.done.map((d) => d.examId));
    return exams.find((e) => !taken.has(e.id) && e.patient.id === this.#patientOf(planned)) ?? null;
  }

  async #look(run: Run, examId: string): Promise<Exam | null> {
    const found = await run.ask((device) => device.exams.get(examId));
    if (!found.ok) this.#parts.complain(`exam ${examId} is gone: ${found.refusal.detail}`);
    return found.ok ? found.value : null;
  }

  async #open(run: Run, done: Done): Promise<Exam> {
    const { planned } = done;
    const study = this.#studyToAppendTo(planned);
    const protocolId = planned.exposures[0]?.protocolId;
    const options = protocolId === undefined ? {} : { protocolId };
    if (study !== null) {
      const appended = await run.ask((d) => d.exams.open({ appendTo: study, ...options }));
      if (appended.ok) return appended.value;
      // Deleted meanwhile, or never exposed: a new study then.
    }
    if (planned.order !== null) {
      const itemId = await this.#worklistItem(run, planned);
      if (itemId !== null) {
        const opened = await run.ask((d) => d.exams.open({ worklistItemId: itemId, ...options }));
        if (opened.ok) return opened.value;
        this.#parts.complain(`worklist item ${itemId} cannot be opened: ${opened.refusal.detail}`);
      }
    }
    return this.#insist(run, `opening exam ${planned.number}`, (device) =>
      device.exams.open({
        patient: { id: planned.patientId, name: planned.patientName },
        ...options,
      }),
    );
  }

  /** By a query for the accession number; by the list kept where the scheduler does not answer. */
  async #worklistItem(run: Run, { order }: PlannedExam): Promise<string | null> {
    if (order === null) return null;
    const { accessionNumber } = order;
    return run.ask(async ({ worklist }) => {
      if (worklist === undefined) return null;
      const asked = await worklist.query({ accessionNumber });
      const items = asked.ok ? asked.value.items : (await worklist.last()).items;
      return items.find((item) => item.accessionNumber === accessionNumber)?.id ?? null;
    });
  }

  #studyToAppendTo({ appendTo }: PlannedExam): string | null {
    if (appendTo === null) return null;
    return this.done.find((d) => d.planned.number === appendTo)?.studyInstanceUid ?? null;
  }

  /** An appended exam is of the patient it goes on with. */
  #patientOf(planned: PlannedExam): string {
    const before = this.done.find((d) => d.planned.number === planned.appendTo);
    return before === undefined || before.planned === planned
      ? planned.patientId
      : this.#patientOf(before.planned);
  }

  async #expose(run: Run, done: Done, examId: string, exposure: PlannedExposure): Promise<void> {
    await this.#insist(run, `preparing ${examId}`, (device) =>
      device.exams.prepare(examId, { protocolId: exposure.protocolId }),
    );
    await this.#pause(1_000, 10_000);
    const { kind, frames, save } = exposure;
    const exposed = await this.#insist(run, `exposing ${examId}`, async (device) => {
      const { simulator } = device;
      if (simulator === undefined) throw new Error("the simulator is wired");
      return simulator.expose({
        kind,
        ...(frames ? { frames } : {}),
        ...(save === false ? { save } : {}),
      });
    });
    done.events.push({ uid: exposed.irradiationEventUid, run: run.number, exposure });
  }

  /** Again and again, as long as the device gives a reason that may pass. */
  async #insist<T>(
    run: Run,
    what: string,
    call: (device: Run["assembled"]["device"]) => Promise<Answer<T>>,
  ): Promise<T> {
    let detail = "";
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await run.ask(call);
      if (answer.ok) return answer.value;
      detail = `${answer.refusal.code}: ${answer.refusal.detail}`;
      await sleep(this.#parts.clock, TRY_AGAIN_MS);
    }
    throw new Error(`${what} was refused ${TRIES_MAX} times: ${detail}`);
  }

  #pause(fromMs: number, toMs: number): Promise<void> {
    return sleep(this.#parts.clock, this.#parts.random.int(fromMs, toMs));
  }
}
