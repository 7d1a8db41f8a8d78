// Makes an object's header exactly as long as the room that was left for it. A run is written while
// it is acquired, its header only at the end, when number of frames and length are known. The rest
// of the room is filled with Private Information (0002,0102) of the File Meta group (PS3.10 §7.1):
// any length, legal, and left behind when the object is sent, since File Meta never is. Padding
// values within the data set would travel along.

import { assert } from "../core/assert.ts";

const PREAMBLE_BYTES = 132;
/** (0002,0000) UL with its value. */
const GROUP_LENGTH_BYTES = 12;
const META_START = PREAMBLE_BYTES + GROUP_LENGTH_BYTES;
/** Tag, OB, reserved, length. */
const PRIVATE_INFORMATION_HEAD_BYTES = 12;
/** Tag, UI, length. */
const CREATOR_HEAD_BYTES = 8;

/** Bytes that the padding needs at least; the room must be that much larger than any header. */
export function paddingBytesMin(creatorUid: string): number {
  return CREATOR_HEAD_BYTES + even(creatorUid.length) + PRIVATE_INFORMATION_HEAD_BYTES;
}

/**
 * The header, `length` bytes long. `creatorUid` goes into Private Information Creator UID
 * (0002,0100). A header of that length already is returned as it is. Null when it doesn't fit.
 */
export function padHeader(
  header: Uint8Array,
  length: number,
  creatorUid: string,
): Uint8Array | null {
  assert(header.byteLength % 2 === 0 && length % 2 === 0, "headers have even lengths");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  assert(view.getUint32(PREAMBLE_BYTES, true) === 0x00000002, "a header begins with File Meta");
  if (header.byteLength === length) return header;
  const padding = length - header.byteLength;
  if (padding < paddingBytesMin(creatorUid)) return null;
  const metaBytes = view.getUint32(PREAMBLE_BYTES + 8, true);
  const metaEnd = META_START + metaBytes;

  const out = new Uint8Array(length);
  out.set(header.subarray(0, metaEnd));
  out.set(header.subarray(metaEnd), metaEnd + padding);
  const o = new DataView(out.buffer);
  o.setUint32(PREAMBLE_BYTES + 8, metaBytes + padding, true);
  let at = metaEnd;
  o.setUint32(at, 0x01000002, true);
  out.set([0x55, 0x49], at + 4);
  o.setUint16(at + 6, even(creatorUid.length), true);
  at += CREATOR_HEAD_BYTES;
  for (let i = 0; i < creatorUid.length; i++) out[at + i] = creatorUid.charCodeAt(i);
  at += even(creatorUid.length);
  o.setUint32(at, 0x01020002, true);
  out.set([0x4f, 0x42], at + 4);
  o.setUint32(at + 8, metaEnd + padding - (at + PRIVATE_INFORMATION_HEAD_BYTES), true);
  return out;
}

function even(length: number): number {
  return length + (length % 2);
}
