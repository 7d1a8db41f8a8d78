// One object that is to be exported, as the database knows it: small records that cross to the
// writing thread.

import type { LeafType } from "../dicom/dir/directory-keys.ts";
import type { FileId } from "../dicom/dir/file-id.ts";

export interface ExportObject {
  /** Absolute path of its file. */
  readonly path: string;
  readonly fileBytes: number;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly type: LeafType;
  readonly facts: ExportFacts;
}

/** Keys of its directory records, Unicode; empty text: unknown. */
export interface ExportFacts {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyInstanceUid: string;
  readonly studyDate: string;
  readonly studyTime: string;
  readonly studyDescription: string;
  readonly studyId: string;
  readonly accessionNumber: string;
  readonly modality: string;
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
  /** When the object came into being here, for what the object itself does not tell (DA, TM). */
  readonly storedDate: string;
  readonly storedTime: string;
}

/** Where an object lies on the medium. */
export interface PlacedObject {
  readonly sopInstanceUid: string;
  readonly fileId: FileId;
  /** Its record and file were there before. */
  readonly wasThere: boolean;
}
