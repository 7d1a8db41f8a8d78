// X-Ray Image module: Table 8.1-17 of the statement, PS3.3 C.8.7.1.

import { Tag } from "../../dict/attributes.ts";
import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { bitsStored, highBit, imageType } from "../values.ts";

export const xRayImage: Module<ImageFacts> = {
  name: "X-Ray Image",
  table: "8.1-17",
  standard: "PS3.3 C.8.7.1",
  rows: [
    {
      tag: "FrameIncrementPointer",
      vr: "AT",
      type: "1C",
      presence: "ALWAYS",
      when: { tagPresent: "NumberOfFrames" },
      otherwise: "ABSENT",
      fixed: [Tag.FrameTime],
      source: ["AUTO"],
      errata: ["E67"],
    },
    {
      tag: "ImageType",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E65"],
      value: imageType,
    },
    {
      tag: "PixelIntensityRelationship",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["DISP"],
      source: ["AUTO"],
      errata: ["E66"],
    },
    {
      tag: "SamplesPerPixel",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      fixed: [1],
      source: ["AUTO"],
    },
    {
      tag: "PhotometricInterpretation",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["MONOCHROME2"],
      source: ["AUTO"],
      errata: ["E56"],
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
      enum: [8, 10, 12, 16],
      source: ["CONFIG"],
      value: bitsStored,
    },
    {
      tag: "HighBit",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      source: ["CONFIG"],
      errata: ["E56"],
      value: highBit,
    },
    {
      tag: "PixelRepresentation",
      vr: "US",
      type: "1",
      presence: "ALWAYS",
      fixed: [0],
      source: ["AUTO"],
    },
  ],
};
