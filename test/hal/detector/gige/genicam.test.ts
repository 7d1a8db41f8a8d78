// Features found in a GenICam description.

import { expect, test } from "bun:test";
import { Features } from "../../../../src/hal/detector/gige/genicam.ts";

const features = new Features(`
  <!-- <Integer Name="Hidden"><Value>1</Value></Integer> -->
  <Integer Name="Width" NameSpace="Standard"><Min>1</Min><pValue>WidthRegister</pValue></Integer>
  <IntReg Name="WidthRegister" NameSpace="Custom"><Address>0x100</Address><Length>4</Length></IntReg>
  <Enumeration Name="PixelFormat"><EnumEntry Name="Mono8"><Value>17301505</Value></EnumEntry>
    <EnumEntry Name="Mono16"><Value>17825799</Value></EnumEntry><pValue>FormatRegister</pValue></Enumeration>
  <IntReg Name="FormatRegister"><Address>296</Address></IntReg>
  <Command Name="AcquisitionStop"><pValue>WidthRegister</pValue><CommandValue>0</CommandValue></Command>
  <Integer Name="Limit"><Value>30</Value></Integer>
  <Integer Name="Round"><pValue>Round</pValue></Integer>`);

test("a feature leads to its register, an entry to its number, a command to its value", () => {
  expect(features.find("Width")?.register).toBe(0x100);
  expect(features.find("PixelFormat")?.register).toBe(296);
  expect(features.find("PixelFormat")?.entries.get("Mono16")).toBe(17825799);
  expect(features.find("AcquisitionStop")?.commandValue).toBe(0);
});

test("a constant needs no register", () => {
  expect(features.constant("Limit")).toBe(30);
  expect(features.constant("Width")).toBeNull();
});

test("what is not there, is commented out or refers to itself is not found", () => {
  expect(features.find("Gain")).toBeNull();
  expect(features.find("Hidden")).toBeNull();
  expect(features.find("Round")).toBeNull();
  expect(() => features.need("Gain")).toThrow("the panel has no feature Gain");
});
