// The data set of an image box as it is sent: its header encoded, the bitmap behind it by reference. A
// bitmap has up to 20 MB, and the encoder would copy it on the main thread.

import { assert } from "../../../core/assert.ts";
import type { Body } from "../../dimse/message.ts";
import type { AcceptedContext } from "../../ul/association.ts";
import { encodeFor, isExplicit, type PeerText } from "../data-sets.ts";
import { type ImageBox, imageBoxDataSet } from "./attributes.ts";

const ITEM = 0xfffee000;
const NO_PIXELS = new Uint8Array();
/** An odd value is padded with one byte (PS3.5 §7.1.1). */
const PAD = new Uint8Array(1);

/**
 * Position, then a sequence of one item that ends with Pixel Data: three lengths of the encoded header
 * grow by the pixels (PS3.5 §7.1, §7.5).
 */
export function imageBoxBody(
  context: AcceptedContext,
  { pixels, ...box }: ImageBox,
  text: PeerText,
): Body {
  const [header, ...more] = encodeFor(
    context,
    imageBoxDataSet({ ...box, pixels: NO_PIXELS }),
    text,
  );
  assert(header instanceof Uint8Array && more.length === 0, "a data set is encoded in one piece");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const padded = pixels.byteLength + (pixels.byteLength % 2);
  const explicit = isExplicit(context);
  // Image Box Position has 10 bytes in either syntax; a sequence's length stands behind 4 or 8.
  const sequenceLengthAt = 10 + (explicit ? 8 : 4);
  const itemAt = sequenceLengthAt + 4;
  const tag = view.getUint16(itemAt, true) * 0x10000 + view.getUint16(itemAt + 2, true);
  assert(tag === ITEM, "an image box is its position and one item");
  for (const at of [sequenceLengthAt, itemAt + 4, header.byteLength - 4])
    view.setUint32(at, view.getUint32(at, true) + padded, true);
  return padded === pixels.byteLength ? [header, pixels] : [header, pixels, PAD];
}
