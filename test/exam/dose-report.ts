// A dose report as figures: decimals as whole numbers of steps, so that sums compare to the last digit.

import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { childrenOf, everyNode, type Node, nodeOf } from "../dicom/iod/content-items.ts";

/** Decimal places that doses and times are compared with. */
export const PLACES = 12;

/** A decimal text as a whole number of steps of 10^-12. */
export function inSteps(text: string | undefined): bigint {
  const [whole = "", fraction = ""] = (text ?? "none").split(".");
  if (fraction.length > PLACES) throw new Error(`${text} has too many places`);
  return BigInt(whole + fraction.padEnd(PLACES, "0"));
}

export interface ReportFigures {
  readonly root: Node;
  readonly events: readonly Node[];
  /** Concept's value of an event or of the accumulated dose. */
  value(node: Node | undefined, concept: string): string | undefined;
  /** Pairs of a total and the sum of its events. */
  readonly sums: readonly { readonly what: string; readonly total: bigint; readonly sum: bigint }[];
  /** Total Number of Radiographic Frames. */
  readonly frames: string | undefined;
}

const FLUOROSCOPY = "44491008";

export function figuresOf(dataSet: DataSet): ReportFigures {
  const root = nodeOf(dataSet);
  const events = childrenOf(root, "113706");
  const [accumulated] = childrenOf(root, "113702");
  const value = (node: Node | undefined, concept: string) =>
    node && childrenOf(node, concept)[0]?.text;
  const isFluoroscopy = (event: Node) =>
    childrenOf(event, "113721")[0]?.code?.value === FLUOROSCOPY;
  const sum = (list: readonly Node[], concept: string) =>
    list.reduce((total, event) => total + inSteps(value(event, concept)), 0n);
  const fluoroscopy = events.filter(isFluoroscopy);
  const acquisition = events.filter((event) => !isFluoroscopy(event));
  // Quantity of the event; its totals of fluoroscopy, of acquisition, of both.
  const table = [
    ["122130", "113726", "113727", "113722"],
    ["113738", "113728", "113729", "113725"],
    ["113742", "113730", "113855", null],
  ] as const;
  const sums = table.flatMap(([quantity, fluoro, acquired, all]) => [
    ...(fluoroscopy.length > 0
      ? [{ what: fluoro, total: value(accumulated, fluoro), sum: sum(fluoroscopy, quantity) }]
      : []),
    { what: acquired, total: value(accumulated, acquired), sum: sum(acquisition, quantity) },
    ...(all === null
      ? []
      : [{ what: all, total: value(accumulated, all), sum: sum(events, quantity) }]),
  ]);
  return {
    root,
    events,
    value,
    sums: sums.map((s) => ({ ...s, total: inSteps(s.total) })),
    frames: everyNode(root).find((n) => n.concept?.value === "113731")?.text,
  };
}
