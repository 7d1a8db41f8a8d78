// The network as a panel's wire: one socket for commands, one for the stream. Linux fetches the
// stream with recvmmsg; elsewhere, or when asked to, the runtime's own UDP socket does.

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { DetectorError } from "../detector.ts";
import type { FrameAssembler } from "./frame-assembler.ts";
import { GVCP_PORT } from "./gvcp.ts";
import { StreamReceiver } from "./stream-receiver.ts";
import type { PanelWire } from "./wire.ts";

/** Between two looks at the stream, ms. */
const POLL_MS = 1;
const IDLE_POLL_MS = 25;
/** Larger packets bring nothing more. */
const PACKET_BYTES_MAX = 9000;
const ETHERNET_MTU = 1500;
/** Of the runtime's socket, whose buffer can't be asked for: the system's default. */
const SOCKET_BUFFER_BYTES = 212_992;

export interface UdpWireOptions {
  /** Of the panel, dotted. */
  readonly address: string;
  /** "mmsg": straight into the slots; "socket": by way of the runtime. */
  readonly receiver?: "mmsg" | "socket" | undefined;
  /** Bytes; else what the network card carries. */
  readonly packetBytes?: number | undefined;
}

/** @throws DetectorError */
export async function udpWire(options: UdpWireOptions): Promise<PanelWire> {
  const { address } = options;
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address))
    throw new DetectorError(`${address} is no IPv4 address of a panel, such as 192.168.10.20`);
  const local = localAddress(address);
  const receiver = options.receiver ?? (process.platform === "linux" ? "mmsg" : "socket");
  let onControl: (datagram: Uint8Array) => void = () => {};
  let frames: FrameAssembler | null = null;
  const control = await Bun.udpSocket({
    hostname: local.address,
    socket: {
      data(_socket, data, port, from) {
        if (from === address && port === GVCP_PORT) onControl(new Uint8Array(data));
      },
      // Nobody listens there: the command is repeated, and whoever waits is told in the end.
      error() {},
    },
  });
  const mmsg =
    receiver === "mmsg" ? openStream(local.address, address, () => control.close()) : null;
  const socket =
    mmsg !== null
      ? null
      : await Bun.udpSocket({
          hostname: local.address,
          socket: {
            data(_socket, data, _port, from) {
              if (from === address) frames?.packet(new Uint8Array(data));
            },
            error() {},
          },
        });
  let timer: ReturnType<typeof setTimeout> | null = null;
  let closed = false;
  let everyMs = IDLE_POLL_MS;
  const poll = () => {
    if (closed || frames === null) return;
    mmsg?.poll(frames);
    frames.check();
    timer = setTimeout(poll, everyMs);
  };
  return {
    local: { address: local.address, streamPort: mmsg?.port ?? socket?.port ?? 0 },
    packetBytesMax: Math.min(PACKET_BYTES_MAX, options.packetBytes ?? local.mtu),
    receiveBufferBytes: mmsg?.receiveBufferBytes ?? SOCKET_BUFFER_BYTES,
    sendControl(datagram) {
      if (closed) return;
      try {
        control.send(datagram, GVCP_PORT, address);
      } catch {
        // The answer to an earlier one was that nobody listens: the command is repeated.
      }
    },
    start(hear, into) {
      onControl = hear;
      frames = into;
      poll();
    },
    streaming(on) {
      everyMs = on ? POLL_MS : IDLE_POLL_MS;
      if (timer !== null) clearTimeout(timer);
      if (!closed && frames !== null) timer = setTimeout(poll, POLL_MS);
    },
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      control.close();
      socket?.close();
      mmsg?.close();
    },
  };
}

function openStream(address: string, panel: string, onFailure: () => void): StreamReceiver {
  try {
    return new StreamReceiver(address, panel);
  } catch (error) {
    onFailure();
    throw error;
  }
}

/** The address of this machine in the panel's network, and the largest datagram on the way. */
function localAddress(panel: string): { address: string; mtu: number } {
  const to = numberOf(panel);
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    for (const { family, address, netmask } of addresses ?? []) {
      if (family !== "IPv4") continue;
      const mask = numberOf(netmask);
      if ((numberOf(address) & mask) >>> 0 === (to & mask) >>> 0)
        return { address, mtu: mtuOf(name) };
    }
  throw new DetectorError(
    `no network card lies in the network of the panel ${panel}; give one an address there`,
  );
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function mtuOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, "utf8")) || ETHERNET_MTU;
  } catch {
    return ETHERNET_MTU;
  }
}
