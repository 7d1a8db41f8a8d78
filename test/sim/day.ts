// A day in the life of the whole device, faster than the clock: the parts list of the program on a
// machine whose mains go, with an archive and a scheduler that fail, and a technician who works on.
// Everything is drawn from one seed; the same seed gives the same day.

import { SimulatedClock } from "../../src/core/clock.ts";
import { jsonLog } from "../../src/core/log.ts";
import { Random } from "../../src/core/random.ts";
import { isHeld } from "../../src/services/held-exams.ts";
import { SimArchive } from "./archive.ts";
import { checkDay } from "./checks.ts";
import { Ledger } from "./ledger.ts";
import { Machine, type Run } from "./machine.ts";
import { type Host, SimNetwork } from "./network.ts";
import { Operator } from "./operator.ts";
import type { PeerParts } from "./peer.ts";
import { type DaySize, type Outage, type Plan, planDay } from "./plan.ts";
import { SimRis } from "./ris.ts";

const DEVICE_PORT = 11_104;
const START_MS = Date.UTC(2026, 0, 5, 6, 0, 0);
const STEP_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The rest of what is waiting must be done in so many hours of fair weather. */
const AFTERMATH_HOURS_MAX = 48;
/** Log lines kept for whoever looks into a bad day: those before the first thing that was wrong. */
const LOG_LINES_MAX = 300;
/** Errors the log may tell on such a day. */
const EXPECTED_ERRORS: ReadonlySet<string> = new Set(["mpps-failed"]);

export interface DayReport {
  readonly seed: number;
  /** What was wrong, with the time of day; empty: a good day. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** The last lines of the device's log before the first problem. */
  readonly log: readonly string[];
}

/** Plays the day of a seed. */
export async function runDay(seed: number, size: DaySize): Promise<DayReport> {
  const day = new Day(seed, size);
  try {
    await day.play();
  } catch (error) {
    day.complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return day.report();
}

class Day {
  readonly #plan: Plan;
  readonly #clock = new SimulatedClock(START_MS);
  readonly #problems: string[] = [];
  readonly #log: string[] = [];
  readonly #network: SimNetwork;
  readonly #archive: SimArchive;
  readonly #ris: SimRis;
  readonly #ledger: Ledger;
  readonly #machine: Machine;
  readonly #operator: Operator;
  /** 1 while things go wrong, 0 in the aftermath. */
  #trouble = 1;
  #chunks = 0;
  #restarts = 0;

  constructor(seed: number, size: DaySize) {
    const random = new Random(seed);
    this.#plan = planDay(seed, size, random.fork());
    const fates = random.fork();
    this.#network = new SimNetwork({
      clock: this.#clock,
      latencyMs: this.#plan.latencyMs,
      fate: () =>
        this.#trouble > 0 && fates.chance(0.03)
          ? { afterChunks: fates.int(0, 30), how: fates.pick(["reset", "silent"] as const) }
          : null,
      onChunk: (from, to) => {
        this.#chunks++;
        if (from === "device" || to === "device") this.#machine.happened();
      },
    });
    const peer = (aeTitle: string, hostName: string, port: number): PeerParts => ({
      clock: this.#clock,
      network: this.#network,
      random: random.fork(),
      aeTitle,
      hostName,
      port,
      trouble: () => this.#trouble,
    });
    this.#archive = new SimArchive(peer("ARCHIVE", "archive", 104));
    this.#ris = new SimRis(peer("RIS", "ris", 105));
    for (const { order, atMs } of this.#plan.exams)
      if (order !== null) {
        const iso = new Date(START_MS + atMs).toISOString();
        const date = iso.slice(0, 10).replaceAll("-", "");
        this.#ris.orders.push({ ...order, date, time: iso.slice(11, 19).replaceAll(":", "") });
      }
    this.#ledger = new Ledger(
      () => this.#clock.nowMs(),
      ({ sopInstanceUid, examId }) => {
        if (!this.#archive.committed.has(sopInstanceUid)) return "the archive has not committed it";
        const exam = examId === null ? undefined : this.#ledger.exams.get(examId);
        return exam?.state === "open" ? "its exam is open" : null;
      },
      (what) => this.complain(what),
    );
    this.#archive.onReceipt = ({ sopInstanceUid }) => {
      if (this.#ledger.acknowledged.has(sopInstanceUid))
        this.complain(`${sopInstanceUid} came again although its success was recorded`);
    };
    this.#machine = new Machine({
      clock: this.#clock,
      host: this.#network.host("device"),
      random: random.fork(),
      log: jsonLog(
        (line) => this.#line(line),
        () => this.#clock.nowMs(),
      ),
      configuration: configurationOf(this.#plan),
      diskBytes: this.#plan.diskBytes,
      dicomPort: DEVICE_PORT,
      observer: this.#ledger,
      onDefect: (error) =>
        this.complain(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    this.#operator = new Operator({
      clock: this.#clock,
      random: random.fork(),
      machine: this.#machine,
      plan: this.#plan,
      startMs: START_MS,
      complain: (what) => this.complain(what),
    });
  }

  complain(what: string): void {
    const time = new Date(this.#clock.nowMs()).toISOString().slice(11, 19);
    this.#problems.push(`${time} (step ${this.#chunks}): ${what}`);
  }

  report(): DayReport {
    return {
      seed: this.#plan.seed,
      problems: [
        ...this.#problems,
        ...[...this.#archive.complaints, ...this.#ris.complaints].map((c) => `peer: ${c}`),
      ],
      counts: {
        exams: this.#operator.done.length,
        exposures: this.#ledger.beams.length,
        instances: this.#ledger.made.size,
        cuts: this.#machine.cuts,
        restarts: this.#restarts,
        received: this.#archive.receipts.length,
        archived: this.#archive.kept.size,
        committed: this.#archive.committed.size,
        transactions: this.#archive.transactions.size,
        steps: this.#ris.steps.size,
        queries: this.#ris.queries,
        deleted: [...this.#ledger.deleted.values()].flat().length,
        chunks: this.#chunks,
        freeBytes: this.#machine.freeBytes,
      },
      log: this.#log,
    };
  }

  async play(): Promise<void> {
    const onUnhandled = (error: unknown) =>
      this.complain(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
    process.on("unhandledRejection", onUnhandled);
    try {
      await Promise.all([this.#archive.start(), this.#ris.start()]);
      await this.#until(this.#machine.start());
      for (const outage of this.#plan.archiveOutages) this.#schedule(this.#archive.host, outage);
      for (const outage of this.#plan.risOutages) this.#schedule(this.#ris.host, outage);
      for (const cut of this.#plan.cuts)
        this.#clock.after(cut.atMs, () => {
          this.#offMs = cut.offMs;
          if (cut.orderly) void this.#restart(cut.offMs);
          else if (cut.afterHappenings === null) this.#machine.cut(cut.peersLearn);
          else this.#machine.cutAfter(cut.afterHappenings, cut.peersLearn);
        });
      this.#machine.onCut = () => {
        this.#clock.after(this.#offMs, () => void this.#machine.start());
      };
      await this.#until(this.#operator.work());
      const restMs = START_MS + this.#plan.lengthMs - this.#clock.nowMs();
      if (restMs > 0) await this.#clock.advance(restMs);
      await this.#aftermath();
      checkDay({
        plan: this.#plan,
        ledger: this.#ledger,
        archive: this.#archive,
        ris: this.#ris,
        done: this.#operator.done,
        storage: (await this.#until(this.#machine.running())).storage,
        device: (await this.#until(this.#machine.running())).assembled.device,
        complain: (what) => this.complain(what),
      });
      await this.#until(this.#machine.stop());
    } finally {
      process.off("unhandledRejection", onUnhandled);
    }
  }

  #offMs = 0;

  async #restart(offMs: number): Promise<void> {
    const { run } = this.#machine;
    if (run === null) return;
    this.#restarts++;
    const { cuts } = this.#machine;
    await this.#machine.stop();
    // The mains may have gone meanwhile; whoever saw to that starts it.
    if (this.#machine.cuts === cuts) this.#clock.after(offMs, () => void this.#machine.start());
  }

  /** Fair weather: a restart, and what waits for the operator is sent again until nothing waits. */
  async #aftermath(): Promise<void> {
    this.#trouble = 0;
    this.#machine.cutAfter(Number.POSITIVE_INFINITY, "reset");
    await this.#until(this.#machine.running());
    await this.#clock.advance(HOUR_MS);
    await this.#until(this.#machine.stop());
    await this.#until(this.#machine.start());
    await this.#until(this.#release(await this.#until(this.#machine.running())));
    let waiting = "";
    for (let hour = 0; hour < AFTERMATH_HOURS_MAX; hour++) {
      const run = await this.#until(this.#machine.running());
      await this.#until(
        run.ask(async (device) => {
          for (const job of await device.jobs.list({ limit: 1000 }))
            if (job.state === "failed") await device.jobs.retry(job.id);
          for (const exam of await device.exams.list(undefined))
            if (exam.mpps.state === "failed") await device.exams.resendStep?.(exam.id);
        }),
      );
      await this.#clock.advance(HOUR_MS);
      waiting = this.#waiting(run);
      if (waiting === "") return;
    }
    this.complain(
      `not everything was done ${AFTERMATH_HOURS_MAX} h after the last fault: ${waiting}`,
    );
  }

  /** Of the exams that are held, every other one is let go. */
  async #release(run: Run): Promise<void> {
    const held = [...this.#ledger.exams.values()].filter(isHeld);
    for (const exam of held.filter((_, i) => i % 2 === 0)) {
      const released = await run.ask(async (d) => d.exams.release?.(exam.id));
      if (released?.ok === false) this.complain(`${exam.id}: ${released.refusal.detail}`);
    }
  }

  /** What is not done yet, in words; "" when nothing is. */
  #waiting({ storage: { reader } }: Run): string {
    const jobs = reader.jobs().filter((job) => job.state !== "done" && job.state !== "cancelled");
    return [
      ...jobs.map((job) => `job ${job.id} ${job.state}: ${job.reason}`),
      ...reader.openCommitments().map((c) => `commitment ${c.transactionUid} ${c.state}`),
      ...reader
        .mpps({ unfinished: true })
        .map((m) => `${m.message} of ${m.examId} ${m.state}: ${m.reason}`),
      ...(this.#archive.openReports > 0 ? [`${this.#archive.openReports} reports`] : []),
    ].join("; ");
  }

  #schedule(host: Host, { fromMs, toMs, how }: Outage): void {
    this.#clock.after(fromMs, () => {
      host.state = how;
    });
    this.#clock.after(toMs, () => {
      host.state = "up";
    });
  }

  /** Lets time pass until the promise is settled. */
  async #until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    const limitMs = this.#clock.nowMs() + this.#plan.lengthMs * 3;
    await this.#clock.advance(0);
    while (!settled) {
      if (this.#clock.nowMs() > limitMs) throw new Error("what was waited for did not come");
      await this.#clock.advance(STEP_MS);
    }
    return promise;
  }

  #line(line: string): void {
    if (this.#problems.length === 0) {
      this.#log.push(line);
      if (this.#log.length > LOG_LINES_MAX) this.#log.shift();
    }
    const { level, event } = JSON.parse(line) as { level: string; event: string };
    if (level === "error" && !EXPECTED_ERRORS.has(event)) this.complain(`logged: ${line}`);
  }
}

function configurationOf(plan: Plan): unknown {
  return {
    remotes: [
      {
        id: "archive",
        aeTitle: "ARCHIVE",
        host: "archive",
        port: 104,
        services: ["storage", "verification"],
        archive: true,
        send: plan.send,
      },
      {
        id: "ris",
        aeTitle: "RIS",
        host: "ris",
        port: 105,
        services: ["worklist", "mpps", "verification"],
      },
    ],
    worklist: { pollS: plan.pollS },
    mpps: { queueWhenUnreachable: true },
    store: { deleteCommittedWhenFreeBelowBytes: Math.round(plan.diskBytes * 0.4) },
  };
}
