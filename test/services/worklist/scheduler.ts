// A worklist server as tests script it, and the items it answers with.

import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { Reply } from "../../../src/dicom/dimse/message.ts";
import { type ScriptedPeer, type SeenAssociation, scriptedPeer } from "../../dicom/peer.ts";

export interface AnswerFacts {
  readonly name?: string;
  readonly patientId?: string;
  readonly accessionNumber?: string;
  readonly requestedProcedureId?: string;
  readonly stepId?: string;
  readonly modality?: string;
  readonly station?: string;
  readonly date?: string;
  readonly time?: string;
  readonly studyUid?: string;
  readonly step?: (step: DataSet) => DataSet;
  readonly more?: (answer: DataSet) => DataSet;
}

/** One answer; absent facts have plain values, empty ones zero length. */
export function answerOf(facts: AnswerFacts = {}): DataSet {
  const put = (set: DataSet, tag: number, vr: "LO" | "SH" | "CS" | "DA", value: string) =>
    value === "" ? set.text(tag, vr) : set.text(tag, vr, value);
  const step = new DataSet();
  put(step, Tag.Modality, "CS", facts.modality ?? "RF");
  step.text(Tag.ScheduledStationAETitle, "AE", facts.station ?? "UDR10A");
  put(step, Tag.ScheduledProcedureStepStartDate, "DA", facts.date ?? "20260105");
  step.text(Tag.ScheduledProcedureStepStartTime, "TM", facts.time ?? "090000");
  step.text(Tag.ScheduledProcedureStepDescription, "LO", "Swallow");
  put(step, Tag.ScheduledProcedureStepID, "SH", facts.stepId ?? "SPS1");
  const answer = new DataSet();
  put(answer, Tag.AccessionNumber, "SH", facts.accessionNumber ?? "A1");
  answer.text(Tag.PatientName, "PN", facts.name ?? "Doe^Jane");
  put(answer, Tag.PatientID, "LO", facts.patientId ?? "P1");
  put(answer, Tag.RequestedProcedureID, "SH", facts.requestedProcedureId ?? "RP1");
  answer.text(Tag.RequestedProcedureDescription, "LO", "Upper GI");
  if (facts.studyUid !== "") answer.text(Tag.StudyInstanceUID, "UI", facts.studyUid ?? "1.2.3.77");
  answer.sequence(Tag.ScheduledProcedureStepSequence, facts.step?.(step) ?? step);
  return facts.more?.(answer) ?? answer;
}

export type Line =
  /** Pending with an item. */
  | DataSet
  /** A status: pending without a data set, or final. */
  | number
  | "abort"
  | "silence"
  /** Waits for the C-CANCEL. */
  | "await-cancel";

export interface Scheduler extends AsyncDisposable {
  readonly peer: ScriptedPeer;
  readonly port: number;
  /** Identifiers received, in their order. */
  readonly asked: DataSet[];
  /** What the next queries are answered with; Success follows where no status ends it. */
  lines: readonly Line[] | ((identifier: DataSet) => readonly Line[]);
  /** Status of pending answers. */
  pending: number;
  cancels: number;
}

export async function startScheduler(
  lines: Scheduler["lines"] = [],
  onAssociation?: (seen: SeenAssociation) => void,
): Promise<Scheduler> {
  const asked: DataSet[] = [];
  const scheduler = { asked, lines, pending: 0xff00, cancels: 0 };
  const serve = async (
    reply: Reply<"C-FIND-RQ">,
    data: Uint8Array | null,
    abort: () => void,
  ): Promise<void> => {
    const identifier = decodeDataSet(data ?? new Uint8Array(), { explicitVr: false }).dataSet;
    asked.push(identifier);
    const script =
      typeof scheduler.lines === "function" ? scheduler.lines(identifier) : scheduler.lines;
    for (const line of script) {
      if (line === "abort") return abort();
      if (line === "silence") return new Promise<void>(() => {});
      if (line === "await-cancel") {
        while (!reply.cancelled) await new Promise<void>((resolve) => setImmediate(resolve));
        scheduler.cancels++;
        continue;
      }
      if (typeof line === "number") {
        await reply.respond({ status: line });
        return;
      }
      const bytes = encodeDataSet(line, { explicitVr: false, characterSet: "default-kanji" });
      await reply.respond({ status: scheduler.pending }, [bytes]);
    }
    await reply.respond({ status: 0 });
  };
  const peer = await scriptedPeer({
    handlers: (seen) => ({
      "C-FIND-RQ": (_, reply) => ({
        end: (data) => serve(reply, data, () => seen().association.abort()),
      }),
    }),
    ...(onAssociation === undefined ? {} : { onAssociation }),
  });
  return Object.assign(scheduler, {
    peer,
    port: peer.port,
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  });
}
