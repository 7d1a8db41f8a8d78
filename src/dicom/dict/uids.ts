// Well-known unique identifiers (PS3.6 annex A) that the product uses or meets.

/** Transfer syntaxes (PS3.5 annex A). */
export const TransferSyntaxUid = {
  ImplicitVrLittleEndian: "1.2.840.10008.1.2",
  ExplicitVrLittleEndian: "1.2.840.10008.1.2.1",
  DeflatedExplicitVrLittleEndian: "1.2.840.10008.1.2.1.99",
  ExplicitVrBigEndian: "1.2.840.10008.1.2.2",
  JpegBaseline8Bit: "1.2.840.10008.1.2.4.50",
  JpegExtended12Bit: "1.2.840.10008.1.2.4.51",
  JpegLossless: "1.2.840.10008.1.2.4.57",
  JpegLosslessSv1: "1.2.840.10008.1.2.4.70",
  JpegLsLossless: "1.2.840.10008.1.2.4.80",
  JpegLsNearLossless: "1.2.840.10008.1.2.4.81",
  Jpeg2000Lossless: "1.2.840.10008.1.2.4.90",
  Jpeg2000: "1.2.840.10008.1.2.4.91",
  RleLossless: "1.2.840.10008.1.2.5",
} as const;
export type TransferSyntaxUid = (typeof TransferSyntaxUid)[keyof typeof TransferSyntaxUid];

/** SOP classes (PS3.4). */
export const SopClassUid = {
  Verification: "1.2.840.10008.1.1",
  MediaStorageDirectoryStorage: "1.2.840.10008.1.3.10",
  StorageCommitmentPushModel: "1.2.840.10008.1.20.1",
  ModalityPerformedProcedureStep: "1.2.840.10008.3.1.2.3.3",
  BasicFilmSession: "1.2.840.10008.5.1.1.1",
  BasicFilmBox: "1.2.840.10008.5.1.1.2",
  BasicGrayscaleImageBox: "1.2.840.10008.5.1.1.4",
  BasicGrayscalePrintManagementMeta: "1.2.840.10008.5.1.1.9",
  Printer: "1.2.840.10008.5.1.1.16",
  ComputedRadiographyImageStorage: "1.2.840.10008.5.1.4.1.1.1",
  DigitalXRayImageStorageForPresentation: "1.2.840.10008.5.1.4.1.1.1.1",
  DigitalXRayImageStorageForProcessing: "1.2.840.10008.5.1.4.1.1.1.1.1",
  SecondaryCaptureImageStorage: "1.2.840.10008.5.1.4.1.1.7",
  MultiFrameGrayscaleByteSecondaryCaptureImageStorage: "1.2.840.10008.5.1.4.1.1.7.2",
  XRayAngiographicImageStorage: "1.2.840.10008.5.1.4.1.1.12.1",
  XRayRadiofluoroscopicImageStorage: "1.2.840.10008.5.1.4.1.1.12.2",
  XRayRadiationDoseSrStorage: "1.2.840.10008.5.1.4.1.1.88.67",
  StudyRootQueryRetrieveFind: "1.2.840.10008.5.1.4.1.2.2.1",
  StudyRootQueryRetrieveMove: "1.2.840.10008.5.1.4.1.2.2.2",
  ModalityWorklistFind: "1.2.840.10008.5.1.4.31",
} as const;
export type SopClassUid = (typeof SopClassUid)[keyof typeof SopClassUid];

/** Instances that every service provider has (PS3.4 §H.4.6, §J.3). */
export const WellKnownInstanceUid = {
  StorageCommitmentPushModel: "1.2.840.10008.1.20.1.1",
  Printer: "1.2.840.10008.5.1.1.17",
} as const;

/** Characters a UID may have at most (PS3.5 §9). */
export const UID_LENGTH_MAX = 64;

const UID = /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*$/;

/** Whether the text is a UID by PS3.5 §9.1: digits and dots, no leading zeros, at most 64. */
export function isValidUid(text: string): boolean {
  return text.length > 0 && text.length <= UID_LENGTH_MAX && UID.test(text);
}
