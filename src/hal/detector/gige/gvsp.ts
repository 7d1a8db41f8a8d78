// GVSP, the stream channel of GigE Vision: a frame is a block of a leader, payload packets and a
// trailer. Heads have 8 bytes, with extended numbers 20; big endian.

export const HEAD_BYTES = 8;
export const EXTENDED_HEAD_BYTES = 20;
/** IP and UDP heads, which the packet size counts too. */
const NETWORK_HEAD_BYTES = 28;
/** Bytes after the head of an image leader and trailer. */
const LEADER_BODY_BYTES = 36;
const TRAILER_BODY_BYTES = 8;
const EXTENDED_BIT = 0x80;
const PAYLOAD_IMAGE = 1;
/** Largest block number of 16 bits; 1 follows, 0 is none. */
export const BLOCK_16_MAX = 0xffff;

/** 16 bits a pixel, one grey value. */
export const PIXEL_FORMAT_MONO16 = 0x01100007;

export const PacketKind = { leader: 1, trailer: 2, payload: 3 } as const;

export interface StreamHead {
  readonly status: number;
  readonly block: number;
  readonly kind: number;
  /** 0 leader, 1 … n payload, n + 1 trailer. */
  readonly packet: number;
  readonly extended: boolean;
  readonly headBytes: number;
}

export interface Leader {
  readonly timestamp: bigint;
  readonly pixelFormat: number;
  readonly columns: number;
  readonly rows: number;
}

/** Pixel bytes of one packet. @param packetBytes the packet size register, heads included */
export function payloadBytes(packetBytes: number, extended: boolean): number {
  return packetBytes - NETWORK_HEAD_BYTES - (extended ? EXTENDED_HEAD_BYTES : HEAD_BYTES);
}

/** Null: not a stream packet. */
export function readHead(view: DataView): StreamHead | null {
  if (view.byteLength < HEAD_BYTES) return null;
  const format = view.getUint8(4);
  const extended = (format & EXTENDED_BIT) !== 0;
  if (extended && view.byteLength < EXTENDED_HEAD_BYTES) return null;
  return {
    status: view.getUint16(0),
    kind: format & 0x0f,
    extended,
    block: extended ? view.getUint32(8) * 2 ** 32 + view.getUint32(12) : view.getUint16(2),
    packet: extended ? view.getUint32(16) : view.getUint32(4) & 0xffffff,
    headBytes: extended ? EXTENDED_HEAD_BYTES : HEAD_BYTES,
  };
}

/** @returns bytes of the head */
export function writeHead(
  view: DataView,
  kind: number,
  block: number,
  packet: number,
  extended: boolean,
): number {
  view.setUint16(0, 0);
  if (!extended) {
    view.setUint16(2, block);
    view.setUint32(4, packet);
    view.setUint8(4, kind);
    return HEAD_BYTES;
  }
  view.setUint16(2, 0);
  view.setUint32(4, 0);
  view.setUint8(4, kind | EXTENDED_BIT);
  view.setUint32(8, Math.floor(block / 2 ** 32));
  view.setUint32(12, block >>> 0);
  view.setUint32(16, packet);
  return EXTENDED_HEAD_BYTES;
}

/** Of the bytes after the head; null: no image leader. */
export function readLeader(body: DataView): Leader | null {
  if (body.byteLength < LEADER_BODY_BYTES || body.getUint16(2) !== PAYLOAD_IMAGE) return null;
  return {
    timestamp: body.getBigUint64(4),
    pixelFormat: body.getUint32(12),
    columns: body.getUint32(16),
    rows: body.getUint32(20),
  };
}

export function leaderPacket(block: number, extended: boolean, leader: Leader): Uint8Array {
  const bytes = new Uint8Array(EXTENDED_HEAD_BYTES + LEADER_BODY_BYTES);
  const head = writeHead(new DataView(bytes.buffer), PacketKind.leader, block, 0, extended);
  const body = new DataView(bytes.buffer, head);
  body.setUint16(2, PAYLOAD_IMAGE);
  body.setBigUint64(4, leader.timestamp);
  body.setUint32(12, leader.pixelFormat);
  body.setUint32(16, leader.columns);
  body.setUint32(20, leader.rows);
  return bytes.subarray(0, head + LEADER_BODY_BYTES);
}

export function trailerPacket(
  block: number,
  packet: number,
  extended: boolean,
  rows: number,
): Uint8Array {
  const bytes = new Uint8Array(EXTENDED_HEAD_BYTES + TRAILER_BODY_BYTES);
  const head = writeHead(new DataView(bytes.buffer), PacketKind.trailer, block, packet, extended);
  const body = new DataView(bytes.buffer, head);
  body.setUint16(2, PAYLOAD_IMAGE);
  body.setUint32(4, rows);
  return bytes.subarray(0, head + TRAILER_BODY_BYTES);
}
