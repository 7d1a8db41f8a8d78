// What a driver needs of the network: a control channel of single datagrams and a stream channel
// whose packets go into frames. UDP in real life, a pair of functions in tests.

import type { FrameAssembler } from "./frame-assembler.ts";

export interface PanelWire {
  /** What the panel has to be told to send frames here. */
  readonly local: { readonly address: string; readonly streamPort: number };
  /** Largest packet of the stream on this way, IP head included, bytes. */
  readonly packetBytesMax: number;
  /** Bytes the receive buffer of the stream holds. */
  readonly receiveBufferBytes: number;
  sendControl(datagram: Uint8Array): void;
  /** `onControl` hears every datagram of the panel; packets of the stream go to `frames`. */
  start(onControl: (datagram: Uint8Array) => void, frames: FrameAssembler): void;
  /** While frames are expected, packets are fetched at once; else now and then. */
  streaming(on: boolean): void;
  close(): void;
}

/** A way to a panel, made anew each time it is opened. @throws DetectorError */
export type Connect = () => Promise<PanelWire>;
