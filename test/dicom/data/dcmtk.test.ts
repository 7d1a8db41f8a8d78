// DCMTK and iconv as oracles: they read what we write, we read what they write, byte for byte where
// the standard leaves no choice.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { memorySource } from "../../../src/core/byte-source.ts";
import { jisX0208Code } from "../../../src/dicom/data/charset/jis-x0208.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { isPrivate } from "../../../src/dicom/dict/dictionary.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { encodeObjectHeader, readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { arbitraryDataSet } from "./arbitrary-data-set.ts";
import { hex, plain } from "./plain.ts";
import { dcmtkDictionary, isInstalled, Toolbox } from "./toolbox.ts";

const SEED = 20260107;
const FILES = 40;
const SOP_CLASS = SopClassUid.SecondaryCaptureImageStorage;

function file(
  dataSet: DataSet,
  transferSyntaxUid: string,
  characterSet: "default-kanji" | "ISO_IR 192" = "ISO_IR 192",
): Uint8Array {
  return encodeObjectHeader({
    meta: {
      sopClassUid: SOP_CLASS,
      sopInstanceUid: "1.2.3",
      transferSyntaxUid,
      implementationClassUid: "1.2.4",
    },
    dataSet,
    characterSet,
  });
}

/** The data set's bytes of a file. */
async function body(bytes: Uint8Array): Promise<string> {
  const { dataSetOffset } = await readObjectHeader(memorySource(bytes));
  return hex(bytes.subarray(dataSetOffset));
}

const dcmtkTags = new Set(dcmtkDictionary().map(({ tag }) => tag));

/** Without the attributes that are younger than the DCMTK installed, which takes them for unknown. */
function knownToDcmtk(dataSet: DataSet): DataSet {
  const known = new DataSet();
  for (const tag of dataSet.tags()) {
    const element = dataSet.get(tag);
    if (element === undefined || !(dcmtkTags.has(tag) || isPrivate(tag))) continue;
    known.set(
      tag,
      element.vr === "SQ" ? { vr: "SQ", items: element.items.map(knownToDcmtk) } : element,
    );
  }
  return known;
}

const EXPLICIT = TransferSyntaxUid.ExplicitVrLittleEndian;
const IMPLICIT = TransferSyntaxUid.ImplicitVrLittleEndian;

describe.skipIf(!isInstalled("dcmconv"))("dcmconv", () => {
  test.each([
    ["to implicit VR", EXPLICIT, IMPLICIT, "+ti"],
    ["to explicit VR", IMPLICIT, EXPLICIT, "+te"],
  ])("%s gives the bytes that we write", async (_, from, to, option) => {
    using box = new Toolbox();
    const dataSets = fc.sample(arbitraryDataSet("ISO_IR 192"), { seed: SEED, numRuns: FILES });
    for (const sample of dataSets) {
      const dataSet = knownToDcmtk(sample);
      dataSet.text(Tag.SOPClassUID, "UI", SOP_CLASS).text(Tag.SOPInstanceUID, "UI", "1.2.3");
      box.run("dcmconv", [option, box.write("in", file(dataSet, from)), box.path("out")]);
      expect(await body(box.read("out"))).toBe(await body(file(dataSet, to)));
    }
  });

  test("with undefined lengths and group lengths gives what we read as the same", async () => {
    using box = new Toolbox();
    const dataSets = fc.sample(arbitraryDataSet("ISO_IR 192"), { seed: SEED + 1, numRuns: FILES });
    for (const dataSet of dataSets) {
      const input = box.write("in", file(dataSet, EXPLICIT));
      box.run("dcmconv", ["+te", "-e", "+g", input, box.path("out")]);
      const { dataSet: read, warnings } = await readObjectHeader(memorySource(box.read("out")));
      read.delete(Tag.SpecificCharacterSet);
      expect(plain(read)).toEqual(plain(dataSet));
      expect(warnings).toEqual([]);
    }
  });

  test.each([
    ["ISO_IR 100", "Buc^Jérôme"],
    ["ISO_IR 101", "Wałęsa^Lech"],
    ["ISO_IR 126", "Διονυσιος"],
    ["ISO_IR 127", "قباني^لنزار"],
    ["ISO_IR 138", "שרון^דבורה"],
    ["ISO_IR 144", "Люксембург"],
    ["ISO_IR 148", "Çavuşoğlu^Ayşe"],
    ["ISO_IR 166", "นามสกุล"],
    ["ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"],
    ["GB18030", "Wang^XiaoDong=王^小东"],
    ["GBK", "Wang^XiaoDong=王^小东"],
  ])("converts our UTF-8 to %s, which we read as the same text", async (term, name) => {
    using box = new Toolbox();
    const dataSet = new DataSet().text(Tag.PatientName, "PN", name, "A^B");
    box.run("dcmconv", ["+C", term, box.write("in", file(dataSet, EXPLICIT)), box.path("out")]);
    const read = await readObjectHeader(memorySource(box.read("out")));
    expect(read.dataSet.strings(Tag.SpecificCharacterSet)).toEqual([term]);
    expect(read.dataSet.strings(Tag.PatientName)).toEqual([name, "A^B"]);
    expect(read.warnings).toEqual([]);
  });
});

describe.skipIf(!isInstalled("dcmdump"))("dcmdump", () => {
  test("shows our UTF-8 as it is", () => {
    using box = new Toolbox();
    const dataSet = new DataSet().text(
      Tag.PatientName,
      "PN",
      "YAMADA^TARO=山田^太郎=やまだ^たろう",
    );
    const text = new TextDecoder().decode(
      box.run("dcmdump", ["+U8", box.write("in", file(dataSet, EXPLICIT))]),
    );
    expect(text).toContain("[YAMADA^TARO=山田^太郎=やまだ^たろう]");
    expect(text).toContain("[ISO_IR 192]");
  });

  test("reads a header of pixel data whose bytes follow", () => {
    using box = new Toolbox();
    const header = encodeObjectHeader({
      meta: {
        sopClassUid: SOP_CLASS,
        sopInstanceUid: "1.2.3",
        transferSyntaxUid: EXPLICIT,
        implementationClassUid: "1.2.4",
      },
      dataSet: new DataSet().numbers(Tag.BitsAllocated, "US", 16),
      characterSet: "default-kanji",
      pixel: { vr: "OW", byteLength: 4 },
    });
    const bytes = new Uint8Array([...header, 1, 2, 3, 4]);
    const text = new TextDecoder().decode(box.run("dcmdump", [box.write("in", bytes)]));
    expect(text).toContain("(7fe0,0010) OW 0201\\0403");
  });
});

test.skipIf(!isInstalled("dump2dcm"))("what dump2dcm makes of a text dump, we read", async () => {
  using box = new Toolbox();
  const dump = `
(0008,0016) UI =SecondaryCaptureImageStorage
(0008,0018) UI [1.2.3]
(0008,0008) CS [DERIVED\\PRIMARY]
(0008,1111) SQ
(fffe,e000) -
(0008,1150) UI [1.2.840.10008.3.1.2.3.3]
(fffe,e00d) -
(fffe,e000) -
(fffe,e00d) -
(fffe,e0dd) -
(0010,0010) PN [YAMADA^TARO]
(0018,0060) DS [80.5]
(0018,1405) IS [-7]
(0018,9073) FD 1.25
(0020,4000) LT [one\\two]
(0028,0009) AT (0018,1063)
(0028,0010) US 512
`;
  box.run("dump2dcm", ["-g", box.write("dump", dump), box.path("out")]);
  const { dataSet } = await readObjectHeader(memorySource(box.read("out")));
  expect(plain(dataSet)).toEqual({
    "(0008,0008) CS": ["DERIVED", "PRIMARY"],
    "(0008,0016) UI": [SOP_CLASS],
    "(0008,0018) UI": ["1.2.3"],
    "(0008,1111) SQ": [{ "(0008,1150) UI": ["1.2.840.10008.3.1.2.3.3"] }, {}],
    "(0010,0010) PN": ["YAMADA^TARO"],
    "(0018,0060) DS": ["80.5"],
    "(0018,1405) IS": ["-7"],
    "(0018,9073) FD": [1.25],
    "(0020,4000) LT": ["one\\two"],
    "(0028,0009) AT": [0x00181063],
    "(0028,0010) US": [512],
  });
});

test.skipIf(!isInstalled("iconv"))("iconv reads all of JIS X 0208 as we write it", async () => {
  using box = new Toolbox();
  const characters: string[] = [];
  const seen = new Set<number>();
  for (let unit = 0x80; unit < 0xff00; unit++) {
    const code = jisX0208Code(unit);
    if (code !== 0 && !seen.has(code) && !"∥—¥‾".includes(String.fromCharCode(unit))) {
      seen.add(code);
      characters.push(String.fromCharCode(unit));
    }
  }
  expect(characters.length).toBeGreaterThan(6500);
  const lines: string[] = [];
  while (characters.length > 0) lines.push(characters.splice(0, 40).join(""));
  const text = lines.join("\r\n");
  const bytes = file(
    new DataSet().text(Tag.PatientComments, "LT", text),
    EXPLICIT,
    "default-kanji",
  );
  const header = [0x10, 0x00, 0x00, 0x40, 0x4c, 0x54];
  const at = bytes.findIndex((_, i) => header.every((byte, k) => bytes[i + k] === byte));
  const start = at + header.length + 2;
  const shown = box.run("iconv", ["-f", "ISO-2022-JP", "-t", "UTF-8"], bytes.subarray(start));
  expect(new TextDecoder().decode(shown).trimEnd()).toBe(text);
});
