// A data set as plain values that a test can compare and print.

import { DataSet, type Element } from "../../../src/dicom/data/data-set.ts";
import { tagText } from "../../../src/dicom/dict/dictionary.ts";

/** `{ "(0010,0010) PN": ["A^B"] }`, sequences as lists of the same, bytes as hex. */
export function plain(dataSet: DataSet): Record<string, unknown> {
  return Object.fromEntries(
    dataSet.tags().map((tag) => {
      const element = dataSet.get(tag);
      return [`${tagText(tag)} ${element?.vr}`, element && plainValue(element)];
    }),
  );
}

function plainValue(element: Element): unknown {
  if (element.vr === "SQ") return element.items.map(plain);
  if ("bytes" in element) return hex(element.bytes);
  return [...element.values];
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Bytes of "0a 1B" and of quoted ASCII: `00 01 "ab"`. */
export function fromHex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [, quoted, pair] of text.matchAll(/"([^"]*)"|([0-9a-fA-F]{2})/g))
    if (quoted !== undefined) for (const c of quoted) bytes.push(c.charCodeAt(0));
    else bytes.push(Number.parseInt(pair ?? "", 16));
  return new Uint8Array(bytes);
}

/** A data set from `[tag, element]` pairs. */
export function dataSetOf(...elements: readonly (readonly [number, Element])[]): DataSet {
  const dataSet = new DataSet();
  for (const [tag, element] of elements) dataSet.set(tag, element);
  return dataSet;
}
