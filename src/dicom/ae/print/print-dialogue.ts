// The print dialogue as SCU (PS3.4 §H.4), one function a request, strictly one after the other (F2):
// printer state, film session, film box, image boxes, print, delete. The order, the pages and what
// becomes of a job are the print service's.

import { assert } from "../../../core/assert.ts";
import { DataSet } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { SopClassUid, WellKnownInstanceUid } from "../../dict/uids.ts";
import type { DimseChannel, Numberless } from "../../dimse/channel.ts";
import type { RequestKind, ResponseOf } from "../../dimse/command.ts";
import type { Body } from "../../dimse/message.ts";
import { type Action, matchStatus, type StatusTable } from "../../dimse/status.ts";
import type { AcceptedContext } from "../../ul/association.ts";
import { encodeFor, type PeerText, readable } from "../data-sets.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import {
  type FilmBox,
  type FilmSession,
  filmBoxDataSet,
  filmSessionDataSet,
  type ImageBox,
  PRINTER_TAGS,
} from "./attributes.ts";
import { PRINT_FAILURES } from "./failures.ts";
import { imageBoxBody } from "./image-box-body.ts";
import {
  FILM_BOX_CREATE_STATUS,
  FILM_BOX_DELETE_STATUS,
  FILM_BOX_PRINT_STATUS,
  FILM_SESSION_CREATE_STATUS,
  FILM_SESSION_DELETE_STATUS,
  IMAGE_BOX_SET_STATUS,
  PRINTER_STATES,
  PRINTER_STATUS_ANSWER,
} from "./status.ts";

/** PS3.4 §H.4.2.2.4: print the film box. */
const PRINT = 1;

export interface PrintOptions {
  readonly timeoutMs: number;
  readonly text: PeerText;
  /** Every warning B600 to B60F counts as done, also one without a row (F5). Off by default. */
  readonly acceptWarnings?: boolean | undefined;
}

/** The request was carried out; with a warning, what it was. */
export interface Done {
  readonly kind: "success";
  readonly status: number;
  readonly text: string;
  readonly warning: boolean;
  readonly actions: readonly Action[];
}

export interface PrinterState {
  /** NORMAL, WARNING, FAILURE; empty where the printer tells none: shown as NOT READY. */
  readonly value: string;
  readonly info: string;
  /** Of Table 4.2-67. */
  readonly stateActions: readonly Action[];
}

/** N-GET of the printer (PS3.4 §H.4.6). Attributes not asked for are ignored (F10). */
export async function printerState(
  channel: DimseChannel,
  options: PrintOptions,
): Promise<(Done & { readonly printer: PrinterState }) | Failed> {
  const answer = await ask(channel, PRINTER_STATUS_ANSWER, options, {
    kind: "N-GET-RQ",
    requestedSopClassUid: SopClassUid.Printer,
    requestedSopInstanceUid: WellKnownInstanceUid.Printer,
    attributeIdentifierList: PRINTER_TAGS,
  });
  if (answer.kind !== "success") return answer;
  const value = answer.dataSet?.string(Tag.PrinterStatus) ?? "";
  const info = answer.dataSet?.string(Tag.PrinterStatusInfo) ?? "";
  return { ...answer.done, printer: { value, info, stateActions: stateActions(value) } };
}

/** A value of no row is shown and printed on, like an empty one. */
function stateActions(value: string): readonly Action[] {
  const row =
    PRINTER_STATES.rows.find((state) => state.value === value) ??
    PRINTER_STATES.rows.find((state) => state.value === "");
  return row?.actions ?? [];
}

export interface Created extends Done {
  /** The printer's UID for what it created. */
  readonly sopInstanceUid: string;
}

/** N-CREATE of the film session; the printer chooses the UID. */
export async function createFilmSession(
  channel: DimseChannel,
  session: FilmSession,
  options: PrintOptions,
): Promise<Created | Failed> {
  const answer = await ask(
    channel,
    FILM_SESSION_CREATE_STATUS,
    options,
    { kind: "N-CREATE-RQ", affectedSopClassUid: SopClassUid.BasicFilmSession },
    filmSessionDataSet(session),
  );
  if (answer.kind !== "success") return answer;
  const sopInstanceUid = answer.response.affectedSopInstanceUid;
  return sopInstanceUid === undefined
    ? lacking(channel, answer.done, "the printer named no film session")
    : { ...answer.done, sopInstanceUid };
}

export interface CreatedFilmBox extends Created {
  /** UIDs of the image boxes in the order of their positions, 1 first. */
  readonly imageBoxUids: readonly string[];
}

/** N-CREATE of a film box in a session. */
export async function createFilmBox(
  channel: DimseChannel,
  box: FilmBox,
  filmSessionUid: string,
  options: PrintOptions,
): Promise<CreatedFilmBox | Failed> {
  assert(box.minDensity <= box.maxDensity, "film box with minimum above maximum density");
  const answer = await ask(
    channel,
    FILM_BOX_CREATE_STATUS,
    options,
    { kind: "N-CREATE-RQ", affectedSopClassUid: SopClassUid.BasicFilmBox },
    filmBoxDataSet(box, filmSessionUid),
  );
  if (answer.kind !== "success") return answer;
  const sopInstanceUid = answer.response.affectedSopInstanceUid;
  const imageBoxUids = (answer.dataSet?.items(Tag.ReferencedImageBoxSequence) ?? [])
    .map((item) => item.string(Tag.ReferencedSOPInstanceUID))
    .filter((uid) => uid !== undefined);
  if (sopInstanceUid === undefined)
    return lacking(channel, answer.done, "the printer named no film box");
  if (imageBoxUids.length === 0)
    return lacking(channel, answer.done, "the printer named no image boxes");
  return { ...answer.done, sopInstanceUid, imageBoxUids };
}

/** N-SET of one image box. */
export async function setImageBox(
  channel: DimseChannel,
  box: ImageBox,
  imageBoxUid: string,
  options: PrintOptions,
): Promise<Done | Failed> {
  assert(box.pixels.byteLength === box.rows * box.columns, "image box pixels and size disagree");
  const answer = await ask(
    channel,
    IMAGE_BOX_SET_STATUS,
    options,
    {
      kind: "N-SET-RQ",
      requestedSopClassUid: SopClassUid.BasicGrayscaleImageBox,
      requestedSopInstanceUid: imageBoxUid,
    },
    (context) => imageBoxBody(context, box, options.text),
  );
  return answer.kind === "success" ? answer.done : answer;
}

/** N-ACTION that prints a film box; the reply argument is not looked at (E42). */
export async function printFilmBox(
  channel: DimseChannel,
  filmBoxUid: string,
  options: PrintOptions,
): Promise<Done | Failed> {
  const answer = await ask(channel, FILM_BOX_PRINT_STATUS, options, {
    kind: "N-ACTION-RQ",
    requestedSopClassUid: SopClassUid.BasicFilmBox,
    requestedSopInstanceUid: filmBoxUid,
    actionTypeId: PRINT,
  });
  return answer.kind === "success" ? answer.done : answer;
}

/** N-DELETE of a film box; what the printer answers is no failure of the film (E36, F8). */
export function deleteFilmBox(
  channel: DimseChannel,
  filmBoxUid: string,
  options: PrintOptions,
): Promise<Done | Failed> {
  return remove(channel, FILM_BOX_DELETE_STATUS, SopClassUid.BasicFilmBox, filmBoxUid, options);
}

/** N-DELETE of the film session. */
export function deleteFilmSession(
  channel: DimseChannel,
  filmSessionUid: string,
  options: PrintOptions,
): Promise<Done | Failed> {
  return remove(
    channel,
    FILM_SESSION_DELETE_STATUS,
    SopClassUid.BasicFilmSession,
    filmSessionUid,
    options,
  );
}

async function remove(
  channel: DimseChannel,
  table: StatusTable,
  sopClassUid: string,
  sopInstanceUid: string,
  options: PrintOptions,
): Promise<Done | Failed> {
  const answer = await ask(channel, table, options, {
    kind: "N-DELETE-RQ",
    requestedSopClassUid: sopClassUid,
    requestedSopInstanceUid: sopInstanceUid,
  });
  return answer.kind === "success" ? answer.done : answer;
}

interface Answered<K extends RequestKind> {
  readonly kind: "success";
  readonly done: Done;
  readonly response: ResponseOf<K>;
  readonly dataSet: DataSet | null;
}

/** One request on the meta class's context and its answer (B14). */
async function ask<
  K extends "N-GET-RQ" | "N-CREATE-RQ" | "N-SET-RQ" | "N-ACTION-RQ" | "N-DELETE-RQ",
>(
  channel: DimseChannel,
  table: StatusTable,
  options: PrintOptions,
  command: Numberless<K> & { readonly kind: K },
  content?: DataSet | ((context: AcceptedContext) => Body),
): Promise<Answered<K> | Failed> {
  const context = channel.context(SopClassUid.BasicGrayscalePrintManagementMeta);
  if (context === undefined) return notSupported(SopClassUid.BasicGrayscalePrintManagementMeta);
  const data: Body | undefined =
    content instanceof DataSet ? encodeFor(context, content, options.text) : content?.(context);
  const exchange = channel.request<K>(context, command, data);
  const step = await exchange.next(options.timeoutMs);
  exchange.close();
  if (step.kind !== "response") return brokenOff(channel, PRINT_FAILURES, step);

  const matched = matchStatus(table, step.response.status);
  const { service } = matched.row;
  const accepted = options.acceptWarnings === true && isPrintWarning(matched.status);
  const actions = accepted ? ACCEPTED_WARNING : matched.row.actions;
  if (!actions.includes("continue")) return refused(channel, matched, step.response);
  const warning = service !== "Success";
  const { status, text } = matched;
  return {
    kind: "success",
    done: { kind: "success", status, text, warning, actions },
    response: step.response,
    dataSet: readable(context, step.data, options.text),
  };
}

const ACCEPTED_WARNING: readonly Action[] = ["continue", "log", "report-user"];

/** PS3.4 Annex H: B600 to B60A. */
function isPrintWarning(status: number): boolean {
  return (status & 0xfff0) === 0xb600;
}

/** Success that lacks what the dialogue goes on with: a failure like any other status. */
function lacking(channel: DimseChannel, done: Done, what: string): Failed {
  const row = FILM_BOX_CREATE_STATUS.rows.find(({ code }) => code === "*");
  assert(row !== undefined, "table without a row for any other status");
  return refused(channel, { status: done.status, row, text: `${done.text}, but ${what}` });
}
