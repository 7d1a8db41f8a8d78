// The stream over real sockets: packets of the panel become frames, those of anybody else are not taken.

import { expect, test } from "bun:test";
import {
  type AssembledFrame,
  FrameAssembler,
} from "../../../../src/hal/detector/gige/frame-assembler.ts";
import {
  leaderPacket,
  PacketKind,
  PIXEL_FORMAT_MONO16,
  trailerPacket,
  writeHead,
} from "../../../../src/hal/detector/gige/gvsp.ts";
import { udpWire } from "../../../../src/hal/detector/gige/udp-wire.ts";

const PANEL = "127.0.0.71";
const STRANGER = "127.0.0.72";
const COLUMNS = 16;
const ROWS = 8;
const HEAD_BYTES = 8;

/** A whole frame of one value, one packet for its pixels. */
function framePackets(block: number, value: number): Uint8Array[] {
  const leader = { timestamp: 0n, pixelFormat: PIXEL_FORMAT_MONO16, columns: COLUMNS, rows: ROWS };
  const payload = new Uint8Array(HEAD_BYTES + COLUMNS * ROWS * 2).fill(value, HEAD_BYTES);
  writeHead(new DataView(payload.buffer), PacketKind.payload, block, 1, false);
  return [leaderPacket(block, false, leader), payload, trailerPacket(block, 2, false, ROWS)];
}

/** A socket that takes nothing from a sender lets the kernel tell him so. */
function unlessRefused(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ECONNREFUSED")) throw error;
  }
}

for (const receiver of ["mmsg", "socket"] as const)
  test(`packets from another address than the panel's are not taken (${receiver})`, async () => {
    const wire = await udpWire({ address: PANEL, receiver });
    const arrived = Promise.withResolvers<AssembledFrame>();
    const places: Uint8Array[] = [];
    const frames = new FrameAssembler(
      {
        place: () => {
          const bytes = new Uint8Array(new SharedArrayBuffer(COLUMNS * ROWS * 2));
          return { slot: places.push(bytes) - 1, bytes };
        },
        giveBack: () => {},
        began: () => {},
        frame: (frame) => arrived.resolve(frame),
        skipped: () => {},
        stray: () => {},
        resend: () => {},
        wrong: (reason) => arrived.reject(new Error(reason)),
      },
      () => performance.now(),
    );
    const packetBytes = 28 + HEAD_BYTES + COLUMNS * ROWS * 2;
    frames.expect({
      columns: COLUMNS,
      rows: ROWS,
      pixelFormat: PIXEL_FORMAT_MONO16,
      packetBytes,
      extended: false,
    });
    const stranger = await Bun.udpSocket({ hostname: STRANGER, socket: { error() {} } });
    const panel = await Bun.udpSocket({ hostname: PANEL, socket: {} });
    try {
      const { address, streamPort } = wire.local;
      // The stranger comes first: with block 1 taken, the panel's own frame would be an old one.
      for (const packet of framePackets(1, 0xee))
        unlessRefused(() => stranger.send(packet, streamPort, address));
      for (const packet of framePackets(1, 0x11)) panel.send(packet, streamPort, address);
      wire.start(() => {}, frames);
      wire.streaming(true);
      const first = await arrived.promise;
      expect(first).toMatchObject({ missing: 0, deviceFrameId: 1 });
      expect([...new Set(places[first.slot ?? -1])]).toEqual([0x11]);
    } finally {
      wire.close();
      stranger.close();
      panel.close();
    }
  });
