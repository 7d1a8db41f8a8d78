// Presentation contexts of storage (PS3.4 Annex B): proposed for what a job holds, accepted during a
// retrieve.

import { SopClassUid } from "../../dict/uids.ts";
import type { ProposedContext } from "../../ul/association.ts";
import {
  BOTH_SYNTAXES,
  type ContextRow,
  type ContextTable,
  IMPLICIT_ONLY,
  proposedContexts,
} from "../contexts.ts";

const scu = (
  name: string,
  abstractSyntax: string,
  transferSyntaxes: readonly string[],
  ...erratum: readonly string[]
): ContextRow => ({ name, abstractSyntax, transferSyntaxes, role: "SCU", erratum });

const S = SopClassUid;

// biome-ignore format: one row a line
export const STORAGE_PROPOSED: ContextTable = {
  table: "4.2-6",
  side: "proposed",
  rows: [
    scu("X-Ray Radiofluoroscopic Image Storage",              S.XRayRadiofluoroscopicImageStorage,      BOTH_SYNTAXES, "E01"),
    scu("X-Ray Angiographic Image Storage",                   S.XRayAngiographicImageStorage,           BOTH_SYNTAXES, "E01"),
    scu("Computed Radiography Image Storage",                 S.ComputedRadiographyImageStorage,        BOTH_SYNTAXES),
    scu("Digital X-Ray Image Storage - For Presentation",     S.DigitalXRayImageStorageForPresentation, BOTH_SYNTAXES),
    scu("Secondary Capture Image Storage",                    S.SecondaryCaptureImageStorage,           BOTH_SYNTAXES, "E03"),
    scu("X-Ray Radiation Dose SR Storage",                    S.XRayRadiationDoseSrStorage,             IMPLICIT_ONLY, "E02", "E10"),
  ],
};

const scp = (
  name: string,
  abstractSyntax: string,
  more: Pick<ContextRow, "added" | "erratum"> = {},
): ContextRow => ({
  name,
  abstractSyntax,
  transferSyntaxes: BOTH_SYNTAXES,
  role: "SCP",
  ...more,
});

export const STORAGE_ACCEPTED: ContextTable = {
  table: "4.2-57",
  side: "accepted",
  rows: [
    scp("X-Ray Radiofluoroscopic Image Storage", S.XRayRadiofluoroscopicImageStorage, {
      erratum: ["E01"],
    }),
    scp("X-Ray Angiographic Image Storage", S.XRayAngiographicImageStorage, { erratum: ["E01"] }),
    scp("Computed Radiography Image Storage", S.ComputedRadiographyImageStorage),
    scp("Digital X-Ray Image Storage - For Presentation", S.DigitalXRayImageStorageForPresentation),
    scp("Secondary Capture Image Storage", S.SecondaryCaptureImageStorage, {
      added: true,
      erratum: ["E04"],
    }),
  ],
};

/** Contexts for the SOP classes of a job and no others (B13). A class without a row has none. */
export function storageContexts(sopClassUids: Iterable<string>): ProposedContext[] {
  const wanted = new Set(sopClassUids);
  return proposedContexts(STORAGE_PROPOSED.rows.filter((row) => wanted.has(row.abstractSyntax)));
}
