// The six objects the device creates. Each takes facts and gives the data set that an encoder writes;
// pixel bytes follow by reference.

import { type BuiltObject, buildDataSet } from "./build.ts";
import { cr } from "./cr.ts";
import { dx } from "./dx.ts";
import type { CaptureFacts, ImageFacts, ObjectFacts, ReportFacts } from "./facts.ts";
import { IodError, type IodProblem } from "./iod-error.ts";
import { rdsr } from "./rdsr.ts";
import { rf } from "./rf.ts";
import type { Iod } from "./row.ts";
import { sc } from "./sc.ts";
import { xa } from "./xa.ts";

/** Digital X-Ray Image, for presentation (PS3.3 A.26). @throws IodError */
export const buildDxImage = (facts: ImageFacts): BuiltObject => build(dx, facts);

/** Computed Radiography Image (PS3.3 A.2). @throws IodError */
export const buildCrImage = (facts: ImageFacts): BuiltObject => build(cr, facts);

/** X-Ray Angiographic Image, single- or multi-frame (PS3.3 A.14). @throws IodError */
export const buildXaImage = (facts: ImageFacts): BuiltObject => build(xa, facts);

/** X-Ray Radiofluoroscopic Image, single- or multi-frame (PS3.3 A.16). @throws IodError */
export const buildRfImage = (facts: ImageFacts): BuiltObject => build(rf, facts);

/** Secondary Capture Image, monochrome or colour (PS3.3 A.8.1). @throws IodError */
export const buildScImage = (facts: CaptureFacts): BuiltObject => build(sc, facts);

/** X-Ray Radiation Dose SR, cumulative over the study (PS3.3 A.35.8). @throws IodError */
export const buildDoseReport = (facts: ReportFacts): BuiltObject => build(rdsr, facts, null);

/** The image object of a protocol's choice. @throws IodError */
export function buildImage(object: "DX" | "CR" | "XA" | "RF", facts: ImageFacts): BuiltObject {
  return build({ DX: dx, CR: cr, XA: xa, RF: rf }[object], facts);
}

/**
 * What would keep an image from being made, known before the exposure: facts as they will be, with
 * any pixel values. Empty: it can be made.
 */
export function imageProblems(
  object: "DX" | "CR" | "XA" | "RF",
  facts: ImageFacts,
): readonly IodProblem[] {
  try {
    buildImage(object, facts);
    return [];
  } catch (error) {
    if (error instanceof IodError) return error.problems;
    throw error;
  }
}

function build<F extends ObjectFacts>(
  iod: Iod<F>,
  facts: F,
  pixel: BuiltObject["pixel"] = { vr: "OW" },
): BuiltObject {
  return {
    sopClassUid: iod.sopClassUid,
    sopInstanceUid: facts.sopInstanceUid,
    ...buildDataSet(iod, facts),
    pixel,
  };
}
