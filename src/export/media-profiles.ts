// The statement's media part as data: media and profiles (Table 5.1-1), File Meta Information of what
// is exported (Table 5.2-2), SOP classes (Table 5.2-3). PS3.11 annexes D, H and J.

import { Tag } from "../dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../dicom/dict/uids.ts";
import type { FileMeta } from "../dicom/io/file-meta.ts";

export type MediumType = "CD-R" | "DVD-R" | "USB";

export interface MediumProfile {
  readonly medium: MediumType;
  readonly profile: string;
  /** E06: a File-set on USB is added to, never replaced. */
  readonly roles: readonly ("FSC" | "FSU")[];
  /** Bytes of an empty medium where it does not tell itself. */
  readonly capacityBytes?: number | undefined;
}

export const MEDIA: { readonly table: string; readonly rows: readonly MediumProfile[] } = {
  table: "5.1-1",
  rows: [
    { medium: "CD-R", profile: "STD-GEN-CD", roles: ["FSC"], capacityBytes: 700_000_000 },
    { medium: "DVD-R", profile: "STD-GEN-DVD-JPEG", roles: ["FSC"], capacityBytes: 4_700_000_000 },
    { medium: "USB", profile: "STD-GEN-USB-JPEG", roles: ["FSC", "FSU"] },
  ],
};

/** What the writer of a file says of itself. */
export interface MediaIdentity {
  readonly implementationClassUid: string;
  readonly implementationVersionName: string;
  /** E50: not the title on the network. */
  readonly sourceAeTitle: string;
}

/** One row of Table 5.2-2; `value` null: written by the encoder of group 0002 itself. */
export interface FileMetaRow {
  readonly tag: Tag;
  readonly value:
    | ((object: { sopClassUid: string; sopInstanceUid: string }, by: MediaIdentity) => string)
    | null;
}

export const FILE_META: { readonly table: string; readonly rows: readonly FileMetaRow[] } = {
  table: "5.2-2",
  rows: [
    { tag: Tag.FileMetaInformationGroupLength, value: null },
    { tag: Tag.FileMetaInformationVersion, value: null },
    { tag: Tag.MediaStorageSOPClassUID, value: (o) => o.sopClassUid },
    { tag: Tag.MediaStorageSOPInstanceUID, value: (o) => o.sopInstanceUid },
    { tag: Tag.TransferSyntaxUID, value: () => TransferSyntaxUid.ExplicitVrLittleEndian },
    { tag: Tag.ImplementationClassUID, value: (_, by) => by.implementationClassUid },
    { tag: Tag.ImplementationVersionName, value: (_, by) => by.implementationVersionName },
    { tag: Tag.SourceApplicationEntityTitle, value: (_, by) => by.sourceAeTitle },
  ],
};

/** File Meta Information of an exported object, by the table. */
export function exportedMeta(
  object: { readonly sopClassUid: string; readonly sopInstanceUid: string },
  by: MediaIdentity,
): FileMeta {
  const value = (tag: Tag) =>
    FILE_META.rows.find((row) => row.tag === tag)?.value?.(object, by) ?? "";
  return {
    sopClassUid: value(Tag.MediaStorageSOPClassUID),
    sopInstanceUid: value(Tag.MediaStorageSOPInstanceUID),
    transferSyntaxUid: value(Tag.TransferSyntaxUID),
    implementationClassUid: value(Tag.ImplementationClassUID),
    implementationVersionName: value(Tag.ImplementationVersionName),
    sourceAeTitle: value(Tag.SourceApplicationEntityTitle),
  };
}

/** `record`: the directory record of its objects; null for the DICOMDIR itself. */
export const MEDIA_SOP_CLASSES: {
  readonly table: string;
  readonly rows: readonly {
    readonly sopClassUid: string;
    readonly record: "IMAGE" | "SR DOCUMENT" | null;
  }[];
} = {
  table: "5.2-3",
  rows: [
    { sopClassUid: SopClassUid.MediaStorageDirectoryStorage, record: null },
    { sopClassUid: SopClassUid.XRayAngiographicImageStorage, record: "IMAGE" },
    { sopClassUid: SopClassUid.XRayRadiofluoroscopicImageStorage, record: "IMAGE" },
    { sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation, record: "IMAGE" },
    { sopClassUid: SopClassUid.ComputedRadiographyImageStorage, record: "IMAGE" },
    { sopClassUid: SopClassUid.SecondaryCaptureImageStorage, record: "IMAGE" },
    { sopClassUid: SopClassUid.XRayRadiationDoseSrStorage, record: "SR DOCUMENT" },
  ],
};

/** The record an object of the class gets; null where the profile has no place for the class. */
export function recordTypeOf(sopClassUid: string): "IMAGE" | "SR DOCUMENT" | null {
  return MEDIA_SOP_CLASSES.rows.find((row) => row.sopClassUid === sopClassUid)?.record ?? null;
}
