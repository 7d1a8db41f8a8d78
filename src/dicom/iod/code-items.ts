// Items that several sequences are made of: a code (PS3.3 §8.8), a reference to an instance (§10.8).

import type { Code, SopReference } from "../../model/code.ts";
import { DataSet } from "../data/data-set.ts";
import { Tag } from "../dict/attributes.ts";

/** Code Sequence Macro; the version only where the scheme needs one. */
export function codeItem(code: Code): DataSet {
  const item = new DataSet()
    .text(Tag.CodeValue, "SH", code.value)
    .text(Tag.CodingSchemeDesignator, "SH", code.scheme)
    .text(Tag.CodeMeaning, "LO", code.meaning);
  if (code.schemeVersion !== undefined && code.schemeVersion !== "")
    item.text(Tag.CodingSchemeVersion, "SH", code.schemeVersion);
  return item;
}

/** SOP Instance Reference Macro. */
export function referenceItem(reference: SopReference): DataSet {
  return new DataSet()
    .text(Tag.ReferencedSOPClassUID, "UI", reference.sopClassUid)
    .text(Tag.ReferencedSOPInstanceUID, "UI", reference.sopInstanceUid);
}
