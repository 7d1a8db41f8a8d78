// A step's data set as the database keeps it: JSON of tags, VRs and values, so that what is sent after
// a restart is what was built when the step began or ended (M6).

import { DataSet, type Element } from "../../dicom/data/data-set.ts";

/** Elements by tag in hexadecimal. */
export interface KeptDocument {
  readonly [tag: string]: KeptElement;
}

type KeptElement =
  | { readonly vr: string; readonly values: readonly (string | number)[] }
  | { readonly vr: "SQ"; readonly items: readonly KeptDocument[] };

export function keptDocument(dataSet: DataSet): KeptDocument {
  const kept: Record<string, KeptElement> = {};
  for (const tag of dataSet.tags()) {
    const element = dataSet.get(tag);
    if (element === undefined) continue;
    const key = tag.toString(16).toUpperCase().padStart(8, "0");
    if (element.vr === "SQ") kept[key] = { vr: "SQ", items: element.items.map(keptDocument) };
    else if ("values" in element)
      kept[key] = {
        vr: element.vr,
        values: element.values.map((v) => (typeof v === "bigint" ? String(v) : v)),
      };
  }
  return kept;
}

/** The data set again. Only for what {@link keptDocument} made. */
export function restoredDocument(kept: KeptDocument): DataSet {
  const dataSet = new DataSet();
  for (const [key, element] of Object.entries(kept)) {
    const restored =
      "items" in element
        ? { vr: "SQ", items: element.items.map(restoredDocument) }
        : { vr: element.vr, values: element.values };
    dataSet.set(Number.parseInt(key, 16), restored as Element);
  }
  return dataSet;
}
