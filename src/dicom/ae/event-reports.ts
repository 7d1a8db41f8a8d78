// N-EVENT-REPORT as the device takes it in (PS3.7 §10.1.1): tables of event types, and one handler
// that hands each report to the service of its SOP class.

import { DataSet } from "../data/data-set.ts";
import { DecodeError } from "../data/decode-error.ts";
import type { CommandOf } from "../dimse/command.ts";
import type { RequestHandler } from "../dimse/message.ts";
import { type Action, STATUS } from "../dimse/status.ts";
import { decodeFrom } from "./data-sets.ts";

export interface EventRow {
  /** "*": every other event type. */
  readonly eventTypeId: number | "*";
  readonly event: string;
  readonly actions: readonly Action[];
}

export interface EventTable {
  readonly table: string;
  readonly operation: string;
  readonly rows: readonly EventRow[];
}

/** The row of an event type; undefined where the table has none. */
export function eventRow(table: EventTable, eventTypeId: number): EventRow | undefined {
  return (
    table.rows.find((row) => row.eventTypeId === eventTypeId) ??
    table.rows.find((row) => row.eventTypeId === "*")
  );
}

/** What a service answers. */
export interface EventAnswer {
  readonly status: number;
  /** Sent always (C9); of the request unless the service had to tell it from the content. */
  readonly eventTypeId?: number | undefined;
  readonly errorComment?: string | undefined;
}

export interface EventService {
  readonly sopClassUid: string;
  /** May throw: the report is then answered 0110. */
  take(command: CommandOf<"N-EVENT-REPORT-RQ">, dataSet: DataSet): Promise<EventAnswer>;
}

/** A handler for the reports of these services; a class of none of them is answered 0118. */
export function serveEventReports(
  services: readonly EventService[],
  options: {
    readonly fallbackCharacterSet?: string | undefined;
    /** Hears of every report that was answered with a failure. */
    readonly onFailure?: ((reason: string) => void) | undefined;
  } = {},
): RequestHandler<"N-EVENT-REPORT-RQ"> {
  return ({ command, context }, reply) => {
    const fail = (answer: EventAnswer): EventAnswer => {
      options.onFailure?.(answer.errorComment ?? "");
      return answer;
    };
    const answerTo = async (data: Uint8Array | null): Promise<EventAnswer> => {
      const service = services.find((s) => s.sopClassUid === command.affectedSopClassUid);
      if (service === undefined) {
        const errorComment = "no events of this SOP class are taken";
        return fail({ status: STATUS.noSuchSopClass, errorComment });
      }
      try {
        const dataSet = data === null ? new DataSet() : decodeFrom(context, data, options);
        const answer = await service.take(command, dataSet);
        return answer.status === STATUS.success ? answer : fail(answer);
      } catch (error) {
        const errorComment =
          error instanceof DecodeError ? "data set cannot be read" : "cannot be recorded";
        return fail({ status: STATUS.processingFailure, errorComment });
      }
    };
    return {
      async end(data) {
        const { status, eventTypeId, errorComment } = await answerTo(data);
        await reply.respond({
          status,
          eventTypeId: eventTypeId ?? command.eventTypeId ?? EVENT_TYPE_UNKNOWN,
          errorComment,
        });
      },
    };
  };
}

/** Stands in a response to a report that had no Event Type ID and whose content told none. */
const EVENT_TYPE_UNKNOWN = 0;
