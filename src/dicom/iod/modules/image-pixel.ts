// Image Pixel module: Table 8.1-13 of the statement, PS3.3 C.7.6.3.

import type { PictureFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { bitsStored, highBit, samplesPerPixel } from "../values.ts";

export const imagePixel: Module<PictureFacts> = {
  name: "Image Pixel",
  table: "8.1-13",
  standard: "PS3.3 C.7.6.3",
  rows: [
    {
      tag: "SamplesPerPixel",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      fixed: [1],
      source: ["AUTO"],
      byIod: { SC: { errata: ["E85"] } },
      value: (f) => samplesPerPixel(f.pixels),
    },
    {
      tag: "PhotometricInterpretation",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      enum: ["MONOCHROME2"],
      source: ["AUTO"],
      byIod: { SC: { enum: ["MONOCHROME2", "RGB"], errata: ["E85"] } },
      errata: ["E56"],
      value: (f) => f.pixels.photometric,
    },
    {
      tag: "Rows",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => f.pixels.rows,
    },
    {
      tag: "Columns",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => f.pixels.columns,
    },
    {
      tag: "BitsAllocated",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      enum: [8, 16],
      source: ["AUTO"],
      value: (f) => f.pixels.bitsAllocated,
    },
    {
      tag: "BitsStored",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      enum: [8, 10, 12, 14, 16],
      source: ["CONFIG"],
      errata: ["E57"],
      value: bitsStored,
    },
    { tag: "HighBit", vr: "US", type: "1", presence: "ALWAYS", source: ["CONFIG"], value: highBit },
    {
      tag: "PixelRepresentation",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      fixed: [0],
      source: ["AUTO"],
    },
    {
      tag: "PixelData",
      vr: "OW",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      by: "reference",
    },
  ],
};
