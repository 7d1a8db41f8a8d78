// Seeded damage to encoded data sets, and what decoding makes of it.

import fc from "fast-check";
import { Random } from "../../../src/core/random.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { DecodeError } from "../../../src/dicom/data/decode-error.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { recodeHeader } from "../../../src/dicom/io/recode-header.ts";
import { arbitraryDataSet } from "./arbitrary-data-set.ts";

const CORPUS = 200;
const LIMITS = { depthMax: 8, itemsMax: 200, elementsMax: 2000 };
/** Share of cases read in the other transfer syntax. */
const WRONG_SYNTAX = 0.1;
/** Bytes that steer a decoder. */
const TELLING = [
  0x00, 0xff, 0xfe, 0x1b, 0x5c, 0x5e, 0x3d, 0x24, 0x28, 0x29, 0x42, 0x80, 0xe0, 0x0d, 0xdd,
];
const TERMS = [
  "ISO 2022 IR 87",
  "ISO_IR 192",
  "ISO 2022 IR 149",
  "ISO_IR 13",
  "GB18030",
  "nonsense",
];

export interface FuzzOutcome {
  cases: number;
  decoded: number;
  refused: number;
  slowestMs: number;
  /** Seeds of cases that ended in anything but a data set or a DecodeError, with what came. */
  unexpected: string[];
}

/**
 * Decodes `cases` damaged data sets, encodes again what could be decoded, and recodes every one.
 * `nowMs` measures the slowest case.
 */
export function fuzzDecoding(options: {
  cases: number;
  seed: number;
  nowMs?: () => number;
}): FuzzOutcome {
  const random = new Random(options.seed);
  const corpus = (["default-kanji", "ISO_IR 192"] as const).flatMap((characterSet) =>
    fc
      .sample(arbitraryDataSet(characterSet), { seed: options.seed, numRuns: CORPUS })
      .flatMap((dataSet) =>
        [true, false].map((explicitVr) => ({
          explicitVr,
          bytes: encodeDataSet(dataSet, { explicitVr, characterSet }),
        })),
      )
      .filter(({ bytes }) => bytes.byteLength > 0),
  );
  const outcome: FuzzOutcome = { cases: 0, decoded: 0, refused: 0, slowestMs: 0, unexpected: [] };
  const nowMs = options.nowMs ?? (() => 0);
  for (let i = 0; i < options.cases; i++) {
    const original = random.pick(corpus);
    const bytes = mutate(original.bytes, random);
    const explicitVr = random.chance(WRONG_SYNTAX) ? !original.explicitVr : original.explicitVr;
    const startMs = nowMs();
    outcome.cases++;
    try {
      if (decodes(bytes, explicitVr, random.pick(["ISO_IR 13", "ISO_IR 192", undefined])))
        outcome.decoded++;
      else outcome.refused++;
    } catch (error) {
      outcome.unexpected.push(`case ${i} of seed ${options.seed}: ${String(error)}`);
    }
    outcome.slowestMs = Math.max(outcome.slowestMs, nowMs() - startMs);
  }
  return outcome;
}

/** False when the bytes are refused in the proper way; anything improper is thrown. */
function decodes(bytes: Uint8Array, explicitVr: boolean, fallbackCharacterSet?: string): boolean {
  try {
    recodeHeader(bytes, { explicitVr }, { explicitVr: !explicitVr });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  let decoded: ReturnType<typeof decodeDataSet>;
  try {
    decoded = decodeDataSet(bytes, { explicitVr, fallbackCharacterSet, limits: LIMITS });
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
  // What was read can always be written, and read again without a word.
  const again = encodeDataSet(decoded.dataSet, { explicitVr: true, characterSet: "ISO_IR 192" });
  decodeDataSet(again, { explicitVr: true });
  return true;
}

function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let count = random.int(1, 3); count > 0 && bytes.byteLength > 1; count--) {
    const at = random.int(0, bytes.byteLength - 1);
    switch (random.int(-3, 6)) {
      case -3:
      case -2:
      case 0:
        bytes[at] = random.int(0, 255);
        break;
      case -1:
      case 1:
        bytes[at] = random.pick(TELLING);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3: // a piece twice
        bytes = join(bytes.subarray(0, at), bytes.subarray(at >> 1));
        break;
      case 4: // a piece missing
        bytes = join(
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.byteLength, at + random.int(1, 8))),
        );
        break;
      case 5: // undefined or huge length
        bytes.fill(0xff, at, at + 4);
        break;
      default: // another character set in front
        bytes = join(characterSetElement(random.pick(TERMS)), bytes);
    }
  }
  return bytes;
}

function characterSetElement(term: string): Uint8Array {
  const value = new TextEncoder().encode(`\\${term}`);
  const header = [0x08, 0x00, 0x05, 0x00, 0x43, 0x53, value.byteLength, 0x00];
  return join(new Uint8Array(header), value);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.byteLength + b.byteLength);
  joined.set(a);
  joined.set(b, a.byteLength);
  return joined;
}
