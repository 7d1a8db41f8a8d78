// A USB device that exists only here: a server of the USB/IP protocol (kernel: Documentation/usb/
// usbip_protocol) with one vendor-specific high-speed device, bulk IN 1 for frames, bulk OUT 2 for
// commands. The guest attaches it and its programs see a device like any other.

import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "./disk.ts";

/** pid.codes' test identifiers. */
export const VENDOR_ID = 0x1209;
export const PRODUCT_ID = 0x0001;
export const BUS_ID = "1-1";

const VERSION = 0x0111;
const OP_REQ_DEVLIST = 0x8005;
const OP_REP_DEVLIST = 0x0005;
const OP_REQ_IMPORT = 0x8003;
const OP_REP_IMPORT = 0x0003;
const CMD_SUBMIT = 1;
const CMD_UNLINK = 2;
const RET_SUBMIT = 3;
const RET_UNLINK = 4;
const HEADER_BYTES = 48;
const EPIPE = -32;
const SPEED_HIGH = 3;

const STRINGS = ["", "UDR test bench", "UDR test panel", "TEST0001"];
const DEVICE_DESCRIPTOR = Buffer.from([
  ...[18, 1, 0x00, 0x02, 0xff, 0, 0, 64],
  ...[VENDOR_ID & 0xff, VENDOR_ID >> 8, PRODUCT_ID & 0xff, PRODUCT_ID >> 8],
  ...[0x00, 0x01, 1, 2, 3, 1],
]);
const CONFIGURATION = Buffer.from([
  ...[9, 2, 32, 0, 1, 1, 0, 0x80, 50],
  ...[9, 4, 0, 0, 2, 0xff, 0, 0, 0],
  ...[7, 5, 0x81, 2, 0x00, 0x02, 0],
  ...[7, 5, 0x02, 2, 0x00, 0x02, 0],
]);

/** Byte at an offset of what bulk IN gives: so that a reader can tell gaps and order. */
export const patternByte = (offset: number): number => (offset * 7 + (offset >> 8)) & 0xff;

export class UsbIpDevice {
  readonly port: number;
  private readonly server: Server;

  private constructor(port: number, server: Server) {
    this.port = port;
    this.server = server;
  }

  static async start(): Promise<UsbIpDevice> {
    const port = await freePort();
    const server = createServer((socket) => serve(socket));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return new UsbIpDevice(port, server);
  }

  [Symbol.dispose](): void {
    this.server.close();
  }
}

/** One connection: a list, or an attached device until it is let go. */
function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  let buffer = Buffer.alloc(0);
  let attached = false;
  socket.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const used = attached ? transfer(socket, buffer) : operation(socket, buffer);
      if (used === 0) return;
      if (!attached) attached = buffer.readUInt16BE(2) === OP_REQ_IMPORT;
      buffer = buffer.subarray(used);
    }
  });
}

/** Answers one request for a list or a device; 0 while it is not whole. */
function operation(socket: Socket, buffer: Buffer): number {
  if (buffer.length < 8) return 0;
  if (buffer.readUInt16BE(2) === OP_REQ_DEVLIST) {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(VERSION, 0);
    head.writeUInt16BE(OP_REP_DEVLIST, 2);
    head.writeUInt32BE(1, 8);
    socket.end(Buffer.concat([head, description(), Buffer.from([0xff, 0, 0, 0])]));
    return 8;
  }
  if (buffer.length < 40) return 0;
  const head = Buffer.alloc(8);
  head.writeUInt16BE(VERSION, 0);
  head.writeUInt16BE(OP_REP_IMPORT, 2);
  const known = buffer.toString("latin1", 8, 40).replace(/\0+$/, "") === BUS_ID;
  head.writeUInt32BE(known ? 0 : 1, 4);
  socket.write(known ? Buffer.concat([head, description()]) : head);
  return 40;
}

function description(): Buffer {
  const text = Buffer.alloc(312);
  text.write("/sys/devices/test/1-1", 0, "latin1");
  text.write(BUS_ID, 256, "latin1");
  text.writeUInt32BE(1, 288);
  text.writeUInt32BE(2, 292);
  text.writeUInt32BE(SPEED_HIGH, 296);
  text.writeUInt16BE(VENDOR_ID, 300);
  text.writeUInt16BE(PRODUCT_ID, 302);
  text.writeUInt16BE(0x0100, 304);
  text.set([0xff, 0, 0, 0, 1, 1], 306);
  return text;
}

/** Carries out one transfer; 0 while its bytes are not all there. */
function transfer(socket: Socket, buffer: Buffer): number {
  if (buffer.length < HEADER_BYTES) return 0;
  const command = buffer.readUInt32BE(0);
  const sequence = buffer.readUInt32BE(4);
  const isIn = buffer.readUInt32BE(12) === 1;
  const endpoint = buffer.readUInt32BE(16);
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32BE(sequence, 4);
  if (command === CMD_UNLINK) {
    head.writeUInt32BE(RET_UNLINK, 0);
    socket.write(head);
    return HEADER_BYTES;
  }
  if (command !== CMD_SUBMIT) {
    socket.destroy();
    return 0;
  }
  const length = buffer.readInt32BE(24);
  const used = HEADER_BYTES + (isIn ? 0 : length);
  if (buffer.length < used) return 0;
  const data =
    endpoint === 0
      ? control(buffer.subarray(40, 48))
      : isIn
        ? Buffer.from(Uint8Array.from({ length }, (_, i) => patternByte(i)))
        : Buffer.alloc(0);
  head.writeUInt32BE(RET_SUBMIT, 0);
  head.writeInt32BE(data === null ? EPIPE : 0, 20);
  const answer = isIn ? (data ?? Buffer.alloc(0)).subarray(0, length) : Buffer.alloc(0);
  head.writeInt32BE(isIn ? answer.length : data === null ? 0 : length, 24);
  socket.write(Buffer.concat([head, answer]));
  return used;
}

/** Answers a control request; null stalls it. */
function control(setup: Buffer): Buffer | null {
  const [type = 0, request = 0, low = 0, high = 0] = setup;
  const GET_DESCRIPTOR = 6;
  if (type === 0x80 && request === GET_DESCRIPTOR) {
    if (high === 1) return DEVICE_DESCRIPTOR;
    if (high === 2) return CONFIGURATION;
    if (high === 3) return low === 0 ? Buffer.from([4, 3, 9, 4]) : stringDescriptor(low);
    return null;
  }
  const isVendor = (type & 0x60) === 0x40;
  if (isVendor) return type & 0x80 ? Buffer.from("UDRTEST1", "latin1") : Buffer.alloc(0);
  if (type & 0x80) return request === 0 ? Buffer.from([0, 0]) : null;
  return Buffer.alloc(0);
}

function stringDescriptor(index: number): Buffer | null {
  const text = STRINGS[index];
  if (text === undefined) return null;
  const bytes = Buffer.from(text, "utf16le");
  return Buffer.concat([Buffer.from([bytes.length + 2, 3]), bytes]);
}
