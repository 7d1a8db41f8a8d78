// Examinations as the tests know them, and one object of every IOD and variant made from them.

import type { BuiltObject } from "../../../src/dicom/iod/build.ts";
import type {
  CaptureFacts,
  ImageFacts,
  ObjectFacts,
  ReportFacts,
} from "../../../src/dicom/iod/facts.ts";
import { buildDoseReport, buildImage, buildScImage } from "../../../src/dicom/iod/objects.ts";
import type { DeviceIdentity, PanelIdentity } from "../../../src/model/device.ts";
import type { Exam, ExamSeries } from "../../../src/model/exam.ts";
import type { Exposure, ExposureReport, Geometry } from "../../../src/model/exposure.ts";
import type { ExposureKind, ImageObject, Protocol } from "../../../src/model/protocol.ts";
import {
  degrees,
  gy,
  gyM2,
  kiloVolts,
  mAsFrom,
  milliAmperes,
  millimetres,
  milliseconds,
  seconds,
} from "../../../src/model/units.ts";
import type { WorklistItem } from "../../../src/model/worklist-item.ts";

export const ROOT = "1.2.392.200036.9116.32.5";
export const STUDY_UID = `${ROOT}.1.1.11011921.20190129203615.100000`;
export const MPPS_UID = `${ROOT}.1.1.11011921.20190129203615.100001`;
/** 2019-01-29 20:36:15 in Tokyo. */
export const START_MS = Date.UTC(2019, 0, 29, 11, 36, 15);

export const device: DeviceIdentity = {
  manufacturer: "CANON_MEC",
  modelName: "UDR-10A",
  serialNumber: "A0123456",
  softwareVersions: "V2.1 SP0000",
  stationName: "RADIO ROOM-1",
  institutionName: "CITY HOSPITAL",
  institutionAddress: "1-1 Chuo",
  institutionalDepartmentName: "RADIOLOGY",
  deviceUid: `${ROOT}.2.11011921`,
};

export const panel: PanelIdentity = {
  detectorId: "P-1",
  manufacturer: "PANEL MAKER",
  model: "FP43",
  type: "SCINTILLATOR",
  configuration: "AREA",
  columns: 2688,
  rows: 2688,
  pitchMm: 0.16,
  binning: 1,
  activeAreaMm: [430, 430],
  bitsStored: 14,
  calibrationDate: "20190128",
  calibrationTime: "080000",
};

export const geometry: Geometry = {
  sourceToDetectorMm: millimetres(1100),
  sourceToPatientMm: millimetres(1000),
  tableHeightMm: millimetres(850),
  tableLongitudinalMm: millimetres(0),
  tableLateralMm: millimetres(0),
  tableMotion: "STATIC",
  tableAngle: degrees(0),
  primaryAngle: degrees(0),
  secondaryAngle: degrees(0),
  positionerMotion: "STATIC",
  columnAngulation: degrees(0),
  grid: "NONE",
};

export function protocolOf(
  object: ImageObject,
  kind: ExposureKind,
  more: Partial<Protocol> = {},
): Protocol {
  return {
    id: "upper-gi",
    name: "UPPER GI",
    studyDescription: "UPPER GI SERIES",
    bodyPart: "ABDOMEN",
    viewPosition: "AP",
    patientOrientation: ["L", "F"],
    kind,
    object,
    technique: { kv: 80, ma: 58, ms: 24 },
    processing: {
      characteristic: "logarithmic",
      edge: 1,
      noise: 0.3,
      windowCutPermille: 5,
      rotate: 0,
      flip: false,
      invert: true,
    },
    matchKeys: [],
    ...more,
  };
}

export const worklistItem: WorklistItem = {
  id: "1",
  patient: { patientId: "00000001", patientName: "NASU^TARO" },
  studyInstanceUid: STUDY_UID,
  accessionNumber: "20190129-01-0001",
  requestedProcedureId: "RP0001",
  requestedProcedureDescription: "UPPER GI",
  requestedProcedureCodes: [{ value: "RPC1", scheme: "SCT", meaning: "Upper GI" }],
  scheduledProcedureStepId: "SPS0001",
  scheduledProcedureStepDescription: "STOMACH",
  scheduledProtocolCodes: [],
  scheduledStationAeTitle: "UDR10A",
  scheduledDate: "20190129",
  scheduledTime: "200000",
  modality: "RF",
  referringPhysician: "SATO^JIRO",
  requestingPhysician: "ITO^KEIKO",
  requestingService: "INTERNAL MEDICINE",
  scheduledPerformingPhysician: "SUZUKI^HANAKO",
  referencedStudy: [{ sopClassUid: "1.2.840.10008.3.1.2.3.1", sopInstanceUid: "1.2.826.0.1.1" }],
  placerOrderNumber: "PL-77",
  fillerOrderNumber: "FI-78",
};

export function seriesOf(modality: string, more: Partial<ExamSeries> = {}): ExamSeries {
  return {
    seriesInstanceUid: `${STUDY_UID}.1`,
    seriesNumber: 1,
    modality,
    bodyPart: "ABDOMEN",
    laterality: "",
    protocolName: "UPPER GI",
    startedMs: START_MS + 60_000,
    ...more,
  };
}

export const exam: Exam = {
  id: "exam-1",
  state: "open",
  patient: {
    patientId: "00000001",
    patientName: "NASU^TARO",
    birthDate: "20040103",
    sex: "M",
    comments: "COMMENT",
    medicalAlerts: ["drug allergies"],
  },
  studyInstanceUid: STUDY_UID,
  studyId: "1",
  accessionNumber: "20190129-01-0001",
  studyDescription: "UPPER GI SERIES",
  studyStartedMs: START_MS,
  startedMs: START_MS,
  modality: "RF",
  worklistItem,
  protocolId: "upper-gi",
  operator: "TANAKA^KEN",
  performingPhysician: "SUZUKI^HANAKO",
  referringPhysician: "SATO^JIRO",
  mppsSopInstanceUid: MPPS_UID,
  performedProcedureStepId: "SPS0001",
  stepNumber: 1,
  series: [seriesOf("DX")],
  exposures: [],
};

/** The same patient without a worklist item, with as little as the device accepts. */
export const unscheduledExam: Exam = {
  ...exam,
  worklistItem: undefined,
  patient: { patientId: "E20190129203615", patientName: "EMERGENCY^20190129203615" },
  performingPhysician: "",
  referringPhysician: "",
};

export function exposureOf(
  kind: ExposureKind,
  more: Partial<Exposure> = {},
  report: Partial<ExposureReport> = {},
): Exposure {
  const run = kind !== "radiography";
  const frames = more.frames ?? (run ? 3 : 1);
  const exposureTimeMs = milliseconds(run ? frames * 8 : 24);
  return {
    exposureId: "x1",
    irradiationEventUid: `${ROOT}.1.1.11011921.20190129203715.100010`,
    kind,
    protocolId: "upper-gi",
    geometry,
    frames,
    saved: true,
    ...more,
    report: {
      event: 1,
      kind,
      startMs: START_MS + 60_000,
      durationMs: milliseconds(run ? frames * 66.667 : 24),
      kv: kiloVolts(80),
      ma: milliAmperes(58),
      exposureTimeMs,
      mas: mAsFrom(milliAmperes(58), exposureTimeMs),
      pulses: frames,
      pulseMs: milliseconds(run ? 8 : 24),
      pulseRate: run ? 15 : 0,
      focusMm: millimetres(0.6),
      filterMaterial: "ALUMINUM",
      filterMm: millimetres(1),
      dap: gyM2(0.0000018),
      doseRp: gy(0.00005),
      terminatedBy: run ? "release" : "timer",
      ...report,
    },
  };
}

export const objectFacts: ObjectFacts = {
  exam,
  series: seriesOf("DX"),
  device,
  settings: {
    timeZone: "Asia/Tokyo",
    mppsConfigured: true,
    exposureIndexInDx: false,
    detectorModuleInRuns: false,
  },
  sopInstanceUid: `${ROOT}.1.1.11011921.20190129203716.120000`,
  instanceNumber: 1,
  contentMs: START_MS + 61_000,
};

/** Pixels of the test objects: small, so that a validator reads a whole file. */
export const ROWS = 4;
export const COLUMNS = 6;

export function imageFacts(
  object: ImageObject,
  kind: ExposureKind,
  more: Partial<ImageFacts> = {},
): ImageFacts {
  const protocol = more.protocol ?? protocolOf(object, kind);
  const frames = more.frames ?? 1;
  const exposure = more.exposure ?? exposureOf(kind, { frames });
  return {
    ...objectFacts,
    series: seriesOf(object, { bodyPart: protocol.bodyPart }),
    protocol,
    exposure,
    panel,
    pixels: {
      rows: ROWS,
      columns: COLUMNS,
      bitsAllocated: 16,
      bitsStored: 16,
      photometric: "MONOCHROME2",
    },
    window: { center: 32768, width: 65535 },
    acquisitionMs: exposure.report.startMs,
    irradiationEventUids: [exposure.irradiationEventUid],
    frames,
    frameTimeMs: frames > 1 ? milliseconds(1000 / 15) : undefined,
    fieldOfViewMm: [342, 342],
    intensifierSizeMm: millimetres(430),
    ...more,
  };
}

export function captureFacts(photometric: "MONOCHROME2" | "RGB"): CaptureFacts {
  const exposure = exposureOf("radiography");
  return {
    ...objectFacts,
    series: seriesOf("RF"),
    pixels: {
      rows: ROWS,
      columns: COLUMNS,
      bitsAllocated: 8,
      bitsStored: 8,
      photometric,
    },
    window: photometric === "RGB" ? undefined : { center: 128, width: 256 },
    acquisitionMs: exposure.report.startMs,
    irradiationEventUids: [exposure.irradiationEventUid],
  };
}

export function reportFacts(more: Partial<ReportFacts> = {}): ReportFacts {
  const first = exposureOf("radiography");
  const second = exposureOf(
    "fluoroscopy",
    {
      irradiationEventUid: `${ROOT}.1.1.11011921.20190129203915.100011`,
      frames: 90,
      saved: false,
    },
    { startMs: START_MS + 180_000, dap: gyM2(0.00002003), doseRp: gy(0.00123) },
  );
  return {
    ...objectFacts,
    series: seriesOf("SR", { seriesInstanceUid: `${STUDY_UID}.9001`, seriesNumber: 9001 }),
    sopInstanceUid: `${ROOT}.1.1.11011921.20190129204500.130000`,
    events: [first, second].map((exposure) => ({
      exposure,
      protocolName: "UPPER GI",
      bodyPart: "ABDOMEN",
    })),
    evidence: [
      {
        seriesInstanceUid: `${STUDY_UID}.1`,
        sopClassUid: "1.2.840.10008.5.1.4.1.1.1.1",
        sopInstanceUid: objectFacts.sopInstanceUid,
      },
    ],
    referencePoint: "113863",
    ...more,
  };
}

const moving = {
  exposure: exposureOf("serial", {
    frames: 3,
    geometry: { ...geometry, tableMotion: "DYNAMIC", positionerMotion: "DYNAMIC" } as const,
  }),
  motion: {
    primaryAngle: [1, 2, 3],
    secondaryAngle: [1, 1, 1],
    tableVertical: [0, 0, 0],
    tableLongitudinal: [0, 5, 10],
    tableLateral: [0, 0, 0],
  },
};

const knee = protocolOf("CR", "radiography", {
  bodyPart: "KNEE",
  laterality: "L",
  name: "KNEE AP",
});

const image = (object: ImageObject, facts: ImageFacts): Variant => ({
  iod: object,
  facts,
  built: buildImage(object, facts),
});

export type Variant =
  | { readonly iod: ImageObject; readonly facts: ImageFacts; readonly built: BuiltObject }
  | { readonly iod: "SC"; readonly facts: CaptureFacts; readonly built: BuiltObject }
  | { readonly iod: "RDSR"; readonly facts: ReportFacts; readonly built: BuiltObject };

const capture = (facts: CaptureFacts): Variant => ({
  iod: "SC",
  facts,
  built: buildScImage(facts),
});

const report = (facts: ReportFacts): Variant => ({
  iod: "RDSR",
  facts,
  built: buildDoseReport(facts),
});

/** Every IOD in the forms it takes. */
export const VARIANTS: Readonly<Record<string, () => Variant>> = {
  "xa-single-frame": () =>
    image(
      "XA",
      imageFacts("XA", "radiography", {
        exposure: exposureOf("radiography", { contrastAgent: "IOHEXOL 300" }),
      }),
    ),
  "xa-multi-frame": () => image("XA", imageFacts("XA", "serial", { frames: 3 })),
  "xa-moving": () => image("XA", imageFacts("XA", "serial", { frames: 3, ...moving })),
  "xa-subtraction": () =>
    image(
      "XA",
      imageFacts("XA", "serial", {
        frames: 3,
        protocol: protocolOf("XA", "serial", { subtraction: true }),
        exposure: exposureOf("serial", { frames: 3, contrastAgent: "" }),
      }),
    ),
  "xa-detector-module": () =>
    image(
      "XA",
      imageFacts("XA", "serial", {
        frames: 3,
        settings: { ...objectFacts.settings, detectorModuleInRuns: true },
      }),
    ),
  "rf-single-frame": () => image("RF", imageFacts("RF", "radiography")),
  "rf-multi-frame": () => image("RF", imageFacts("RF", "serial", { frames: 3 })),
  "rf-fluoroscopy": () => image("RF", imageFacts("RF", "fluoroscopy", { frames: 3 })),
  "rf-subtraction": () =>
    image(
      "RF",
      imageFacts("RF", "serial", {
        frames: 3,
        protocol: protocolOf("RF", "serial", { subtraction: true }),
        exposure: exposureOf("serial", { frames: 3, contrastAgent: "IOHEXOL 300" }),
        settings: { ...objectFacts.settings, detectorModuleInRuns: true },
      }),
    ),
  "cr-paired": () =>
    image(
      "CR",
      imageFacts("CR", "radiography", {
        protocol: knee,
        series: seriesOf("CR", { bodyPart: "KNEE", laterality: "L", protocolName: "KNEE AP" }),
        exposureIndex: { index: 314, target: 250, deviation: 1 },
      }),
    ),
  "cr-unpaired": () => image("CR", imageFacts("CR", "radiography")),
  "cr-kanji": () =>
    image(
      "CR",
      imageFacts("CR", "radiography", {
        exam: {
          ...exam,
          patient: { ...exam.patient, patientName: "YAMADA^TARO=山田^太郎=やまだ^たろう" },
          studyDescription: "上部消化管",
        },
      }),
    ),
  dx: () => image("DX", imageFacts("DX", "radiography")),
  "dx-unscheduled": () =>
    image(
      "DX",
      imageFacts("DX", "radiography", {
        exam: unscheduledExam,
        settings: { ...objectFacts.settings, mppsConfigured: false },
      }),
    ),
  "dx-tomography": () =>
    image(
      "DX",
      imageFacts("DX", "radiography", {
        exposure: exposureOf("radiography", {
          tomography: {
            layerHeightMm: millimetres(100),
            angle: degrees(40),
            timeS: seconds(2.5),
            type: "LINEAR",
            tomoClass: "TOMOSYNTHESIS",
            sourceImages: 60,
          },
        }),
      }),
    ),
  "dx-exposure-index": () =>
    image(
      "DX",
      imageFacts("DX", "radiography", {
        settings: { ...objectFacts.settings, exposureIndexInDx: true },
        exposureIndex: { index: 314, target: 250, deviation: 1 },
        pixels: {
          rows: ROWS,
          columns: COLUMNS,
          bitsAllocated: 16,
          bitsStored: 12,
          photometric: "MONOCHROME2",
        },
        window: { center: 2048, width: 4096 },
      }),
    ),
  "sc-monochrome": () => capture(captureFacts("MONOCHROME2")),
  "sc-colour": () => capture(captureFacts("RGB")),
  "rdsr-scheduled": () => report(reportFacts()),
  "rdsr-unscheduled": () =>
    report(
      reportFacts({
        exam: unscheduledExam,
        settings: { ...objectFacts.settings, mppsConfigured: false },
        evidence: [],
        events: [
          { exposure: exposureOf("radiography"), protocolName: "KNEE AP", bodyPart: "KNEE" },
        ],
      }),
    ),
  "rdsr-synchronized": () =>
    report(
      reportFacts({ synchronization: { acquisitionTimeSynchronized: true, protocol: "NTP" } }),
    ),
};

/** Bytes of pixel data a variant's object needs. */
export function pixelBytes({ facts }: Variant): number {
  if (!("pixels" in facts)) return 0;
  const { rows, columns, bitsAllocated, photometric } = facts.pixels;
  const frames = "frames" in facts ? facts.frames : 1;
  return rows * columns * (bitsAllocated / 8) * (photometric === "RGB" ? 3 : 1) * frames;
}
