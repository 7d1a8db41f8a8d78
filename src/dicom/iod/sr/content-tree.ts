// Walks the templates over the facts of a report and makes the content tree under its root
// (PS3.3 C.17.3, PS3.16 TID 10001).

import { doseTotals } from "../../../model/dose.ts";
import { DataSet } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { codeItem } from "../code-items.ts";
import type { ReportFacts } from "../facts.ts";
import { IodError } from "../iod-error.ts";
import type { ReportContext } from "./context.ts";
import { projectionDose } from "./projection-dose.ts";
import type { Template, TemplateRow } from "./template.ts";

/**
 * Items of the root's Content Sequence (0040,A730).
 * @throws IodError naming template and concept of a value that is missing.
 */
export function contentSequence(facts: ReportFacts): readonly DataSet[] {
  const context: ReportContext = {
    ...facts,
    totals: doseTotals(facts.events.map((event) => event.exposure)),
  };
  // Row 1 is the document itself: its attributes are additions of the IOD (E91).
  const [, ...rows] = projectionDose.rows;
  return itemsOf({ ...projectionDose, rows }, context, null).map(finished);
}

/** A content item under construction: children come after it. */
interface Item {
  readonly level: number;
  readonly dataSet: DataSet;
  readonly children: Item[];
}

/** The template's rows as items; those deeper than the first hang below the one before them. */
function itemsOf<F>(
  template: Template<F>,
  facts: F,
  relationship: TemplateRow<F>["relationship"],
): Item[] {
  const top: Item[] = [];
  const open: Item[] = [];
  const base = template.rows[0]?.level ?? 0;
  const put = (item: Item) => {
    while ((open.at(-1)?.level ?? -1) >= item.level) open.pop();
    (open.at(-1)?.children ?? top).push(item);
    open.push(item);
  };
  for (const row of template.rows) {
    const level = row.level - base;
    if (row.include !== undefined) {
      row.include.each(facts, (included, inner) => {
        for (const item of itemsOf(included, inner, row.relationship)) put({ ...item, level });
      });
      continue;
    }
    const presence = row.applies?.(facts) === false ? (row.otherwise ?? "ABSENT") : row.presence;
    if (presence === "ABSENT") continue;
    const dataSet = itemOf(row, template, facts, relationship);
    if (dataSet !== undefined) put({ level, dataSet, children: [] });
  }
  return top;
}

function itemOf<F>(
  row: TemplateRow<F>,
  template: Template<F>,
  facts: F,
  relationship: TemplateRow<F>["relationship"],
): DataSet | undefined {
  const { concept, valueType } = row;
  if (concept === undefined || valueType === "INCLUDE") return undefined;
  const dataSet = new DataSet()
    .text(Tag.RelationshipType, "CS", row.relationship ?? relationship ?? "CONTAINS")
    .text(Tag.ValueType, "CS", valueType)
    .sequence(Tag.ConceptNameCodeSequence, codeItem(concept));
  if (valueType === "CONTAINER") return container(dataSet, template.tid);
  const value = row.read === undefined ? row.codes?.[0] : row.read(facts);
  if (value === undefined || value === "") {
    if (row.presence !== "ALWAYS") return undefined;
    const what = "has no value";
    throw new IodError("RDSR object", [
      { table: template.table, attribute: concept.meaning, what },
    ]);
  }
  if (typeof value !== "string") return dataSet.sequence(Tag.ConceptCodeSequence, codeItem(value));
  switch (valueType) {
    case "NUM":
      return dataSet.sequence(
        Tag.MeasuredValueSequence,
        new DataSet()
          .text(Tag.NumericValue, "DS", value)
          .sequence(
            Tag.MeasurementUnitsCodeSequence,
            ...(row.units === undefined ? [] : [codeItem(row.units)]),
          ),
      );
    case "UIDREF":
      return dataSet.text(Tag.UID, "UI", value);
    case "DATETIME":
      return dataSet.text(Tag.DateTime, "DT", value);
    default:
      return dataSet.text(Tag.TextValue, "UT", value);
  }
}

function container(dataSet: DataSet, tid: string): DataSet {
  return dataSet
    .text(Tag.ContinuityOfContent, "CS", "SEPARATE")
    .sequence(
      Tag.ContentTemplateSequence,
      new DataSet().text(Tag.MappingResource, "CS", "DCMR").text(Tag.TemplateIdentifier, "CS", tid),
    );
}

function finished({ dataSet, children }: Item): DataSet {
  if (children.length > 0) dataSet.sequence(Tag.ContentSequence, ...children.map(finished));
  return dataSet;
}
