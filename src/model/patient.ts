// Who is examined. Text is Unicode; names are DICOM person names (PS3.5 §6.2.1): up to three
// component groups divided by "=", components by "^".

export type Sex = "M" | "F" | "O";

export interface Patient {
  readonly patientId: string;
  readonly patientName: string;
  /** DA, YYYYMMDD. */
  readonly birthDate?: string | undefined;
  readonly sex?: Sex | undefined;
  readonly otherPatientIds?: readonly string[] | undefined;
  readonly comments?: string | undefined;
  readonly medicalAlerts?: readonly string[] | undefined;
}
