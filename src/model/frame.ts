// The record in front of every frame in shared memory: numbers only, written by the acquisition
// side, read by whoever holds the slot. Layout is fixed (128 bytes, little endian).

export const FRAME_KINDS = ["normal", "dark", "flat", "postOffset"] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** Bits of `status`. */
export const FRAME_COMPLETE = 1;
export const FRAME_RESENT = 2;
export const FRAME_PATCHED = 4;
export const FRAME_FIRST_AFTER_ARM = 8;
export const FRAME_SATURATED = 16;
/** No calibration was applied to it and none may be claimed. */
export const FRAME_UNCORRECTED = 32;

export interface FrameHeader {
  /** Counts delivered frames from 0 since open. */
  readonly sequence: number;
  /** The panel's own frame number, unwrapped. */
  readonly deviceFrameId: number;
  /** Panel clock, nanoseconds. */
  readonly deviceTimeNs: bigint;
  /** Our clock: first and last packet (or row) of the frame, epoch ms with fraction. */
  readonly firstPacketMs: number;
  readonly lastPacketMs: number;
  /** Index into the detector's list of modes. */
  readonly mode: number;
  readonly kind: FrameKind;
  /** Join key to the generator's report; 0 = none. */
  readonly exposureEvent: number;
  readonly integrationUs: number;
  /** Panel temperature, hundredths of a degree Celsius. */
  readonly temperatureCx100: number;
  readonly status: number;
  readonly missingPackets: number;
}

export function writeFrameHeader(view: DataView, h: FrameHeader): void {
  view.setFloat64(0, h.sequence, true);
  view.setFloat64(8, h.deviceFrameId, true);
  view.setBigInt64(16, h.deviceTimeNs, true);
  view.setFloat64(24, h.firstPacketMs, true);
  view.setFloat64(32, h.lastPacketMs, true);
  view.setInt32(40, h.mode, true);
  view.setInt32(44, FRAME_KINDS.indexOf(h.kind), true);
  view.setInt32(48, h.exposureEvent, true);
  view.setInt32(52, h.integrationUs, true);
  view.setInt32(56, h.temperatureCx100, true);
  view.setInt32(60, h.status, true);
  view.setInt32(64, h.missingPackets, true);
}

export function readFrameHeader(view: DataView): FrameHeader {
  return {
    sequence: view.getFloat64(0, true),
    deviceFrameId: view.getFloat64(8, true),
    deviceTimeNs: view.getBigInt64(16, true),
    firstPacketMs: view.getFloat64(24, true),
    lastPacketMs: view.getFloat64(32, true),
    mode: view.getInt32(40, true),
    kind: FRAME_KINDS[view.getInt32(44, true)] ?? "normal",
    exposureEvent: view.getInt32(48, true),
    integrationUs: view.getInt32(52, true),
    temperatureCx100: view.getInt32(56, true),
    status: view.getInt32(60, true),
    missingPackets: view.getInt32(64, true),
  };
}
