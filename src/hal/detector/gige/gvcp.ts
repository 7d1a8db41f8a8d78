// GVCP, the control channel of GigE Vision: datagrams of an 8-byte head and a body, big endian, and
// the bootstrap registers every device has.

export const GVCP_PORT = 3956;
export const GVCP_HEAD_BYTES = 8;
/** Most bytes of one READMEM or WRITEMEM, a multiple of 4. */
export const MEMORY_BYTES_MAX = 512;

const COMMAND_KEY = 0x42;
export const FLAG_ACK_REQUIRED = 0x01;
/** Of PACKETRESEND: block numbers of 64 bits. */
export const FLAG_EXTENDED_ID = 0x10;

export const Command = {
  discovery: 0x0002,
  packetResend: 0x0040,
  readRegister: 0x0080,
  writeRegister: 0x0082,
  readMemory: 0x0084,
  writeMemory: 0x0086,
} as const;
/** Answer to a command: its number plus one. */
export const ackOf = (command: number): number => command + 1;
export const PENDING_ACK = 0x0089;

/** Bootstrap registers: address in the device. */
export const Register = {
  vendor: 0x48,
  model: 0x68,
  version: 0x88,
  serial: 0xd8,
  xmlUrl: 0x200,
  capabilities: 0x934,
  heartbeatMs: 0x938,
  tickFrequencyHigh: 0x93c,
  tickFrequencyLow: 0x940,
  controlPrivilege: 0xa00,
  streamPort: 0xd00,
  packetSize: 0xd04,
  packetDelay: 0xd08,
  streamAddress: 0xd18,
} as const;

export const CAPABILITY_RESEND = 1 << 2;
export const PRIVILEGE_CONTROL = 2;
/** Of the packet size register. */
export const DO_NOT_FRAGMENT = 1 << 30;

export const GvcpStatus = {
  success: 0x0000,
  notImplemented: 0x8001,
  invalidAddress: 0x8003,
  writeProtected: 0x8004,
  accessDenied: 0x8006,
  busy: 0x8007,
} as const;

const STATUS_WORDS: Readonly<Record<number, string>> = {
  32769: "the panel does not know the command",
  32770: "a value is out of its range",
  32771: "the panel has no such register",
  32772: "the register can't be written",
  32774: "another program controls the panel; end it first",
  32775: "the panel is busy",
};

export function statusWords(status: number): string {
  return STATUS_WORDS[status] ?? `the panel answers status 0x${status.toString(16)}`;
}

export interface GvcpCommand {
  readonly command: number;
  readonly flags: number;
  readonly id: number;
  readonly body: DataView;
}

export interface GvcpAck {
  readonly status: number;
  readonly command: number;
  readonly id: number;
  readonly body: DataView;
}

export function writeCommand(
  command: number,
  id: number,
  body: Uint8Array,
  flags = FLAG_ACK_REQUIRED,
): Uint8Array {
  const bytes = new Uint8Array(GVCP_HEAD_BYTES + body.length);
  const view = viewOf(bytes);
  view.setUint8(0, COMMAND_KEY);
  view.setUint8(1, flags);
  view.setUint16(2, command);
  view.setUint16(4, body.length);
  view.setUint16(6, id);
  bytes.set(body, GVCP_HEAD_BYTES);
  return bytes;
}

/** Null: not a command. */
export function readCommand(bytes: Uint8Array): GvcpCommand | null {
  const view = viewOf(bytes);
  if (bytes.length < GVCP_HEAD_BYTES || view.getUint8(0) !== COMMAND_KEY) return null;
  const body = bodyOf(view);
  if (body === null) return null;
  return { command: view.getUint16(2), flags: view.getUint8(1), id: view.getUint16(6), body };
}

export function writeAck(
  command: number,
  id: number,
  body: Uint8Array,
  status: number = GvcpStatus.success,
): Uint8Array {
  const bytes = new Uint8Array(GVCP_HEAD_BYTES + body.length);
  const view = viewOf(bytes);
  view.setUint16(0, status);
  view.setUint16(2, command);
  view.setUint16(4, body.length);
  view.setUint16(6, id);
  bytes.set(body, GVCP_HEAD_BYTES);
  return bytes;
}

/** Null: no answer, or cut off. */
export function readAck(bytes: Uint8Array): GvcpAck | null {
  if (bytes.length < GVCP_HEAD_BYTES) return null;
  const view = viewOf(bytes);
  const body = bodyOf(view);
  if (body === null) return null;
  return {
    status: view.getUint16(0),
    command: view.getUint16(2),
    id: view.getUint16(6),
    body,
  };
}

function bodyOf(view: DataView): DataView | null {
  const length = view.getUint16(4);
  if (view.byteLength < GVCP_HEAD_BYTES + length) return null;
  return new DataView(view.buffer, view.byteOffset + GVCP_HEAD_BYTES, length);
}

/** 32-bit numbers one after the other. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value >>> 0);
  return bytes;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text up to its first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** PACKETRESEND of packets `first` … `last` of a block; the device answers with the packets alone. */
export function writeResend(
  id: number,
  block: number,
  first: number,
  last: number,
  extended: boolean,
): Uint8Array {
  if (!extended)
    return writeCommand(Command.packetResend, id, words(block & 0xffff, first, last), 0);
  const high = Math.floor(block / 2 ** 32);
  return writeCommand(
    Command.packetResend,
    id,
    words(0, first, last, high, block),
    FLAG_EXTENDED_ID,
  );
}

export interface ResendRequest {
  readonly block: number;
  readonly first: number;
  readonly last: number;
}

export function readResend({ body, flags }: GvcpCommand): ResendRequest | null {
  const extended = (flags & FLAG_EXTENDED_ID) !== 0;
  if (body.byteLength < (extended ? 20 : 12)) return null;
  return {
    block: extended
      ? body.getUint32(12) * 2 ** 32 + body.getUint32(16)
      : body.getUint32(0) & 0xffff,
    first: body.getUint32(4),
    last: body.getUint32(8),
  };
}
