// General Equipment module: Table 8.1-11 of the statement, PS3.3 C.7.5.1.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";

/** Characters of an institution or department name at most. */
const INSTITUTION_CHARS = 30;

export const generalEquipment: Module<ObjectFacts> = {
  name: "General Equipment",
  table: "8.1-11",
  standard: "PS3.3 C.7.5.1",
  rows: [
    {
      tag: "Manufacturer",
      vr: "LO",
      type: "2",
      presence: "ALWAYS",
      fixed: ["CANON_MEC"],
      source: ["AUTO"],
      configured: true,
      value: (f) => f.device.manufacturer,
    },
    {
      tag: "InstitutionName",
      vr: "LO",
      type: "3",
      presence: "VNAP",
      source: ["CONFIG"],
      charsMax: INSTITUTION_CHARS,
      value: (f) => f.device.institutionName,
    },
    {
      tag: "StationName",
      vr: "SH",
      type: "3",
      presence: "VNAP",
      source: ["CONFIG"],
      value: (f) => f.device.stationName,
    },
    {
      tag: "InstitutionalDepartmentName",
      vr: "LO",
      type: "3",
      presence: "VNAP",
      source: ["CONFIG"],
      errata: ["E57"],
      charsMax: INSTITUTION_CHARS,
      value: (f) => f.device.institutionalDepartmentName,
    },
    {
      tag: "ManufacturerModelName",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      fixed: ["UDR-10A"],
      source: ["AUTO"],
      configured: true,
      value: (f) => f.device.modelName,
    },
    {
      tag: "DeviceSerialNumber",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => f.device.serialNumber,
    },
    {
      tag: "SoftwareVersions",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E57", "E58", "E56"],
      value: (f) => f.device.softwareVersions,
    },
  ],
};
