// The generated dictionary against DCMTK's, and looking up.

import { describe, expect, test } from "bun:test";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import {
  attributeOf,
  keywordOf,
  tagOf,
  tagText,
  vrOf,
} from "../../../src/dicom/dict/dictionary.ts";
import { dcmtkDictionary } from "../data/toolbox.ts";

describe("looking up", () => {
  /** Tag, VR to assume, all VRs, VM, keyword. */
  // biome-ignore format: one row a case
  const ROWS: readonly (readonly [number, string, readonly string[], string, string])[] = [
    [0x00100010, "PN", ["PN"],       "1",   "PatientName"],
    [0x00080008, "CS", ["CS"],       "2-n", "ImageType"],
    [0x00280106, "US", ["US", "SS"], "1",   "SmallestImagePixelValue"],
    [0x7fe00010, "OW", ["OW", "OB"], "1",   "PixelData"],
    [0x00283006, "OW", ["OW", "US"], "1-n", "LUTData"],
    [0x00041200, "UL", ["UL"],       "1",   "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity"],
    [0x60000010, "US", ["US"],       "1",   "OverlayRows"],
    [0x60020010, "US", ["US"],       "1",   "OverlayRows"],
    [0x60fe3000, "OW", ["OW", "OB"], "1",   "OverlayData"],
    [0x00000100, "US", ["US"],       "1",   "CommandField"],
    [0x00020010, "UI", ["UI"],       "1",   "TransferSyntaxUID"],
  ];
  test.each(ROWS)("%p is %s", (tag, vr, vrs, vm, keyword) => {
    expect(attributeOf(tag)).toEqual({ tag, keyword, vr, vrs, vm } as ReturnType<
      typeof attributeOf
    >);
    expect(vrOf(tag)).toBe(vr as ReturnType<typeof vrOf>);
  });

  test("what the dictionary does not hold", () => {
    expect(vrOf(0x00190010)).toBe("LO"); // private creator
    expect(vrOf(0x00191001)).toBe("UN"); // private
    expect(vrOf(0x60011001)).toBe("UN"); // private within the range of a repeating group
    expect(vrOf(0x00190000)).toBe("UL"); // group length
    expect(vrOf(0x00100000)).toBe("UL");
    expect(vrOf(0x0010fff0)).toBe("UN"); // unknown
    expect(attributeOf(0x00191001)).toBeUndefined();
    expect(keywordOf(0x0010fff0)).toBeUndefined();
    expect(tagOf("PatientsName")).toBeUndefined();
  });

  test("every keyword leads to its tag and back", () => {
    for (const [keyword, tag] of Object.entries(Tag)) {
      expect(tagOf(keyword)).toBe(tag);
      expect(keywordOf(tag)).toBe(keyword);
    }
    expect(Object.keys(Tag).length).toBeGreaterThan(5000);
  });

  test("a tag as text", () => {
    expect(tagText(Tag.PatientName)).toBe("(0010,0010)");
    expect(tagText(0xfffee0dd)).toBe("(FFFE,E0DD)");
  });
});

const VRS_OF_DCMTK: Readonly<Record<string, string>> = {
  up: "UL",
  xs: "US or SS",
  ox: "OB or OW",
  px: "OB or OW",
  lt: "US or OW",
};

const theirRows = dcmtkDictionary();

test.skipIf(theirRows.length === 0)(
  "the current attributes of DCMTK's dictionary have the same VR, VM and keyword",
  () => {
    const compared = theirRows.filter((row) => !row.retired && row.vr !== "na");
    expect(compared.length).toBeGreaterThan(4000);
    const differing = compared.flatMap(({ tag, vr, keyword, vm }) => {
      const attribute = attributeOf(tag);
      const vrs = [...(attribute?.vrs ?? [])].sort();
      if (vrs.includes("US")) vrs.sort((a) => (a === "US" ? -1 : 1));
      const ours = `${vrs.join(" or ")} ${attribute?.keyword} ${attribute?.vm}`;
      const theirs = `${VRS_OF_DCMTK[vr] ?? vr} ${keyword} ${vm}`;
      return ours === theirs ? [] : [`${tagText(tag)} ${theirs}: ${ours}`];
    });
    expect(differing).toEqual([]);
  },
);
