// What a data set that cannot be read ends in, and how much of one is read at most.

import { tagText } from "../dict/dictionary.ts";
import type { Tag } from "./data-set.ts";

export type DecodeErrorKind =
  /** The bytes end before the data set does: more bytes may help. */
  | "truncated"
  /** A limit of {@link DecodeLimits} is exceeded. */
  | "limit"
  /** The bytes contradict PS3.5. */
  | "malformed";

/** Names the element and the byte offset where reading ended. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly kind: DecodeErrorKind;
  readonly tag: Tag;
  readonly offset: number;

  constructor(kind: DecodeErrorKind, tag: Tag, offset: number, what: string) {
    super(`${what} at ${tagText(tag)}, byte ${offset}`);
    this.kind = kind;
    this.tag = tag;
    this.offset = offset;
  }
}

export interface DecodeLimits {
  /** Sequences within sequences. */
  readonly depthMax: number;
  /** Items in the whole data set. */
  readonly itemsMax: number;
  /** Elements in the whole data set, those of items included. */
  readonly elementsMax: number;
  /** Bytes of one value that is not a sequence. */
  readonly valueBytesMax: number;
}

/** Far above what any known object needs; a hostile one ends here. */
export const DECODE_LIMITS: DecodeLimits = {
  depthMax: 32,
  itemsMax: 100_000,
  elementsMax: 1_000_000,
  valueBytesMax: 0xfffffffe,
};
