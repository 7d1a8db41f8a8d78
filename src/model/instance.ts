// A durable SOP instance: its file and what the database knows of it without opening the file.

export interface InstanceRecord {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
  readonly numberOfFrames: number;
  readonly rows: number;
  readonly columns: number;
  /** File below the object folder. */
  readonly path: string;
  readonly fileBytes: number;
  /** Where the pixel bytes start in the file, and how many there are; 0 and 0 without pixels. */
  readonly pixelOffset: number;
  readonly pixelBytes: number;
  readonly createdMs: number;
  /** The local exam that made it; null for a received one. */
  readonly examId: string | null;
  /** Irradiation event of an acquired image. */
  readonly irradiationEventUid: string | null;
  /** True: made here; false: received by a retrieve. */
  readonly local: boolean;
}
