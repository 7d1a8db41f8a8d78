// The department scheduler of the simulated day: a worklist and the performed procedure steps, as
// strict about their states as PS3.4 §F.7 is.

import { decodeFrom, encodeFor } from "../../src/dicom/ae/data-sets.ts";
import { serveVerification } from "../../src/dicom/ae/verification/serve-verification.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import type { RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { PEER_TEXT, type Served, SimPeer } from "./peer.ts";

export interface Order {
  readonly accessionNumber: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly birthDate: string;
  readonly sex: "M" | "F" | "O";
  readonly studyInstanceUid: string;
  readonly requestedProcedureId: string;
  readonly description: string;
  readonly stepId: string;
  /** DA */
  readonly date: string;
  /** TM */
  readonly time: string;
  readonly modality: string;
}

export interface Step {
  readonly created: DataSet;
  readonly createdMs: number;
  /** The data set of the N-SET that ended it. */
  set: DataSet | null;
  state: string;
}

const FINAL = ["COMPLETED", "DISCONTINUED"];
/** Error ID of a step in its final state, PS3.4 §F.7.2.2.3. */
const NO_LONGER_UPDATED = 0xa710;

export class SimRis extends SimPeer {
  protected readonly accepted: ReadonlySet<string> = new Set([
    SopClassUid.Verification,
    SopClassUid.ModalityWorklistFind,
    SopClassUid.ModalityPerformedProcedureStep,
  ]);
  readonly orders: Order[] = [];
  /** By SOP Instance UID. */
  readonly steps = new Map<string, Step>();
  readonly complaints: string[] = [];
  queries = 0;

  protected handlers(served: () => Served): RequestHandlers {
    /** Done, but the peer never hears of it. */
    const lost = (): boolean => {
      if (!this.chance(0.03)) return false;
      served().association.abort();
      return true;
    };
    return {
      "C-ECHO-RQ": serveVerification(),
      "C-FIND-RQ": ({ context }, reply) => ({
        end: async (data) => {
          this.queries++;
          if (this.chance(0.02)) return reply.respond({ status: 0xa700 });
          const keys = data === null ? new DataSet() : decodeFrom(context, data, {});
          for (const order of this.orders.filter((o) => matches(keys, o))) {
            if (reply.cancelled) return reply.respond({ status: 0xfe00 });
            await reply.respond({ status: 0xff00 }, encodeFor(context, itemOf(order), PEER_TEXT));
          }
          await reply.respond({ status: 0 });
        },
      }),
      "N-CREATE-RQ": ({ command, context }, reply) => ({
        end: async (data) => {
          if (this.chance(0.02)) await this.sleep(this.parts.random.int(1_000, 120_000));
          const uid = command.affectedSopInstanceUid;
          if (data === null || uid === undefined) return reply.respond({ status: 0x0110 });
          if (this.chance(0.01)) return reply.respond({ status: 0x0110 });
          if (this.steps.has(uid)) return reply.respond({ status: 0x0111 });
          const created = decodeFrom(context, data, {});
          const state = created.string(Tag.PerformedProcedureStepStatus) ?? "";
          if (state !== "IN PROGRESS") this.complaints.push(`${uid}: created as "${state}"`);
          this.steps.set(uid, { created, createdMs: this.parts.clock.nowMs(), set: null, state });
          if (!lost()) await reply.respond({ status: 0 });
        },
      }),
      "N-SET-RQ": ({ command, context }, reply) => ({
        end: async (data) => {
          if (this.chance(0.02)) await this.sleep(this.parts.random.int(1_000, 120_000));
          const uid = command.requestedSopInstanceUid;
          const step = this.steps.get(uid);
          if (this.chance(0.01)) return reply.respond({ status: 0x0110 });
          if (step === undefined) return reply.respond({ status: 0x0112 });
          if (FINAL.includes(step.state))
            return reply.respond({ status: 0x0110, errorId: NO_LONGER_UPDATED });
          const set = data === null ? new DataSet() : decodeFrom(context, data, {});
          const state = set.string(Tag.PerformedProcedureStepStatus) ?? step.state;
          if (!FINAL.includes(state)) this.complaints.push(`${uid}: set to "${state}"`);
          step.state = state;
          step.set = set;
          if (!lost()) await reply.respond({ status: 0 });
        },
      }),
    };
  }
}

/** Matching by the keys the day uses: single values and the date. */
function matches(keys: DataSet, order: Order): boolean {
  const step = keys.items(Tag.ScheduledProcedureStepSequence)[0];
  const wanted = (value: string | undefined, is: string) =>
    value === undefined || value === "*" || value === is;
  return (
    wanted(keys.string(Tag.AccessionNumber), order.accessionNumber) &&
    wanted(keys.string(Tag.PatientID), order.patientId) &&
    wanted(keys.string(Tag.RequestedProcedureID), order.requestedProcedureId) &&
    wanted(step?.string(Tag.Modality), order.modality) &&
    inRange(step?.string(Tag.ScheduledProcedureStepStartDate), order.date)
  );
}

function inRange(range: string | undefined, date: string): boolean {
  if (range === undefined) return true;
  const [from = "", to = from] = range.split("-");
  return (from === "" || date >= from) && (to === "" || date <= to);
}

function itemOf(order: Order): DataSet {
  return new DataSet()
    .text(Tag.AccessionNumber, "SH", order.accessionNumber)
    .text(Tag.PatientName, "PN", order.patientName)
    .text(Tag.PatientID, "LO", order.patientId)
    .text(Tag.PatientBirthDate, "DA", order.birthDate)
    .text(Tag.PatientSex, "CS", order.sex)
    .text(Tag.StudyInstanceUID, "UI", order.studyInstanceUid)
    .text(Tag.RequestedProcedureDescription, "LO", order.description)
    .text(Tag.RequestedProcedureID, "SH", order.requestedProcedureId)
    .sequence(
      Tag.ScheduledProcedureStepSequence,
      new DataSet()
        .text(Tag.Modality, "CS", order.modality)
        .text(Tag.ScheduledStationAETitle, "AE", "UDR10A")
        .text(Tag.ScheduledProcedureStepStartDate, "DA", order.date)
        .text(Tag.ScheduledProcedureStepStartTime, "TM", order.time)
        .text(Tag.ScheduledProcedureStepDescription, "LO", order.description)
        .text(Tag.ScheduledProcedureStepID, "SH", order.stepId),
    );
}
