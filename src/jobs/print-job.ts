// The print job (statement 4.2.7): films to one printer. Before a sheet is asked for, and when it was
// accepted, that is durable, so that no crash, retry or lost answer prints a sheet twice (E35, E36).

import { unreachable } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { PrintFilm, PrintParameters } from "../model/job.ts";
import type { StoredJob } from "../store/job-table.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { JobExecutor, JobRun, RunOutcome } from "./job-executor.ts";
import { backoffMs } from "./retry-delay.ts";

export interface PrintRequest {
  readonly remoteId: string;
  readonly films: readonly PrintFilm[];
  readonly copies: number;
  /** Index of the first film to print; those before it are out. */
  readonly from: number;
  /** Leaves out what the printer need not be told, after it refused a value (quirk F4). */
  readonly reduced: boolean;
  readonly signal: AbortSignal;
}

/** What is made durable, or told, before the printing goes on. Films are counted from 0. */
export interface PrintHooks {
  /** The next message asks for the sheet. */
  mayBeOut(film: number): Promise<void>;
  /** The printer refused the sheet. */
  notOut(film: number): Promise<void>;
  /** The printer accepted the sheet. */
  printed(film: number): Promise<void>;
  log(text: string): void;
}

export type PrintOutcome =
  /** Every film was accepted. */
  | { readonly kind: "finished" }
  /** The association ended behind an accepted film (quirk F8); the others need a new one. */
  | { readonly kind: "ended-early"; readonly text: string }
  /** The printer told FAILURE before anything was asked of it (Table 4.2-67). */
  | { readonly kind: "printer-failure"; readonly text: string }
  /** No association came about; `postponed`: the printer asked for later. */
  | { readonly kind: "unreachable"; readonly text: string; readonly postponed: boolean }
  /** 0106 at the session or a film box (quirk F4). */
  | { readonly kind: "invalid-value"; readonly text: string }
  /** Tables 4.2-66 to 4.2-78 say the job has failed, or it cannot be printed as it is. */
  | { readonly kind: "failed"; readonly text: string }
  /** The answer to the request for a sheet never came. */
  | { readonly kind: "in-doubt"; readonly film: number; readonly text: string }
  | { readonly kind: "interrupted" };

export interface FilmPrinter {
  /** Prints over one association. Never rejects for what a printer or the network does. */
  print(request: PrintRequest, hooks: PrintHooks): Promise<PrintOutcome>;
}

export interface PrintJobParts {
  readonly storage: Pick<StoragePort, "reader" | "saveJob" | "apply" | "markOutput">;
  readonly printer: FilmPrinter;
  readonly clock: Clock;
  readonly random: Random;
  /** print.retryDelay, in ms, as configured now. */
  readonly retryDelayMs: () => number;
}

/** How far a job's sheets are. */
interface Ledger {
  /** Of the job: numbers of jobs that were forgotten may come again. */
  readonly createdMs: number;
  /** Films accepted. */
  readonly done: number;
  /** The film after those may be out. */
  readonly doubt: boolean;
  /** The operator was told of that. */
  readonly told: boolean;
}

export class PrintJobExecutor implements JobExecutor {
  readonly #parts: PrintJobParts;

  constructor(parts: PrintJobParts) {
    this.#parts = parts;
  }

  async run(run: JobRun): Promise<RunOutcome> {
    const { parameters } = run.job;
    if (parameters.type !== "print") return { kind: "failed", reason: "this is no print job" };
    const { films } = parameters;
    const ledger = this.#ledger(run.job);
    await this.#count(run, parameters, ledger.done);
    if (ledger.doubt && ledger.done < films.length) {
      if (!ledger.told) return this.#ask(run, ledger, films.length, "it was interrupted");
      // Only the operator starts a failed job again.
      run.log(`${sheet(ledger.done, films.length)} is printed again, as the operator asked`);
      await this.#keep(run.job, { ...ledger, doubt: false, told: false });
    }
    return this.#print(run, parameters);
  }

  async #print(run: JobRun, parameters: PrintParameters): Promise<RunOutcome> {
    const { films, remoteId, copies } = parameters;
    let reduced = false;
    for (;;) {
      const { done } = this.#ledger(run.job);
      const outcome: PrintOutcome =
        done >= films.length
          ? { kind: "finished" }
          : await this.#parts.printer.print(
              { remoteId, films, copies, from: done, reduced, signal: run.signal },
              this.#hooks(run, parameters),
            );
      const now = this.#ledger(run.job);
      if (now.done >= films.length && outcome.kind !== "failed") return this.#done(run);
      if (run.signal.aborted) return { kind: "interrupted" };
      if (outcome.kind === "ended-early" && now.done > done) continue;
      if (outcome.kind === "invalid-value" && !reduced) {
        run.log(`${outcome.text}; tried again without the attributes that may be left out`);
        reduced = true;
        continue;
      }
      return this.#after(run, outcome, now, films.length);
    }
  }

  async #after(
    run: JobRun,
    outcome: PrintOutcome,
    ledger: Ledger,
    films: number,
  ): Promise<RunOutcome> {
    const delayMs = this.#parts.retryDelayMs();
    switch (outcome.kind) {
      case "printer-failure":
        return { kind: "retry", reason: outcome.text, delayMs, postponed: false };
      case "unreachable": {
        const { text: reason, postponed } = outcome;
        const { postponements } = run.job;
        return postponed
          ? {
              kind: "retry",
              reason,
              delayMs: backoffMs(delayMs, postponements, this.#parts.random),
              postponed,
            }
          : { kind: "retry", reason, delayMs, postponed };
      }
      case "in-doubt":
        return this.#ask(run, ledger, films, outcome.text);
      case "failed":
      case "invalid-value":
      case "ended-early":
        return { kind: "failed", reason: outcome.text };
      case "finished":
        return { kind: "failed", reason: "the printer did not accept every film" };
      case "interrupted":
        return { kind: "interrupted" };
      default:
        return unreachable(outcome);
    }
  }

  /** A sheet may lie in the printer's tray: only someone who looks there knows. */
  async #ask(run: JobRun, ledger: Ledger, films: number, why: string): Promise<RunOutcome> {
    await this.#keep(run.job, { ...ledger, doubt: true, told: true });
    return {
      kind: "failed",
      reason: `${sheet(ledger.done, films)} may have been printed (${why}); look at the printer. Trying again prints this film again; if it came out, cancel and print what is left`,
    };
  }

  async #done(run: JobRun): Promise<RunOutcome> {
    await this.#parts.storage.apply([{ kind: "setting", key: ledgerKey(run.job), value: null }]);
    return { kind: "done" };
  }

  #hooks(run: JobRun, parameters: PrintParameters): PrintHooks {
    const { storage, clock } = this.#parts;
    const { films, remoteId } = parameters;
    return {
      mayBeOut: () => this.#keep(run.job, { ...this.#ledger(run.job), doubt: true, told: false }),
      notOut: () => this.#keep(run.job, { ...this.#ledger(run.job), doubt: false, told: false }),
      printed: async (film) => {
        const ledger = { ...this.#ledger(run.job), done: film + 1, doubt: false, told: false };
        await this.#keep(run.job, ledger);
        const there = new Set(
          films[film]?.images
            .map((image) => image.sopInstanceUid)
            .filter((uid) => storage.reader.instance(uid) !== null),
        );
        await storage.markOutput([...there], {
          kind: "print",
          target: remoteId,
          atMs: clock.nowMs(),
        });
        await this.#count(run, parameters, ledger.done);
      },
      log: run.log,
    };
  }

  /** An instance is done when every film with it is out; the job counts instances. */
  async #count(run: JobRun, { films }: PrintParameters, done: number): Promise<void> {
    const { storage } = this.#parts;
    const left = new Set(
      films.slice(done).flatMap((film) => film.images.map((image) => image.sopInstanceUid)),
    );
    const items = storage.reader.jobItems(run.job.id);
    const changed = items
      .filter((item) => item.state !== "done" && !left.has(item.sopInstanceUid))
      .map((item) => ({ ...item, state: "done" as const }));
    run.progress(items.filter((item) => !left.has(item.sopInstanceUid)).length, items.length);
    if (changed.length > 0) await storage.saveJob(run.job, changed);
  }

  #ledger(job: StoredJob): Ledger {
    const value = this.#parts.storage.reader.setting(ledgerKey(job)) as Ledger | null;
    return value?.createdMs === job.createdMs
      ? value
      : { createdMs: job.createdMs, done: 0, doubt: false, told: false };
  }

  async #keep(job: StoredJob, ledger: Ledger): Promise<void> {
    await this.#parts.storage.apply([{ kind: "setting", key: ledgerKey(job), value: ledger }]);
  }
}

const ledgerKey = (job: StoredJob) => `print.${job.id}`;

/** "Film 2 of 3". */
const sheet = (film: number, films: number) => `Film ${film + 1} of ${films}`;
