// N-EVENT-REPORT of a printer during a print job (PS3.4 §H.4.6.2.1): Tables 4.2-69 and 4.2-70.

import { Tag } from "../../dict/attributes.ts";
import { SopClassUid } from "../../dict/uids.ts";
import { type Action, STATUS } from "../../dimse/status.ts";
import { type EventService, eventRow } from "../event-reports.ts";
import { PRINTER_EVENTS } from "./status.ts";

export interface PrinterEvent {
  readonly eventTypeId: number;
  /** "normal", "warning", "failure". */
  readonly event: string;
  /** Printer Status Info (2110,0020), empty where the printer told none. */
  readonly info: string;
  readonly actions: readonly Action[];
}

/** The event service of the printer. When `onEvent` rejects the report is answered 0110. */
export function printerEvents(
  onEvent: (event: PrinterEvent) => Promise<void> | void,
): EventService {
  return {
    sopClassUid: SopClassUid.Printer,
    async take(command, dataSet) {
      // Without an Event Type ID (C9) nothing tells which one it was.
      const eventTypeId = command.eventTypeId ?? 0;
      const row = eventRow(PRINTER_EVENTS, eventTypeId);
      if (row === undefined || row.actions.includes("answer-0113"))
        return { status: STATUS.noSuchEventType };
      const info = dataSet.string(Tag.PrinterStatusInfo) ?? "";
      await onEvent({ eventTypeId, event: row.event, info, actions: row.actions });
      return { status: STATUS.success };
    },
  };
}
