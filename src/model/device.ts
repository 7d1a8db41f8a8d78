// Who made an object: General Equipment (PS3.3 C.7.5.1) and the panel behind it.

export interface DeviceIdentity {
  readonly manufacturer: string;
  readonly modelName: string;
  readonly serialNumber: string;
  readonly softwareVersions: string;
  readonly stationName: string;
  readonly institutionName: string;
  readonly institutionAddress: string;
  readonly institutionalDepartmentName: string;
  readonly deviceUid: string;
}

/** The panel in the mode an image was taken with. */
export interface PanelIdentity {
  readonly detectorId: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly type: "DIRECT" | "SCINTILLATOR" | "STORAGE";
  readonly configuration: "AREA" | "SLOT";
  readonly columns: number;
  readonly rows: number;
  /** Pixel pitch at the panel's surface in this mode (Imager Pixel Spacing). */
  readonly pitchMm: number;
  readonly binning: 1 | 2 | 4;
  readonly activeAreaMm: readonly [number, number];
  readonly bitsStored: number;
  /** DA and TM of the last calibration; empty when never calibrated. */
  readonly calibrationDate: string;
  readonly calibrationTime: string;
}
