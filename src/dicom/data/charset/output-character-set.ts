// The repertoires that the product writes text in (PS3.5 §6.1; PS3.3 §C.12.1.1.2), and what is told
// about a character that the repertoire does not have.

import type { Tag } from "../data-set.ts";

/**
 * "default-kanji": the default repertoire, with ISO 2022 IR 87 (JIS X 0208) in the attributes that
 * may hold Kanji. "ISO_IR 192": UTF-8 in every attribute.
 */
export type OutputCharacterSet = "default-kanji" | "ISO_IR 192";

/** A character that was written as another one ("?" or "〓"). */
export interface Substitution {
  readonly tag: Tag;
  readonly character: string;
}
