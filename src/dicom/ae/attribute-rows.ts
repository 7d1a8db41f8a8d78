// Attributes of requests as tables: one row an attribute in the order of the statement, items one
// step deeper than their sequence. The data set of a message is built by walking the table.

import { DataSet, type Element, type Tag, type Vr } from "../data/data-set.ts";
import { Tag as TAG } from "../dict/attributes.ts";
import { tagText } from "../dict/dictionary.ts";

export interface AttributeRow {
  /** 0: in the data set itself; n + 1: in the items of the sequence before it at depth n. */
  readonly depth: number;
  readonly tag: Tag;
  readonly vr: Vr;
  readonly added?: true | undefined;
  readonly erratum?: readonly string[] | undefined;
}

export interface AttributeTable<R extends AttributeRow = AttributeRow> {
  readonly table: string;
  readonly rows: readonly R[];
}

/** What a message does with an attribute. */
export type Send =
  /** With a value; zero length where there is none and the type allows it. */
  | "value"
  | "zero length"
  | "one item"
  | "zero or one item"
  | "zero or more items"
  | "one or more items"
  /** Left out where there is no value. */
  | "when needed";

/**
 * Values by tag; the items of a sequence are values again, or data sets where the table has no rows
 * for what is in them.
 */
export type Values = ReadonlyMap<Tag, Value>;
export type Value =
  | string
  | number
  | Uint8Array
  | readonly string[]
  | readonly number[]
  | readonly (Values | DataSet)[];

/** A value the standard wants non-empty is missing: the data set is not sent. */
export class MissingValue extends Error {
  override readonly name = "MissingValue";
}

/** Values from pairs; a pair whose value is undefined is left out. */
export function values(...pairs: readonly (readonly [Tag, Value | undefined])[]): Values {
  const map = new Map<Tag, Value>();
  for (const [tag, value] of pairs) if (value !== undefined) map.set(tag, value);
  return map;
}

/**
 * The data set of a message. `rule` says what becomes of each row; `required` whether it must have a
 * value (type 1). Specific Character Set is left to the encoder.
 * @throws MissingValue naming the attribute
 */
export function buildDataSet<R extends AttributeRow>(
  rows: readonly R[],
  from: Values,
  rule: (row: R) => { readonly send: Send; readonly required?: boolean } | null,
): DataSet {
  return buildItem(rows, 0, 0, from, rule);
}

function buildItem<R extends AttributeRow>(
  rows: readonly R[],
  start: number,
  depth: number,
  from: Values,
  rule: (row: R) => { readonly send: Send; readonly required?: boolean } | null,
): DataSet {
  const dataSet = new DataSet();
  for (let at = start; at < rows.length; at++) {
    const row = rows[at];
    if (row === undefined || row.depth < depth) break;
    if (row.depth > depth || row.tag === TAG.SpecificCharacterSet) continue;
    const how = rule(row);
    if (how === null) continue;
    const value = how.send === "zero length" ? undefined : from.get(row.tag);
    if (how.send === "when needed" && (value === undefined || value === "")) continue;
    if (row.vr === "SQ") {
      const items = (value ?? []) as readonly (Values | DataSet)[];
      checkCount(row, how.send, items.length);
      const build = (item: Values | DataSet) =>
        item instanceof DataSet ? item : buildItem(rows, at + 1, depth + 1, item, rule);
      dataSet.set(row.tag, { vr: "SQ", items: items.map(build) });
      continue;
    }
    if (how.required === true && isEmpty(value))
      throw new MissingValue(`${tagText(row.tag)} has no value`);
    dataSet.set(row.tag, elementOf(row.vr, value));
  }
  return dataSet;
}

const COUNTS: Partial<Record<Send, readonly [least: number, most: number]>> = {
  "one item": [1, 1],
  "zero or one item": [0, 1],
  "one or more items": [1, Number.POSITIVE_INFINITY],
};

function checkCount(row: AttributeRow, send: Send, count: number): void {
  const [least, most] = COUNTS[send] ?? [0, Number.POSITIVE_INFINITY];
  if (count < least || count > most)
    throw new MissingValue(`${tagText(row.tag)} has ${count} items, wanted: ${send}`);
}

function isEmpty(value: Value | undefined): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function elementOf(vr: Exclude<Vr, "SQ">, value: Value | undefined): Element {
  if (value instanceof Uint8Array) return { vr, bytes: value } as Element;
  const list = value === undefined || value === "" ? [] : Array.isArray(value) ? value : [value];
  // The table's VR and the value's kind belong together; the caller chose both by the tag.
  return { vr, values: list } as Element;
}

/** Path of a row's tag, outer sequences first: "00400100>00080060"; repeated ones as they come. */
export function rowPath(rows: readonly AttributeRow[], index: number): string {
  const path: string[] = [];
  let depth = Number.POSITIVE_INFINITY;
  for (let at = index; at >= 0 && depth > 0; at--) {
    const row = rows[at];
    if (row === undefined || row.depth >= depth) continue;
    depth = row.depth;
    path.unshift(row.tag.toString(16).toUpperCase().padStart(8, "0"));
  }
  return path.join(">");
}
