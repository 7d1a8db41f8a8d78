// The header of a DX object from facts to bytes: attribute tables walked, data set encoded. It stands
// between the corrected frame and the file, so it has to be small beside the write.

import { TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";
import { buildDoseReport, buildDxImage } from "../../src/dicom/iod/objects.ts";
import { imageFacts, ROOT, reportFacts } from "../../test/dicom/iod/variants.ts";
import { type BenchTable, median } from "./table.ts";

const ROUNDS = 2000;
const WARM_UP = 300;
const TARGET_MS = 0.3;
const PIXEL_BYTES = 2688 * 2688 * 2;

export async function run(): Promise<BenchTable> {
  const dx = () => buildDxImage({ ...imageFacts("DX", "radiography"), contentMs: clock() });
  const report = () => buildDoseReport(reportFacts());
  const built = dx();
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ["DX: build", dx, ""],
    ["DX: encode", () => encode(built), ""],
    ["DX: build and encode", () => encode(dx()), `≤ ${TARGET_MS} ms`],
    ["dose report, 2 events: build and encode", () => encode(report()), ""],
  ];
  const rows = cases.map(([name, work, target]) => {
    const times = timed(work);
    const p99 = [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
    return [name, median(times).toFixed(3), p99.toFixed(3), target];
  });
  return {
    title: "Object header",
    note:
      `${ROUNDS} rounds after ${WARM_UP} of warm-up; a DX header of ${built.dataSet.size} elements, ` +
      `explicit VR, pixel data by reference. Every round has another time of content.`,
    columns: ["what", "median ms", "p99 ms", "target"],
    rows,
  };
}

/** A second more at each call, so that no date is remembered from the round before. */
let second = Date.UTC(2026, 0, 5, 8);
function clock(): number {
  second += 1000;
  return second;
}

function encode({ dataSet, sopClassUid, sopInstanceUid, pixel }: ReturnType<typeof buildDxImage>) {
  return encodeObjectHeader({
    meta: {
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      implementationClassUid: ROOT,
      implementationVersionName: "UDR10A",
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: pixel === null ? undefined : { vr: pixel.vr, byteLength: PIXEL_BYTES },
  });
}

function timed(work: () => unknown): number[] {
  for (let i = 0; i < WARM_UP; i++) work();
  return Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
}
