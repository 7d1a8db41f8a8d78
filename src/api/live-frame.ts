// A frame of the live view as it travels over the WebSocket: 32 bytes of header, then one byte a
// pixel. The layout is documented here and in the OpenAPI document.

export const LIVE_MAGIC = 0x4c524455; // "UDRL"
export const LIVE_VERSION = 1;
export const LIVE_HEADER_BYTES = 32;

export interface LiveFrame {
  /** Counts frames of the run from 0; gaps are frames that were skipped. */
  readonly sequence: number;
  readonly columns: number;
  readonly rows: number;
  /** Epoch milliseconds of the frame's last packet. */
  readonly atMs: number;
  /** True: the beam is off and this is the last image, held. */
  readonly lastImageHold: boolean;
  /** True: nothing is shown any more; a message without pixels. */
  readonly cleared?: boolean | undefined;
  /** Rows × columns, already windowed; valid while it is handed over. */
  readonly pixels: Uint8Array;
}

/** Little endian: magic u32, version u16, flags u16 (bit 0: held, bit 1: cleared), sequence u32, columns u32, rows u32, 4 reserved, time f64. */
export function encodeLiveFrame(frame: LiveFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LIVE_HEADER_BYTES + frame.pixels.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, LIVE_MAGIC, true);
  view.setUint16(4, LIVE_VERSION, true);
  view.setUint16(6, (frame.lastImageHold ? 1 : 0) | (frame.cleared === true ? 2 : 0), true);
  view.setUint32(8, frame.sequence, true);
  view.setUint32(12, frame.columns, true);
  view.setUint32(16, frame.rows, true);
  view.setFloat64(24, frame.atMs, true);
  bytes.set(frame.pixels, LIVE_HEADER_BYTES);
  return bytes;
}
