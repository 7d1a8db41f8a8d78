// Print SCU as the print job uses it: one association, the dialogue of statement 4.2.7.3.1 step by step,
// image boxes composed while the one before is on its way. Sheets one after the other: each film box
// is created, filled, printed and deleted before the next (E36).

import { type Printer, printerOf, type Remote } from "../../config/configuration.ts";
import type { Timer } from "../../core/clock.ts";
import { foreign } from "../../core/foreign-words.ts";
import { proposedContexts } from "../../dicom/ae/contexts.ts";
import { serveEventReports } from "../../dicom/ae/event-reports.ts";
import type { Failed } from "../../dicom/ae/outcome.ts";
import { PRINT_PROPOSED } from "../../dicom/ae/print/presentation-contexts.ts";
import {
  createFilmBox,
  createFilmSession,
  type Done,
  deleteFilmBox,
  deleteFilmSession,
  type PrintOptions,
  printerState,
  printFilmBox,
  setImageBox,
} from "../../dicom/ae/print/print-dialogue.ts";
import { type PrinterEvent, printerEvents } from "../../dicom/ae/print/serve-printer-events.ts";
import { INVALID_ATTRIBUTE_VALUE } from "../../dicom/ae/print/status.ts";
import { DimseChannel } from "../../dicom/dimse/channel.ts";
import { type Association, describeEnd } from "../../dicom/ul/association.ts";
import type { FilmPrinter, PrintHooks, PrintOutcome, PrintRequest } from "../../jobs/print-job.ts";
import type { FilmBoxPicture } from "../../model/film.ts";
import type { PrintFilm } from "../../model/job.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { associate, type ConnectDependencies, describeFailure } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";
import { BoxComposer, type Compose } from "./box-composer.ts";
import { planBox, planSheet } from "./compose-plan.ts";
import { readFilmFacts } from "./film-facts.ts";

/** A sheet was asked for when the job is interrupted: wait this long for the printer's answer. */
export const INTERRUPTED_ACTION_MS = 2_000;

/** Table 4.2-67; what a printer says beside them is its own. */
const PRINTER_STATES: ReadonlySet<string> = new Set(["NORMAL", "WARNING", "FAILURE"]);

const NOMINAL_PITCH =
  "true size is reckoned from the film's nominal size; set pixelPitchMm of the printer for the exact one";

export interface FilmPrinterParts extends ConnectDependencies {
  readonly storage: Pick<StoragePort, "reader" | "source" | "filePath">;
  readonly states: RemoteStates;
  readonly compose: Compose;
}

export function filmPrinter(parts: FilmPrinterParts): FilmPrinter {
  return {
    async print(request, hooks) {
      const configuration = parts.configuration();
      const remote = configuration.remotes.find((r) => r.id === request.remoteId);
      if (remote === undefined || !remote.services.includes("print"))
        return {
          kind: "failed",
          text: `the configuration has no remote ${request.remoteId} with the service print; add it or cancel the job`,
        };
      const printer = printerOf(configuration, remote.id);
      const first = await planFilm(parts, request.films, request.from, printer);
      if (!Array.isArray(first)) return first;
      if (printer.pixelPitchMm === undefined && request.films.some((f) => f.trueSize === true))
        hooks.log(NOMINAL_PITCH);
      const free = parts.states.occupy(remote.id);
      try {
        const association = await open(parts, remote, request.signal);
        if ("kind" in association) return association;
        return await new Dialogue(parts, remote, printer, association, request, hooks).run(first);
      } finally {
        free();
      }
    },
  };
}

async function open(
  parts: FilmPrinterParts,
  remote: Remote,
  signal: AbortSignal,
): Promise<Association | PrintOutcome> {
  const outcome = await associate(parts, remote, proposedContexts(PRINT_PROPOSED.rows), signal);
  if (signal.aborted) {
    if (outcome.kind === "accepted") await outcome.association.release();
    return { kind: "interrupted" };
  }
  if (outcome.kind === "accepted") {
    parts.states.alive(remote.id);
    return outcome.association;
  }
  const why = describeFailure(remote, outcome);
  parts.states.failed(remote.id, why);
  if (outcome.kind !== "rejected") return { kind: "unreachable", text: why, postponed: false };
  // F12: most rejections of a printer come from an AE title that one side has wrong.
  const { aeTitle } = parts.configuration().local;
  const text = `${why}; called AE title ${remote.aeTitle}, calling AE title ${aeTitle}`;
  return { kind: "unreachable", text, postponed: outcome.result === 2 };
}

/** The image boxes of a film, or why it cannot be composed. */
async function planFilm(
  parts: Pick<FilmPrinterParts, "storage">,
  films: readonly PrintFilm[],
  index: number,
  printer: Printer,
): Promise<FilmBoxPicture[] | Extract<PrintOutcome, { kind: "failed" }>> {
  const film = films[index];
  if (film === undefined) return { kind: "failed", text: "the job has no such film" };
  const failed = (reason: string) =>
    ({ kind: "failed", text: `Film ${index + 1} of ${films.length}: ${reason}` }) as const;
  const sheet = planSheet(film, printer);
  if (!sheet.ok) return failed(sheet.reason);
  const boxes: FilmBoxPicture[] = [];
  for (const image of film.images) {
    const { sopInstanceUid } = image;
    const record = parts.storage.reader.instance(sopInstanceUid);
    if (record === null) return failed(`${sopInstanceUid} was deleted, or its file is missing`);
    try {
      const facts = await readFilmFacts(parts.storage, record);
      if (facts === null) return failed(`${sopInstanceUid} has no picture that can be printed`);
      const box = planBox(sheet.value, image, facts, printer);
      if (!box.ok) return failed(box.reason);
      boxes.push(box.value);
    } catch (error) {
      return failed(`${sopInstanceUid} cannot be read: ${messageOf(error)}`);
    }
  }
  return boxes;
}

/** One association with a printer. */
class Dialogue {
  readonly #parts: FilmPrinterParts;
  readonly #remote: Remote;
  readonly #printer: Printer;
  readonly #association: Association;
  readonly #request: PrintRequest;
  readonly #hooks: PrintHooks;
  readonly #channel: DimseChannel;
  /** The printer told of its failure while we were at it. */
  #failure: PrinterEvent | null = null;
  /** A sheet was asked for and not answered. */
  #acting = false;

  constructor(
    parts: FilmPrinterParts,
    remote: Remote,
    printer: Printer,
    association: Association,
    request: PrintRequest,
    hooks: PrintHooks,
  ) {
    this.#parts = parts;
    this.#remote = remote;
    this.#printer = printer;
    this.#association = association;
    this.#request = request;
    this.#hooks = hooks;
    const { clock, log } = parts;
    const events = printerEvents((event) => this.#heard(event));
    this.#channel = new DimseChannel(association, {
      clock,
      log,
      handlers: {
        "N-EVENT-REPORT-RQ": serveEventReports([events], {
          fallbackCharacterSet: parts.configuration().local.fallbackCharacterSet,
          onFailure: (reason) => log.warn("printer-event-refused", { remote: remote.id, reason }),
        }),
      },
    });
  }

  async run(first: FilmBoxPicture[]): Promise<PrintOutcome> {
    const { signal } = this.#request;
    let grace: Timer | null = null;
    const end = () => {
      if (this.#association.end === null) this.#association.abort();
    };
    const onAbort = () => {
      if (!this.#acting) end();
      else grace = this.#parts.clock.after(INTERRUPTED_ACTION_MS, end);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const outcome = await this.#print(first);
      if (signal.aborted) end();
      else if (this.#association.end === null) await this.#channel.release();
      return outcome;
    } catch (error) {
      end();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      (grace as Timer | null)?.cancel();
    }
  }

  async #print(first: FilmBoxPicture[]): Promise<PrintOutcome> {
    const { print } = this.#parts.configuration();
    const { films, from, copies, reduced, signal } = this.#request;
    const { mediumType, filmDestination } = this.#printer;

    const state = await printerState(this.#channel, this.#options(print.nGetTimeout));
    if (state.kind !== "success") return this.#failed("N-GET of the printer", state);
    const stopped = this.#judge(state.printer);
    if (stopped !== null) return stopped;

    const session = await createFilmSession(
      this.#channel,
      { copies, mediumType, filmDestination, reduced },
      this.#options(print.nCreateTimeout),
    );
    if (session.kind !== "success") return this.#failed("N-CREATE of the film session", session);
    this.#note("film session", session);

    for (let film = from; film < films.length; film++) {
      const boxes = film === from ? first : await planFilm(this.#parts, films, film, this.#printer);
      if (!Array.isArray(boxes)) return boxes;
      const outcome = await this.#sheet(film, boxes, session.sopInstanceUid);
      if (outcome !== null) return outcome;
      if (signal.aborted) return { kind: "interrupted" };
      if (this.#association.end !== null && film + 1 < films.length)
        return { kind: "ended-early", text: this.#says(describeEnd(this.#association.end)) };
    }
    if (this.#association.end === null) {
      const deleted = await deleteFilmSession(
        this.#channel,
        session.sopInstanceUid,
        this.#options(print.nDeleteTimeout),
      );
      this.#note("N-DELETE of the film session", deleted);
    }
    return this.#failedByEvent() ?? { kind: "finished" };
  }

  /** One film box, from creation to deletion; null when its sheet is accepted. */
  async #sheet(
    film: number,
    boxes: readonly FilmBoxPicture[],
    sessionUid: string,
  ): Promise<PrintOutcome | null> {
    const { print } = this.#parts.configuration();
    const name = `Film ${film + 1}`;
    const created = await createFilmBox(
      this.#channel,
      this.#filmBox(film),
      sessionUid,
      this.#options(print.nCreateTimeout),
    );
    if (created.kind !== "success")
      return this.#failed(`${name}: N-CREATE of the film box`, created);
    this.#note(`${name}: film box`, created);
    const { imageBoxUids } = created;
    if (imageBoxUids.length < boxes.length) {
      const text = `${name}: the printer made ${imageBoxUids.length} image boxes for ${boxes.length} images`;
      return { kind: "failed", text: this.#says(text) };
    }

    const composer = new BoxComposer(this.#parts.compose, boxes);
    for (const [index, box] of boxes.entries()) {
      const broken = this.#failedByEvent();
      if (broken !== null) return broken;
      const what = `${name}, image ${index + 1}`;
      let pixels: Uint8Array;
      try {
        pixels = await composer.take(index);
      } catch (error) {
        return { kind: "failed", text: `${what} cannot be composed: ${messageOf(error)}` };
      }
      const { columns, rows } = box;
      const set = await setImageBox(
        this.#channel,
        { position: index + 1, columns, rows, pixels },
        imageBoxUids[index] ?? "",
        this.#options(print.nSetTimeout),
      );
      if (set.kind !== "success") return this.#failed(`${what}: N-SET of the image box`, set);
      this.#note(what, set);
    }
    const broken = this.#failedByEvent();
    if (broken !== null) return broken;
    return this.#ask(film, name, created.sopInstanceUid);
  }

  /** N-ACTION, and what follows it. */
  async #ask(film: number, name: string, filmBoxUid: string): Promise<PrintOutcome | null> {
    const { print } = this.#parts.configuration();
    if (this.#request.signal.aborted) return { kind: "interrupted" };
    await this.#hooks.mayBeOut(film);
    this.#acting = true;
    const printed = await printFilmBox(
      this.#channel,
      filmBoxUid,
      this.#options(print.nActionTimeout),
    );
    this.#acting = false;
    const what = `${name}: N-ACTION of the film box`;
    switch (printed.kind) {
      case "success":
        this.#note(name, printed);
        await this.#hooks.printed(film);
        break;
      case "refused":
      case "not-supported":
        await this.#hooks.notOut(film);
        return this.#failed(what, printed);
      default: {
        const { text } = this.#tell(what, printed);
        return { kind: "in-doubt", film, text };
      }
    }
    if (this.#association.end === null && !this.#request.signal.aborted) {
      const deleted = await deleteFilmBox(
        this.#channel,
        filmBoxUid,
        this.#options(print.nDeleteTimeout),
      );
      this.#note(`${name}: N-DELETE of the film box`, deleted);
    }
    return this.#failedByEvent();
  }

  #filmBox(film: number) {
    const {
      displayFormat = "",
      orientation = "PORTRAIT",
      filmSize = "",
    } = this.#request.films[film] ?? {};
    const { magnification, smoothing, borderDensity, emptyImageDensity, minDensity, maxDensity } =
      this.#printer;
    return {
      displayFormat,
      orientation,
      filmSize,
      magnification,
      smoothing: smoothing === "" ? undefined : smoothing,
      borderDensity,
      emptyImageDensity,
      minDensity,
      maxDensity,
      reduced: this.#request.reduced,
    };
  }

  #options(timeoutS: number): PrintOptions {
    const { local } = this.#parts.configuration();
    return {
      timeoutMs: timeoutS * 1000,
      text: {
        characterSet: this.#remote.characterSet ?? local.characterSet,
        fallbackCharacterSet: local.fallbackCharacterSet,
      },
      acceptWarnings: true,
    };
  }

  /** Table 4.2-67. */
  #judge(printer: { value: string; info: string; stateActions: readonly string[] }) {
    const { value, info, stateActions } = printer;
    const state = value === "" ? "NOT READY" : PRINTER_STATES.has(value) ? value : foreign(value);
    const text = this.#says(`printer status ${state}${infoText(info)}`);
    if (stateActions.includes("log")) this.#hooks.log(text);
    if (stateActions.includes("continue")) return null;
    this.#parts.log.warn("printer-failure", { remote: this.#remote.id, text });
    return { kind: "printer-failure", text } as const;
  }

  /** Table 4.2-69. */
  #heard(event: PrinterEvent): void {
    const text = this.#says(`printer event ${event.event}${infoText(event.info)}`);
    if (event.actions.includes("log")) {
      this.#hooks.log(text);
      this.#parts.log.warn("printer-event", { remote: this.#remote.id, event: event.event, text });
    }
    if (event.actions.includes("fail-job")) this.#failure ??= event;
  }

  #failedByEvent(): PrintOutcome | null {
    if (this.#failure === null) return null;
    const { info } = this.#failure;
    const text = `printer event failure${infoText(info)}; look at the printer which films came out, then try again to print those it did not accept`;
    return { kind: "failed", text: this.#says(text) };
  }

  #failed(what: string, failed: Failed): PrintOutcome {
    const { text } = this.#tell(what, failed);
    if (this.#request.signal.aborted) return { kind: "interrupted" };
    return failed.kind === "refused" && failed.status === INVALID_ATTRIBUTE_VALUE
      ? { kind: "invalid-value", text }
      : { kind: "failed", text };
  }

  #tell(what: string, failed: Failed): { readonly text: string } {
    const text = this.#says(`${what}: ${failed.text}`);
    if (failed.kind === "timeout" || failed.kind === "aborted")
      this.#parts.states.failed(this.#remote.id, text);
    return { text };
  }

  /** Puts a warning, or a deletion that failed, into the job's log. */
  #note(what: string, outcome: Done | Failed): void {
    if (outcome.kind === "success" && !outcome.warning) return;
    const text = this.#says(`${what}: ${outcome.text}`);
    this.#hooks.log(text);
    this.#parts.log.warn("print-warning", { remote: this.#remote.id, text });
  }

  #says(text: string): string {
    return `${this.#remote.id} (${this.#remote.aeTitle}): ${text}`;
  }
}

/** What the printer says besides, behind a comma. */
const infoText = (info: string) => (info === "" ? "" : `, ${foreign(info)}`);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
