// Content items of a report as a tree that tests can ask questions.

import type { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { Code } from "../../../src/model/code.ts";

export interface Node {
  readonly relationship: string | undefined;
  readonly valueType: string | undefined;
  readonly concept: Code | undefined;
  /** Text, UID, date and time, or number as it is written. */
  readonly text: string | undefined;
  readonly code: Code | undefined;
  readonly units: Code | undefined;
  readonly continuity: string | undefined;
  readonly template: string | undefined;
  readonly children: readonly Node[];
}

const codeOf = (item: DataSet | undefined): Code | undefined =>
  item && {
    value: item.string(Tag.CodeValue) ?? "",
    scheme: item.string(Tag.CodingSchemeDesignator) ?? "",
    meaning: item.string(Tag.CodeMeaning) ?? "",
  };

/** The item, and everything below it. */
export function nodeOf(item: DataSet): Node {
  const [measured] = item.items(Tag.MeasuredValueSequence);
  return {
    relationship: item.string(Tag.RelationshipType),
    valueType: item.string(Tag.ValueType),
    concept: codeOf(item.items(Tag.ConceptNameCodeSequence)[0]),
    text:
      measured?.string(Tag.NumericValue) ??
      item.string(Tag.TextValue) ??
      item.string(Tag.UID) ??
      item.string(Tag.DateTime),
    code: codeOf(item.items(Tag.ConceptCodeSequence)[0]),
    units: codeOf(measured?.items(Tag.MeasurementUnitsCodeSequence)[0]),
    continuity: item.string(Tag.ContinuityOfContent),
    template: item.items(Tag.ContentTemplateSequence)[0]?.string(Tag.TemplateIdentifier),
    children: item.items(Tag.ContentSequence).map(nodeOf),
  };
}

/** Direct children with this concept. */
export const childrenOf = (node: Node, concept: string): readonly Node[] =>
  node.children.filter((child) => child.concept?.value === concept);

/** Every node below, the node itself included. */
export const everyNode = (node: Node): readonly Node[] => [
  node,
  ...node.children.flatMap(everyNode),
];
