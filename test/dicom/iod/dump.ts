// A data set as readable lines, for golden files: tag, VR, values, keyword; items indented.

import type { DataSet, Element } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { keywordOf, tagText } from "../../../src/dicom/dict/dictionary.ts";

export function dump(dataSet: DataSet, indent = ""): string {
  return dataSet
    .tags()
    .map((tag) => {
      const element = dataSet.get(tag);
      if (element === undefined) return "";
      const code = codeText(element);
      if (code !== undefined) return `${indent}${tagText(tag)} ${code} ${keywordOf(tag)}\n`;
      const head = `${indent}${tagText(tag)} ${element.vr} ${valueText(element)} ${keywordOf(tag)}`;
      return `${head}\n${itemsText(element, indent)}`;
    })
    .join("");
}

/** A sequence of one code, on the line of the sequence. */
function codeText(element: Element): string | undefined {
  if (element.vr !== "SQ" || element.items.length !== 1) return undefined;
  const [item] = element.items;
  if (item?.size !== 3 || !item.has(Tag.CodeMeaning)) return undefined;
  const part = (tag: number) => item.string(tag);
  return `(${part(Tag.CodeValue)}, ${part(Tag.CodingSchemeDesignator)}, "${part(Tag.CodeMeaning)}")`;
}

function itemsText(element: Element, indent: string): string {
  if (element.vr !== "SQ") return "";
  return element.items
    .map((item, i) => `${indent}  item ${i + 1}\n${dump(item, `${indent}    `)}`)
    .join("");
}

function valueText(element: Element): string {
  if (element.vr === "SQ") return `${element.items.length} items`;
  if ("bytes" in element) return `${element.bytes.byteLength} bytes`;
  if (element.vr === "AT") return element.values.map((tag) => tagText(tag)).join("\\");
  return element.values.length === 0 ? "(empty)" : `[${element.values.join("\\")}]`;
}
