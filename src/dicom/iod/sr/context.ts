// What the templates of the dose report read: the report's facts with its totals, and each event.

import type { Code } from "../../../model/code.ts";
import type { DoseTotals } from "../../../model/dose.ts";
import type { ReportEventFacts, ReportFacts } from "../facts.ts";
import { date, time } from "../values.ts";
import { dcm, sct } from "./template.ts";

export interface ReportContext extends ReportFacts {
  readonly totals: DoseTotals;
}

export interface EventContext {
  readonly event: ReportEventFacts;
  readonly report: ReportContext;
}

/** CID 10002, the two the device makes (E93). */
export const FLUOROSCOPY = sct("44491008", "Fluoroscopy");
export const STATIONARY_ACQUISITION = dcm("113611", "Stationary Acquisition");

/** CID 10004. */
export const CONTINUOUS = dcm("113630", "Continuous");
export const PULSED = dcm("113631", "Pulsed");

/** Target Region is mandatory: what is written for a body part that has no code. CID 4031. */
export const ENTIRE_BODY = sct("38266002", "Entire body");

/** CID 10025 (E97). */
export const REFERENCE_POINTS: readonly Code[] = [
  dcm("113860", "15cm from Isocenter toward Source"),
  dcm("113861", "30cm in Front of Image Input Surface"),
  dcm("113862", "1cm above Tabletop"),
  dcm("113863", "30cm above Tabletop"),
  dcm("113864", "15cm from Table Centerline"),
  dcm("113941", "In Detector Plane"),
  dcm("113964", "At Surface of Patient"),
  dcm("113965", "100cm from X-Ray Source"),
];

export const hasFluoroscopy = (report: ReportContext) => report.totals.hasFluoroscopy;

export const referencePoint = (report: ReportFacts) =>
  REFERENCE_POINTS.find((point) => point.value === report.referencePoint);

export const isFluoroscopy = ({ exposure }: ReportEventFacts) => exposure.kind === "fluoroscopy";

export const eventType = (event: ReportEventFacts) =>
  isFluoroscopy(event) ? FLUOROSCOPY : STATIONARY_ACQUISITION;

/** Mode of a fluoroscopy event; other events have none. */
export function fluoroMode(event: ReportEventFacts): Code | undefined {
  if (!isFluoroscopy(event)) return undefined;
  return event.exposure.report.pulseRate > 0 ? PULSED : CONTINUOUS;
}

/** Radiographs, serial runs and pulsed fluoroscopy have pulses, continuous fluoroscopy has none. */
export const hasPulses = (event: ReportEventFacts) => fluoroMode(event) !== CONTINUOUS;

/** DT of an instant, in the device's zone. */
export const localDateTime = (report: ReportFacts, epochMs: number) =>
  date(report, epochMs) + time(report, epochMs);
