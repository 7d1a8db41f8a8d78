// Statuses of the print dialogue (PS3.4 Annex H), one table an operation, and what the printer's own
// state and events mean.

import { type Action, type StatusTable, statusRow } from "../../dimse/status.ts";
import type { EventTable } from "../event-reports.ts";

/** PS3.7 §C.5.10: an attribute had a value the printer cannot take (quirk F4). */
export const INVALID_ATTRIBUTE_VALUE = 0x0106;

const GO_ON: readonly Action[] = ["continue"];
const WARNED: readonly Action[] = ["continue", "log", "report-user"];
const FAILED: readonly Action[] = ["abort-association", "fail-job", "log", "report-user"];

// biome-ignore format: one row a line
export const PRINTER_STATUS_ANSWER: StatusTable = {
  table: "4.2-68",
  operation: "N-GET of the printer",
  rows: [
    statusRow("0000", "Success", "done", GO_ON),
    statusRow("*", "*", "any other", FAILED, { erratum: ["E42"] }),
  ],
};

// biome-ignore format: one row a line
export const PRINTER_EVENT_ANSWERS: StatusTable = {
  table: "4.2-70",
  operation: "N-EVENT-REPORT response sent",
  rows: [
    statusRow("0000", "Success", "received", []),
    statusRow("0113", "Failure", "no such event type", []),
    statusRow("0110", "Failure", "processing failure", ["log"]),
  ],
};

// biome-ignore format: one row a line
export const FILM_SESSION_CREATE_STATUS: StatusTable = {
  table: "4.2-72",
  operation: "N-CREATE of the film session",
  rows: [
    statusRow("0000", "Success", "done", GO_ON),
    statusRow("0116", "Warning", "attribute value out of range", WARNED),
    statusRow("0107", "Warning", "attribute list error", WARNED),
    statusRow("*", "*", "any other", FAILED),
  ],
};

// biome-ignore format: one row a line
export const FILM_SESSION_DELETE_STATUS: StatusTable = {
  table: "4.2-73",
  operation: "N-DELETE of the film session",
  rows: [
    statusRow("0000", "Success", "done", GO_ON, { erratum: ["E34"] }),
    statusRow("*", "*", "any other", FAILED, { erratum: ["E34"] }),
  ],
};

// biome-ignore format: one row a line
export const FILM_BOX_DELETE_STATUS: StatusTable = {
  table: "4.2-73a",
  operation: "N-DELETE of a film box",
  rows: [
    statusRow("0000", "Success", "done", GO_ON, { added: true, erratum: ["E36"] }),
    statusRow("*", "*", "any other", ["continue", "log"], { added: true, erratum: ["E36"] }),
  ],
};

// biome-ignore format: one row a line
export const FILM_BOX_CREATE_STATUS: StatusTable = {
  table: "4.2-75",
  operation: "N-CREATE of a film box",
  rows: [
    statusRow("0000", "Success", "done", GO_ON),
    statusRow("0116", "Warning", "attribute value out of range", WARNED),
    statusRow("0107", "Warning", "attribute list error", WARNED),
    statusRow("B605", "Warning", "density outside the range of the printer", WARNED),
    statusRow("*", "*", "any other", FAILED),
  ],
};

// biome-ignore format: one row a line
export const FILM_BOX_PRINT_STATUS: StatusTable = {
  table: "4.2-76",
  operation: "N-ACTION of a film box",
  rows: [
    statusRow("0000", "Success", "accepted for printing", GO_ON),
    statusRow("B604", "Warning", "image demagnified", WARNED),
    statusRow("B609", "Warning", "image cropped", WARNED),
    statusRow("B60A", "Warning", "image decimated", WARNED),
    statusRow("C602", "Failure", "print queue full", FAILED),
    statusRow("C603", "Failure", "image larger than image box", FAILED),
    statusRow("C613", "Failure", "combined image larger than image box", FAILED),
    statusRow("*", "*", "any other", FAILED),
  ],
};

// biome-ignore format: one row a line
export const IMAGE_BOX_SET_STATUS: StatusTable = {
  table: "4.2-78",
  operation: "N-SET of an image box",
  rows: [
    statusRow("0000", "Success", "stored in the image box", GO_ON),
    statusRow("0116", "Warning", "attribute value out of range", WARNED),
    statusRow("0107", "Warning", "attribute list error", WARNED),
    statusRow("B604", "Warning", "image demagnified", WARNED),
    statusRow("B605", "Warning", "density outside the range of the printer", WARNED),
    statusRow("B609", "Warning", "image cropped", WARNED),
    statusRow("B60A", "Warning", "image decimated", WARNED),
    statusRow("C603", "Failure", "image larger than image box", FAILED),
    statusRow("C605", "Failure", "printer memory full", FAILED),
    statusRow("C613", "Failure", "combined image larger than image box", FAILED),
    statusRow("*", "*", "any other", FAILED),
  ],
};

/** The printer's events; WARNING prints on (E35). */
export const PRINTER_EVENTS: EventTable = {
  table: "4.2-69",
  operation: "N-EVENT-REPORT received",
  rows: [
    { eventTypeId: 1, event: "normal", actions: GO_ON },
    { eventTypeId: 2, event: "warning", actions: WARNED },
    { eventTypeId: 3, event: "failure", actions: ["fail-job", "log", "report-user"] },
    { eventTypeId: "*", event: "any other", actions: ["answer-0113"] },
  ],
};

export interface PrinterStateRow {
  /** Printer Status (2110,0010); empty where the printer tells none (F10). */
  readonly value: string;
  readonly actions: readonly Action[];
  readonly erratum?: readonly string[] | undefined;
}

export const PRINTER_STATES: { readonly table: string; readonly rows: readonly PrinterStateRow[] } =
  {
    table: "4.2-67",
    rows: [
      { value: "NORMAL", actions: GO_ON },
      { value: "WARNING", actions: WARNED, erratum: ["E35"] },
      {
        value: "FAILURE",
        actions: ["release-association", "fail-job", "log", "report-user", "retry-auto"],
        erratum: ["E35"],
      },
      { value: "", actions: WARNED },
    ],
  };
