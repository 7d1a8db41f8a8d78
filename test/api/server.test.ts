// The API on a real loopback port: static page, large files, events and live frames over the wire.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi } from "../../src/api/app.ts";
import { LIVE_HEADER_BYTES, LIVE_MAGIC } from "../../src/api/live-frame.ts";
import { READERS_MAX } from "../../src/api/routes/events.ts";
import { ApiPortError, type ApiServer, serveApi } from "../../src/api/server.ts";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeDevice, fakeDevice } from "./fake-device.ts";

let device: FakeDevice;
let server: ApiServer;
let kioskFolder: string;

beforeEach(async () => {
  const clock = new SystemClock();
  device = await fakeDevice(clock);
  kioskFolder = await mkdtemp(join(tmpdir(), "udr-kiosk-"));
  await Bun.write(join(kioskFolder, "index.html"), "<!doctype html><title>kiosk</title>");
  await Bun.write(join(kioskFolder, "kiosk.js"), "export {};");
  server = serveApi(createApi({ device, clock, log: silentLog, kioskFolder }), 0, device.live);
});
afterEach(async () => {
  await server.stop();
  device[Symbol.dispose]();
  await rm(kioskFolder, { recursive: true });
});

test("the kiosk page is served with a tag of its content and lets nothing in from elsewhere", async () => {
  const page = await fetch(`${server.url}/`);
  expect(await page.text()).toContain("kiosk");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  const etag = page.headers.get("etag") ?? "";
  const again = await fetch(`${server.url}/`, { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  const script = await fetch(`${server.url}/kiosk.js`);
  expect(script.headers.get("content-type")).toStartWith("text/javascript");
  expect((await fetch(`${server.url}/..%2fetc%2fpasswd`)).status).toBe(404);
});

test("where no page was built, the root says what to do", async () => {
  const clock = new SystemClock();
  const folder = join(kioskFolder, "missing");
  const app = createApi({ device, clock, log: silentLog, kioskFolder: folder });
  const response = await app.request("/");
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("script/setup");
});

test("a file and a range of it come over the wire byte for byte", async () => {
  await fetch(`${server.url}/api/v1/exams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ patient: { name: "Doe^Jane" } }),
  });
  await fetch(`${server.url}/api/v1/simulator/expose`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "radiography" }),
  });
  const uid = [...device.examsKept.values()][0]?.instances[0]?.sopInstanceUid;
  const stored = new Uint8Array(await Bun.file(device.path).arrayBuffer());
  const whole = await fetch(`${server.url}/api/v1/instances/${uid}/file`);
  expect(new Uint8Array(await whole.arrayBuffer())).toEqual(stored);
  const part = await fetch(`${server.url}/api/v1/instances/${uid}/file`, {
    headers: { range: "bytes=1000-2047" },
  });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-length")).toBe("1048");
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(stored.slice(1000, 2048));
  const pixels = await fetch(`${server.url}/api/v1/instances/${uid}/pixels`);
  expect(new Uint16Array(await pixels.arrayBuffer())).toEqual(device.pixels);
});

test("events reach a reader over the wire, and its leaving is noticed", async () => {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/api/v1/events`, { signal: abort.signal });
  const reader = response.body?.getReader();
  const until = async (text: string) => {
    let heard = "";
    while (!heard.includes(text)) {
      const part = await reader?.read();
      if (part === undefined || part.done) throw new Error(`ended before ${text}`);
      heard += new TextDecoder().decode(part.value);
    }
  };
  await until("event: hello");
  device.setAcquisition("ready");
  await until('"state":"ready"');
  abort.abort();
});

test("readers that go away are forgotten, however many came before", async () => {
  for (let n = 0; n < READERS_MAX + 4; n++) {
    const abort = new AbortController();
    const response = await fetch(`${server.url}/api/v1/events`, { signal: abort.signal });
    if (response.status === 200) await response.body?.getReader().read();
    abort.abort();
  }
  // The last ones may still be on their way out.
  for (;;) {
    const abort = new AbortController();
    const { status } = await fetch(`${server.url}/api/v1/events`, { signal: abort.signal });
    abort.abort();
    if (status === 200) break;
  }
});

test("live frames come with their header, and a viewer of a foreign page gets none", async () => {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/live`);
  socket.binaryType = "arraybuffer";
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("no live view"));
  });
  const frame = new Promise<ArrayBuffer>((resolve) => {
    socket.onmessage = (message) => resolve(message.data as ArrayBuffer);
  });
  device.liveFrames.emit({
    sequence: 7,
    columns: 3,
    rows: 2,
    atMs: 1_767_600_000_000.5,
    lastImageHold: true,
    pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
  });
  const view = new DataView(await frame);
  expect(view.getUint32(0, true)).toBe(LIVE_MAGIC);
  expect([view.getUint16(4, true), view.getUint16(6, true)]).toEqual([1, 1]);
  expect([8, 12, 16].map((at) => view.getUint32(at, true))).toEqual([7, 3, 2]);
  expect(view.getFloat64(24, true)).toBe(1_767_600_000_000.5);
  expect([...new Uint8Array(view.buffer).slice(LIVE_HEADER_BYTES)]).toEqual([1, 2, 3, 4, 5, 6]);
  const closed = new Promise<void>((resolve) => {
    socket.onclose = () => resolve();
  });
  socket.close();
  await closed;

  const foreign = await fetch(`${server.url}/api/v1/live`, {
    headers: { origin: "http://evil.example" },
  });
  expect(foreign.status).toBe(403);
  expect((await fetch(`${server.url}/api/v1/live`)).status).toBe(426);
});

test("a viewer that does not read misses frames instead of queueing them", async () => {
  const { connect } = await import("node:net");
  const socket = connect(server.port, "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  socket.write(
    `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  socket.pause();
  const pixels = new Uint8Array(1344 * 1344);
  const before = process.memoryUsage().rss;
  for (let sequence = 0; sequence < 400; sequence++) {
    const frame = { sequence, columns: 1344, rows: 1344, atMs: 0, lastImageHold: false, pixels };
    device.liveFrames.emit(frame);
    if (sequence % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // 400 frames are 720 MB; a queue would hold them all.
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  socket.destroy();
});

test("a viewer that does not read slows no other: that one sees the last frame of the run", async () => {
  const { connect } = await import("node:net");
  const stalled = connect(server.port, "127.0.0.1");
  await new Promise<void>((resolve) => stalled.once("connect", () => resolve()));
  stalled.write(
    `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await new Promise<void>((resolve) => stalled.once("data", () => resolve()));
  stalled.pause();
  const quick = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/live`);
  quick.binaryType = "arraybuffer";
  await new Promise<void>((resolve) => {
    quick.onopen = () => resolve();
  });
  let newest = -1;
  let heard = Promise.withResolvers<void>();
  quick.onmessage = (message: MessageEvent<ArrayBuffer>) => {
    newest = new DataView(message.data).getUint32(8, true);
    heard.resolve();
  };
  const pixels = new Uint8Array(1344 * 1344);
  for (let sequence = 0; sequence < 60; sequence++) {
    heard = Promise.withResolvers();
    const lastImageHold = false;
    device.liveFrames.emit({ sequence, columns: 1344, rows: 1344, atMs: 0, lastImageHold, pixels });
    await heard.promise;
    expect(newest).toBe(sequence);
  }
  stalled.destroy();
  quick.close();
});

test("a port in use is refused with the port and the remedy", () => {
  const again = () =>
    serveApi(createApi({ device, clock: new SystemClock(), log: silentLog }), server.port);
  expect(again).toThrow(ApiPortError);
  expect(again).toThrow(new RegExp(`port ${server.port} .*--http`));
});
