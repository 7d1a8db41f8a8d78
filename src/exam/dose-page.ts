// The dose page of an exam: what a technician and a physicist want to see of its radiation at a glance.
// The figures are those of the dose report.

import { type Configuration, protocolsOf } from "../config/configuration.ts";
import { dicomDateTime } from "../core/clock.ts";
import { decimalText, dGyCm2Text, doseTotals, secondsText } from "../model/dose.ts";
import type { Exam } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";
import { PAGE_TABLE_ROWS_MAX, type PageColumn, type TextPage } from "../workers/render/page.ts";

const column = (title: string, share: number, align: PageColumn["align"] = "right") => ({
  title,
  align,
  share,
});

const COLUMNS: readonly PageColumn[] = [
  column("No.", 0.05, "left"),
  column("Time", 0.09, "left"),
  column("Protocol", 0.23, "left"),
  column("Kind", 0.12, "left"),
  column("kV", 0.06),
  column("mA", 0.07),
  column("ms", 0.08),
  column("Frames", 0.08),
  column("DAP dGy·cm²", 0.12),
  column("Dose mGy", 0.1),
];

/** Decimal places of kV, mA and ms on the page. */
const TECHNIQUE_DECIMALS = 1;
/** A dose of 1 nGy is 0.000001 mGy. */
const MILLIGRAY_DECIMALS = 6;

const milliGrayText = (gray: number) => decimalText(gray * 1000, MILLIGRAY_DECIMALS);

export function dosePage(exam: Exam, configuration: Configuration): TextPage {
  const { timeZone, institutionName, manufacturer, modelName } = configuration.device;
  const protocols = protocolsOf(configuration);
  const totals = doseTotals(exam.exposures);
  const at = (epochMs: number) => dicomDateTime(epochMs, timeZone);
  const row = (exposure: Exposure, index: number): readonly string[] => {
    const { report } = exposure;
    return [
      String(index + 1),
      clockText(at(report.startMs).time),
      protocols.find((p) => p.id === exposure.protocolId)?.name ?? exposure.protocolId,
      exposure.kind,
      decimalText(report.kv, TECHNIQUE_DECIMALS),
      decimalText(report.ma, TECHNIQUE_DECIMALS),
      decimalText(report.exposureTimeMs, TECHNIQUE_DECIMALS),
      String(exposure.frames),
      dGyCm2Text(report.dap),
      milliGrayText(report.doseRp),
    ];
  };
  const studied = at(exam.studyStartedMs);
  const left = exam.exposures.length - PAGE_TABLE_ROWS_MAX;
  return {
    title: "Radiation dose",
    facts: [
      ["Patient", exam.patient.patientName],
      ["Study", `${dateText(studied.date)} ${clockText(studied.time)}`],
      ["Patient ID", exam.patient.patientId],
      ["Accession no.", exam.accessionNumber],
      ["Birth date", dateText(exam.patient.birthDate ?? "")],
      ["Description", exam.studyDescription],
      ["Sex", exam.patient.sex ?? ""],
      ["Operator", exam.operator],
      ["Institution", institutionName],
      ["Device", `${manufacturer} ${modelName}`],
    ],
    columns: COLUMNS,
    rows: exam.exposures.map(row),
    totals: [
      ["Total DAP", `${dGyCm2Text(totals.dap)} dGy·cm²`],
      ["Total dose", `${milliGrayText(totals.doseRp)} mGy (reference point)`],
      ["Fluoroscopy DAP", `${dGyCm2Text(totals.fluoroDap)} dGy·cm²`],
      ["Fluoroscopy time", `${secondsText(totals.fluoroTime)} s`],
      ["Irradiation events", String(exam.exposures.length)],
      ["Radiographic frames", String(totals.radiographicFrames)],
    ],
    note: left > 0 ? `${left} more events are in the dose report.` : undefined,
  };
}

const dateText = (da: string) => da.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
const clockText = (tm: string) => tm.replace(/^(\d{2})(\d{2})(\d{2})$/, "$1:$2:$3");
