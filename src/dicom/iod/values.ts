// How facts become attribute values, where several tables ask for the same one.

import { dicomDateTime } from "../../core/clock.ts";
import { bodyPartCode } from "../../model/body-parts.ts";
import { decimalText, dGyCm2Text } from "../../model/dose.ts";
import type { Exam } from "../../model/exam.ts";
import type {
  CaptureFacts,
  ImageFacts,
  ObjectFacts,
  PictureFacts,
  PixelFacts,
  ReportFacts,
  WindowFacts,
} from "./facts.ts";
import type { IodKey } from "./row.ts";

/** One object has four times at most and they repeat; formatting one costs more than a whole row. */
const STAMPS_KEPT = 64;
const stamps = new Map<string, { date: string; time: string }>();

function stamp(facts: ObjectFacts, epochMs: number): { date: string; time: string } {
  const key = `${epochMs} ${facts.settings.timeZone}`;
  let found = stamps.get(key);
  if (found === undefined) {
    if (stamps.size >= STAMPS_KEPT) stamps.clear();
    found = dicomDateTime(epochMs, facts.settings.timeZone);
    stamps.set(key, found);
  }
  return found;
}

/** DA of an instant, in the device's zone. */
export const date = (facts: ObjectFacts, epochMs: number) => stamp(facts, epochMs).date;
/** TM of an instant, in the device's zone. */
export const time = (facts: ObjectFacts, epochMs: number) => stamp(facts, epochMs).time;

/** Image Type (0008,0008), E65 and E75: the third value of DX is there and empty. */
export function imageType(_facts: PictureFacts, iod: IodKey): readonly string[] {
  if (iod === "SC") return ["DERIVED", "SECONDARY"];
  if (iod === "DX") return ["ORIGINAL", "PRIMARY", ""];
  if (iod === "CR") return ["ORIGINAL", "PRIMARY"];
  return ["ORIGINAL", "PRIMARY", "SINGLE PLANE"];
}

/** Modality (0008,0060): a capture bears that of the examination (E59). */
export function modality(facts: ObjectFacts, iod: IodKey): string {
  if (iod === "SC") return facts.exam.modality;
  return iod === "RDSR" ? "SR" : iod;
}

/** The side of the series, or nothing where it is not R or L (E64). */
export function seriesLaterality(facts: ObjectFacts): string | undefined {
  const { laterality } = facts.series;
  return laterality === "R" || laterality === "L" ? laterality : undefined;
}

/**
 * Image Laterality (0020,0062): U for a part that has no pair, else the side that operator or
 * protocol gave. A paired part whose side nobody gave is written U too: the image is worth more
 * than the side, and type 1 leaves no way to say "not known".
 */
export function imageLaterality(facts: ImageFacts): string {
  const paired = bodyPartCode(facts.series.bodyPart)?.paired ?? true;
  if (!paired) return "U";
  const side = facts.exposure.laterality ?? facts.protocol.laterality;
  return side ?? seriesLaterality(facts) ?? "U";
}

/** Patient Orientation of a DX image: rows, then columns (E79). */
export function patientOrientation(facts: PictureFacts): readonly string[] | undefined {
  return isImage(facts) ? facts.protocol.patientOrientation : undefined;
}

function isImage(facts: PictureFacts): facts is ImageFacts {
  return "protocol" in facts;
}

/**
 * Bits Stored: XA and RF know no 14 bits (Table 8.1-17), so a panel's 14 are declared as 16 there;
 * pixel values and window stay what they are.
 */
export function bitsStored(facts: PictureFacts, iod: IodKey): number {
  const bits = facts.pixels.bitsStored;
  return bits === 14 && (iod === "XA" || iod === "RF") ? 16 : bits;
}

export const highBit = (facts: PictureFacts, iod: IodKey) => bitsStored(facts, iod) - 1;
export const samplesPerPixel = ({ photometric }: PixelFacts) => (photometric === "RGB" ? 3 : 1);
export const isMonochrome = (facts: PictureFacts) => facts.pixels.photometric !== "RGB";

/** The window within the range of the stored bits (I2); width never below 1 (PS3.3 C.11.2.1.2). */
export function windowInRange(facts: PictureFacts): WindowFacts | undefined {
  if (facts.window === undefined) return undefined;
  const range = 2 ** facts.pixels.bitsStored;
  const { center, width } = facts.window;
  return {
    center: Math.min(Math.max(center, 0), range),
    width: Math.min(Math.max(width, 1), range),
  };
}

/** Bytes of an element's value at most in the short form of explicit VR (PS3.5 §7.1.2). */
const SHORT_VALUE_BYTES_MAX = 65_534;
/** Hundredths are finer than any encoder of the stand. */
const PER_FRAME_DECIMALS = 2;

/** One value a frame; none where so many frames don't fit into the element, which may be empty. */
export function perFrame(list: readonly number[] | undefined): readonly string[] | undefined {
  const texts = list?.map((value) => decimalText(value, PER_FRAME_DECIMALS));
  const bytes = texts?.reduce((sum, text) => sum + text.length + 1, 0) ?? 0;
  return bytes <= SHORT_VALUE_BYTES_MAX ? texts : undefined;
}

export const isMultiFrame = (facts: ImageFacts) => facts.frames > 1;

/** Pixel pitch at the panel, row spacing and column spacing alike. */
export function pixelSpacing(facts: ImageFacts): readonly [number, number] {
  const pitch = facts.pixelPitchMm ?? facts.panel.pitchMm;
  return [pitch, pitch];
}

/** Field of View Dimension(s): whole mm, row direction first. */
export const fieldOfView = (facts: ImageFacts) => facts.fieldOfViewMm.map(Math.round);

export const kvp = (facts: ImageFacts) => facts.exposure.report.kv;
export const tubeCurrentMa = (facts: ImageFacts) => Math.round(facts.exposure.report.ma);
export const exposureTimeMs = (facts: ImageFacts) =>
  Math.round(facts.exposure.report.exposureTimeMs);
export const exposureMas = (facts: ImageFacts) => Math.round(facts.exposure.report.mas);
export const sourceToDetector = (facts: ImageFacts) => facts.exposure.geometry.sourceToDetectorMm;
export const sourceToPatient = (facts: ImageFacts) => facts.exposure.geometry.sourceToPatientMm;

/** Estimated Radiographic Magnification Factor: the two distances' ratio, to four decimals. */
export function magnification(facts: ImageFacts): number | undefined {
  const patient = sourceToPatient(facts);
  return patient > 0 ? Math.round((sourceToDetector(facts) / patient) * 1e4) / 1e4 : undefined;
}

/** Radiation Setting: SC for fluoroscopy, GR for what is of diagnostic quality. */
export const radiationSetting = (facts: ImageFacts) =>
  facts.exposure.kind === "fluoroscopy" ? "SC" : "GR";

/** Radiation Mode of a run; a single radiograph has none. */
export function radiationMode(facts: ImageFacts): string | undefined {
  if (facts.exposure.kind === "radiography") return undefined;
  return facts.exposure.report.pulseRate > 0 ? "PULSED" : "CONTINUOUS";
}

export const areaDoseProduct = (facts: ImageFacts) => dGyCm2Text(facts.exposure.report.dap);

export function cineRate(facts: ImageFacts): number | undefined {
  return facts.frameTimeMs === undefined ? undefined : Math.round(1000 / facts.frameTimeMs);
}

/** To a thousandth, as 66.667: a DS of the full double would say more than the timer knows. */
export function frameTime(facts: ImageFacts): number | undefined {
  return facts.frameTimeMs === undefined ? undefined : Math.round(facts.frameTimeMs * 1e3) / 1e3;
}

export const conversionType = (facts: CaptureFacts) => facts.conversionType ?? "WSD";

/** Study instances the report counts as evidence, by series in order of appearance (E88). */
export function evidenceBySeries(facts: ReportFacts) {
  const series = new Map<string, ReportFacts["evidence"][number][]>();
  for (const instance of facts.evidence) {
    const list = series.get(instance.seriesInstanceUid);
    if (list === undefined) series.set(instance.seriesInstanceUid, [instance]);
    else list.push(instance);
  }
  return [...series].map(([seriesInstanceUid, instances]) => ({ seriesInstanceUid, instances }));
}

/** The performed step that objects refer to, where the department has an MPPS server (E28, E82, E87). */
export const performedSteps = (facts: ObjectFacts): readonly Exam[] =>
  facts.settings.mppsConfigured ? [facts.exam] : [];
