// Device and panel as the objects name them, from configuration and hardware.

import type { Configuration } from "../config/configuration.ts";
import { dicomDateTime } from "../core/clock.ts";
import type { DetectorInfo, DetectorMode } from "../hal/detector/detector.ts";
import type { DeviceIdentity, PanelIdentity } from "../model/device.ts";

export function deviceIdentity({ device }: Configuration): DeviceIdentity {
  return {
    manufacturer: device.manufacturer,
    modelName: device.modelName,
    serialNumber: device.serialNumber,
    softwareVersions: device.softwareVersions,
    stationName: device.stationName,
    institutionName: device.institutionName,
    institutionAddress: device.institutionAddress,
    institutionalDepartmentName: device.institutionalDepartmentName,
    deviceUid: device.deviceUid ?? `${device.uidRoot}.2.${device.uidNumber}`,
  };
}

/** `calibratedMs`: when the mode's maps were made; null when never. */
export function panelIdentity(
  info: DetectorInfo,
  mode: DetectorMode,
  bitsStored: number,
  calibratedMs: number | null,
  timeZone: string,
): PanelIdentity {
  const at = calibratedMs === null ? { date: "", time: "" } : dicomDateTime(calibratedMs, timeZone);
  return {
    detectorId: info.serial,
    manufacturer: info.vendor,
    model: info.model,
    type: "SCINTILLATOR",
    configuration: "AREA",
    columns: mode.columns,
    rows: mode.rows,
    pitchMm: mode.pitchMm,
    binning: mode.binning,
    activeAreaMm: [mode.columns * mode.pitchMm, mode.rows * mode.pitchMm],
    bitsStored,
    calibrationDate: at.date,
    calibrationTime: at.time,
  };
}
