// decode(encode(x)) is x, and whatever the bytes, decoding ends within its limits.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { arbitraryDataSet } from "./arbitrary-data-set.ts";
import { fuzzDecoding } from "./mutations.ts";
import { plain } from "./plain.ts";

const SEED = 20260105;
const RUNS = 300;

describe.each(["default-kanji", "ISO_IR 192"] as const)("in %s", (characterSet) => {
  test.each([true, false])("a data set comes back as it was, explicit VR %p", (explicitVr) => {
    fc.assert(
      fc.property(arbitraryDataSet(characterSet), (dataSet) => {
        const bytes = encodeDataSet(dataSet, { explicitVr, characterSet });
        const decoded = decodeDataSet(bytes, { explicitVr });
        decoded.dataSet.delete(Tag.SpecificCharacterSet);
        expect(plain(decoded.dataSet)).toEqual(plain(dataSet));
        expect(decoded.warnings).toEqual([]);
        expect(decoded.end).toBe(bytes.byteLength);
        expect(bytes.byteLength % 2).toBe(0);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("encoding what was decoded gives the same bytes", () => {
    fc.assert(
      fc.property(arbitraryDataSet(characterSet), (dataSet) => {
        const options = { explicitVr: true, characterSet };
        const bytes = encodeDataSet(dataSet, options);
        const { dataSet: read } = decodeDataSet(bytes, options);
        expect(encodeDataSet(read, options)).toEqual(bytes);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

test("20,000 mutations of data sets each end in a data set or a DecodeError", () => {
  const outcome = fuzzDecoding({ cases: 20_000, seed: SEED });
  expect(outcome.cases).toBe(20_000);
  expect(outcome.unexpected).toEqual([]);
  // Both ends must be reached, or the mutations are too mild or too rough.
  expect(outcome.decoded).toBeGreaterThan(1000);
  expect(outcome.refused).toBeGreaterThan(1000);
});
