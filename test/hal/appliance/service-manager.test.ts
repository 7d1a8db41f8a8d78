// Against a real datagram socket, held by a process of its own.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { jsonLog, silentLog } from "../../../src/core/log.ts";
import { serviceManager } from "../../../src/hal/appliance/service-manager.ts";

const PID = 4711;

/** Binds, says so, and prints what comes, a line each. */
const RECEIVER = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;

async function receiver(name: string) {
  const child = Bun.spawn(["python3", "-c", RECEIVER, name], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  let text = "";
  const line = async (): Promise<string> => {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the receiver ended");
      text += new TextDecoder().decode(value);
    }
    const at = text.indexOf("\n");
    const first = text.slice(0, at);
    text = text.slice(at + 1);
    return first;
  };
  expect(await line()).toBe("bound");
  return {
    line,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

function folder() {
  const path = mkdtempSync(join(tmpdir(), "udr-notify-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("ready, alive at half the watchdog's time, and stopping are told", async () => {
  using place = folder();
  const socket = join(place.path, "notify");
  await using peer = await receiver(socket);
  const clock = new SimulatedClock();
  const manager = serviceManager({
    env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "10000000", WATCHDOG_PID: String(PID) },
    pid: PID,
    clock,
    log: silentLog,
  });
  manager.ready();
  expect(await peer.line()).toBe("READY=1");
  expect(await peer.line()).toBe("WATCHDOG=1");
  expect(clock.nextDueMs()).toBe(clock.nowMs() + 5_000);
  await clock.advance(5_000);
  expect(await peer.line()).toBe("WATCHDOG=1");
  manager.stopping();
  expect(await peer.line()).toBe("STOPPING=1");
  manager.close();
  expect(clock.nextDueMs()).toBeNull();
});

test("an abstract address is spoken to", async () => {
  const name = `@udr-notify-${process.pid}`;
  await using peer = await receiver(name);
  const clock = new SimulatedClock();
  serviceManager({ env: { NOTIFY_SOCKET: name }, pid: PID, clock, log: silentLog }).ready();
  expect(await peer.line()).toBe("READY=1");
  expect(clock.nextDueMs()).toBeNull();
});

test("without a service manager nothing is told and no timer runs", () => {
  const clock = new SimulatedClock();
  const manager = serviceManager({ env: {}, pid: PID, clock, log: silentLog });
  manager.ready();
  manager.stopping();
  expect(clock.nextDueMs()).toBeNull();
});

test("the watchdog of another process is left alone", async () => {
  using place = folder();
  const socket = join(place.path, "notify");
  await using _peer = await receiver(socket);
  const clock = new SimulatedClock();
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000000", WATCHDOG_PID: "1" };
  serviceManager({ env, pid: PID, clock, log: silentLog }).ready();
  expect(clock.nextDueMs()).toBeNull();
});

test("a service manager that cannot be reached is logged once, with what to do", async () => {
  using place = folder();
  const lines: string[] = [];
  const clock = new SimulatedClock();
  const manager = serviceManager({
    env: { NOTIFY_SOCKET: join(place.path, "nobody"), WATCHDOG_USEC: "1000000" },
    pid: PID,
    clock,
    log: jsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  });
  manager.ready();
  await clock.advance(2_000);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "error",
    event: "service-manager-unreachable",
    reason: "nobody takes datagrams there",
  });
  manager.close();
});
