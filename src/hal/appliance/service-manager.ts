// Word to the service manager that started the program (sd_notify(3)): ready, alive, stopping. One
// datagram each on a local socket, which the runtime's own sockets don't speak: libc's calls do.

import { dlopen, FFIType } from "bun:ffi";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
/** MSG_DONTWAIT and MSG_NOSIGNAL: a full queue must never hold up the main loop. */
const SEND_FLAGS = 0x40 | 0x4000;
/** sockaddr_un.sun_path (unix(7)). */
const SOCKET_PATH_BYTES = 108;
const FAMILY_BYTES = 2;
const MICROSECONDS_PER_MS = 1000;

export interface ServiceManager {
  /** The program serves; from now on the watchdog is told that the main loop turns. */
  ready(): void;
  /** The program has begun to stop; the watchdog goes on being told. */
  stopping(): void;
  /** Ends the word to the watchdog. */
  close(): void;
}

export interface ServiceManagerParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Does nothing where no service manager asked for word (NOTIFY_SOCKET is not set). */
export function serviceManager(parts: ServiceManagerParts): ServiceManager {
  const { env, clock, log } = parts;
  const address = env["NOTIFY_SOCKET"] ?? "";
  if (address === "") return { ready() {}, stopping() {}, close() {} };
  let failed = false;
  const tell = (state: string) => {
    const problem = sendDatagram(address, state);
    // Said once: the next word is due in seconds, and the manager acts on what it misses.
    if (problem !== null && !failed)
      log.error("service-manager-unreachable", {
        path: address,
        reason: problem,
        remedy: "the service manager will restart the program; check the unit's NotifyAccess",
      });
    failed = problem !== null;
  };
  const periodMs = watchdogMs(parts) / 2;
  let timer: Timer | null = null;
  const alive = () => {
    tell("WATCHDOG=1");
    timer = clock.after(periodMs, alive);
  };
  return {
    ready() {
      tell("READY=1");
      if (periodMs > 0 && timer === null) alive();
    },
    stopping: () => tell("STOPPING=1"),
    close: () => timer?.cancel(),
  };
}

/** WATCHDOG_USEC in ms; 0 where no watchdog is set, or it is another process's. */
function watchdogMs({ env, pid }: ServiceManagerParts): number {
  const owner = env["WATCHDOG_PID"];
  if (owner !== undefined && owner !== String(pid)) return 0;
  const microseconds = Number(env["WATCHDOG_USEC"] ?? 0);
  return microseconds > 0 ? microseconds / MICROSECONDS_PER_MS : 0;
}

/** @returns null, or why it could not be sent */
function sendDatagram(address: string, text: string): string | null {
  const path = new TextEncoder().encode(address);
  if (path.byteLength >= SOCKET_PATH_BYTES) return "the socket's name is too long";
  if (!address.startsWith("/") && !address.startsWith("@")) return "the socket's name is no path";
  const name = new Uint8Array(FAMILY_BYTES + path.byteLength + 1);
  name[0] = AF_UNIX;
  name.set(path, FAMILY_BYTES);
  // "@" stands for the zero byte of an abstract address, whose length counts instead of a zero's end.
  const isAbstract = address.startsWith("@");
  if (isAbstract) name[FAMILY_BYTES] = 0;
  const message = new TextEncoder().encode(text);
  const { socket, sendto, close } = libc();
  const handle = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (handle < 0) return "no socket could be made";
  try {
    const nameBytes = name.byteLength - (isAbstract ? 1 : 0);
    const sent = sendto(handle, message, message.byteLength, SEND_FLAGS, name, nameBytes);
    return Number(sent) === message.byteLength ? null : "nobody takes datagrams there";
  } finally {
    close(handle);
  }
}

let calls: ReturnType<typeof open> | null = null;

function libc() {
  calls ??= open();
  return calls.symbols;
}

function open() {
  const { i32, u64, i64, ptr, u32 } = FFIType;
  return dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    sendto: { args: [i32, ptr, u64, i32, ptr, u32], returns: i64 },
    close: { args: [i32], returns: i32 },
  });
}
