// Enhanced General Equipment module: Table 8.1-37 of the statement, PS3.3 C.7.5.2.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const enhancedGeneralEquipment: Module<ObjectFacts> = {
  name: "Enhanced General Equipment",
  table: "8.1-37",
  standard: "PS3.3 C.7.5.2",
  rows: [
    {
      tag: "Manufacturer",
      vr: "LO",
      type: "1",
      presence: "ALWAYS",
      fixed: ["CANON_MEC"],
      source: ["AUTO"],
      configured: true,
      value: (f) => f.device.manufacturer,
    },
    {
      tag: "ManufacturerModelName",
      vr: "LO",
      type: "1",
      presence: "ALWAYS",
      fixed: ["UDR-10A"],
      source: ["AUTO"],
      configured: true,
      value: (f) => f.device.modelName,
    },
    {
      tag: "DeviceSerialNumber",
      vr: "LO",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => f.device.serialNumber,
    },
    {
      tag: "SoftwareVersions",
      vr: "LO",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E57", "E58", "E56"],
      value: (f) => f.device.softwareVersions,
    },
  ],
};
