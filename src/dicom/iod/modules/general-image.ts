// General Image module: Table 8.1-12 of the statement, PS3.3 C.7.6.1.

import type { PictureFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { date, imageType, patientOrientation, time } from "../values.ts";

export const generalImage: Module<PictureFacts> = {
  name: "General Image",
  table: "8.1-12",
  standard: "PS3.3 C.7.6.1",
  rows: [
    {
      tag: "InstanceNumber",
      vr: "IS",
      type: "2",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E56"],
      value: (f) => f.instanceNumber,
    },
    {
      tag: "PatientOrientation",
      vr: "CS",
      type: "2C",
      presence: "EMPTY",
      source: ["AUTO"],
      byIod: { DX: { type: "1C", presence: "ALWAYS", errata: ["E79"] } },
      value: patientOrientation,
    },
    {
      tag: "ContentDate",
      vr: "DA",
      type: "2C",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => date(f, f.contentMs),
    },
    {
      tag: "ContentTime",
      vr: "TM",
      type: "2C",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => time(f, f.contentMs),
    },
    {
      tag: "ImageType",
      vr: "CS",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      byIod: {
        XA: {
          type: "1",
          fixedPositions: {
            1: ["ORIGINAL", "DERIVED"],
            2: ["PRIMARY", "SECONDARY"],
            3: ["SINGLE PLANE"],
          },
          errata: ["E65"],
        },
        RF: {
          type: "1",
          fixedPositions: {
            1: ["ORIGINAL", "DERIVED"],
            2: ["PRIMARY", "SECONDARY"],
            3: ["SINGLE PLANE"],
          },
          errata: ["E65"],
        },
        CR: { fixedPositions: { 1: ["ORIGINAL", "DERIVED"], 2: ["PRIMARY", "SECONDARY"] } },
        DX: {
          type: "1",
          fixedPositions: { 1: ["ORIGINAL", "DERIVED"], 2: ["PRIMARY", "SECONDARY"], 3: [""] },
          errata: ["E75"],
        },
        SC: { fixedPositions: { 1: ["DERIVED"], 2: ["SECONDARY"] } },
      },
      value: imageType,
    },
    {
      tag: "AcquisitionDate",
      vr: "DA",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E60"],
      value: (f) => date(f, f.acquisitionMs),
    },
    {
      tag: "AcquisitionTime",
      vr: "TM",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E60"],
      value: (f) => time(f, f.acquisitionMs),
    },
    {
      tag: "PresentationLUTShape",
      vr: "CS",
      type: "3",
      presence: "ALWAYS",
      fixed: ["IDENTITY"],
      source: ["AUTO"],
    },
    {
      tag: "IrradiationEventUID",
      vr: "UI",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E60"],
      value: (f) => f.irradiationEventUids,
    },
  ],
};
