// Irradiation Event X-Ray Source Data: PS3.16 TID 10003B, which the statement lacks (E96). The rows
// of Mammography, filters, grid and anode are left out: they are optional or of other modalities.

import { irradiationDuration } from "../../../model/dose.ts";
import {
  CONTINUOUS,
  type EventContext,
  fluoroMode,
  hasPulses,
  isFluoroscopy,
  PULSED,
  REFERENCE_POINTS,
  referencePoint,
} from "./context.ts";
import { dcm, numeric, type Template, type TemplateRowHead } from "./template.ts";

const added = (row: Omit<TemplateRowHead, "level" | "relationship" | "vm" | "added" | "errata">) =>
  ({
    ...row,
    level: 0,
    relationship: "CONTAINS",
    vm: "1",
    added: true,
    errata: ["E96"],
  }) as const satisfies TemplateRowHead;

export const irradiationEventSource: Template<EventContext> = {
  tid: "10003B",
  name: "Irradiation Event X-Ray Source Data",
  table: "TID 10003B",
  rows: [
    numeric(
      added({
        row: "1",
        valueType: "NUM",
        concept: dcm("113738", "Dose (RP)"),
        presence: "ALWAYS",
        requirement: "MC",
      }),
      "Gy",
      ({ event }) => event.exposure.report.doseRp,
    ),
    {
      ...added({
        row: "3",
        valueType: "CODE",
        concept: dcm("113780", "Reference Point Definition"),
        presence: "ALWAYS",
        requirement: "MC",
        codes: REFERENCE_POINTS,
        contextGroup: "10025",
      }),
      read: ({ report }) => referencePoint(report),
    },
    {
      ...added({
        row: "5",
        valueType: "CODE",
        concept: dcm("113732", "Fluoro Mode"),
        presence: "ALWAYS",
        when: { ownEventType: "44491008" },
        otherwise: "ABSENT",
        requirement: "UC",
        codes: [CONTINUOUS, PULSED],
        contextGroup: "10004",
      }),
      applies: ({ event }) => isFluoroscopy(event),
      read: ({ event }) => fluoroMode(event),
    },
    numeric(
      {
        ...added({
          row: "6",
          valueType: "NUM",
          concept: dcm("113791", "Pulse Rate"),
          presence: "ALWAYS",
          when: { fluoroMode: ["113631"] },
          otherwise: "ABSENT",
          requirement: "MC",
        }),
        applies: ({ event }) => fluoroMode(event) === PULSED,
      },
      "{pulse}/s",
      ({ event }) => event.exposure.report.pulseRate,
    ),
    numeric(
      {
        ...added({
          row: "7",
          valueType: "NUM",
          concept: dcm("113768", "Number of Pulses"),
          presence: "ALWAYS",
          when: { fluoroMode: ["113631", null] },
          otherwise: "ABSENT",
          requirement: "MC",
        }),
        applies: ({ event }) => hasPulses(event),
      },
      "1",
      ({ event }) => Math.max(1, event.exposure.report.pulses),
    ),
    numeric(
      {
        ...added({
          row: "9",
          valueType: "NUM",
          concept: dcm("113793", "Pulse Width"),
          presence: "ANAP",
          when: { fluoroMode: ["113631", null] },
          otherwise: "ABSENT",
          requirement: "U",
        }),
        applies: ({ event }) => hasPulses(event),
      },
      "ms",
      ({ event: { exposure } }) =>
        exposure.report.pulseMs > 0 ? exposure.report.pulseMs : undefined,
    ),
    numeric(
      added({
        row: "10",
        valueType: "NUM",
        concept: dcm("113742", "Irradiation Duration"),
        presence: "ALWAYS",
        requirement: "U",
      }),
      "s",
      ({ event }) => irradiationDuration(event.exposure),
    ),
    numeric(
      added({
        row: "11",
        valueType: "NUM",
        concept: dcm("113733", "KVP"),
        presence: "ALWAYS",
        requirement: "M",
      }),
      "kV",
      ({ event }) => event.exposure.report.kv,
    ),
    numeric(
      added({
        row: "12",
        valueType: "NUM",
        concept: dcm("113734", "X-Ray Tube Current"),
        presence: "ALWAYS",
        requirement: "MC",
      }),
      "mA",
      ({ event }) => event.exposure.report.ma,
    ),
    numeric(
      added({
        row: "14",
        valueType: "NUM",
        concept: dcm("113824", "Exposure Time"),
        presence: "ALWAYS",
        requirement: "MC",
      }),
      "ms",
      ({ event }) => event.exposure.report.exposureTimeMs,
    ),
  ],
};
