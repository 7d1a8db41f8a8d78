// Every row of every attribute table, on built objects: presence under its condition, VR, allowed
// values. The rules are worked out here again, so that table and builder are held against each other.

import { describe, expect, test } from "bun:test";
import type { DataSet, Element } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { attributeOf, tagText } from "../../../src/dicom/dict/dictionary.ts";
import type { IodKey, Presence, RowHead, RowTerms } from "../../../src/dicom/iod/row.ts";
import { row } from "../../coverage.ts";
import { type AnyIod, type AnyUse, BUILT, IODS } from "./iods.ts";

const hex = (row: RowHead) => Tag[row.tag].toString(16).toUpperCase().padStart(8, "0");

function empty(element: Element): boolean {
  if (element.vr === "SQ") return element.items.length === 0;
  if ("bytes" in element) return element.bytes.length === 0;
  return element.values.every((value) => value === "");
}

function texts(element: Element): string[] {
  return "values" in element ? element.values.map(String) : [];
}

/** The terms that hold for the IOD and, in a colour capture, for the variant. */
function terms(row: RowHead, iod: AnyIod, dataSet: DataSet): RowHead {
  let own: RowHead = { ...row, ...row.byIod?.[iod.key] } as RowHead;
  for (const variant of iod.variants)
    if (dataSet.string(Tag[variant.equals.tag]) === variant.equals.value)
      own = { ...own, ...(variant.set[row.tag] as RowTerms | undefined) } as RowHead;
  return own;
}

function conditionHolds(row: RowHead, dataSet: DataSet): boolean {
  const { when } = row;
  if (!when) return true;
  if ("tagPresent" in when) return dataSet.has(Tag[when.tagPresent]);
  const value = dataSet.string(Tag[when.tag]);
  if ("equals" in when) return value === when.equals;
  if ("in" in when) return value !== undefined && when.in.includes(value);
  return Number(value ?? 0) > when.greater;
}

function check(row: RowHead, iod: AnyIod, dataSet: DataSet, withIndex: boolean): void {
  const own = terms(row, iod, dataSet);
  let presence: Presence = conditionHolds(own, dataSet)
    ? own.presence
    : (own.otherwise ?? "ABSENT");
  if (own.valueWith !== undefined && withIndex) presence = "VNAP";
  const element = dataSet.get(Tag[row.tag]);
  if (row.by === "reference" || row.by === "encoder") {
    expect(element).toBeUndefined();
    return;
  }
  if (presence === "ABSENT") expect(element).toBeUndefined();
  if (presence === "ALWAYS" || presence === "VNAP" || presence === "EMPTY")
    expect(element).toBeDefined();
  if (element === undefined) return;
  if (presence === "ALWAYS" || presence === "ANAP") expect(empty(element)).toBe(false);
  if (presence === "EMPTY") expect(empty(element)).toBe(true);
  expect(element.vr).toBe(row.vr);
  const values = texts(element);
  if (empty(element)) return;
  if (own.fixed !== undefined && !row.configured) expect(values).toEqual(own.fixed.map(String));
  if (own.enum !== undefined)
    for (const value of values) expect(own.enum.map(String)).toContain(value);
  for (const [position, allowed] of Object.entries(own.fixedPositions ?? {}))
    expect(allowed).toContain(values[Number(position) - 1] ?? "none");
}

/** Whether a module's attributes are in the object, by what the table says of it. */
function moduleSent(use: AnyUse, iod: AnyIod, dataSet: DataSet): boolean {
  for (const variant of iod.variants)
    if (dataSet.string(Tag[variant.equals.tag]) === variant.equals.value)
      if (variant.absentModules.includes(use.module.table)) return false;
  if (use.presence === "ALWAYS") return true;
  return (use.trigger ?? []).some((tag) => dataSet.has(Tag[tag]));
}

/** Optional modules that are sent all the same: the positioner always reports where things stand. */
const GEOMETRY_IS_KNOWN = ["8.1-19", "8.1-25"];

const builtOf = (key: IodKey) => BUILT.filter(({ variant }) => variant.iod === key);

/** Rows and those inside their items, with the path of tags that the statement's row has. */
function flat(
  rows: readonly RowHead[],
  path: readonly RowHead[] = [],
): readonly (readonly RowHead[])[] {
  return rows.flatMap((r) => {
    const here = [...path, r];
    const inner = (r as { items?: { rows: readonly RowHead[] } }).items?.rows ?? [];
    return [here, ...flat(inner, here)];
  });
}

/** The data sets in which the last row of a path is looked for: the items of the row before it. */
function holders(dataSet: DataSet, path: readonly RowHead[]): readonly DataSet[] {
  let found: readonly DataSet[] = [dataSet];
  for (const outer of path.slice(0, -1)) found = found.flatMap((d) => d.items(Tag[outer.tag]));
  return found;
}

for (const iod of IODS)
  describe(`${iod.key} objects`, () => {
    for (const use of iod.modules) {
      const { module } = use;
      test(`${row(iod.table, module.table)} ${module.name} is sent ${use.presence === "ALWAYS" ? "always" : "where it applies"}`, () => {
        const sent = builtOf(iod.key).map(({ variant }) =>
          moduleSent(use, iod, variant.built.dataSet),
        );
        expect(sent).toContain(true);
        if (use.presence === "ANAP" && !GEOMETRY_IS_KNOWN.includes(module.table))
          expect(sent).toContain(false);
      });
      for (const path of flat(module.rows)) {
        const last = path.at(-1) as RowHead;
        test(`${row(module.table, path.map(hex).join(">"))} ${iod.key}: ${last.tag}`, () => {
          let checked = 0;
          for (const { variant } of builtOf(iod.key)) {
            const { dataSet } = variant.built;
            if (!moduleSent(use, iod, dataSet)) continue;
            for (const holder of holders(dataSet, path)) {
              check(last, iod, holder, variant.facts.settings.exposureIndexInDx);
              checked++;
            }
          }
          expect(checked).toBeGreaterThan(0);
        });
      }
    }

    for (const path of flat(iod.additions)) {
      const last = path.at(-1) as RowHead;
      test(`${row(`8.1-additions-${iod.key}`, path.map(hex).join(">"))} ${last.tag}`, () => {
        for (const { variant } of builtOf(iod.key))
          for (const holder of holders(variant.built.dataSet, path))
            check(last, iod, holder, false);
        const sent = builtOf(iod.key).some(({ variant }) =>
          holders(variant.built.dataSet, path).some((h) => h.has(Tag[last.tag])),
        );
        expect(sent).toBe(true);
      });
    }

    test("hold no attribute that is in none of their tables", () => {
      for (const { variant } of builtOf(iod.key)) {
        const { dataSet } = variant.built;
        const known = new Set(
          [
            ...iod.modules
              .filter((use) => moduleSent(use, iod, dataSet))
              .flatMap((u) => u.module.rows),
            ...iod.additions,
          ].map((r) => Tag[r.tag] as number),
        );
        expect(
          dataSet
            .tags()
            .filter((tag) => !known.has(tag))
            .map(tagText),
        ).toEqual([]);
      }
    });

    test("have the value representation of PS3.6 in every row", () => {
      for (const path of flat([...iod.modules.flatMap((u) => u.module.rows), ...iod.additions])) {
        const last = path.at(-1) as RowHead;
        expect(attributeOf(Tag[last.tag])?.vrs as readonly string[]).toContain(last.vr);
      }
    });
  });
