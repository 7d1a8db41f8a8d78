// What the simulated panel lets others set and read: its features, the registers they lie in, and the
// GenICam description made of the same table.

import { type DetectorMode, PHANTOM_NAMES } from "../../detector.ts";
import { PIXEL_FORMAT_MONO16 } from "../gvsp.ts";

export const REGISTER_BYTES = 0x2000;
export const XML_ADDRESS = 0x10000;

interface FeatureRow {
  readonly name: string;
  readonly address: number;
  readonly initial?: number;
  readonly readOnly?: boolean;
  readonly entries?: readonly string[];
  /** What the command writes. */
  readonly command?: number;
}

/** What a frame shows. */
export const CONTENTS = [
  "normal",
  "dark",
  "flat",
  "postOffset",
  "offsetMap",
  "gainMap",
  "defectMap",
] as const;

export const FEATURES = [
  { name: "Width", address: 0x1000 },
  { name: "Height", address: 0x1004 },
  { name: "PanelMode", address: 0x1008, entries: [] },
  { name: "AcquisitionMode", address: 0x1010, entries: ["Continuous", "SingleFrame"] },
  { name: "AcquisitionStart", address: 0x1014, command: 1 },
  { name: "AcquisitionStop", address: 0x1014, command: 0 },
  { name: "AcquisitionFramePeriod", address: 0x1018, initial: 33_333 },
  { name: "TriggerSelector", address: 0x101c, entries: ["FrameStart"] },
  { name: "TriggerMode", address: 0x1020, entries: ["Off", "On"] },
  { name: "TriggerSource", address: 0x1024, entries: ["Software"] },
  { name: "TriggerSoftware", address: 0x1028, command: 1 },
  { name: "ExposureTimeUs", address: 0x102c, initial: 30_000 },
  { name: "FrameContent", address: 0x1030, entries: CONTENTS },
  { name: "BeamVolts", address: 0x1034, initial: 80_000 },
  { name: "BeamMicroAmpereSeconds", address: 0x1038, initial: 4000 },
  { name: "BeamObject", address: 0x103c, entries: PHANTOM_NAMES },
  { name: "FramesPrepare", address: 0x1040, command: 1 },
  { name: "DeviceTemperatureHundredths", address: 0x1044, initial: 3150, readOnly: true },
  { name: "CalibrationFrames", address: 0x1048, initial: 64, readOnly: true },
  { name: "PayloadSize", address: 0x104c, readOnly: true },
  { name: "SensorWidth", address: 0x1050, readOnly: true },
  { name: "SensorHeight", address: 0x1054, readOnly: true },
  { name: "OffsetX", address: 0x1058 },
  { name: "OffsetY", address: 0x105c },
  { name: "TLParamsLocked", address: 0x1060 },
  { name: "GevSCPSPacketSize", address: 0x0d04, initial: 1500 },
] as const satisfies readonly FeatureRow[];

export type FeatureName = (typeof FEATURES)[number]["name"];

export const addressOf = Object.fromEntries(FEATURES.map((f) => [f.name, f.address])) as Record<
  FeatureName,
  number
>;

const READ_ONLY: ReadonlySet<number> = new Set(
  (FEATURES as readonly FeatureRow[]).filter((f) => f.readOnly).map((f) => f.address),
);

export const isReadOnly = (address: number): boolean => READ_ONLY.has(address);

/** The description that hosts read. */
export function panelXml(modes: readonly DetectorMode[]): string {
  const rows = FEATURES as readonly FeatureRow[];
  const listed = rows.map(({ name }) => `<pFeature>${name}</pFeature>`).join("");
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<RegisterDescription ModelName="SIM" VendorName="Simulated" StandardNameSpace="None" ' +
      'SchemaMajorVersion="1" SchemaMinorVersion="1" SchemaSubMinorVersion="0" MajorVersion="1" ' +
      'MinorVersion="0" SubMinorVersion="0" ToolTip="Simulated panel" ProductGuid="0" ' +
      'VersionGuid="0" xmlns="http://www.genicam.org/GenApi/Version_1_1">',
    `<Category Name="Root" NameSpace="Standard">${listed}<pFeature>PixelFormat</pFeature><pFeature>AcquisitionFrameRate</pFeature></Category>`,
    ...rows.flatMap((row) => featureXml(row, modes)),
    enumeration(
      "PixelFormat",
      [["Mono16", PIXEL_FORMAT_MONO16]],
      `<Value>${PIXEL_FORMAT_MONO16}</Value>`,
    ),
    '<Float Name="AcquisitionFrameRate" NameSpace="Standard"><pValue>FrameRateOfPeriod</pValue></Float>',
    '<Converter Name="FrameRateOfPeriod" NameSpace="Custom"><FormulaTo>(1000000 / FROM)</FormulaTo>' +
      "<FormulaFrom>(1000000 / TO)</FormulaFrom><pValue>AcquisitionFramePeriod</pValue></Converter>",
    ...modes.flatMap(modeXml),
    '<Port Name="Device" NameSpace="Standard"/>',
    "</RegisterDescription>",
    "",
  ].join("\n");
}

function featureXml(row: FeatureRow, modes: readonly DetectorMode[]): string[] {
  const { name, address, entries, command } = row;
  const register = `${name}Register`;
  const words = name === "PanelMode" ? modes.map((m) => m.id) : entries;
  const reference = `<pValue>${register}</pValue>`;
  const feature =
    words !== undefined
      ? enumeration(
          name,
          words.map((word, i) => [word, i]),
          reference,
        )
      : command !== undefined
        ? `<Command Name="${name}" NameSpace="Standard">${reference}<CommandValue>${command}</CommandValue></Command>`
        : `<Integer Name="${name}" NameSpace="Standard">${reference}<Min>0</Min><Max>${maxOf(name, modes)}</Max></Integer>`;
  return [
    feature,
    `<IntReg Name="${register}" NameSpace="Custom"><Address>0x${address.toString(16)}</Address>` +
      `<Length>4</Length><AccessMode>${row.readOnly ? "RO" : "RW"}</AccessMode><pPort>Device</pPort>` +
      "<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>",
  ];
}

function maxOf(name: string, modes: readonly DetectorMode[]): number {
  if (name === "Width") return Math.max(...modes.map((m) => m.columns));
  if (name === "Height") return Math.max(...modes.map((m) => m.rows));
  return 0x7fffffff;
}

function enumeration(
  name: string,
  entries: readonly (readonly [string, number])[],
  value: string,
): string {
  const list = entries
    .map(
      ([word, i]) => `<EnumEntry Name="${word}" NameSpace="Custom"><Value>${i}</Value></EnumEntry>`,
    )
    .join("");
  return `<Enumeration Name="${name}" NameSpace="Standard">${list}${value}</Enumeration>`;
}

function modeXml(mode: DetectorMode): string[] {
  const constants: Record<string, number> = {
    Columns: mode.columns,
    Rows: mode.rows,
    Binning: mode.binning,
    BitsStored: mode.bitsStored,
    PitchMicrometres: Math.round(mode.pitchMm * 1000),
    FramesPerSecond: mode.maxFps,
    ReadoutMs: mode.readoutMs,
    ...(mode.countsPerMicroGray === undefined
      ? {}
      : { CountsPerMicroGray: mode.countsPerMicroGray }),
  };
  return Object.entries(constants).map(
    ([name, value]) =>
      `<Integer Name="Mode_${mode.id}_${name}" NameSpace="Custom"><Value>${value}</Value></Integer>`,
  );
}
