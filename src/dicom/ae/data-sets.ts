// Data sets of messages: encoded and decoded by the transfer syntax of their presentation context.

import type { OutputCharacterSet } from "../data/charset/output-character-set.ts";
import type { DataSet } from "../data/data-set.ts";
import { decodeDataSet } from "../data/decode.ts";
import { DecodeError } from "../data/decode-error.ts";
import { encodeDataSet } from "../data/encode.ts";
import { TransferSyntaxUid } from "../dict/uids.ts";
import type { Body } from "../dimse/message.ts";
import type { AcceptedContext } from "../ul/association.ts";

/** How text goes to and comes from one peer. */
export interface PeerText {
  readonly characterSet: OutputCharacterSet;
  /** What 8-bit text without a declared character set is read as (E8). */
  readonly fallbackCharacterSet?: string | undefined;
}

export function isExplicit(context: Pick<AcceptedContext, "transferSyntax">): boolean {
  return context.transferSyntax === TransferSyntaxUid.ExplicitVrLittleEndian;
}

export function encodeFor(context: AcceptedContext, dataSet: DataSet, text: PeerText): Body {
  return [
    encodeDataSet(dataSet, {
      explicitVr: isExplicit(context),
      characterSet: text.characterSet,
    }),
  ];
}

/** @throws DecodeError when the bytes make no data set. */
export function decodeFrom(
  context: AcceptedContext,
  bytes: Uint8Array,
  text: Pick<PeerText, "fallbackCharacterSet">,
): DataSet {
  return decodeDataSet(bytes, {
    explicitVr: isExplicit(context),
    fallbackCharacterSet: text.fallbackCharacterSet,
  }).dataSet;
}

/** What a peer sent, or null where that makes no data set: one bad answer is not the end of all. */
export function readable(
  context: AcceptedContext,
  bytes: Uint8Array | null,
  text: Pick<PeerText, "fallbackCharacterSet">,
): DataSet | null {
  if (bytes === null) return null;
  try {
    return decodeFrom(context, bytes, text);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
