// Server-sent events: ids, going on where one stopped, heartbeats, and readers who are slow or gone.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import { EVENT_CHARACTERS_KEPT, EventLog } from "../../src/api/event-log.ts";
import type { ApiApp } from "../../src/api/route.ts";
import { HEARTBEAT_MS, READERS_MAX } from "../../src/api/routes/events.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeDevice, fakeDevice } from "./fake-device.ts";

let clock: SimulatedClock;
let device: FakeDevice;
let app: ApiApp;

beforeEach(async () => {
  clock = new SimulatedClock();
  device = await fakeDevice(clock);
  app = createApi({ device, clock, log: silentLog });
});
afterEach(() => device[Symbol.dispose]());

interface Received {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Reads a stream event by event; `next` waits until there is one. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  comments = 0;

  constructor(response: Response) {
    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    if (response.body === null) throw new Error("the answer has no body");
    this.#reader = response.body.getReader();
  }

  async block(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the stream ended");
      this.#text += new TextDecoder().decode(value);
    }
  }

  async next(): Promise<Received> {
    for (;;) {
      const fields: { event?: string; id?: string; data?: string } = Object.fromEntries(
        (await this.block()).split("\n").map((line) => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
        }),
      );
      if (fields.event === undefined) continue;
      return {
        event: fields.event,
        id: fields.id ?? "",
        data: JSON.parse(fields.data ?? "null"),
      };
    }
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

const follow = async (lastEventId?: string) =>
  new Reader(
    await app.request("/api/v1/events", {
      headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    }),
  );
const say = (n: number) =>
  device.events.publish({ type: "study", data: { studyInstanceUid: `1.${n}` } });

test("a reader hears what changes from now on, in order, with ids", async () => {
  say(0);
  const reader = await follow();
  expect(await reader.next()).toEqual({ event: "hello", id: "test-1", data: {} });
  say(1);
  say(2);
  expect(await reader.next()).toEqual({
    event: "study",
    id: "test-2",
    data: { studyInstanceUid: "1.1" },
  });
  device.setAcquisition("ready", "e1");
  expect((await reader.next()).id).toBe("test-3");
  expect(await reader.next()).toMatchObject({
    event: "acquisition",
    data: { state: "ready", examId: "e1" },
  });
  await reader.close();
});

test("changes made through the API are heard", async () => {
  const reader = await follow();
  await reader.next();
  await app.request("/api/v1/exams", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ patient: { name: "Doe^Jane" } }),
  });
  expect(await reader.next()).toMatchObject({ event: "exam", data: { state: "open" } });
  await reader.close();
});

test("a reader who comes back goes on after the event he saw last", async () => {
  for (let n = 1; n <= 5; n++) say(n);
  const reader = await follow("test-3");
  expect(await reader.next()).toMatchObject({ event: "hello", id: "test-3" });
  expect((await reader.next()).id).toBe("test-4");
  expect((await reader.next()).data).toEqual({ studyInstanceUid: "1.5" });
  await reader.close();
});

test.each(["other-3", "test-99", "nonsense", "test-x"])(
  "the id %s, which this run never gave out, is answered by reset",
  async (id) => {
    say(1);
    const reader = await follow(id);
    expect((await reader.next()).event).toBe("hello");
    expect(await reader.next()).toEqual({ event: "reset", id: "test-1", data: {} });
    say(2);
    expect((await reader.next()).id).toBe("test-2");
    await reader.close();
  },
);

test("an id that is too old, or a reader who is too slow, is answered by reset", async () => {
  const log = new EventLog("small", 3);
  const small = createApi({ device: { ...device, events: log }, clock, log: silentLog });
  const publish = () => log.publish({ type: "configuration", data: {} });
  for (let n = 0; n < 5; n++) publish();
  const old = await small.request("/api/v1/events", { headers: { "last-event-id": "small-1" } });
  const reader = new Reader(old);
  expect((await reader.next()).event).toBe("hello");
  expect(await reader.next()).toMatchObject({ event: "reset", id: "small-5" });
  for (let n = 0; n < 4; n++) publish();
  expect(await reader.next()).toMatchObject({ event: "reset", id: "small-9" });
  publish();
  expect(await reader.next()).toMatchObject({ event: "configuration", id: "small-10" });
  await reader.close();
});

test("silence is broken by heartbeats", async () => {
  const reader = await follow();
  expect(await reader.block()).toStartWith("retry: ");
  expect(await reader.block()).toStartWith("event: hello");
  const block = reader.block();
  await clock.advance(HEARTBEAT_MS);
  expect(await block).toBe(": heartbeat");
  await reader.close();
});

test("readers are bounded, and one who leaves makes room and leaves nothing behind", async () => {
  const readers = await Promise.all(Array.from({ length: READERS_MAX }, () => follow()));
  for (const reader of readers) await reader.next();
  expect((await app.request("/api/v1/events")).status).toBe(503);
  await readers[0]?.close();
  const late = await follow();
  expect((await late.next()).event).toBe("hello");
  await Promise.all([late, ...readers.slice(1)].map((reader) => reader.close()));
  expect(clock.nextDueMs()).toBeNull();
});

test("the log keeps its last events and no more", () => {
  const log = new EventLog("run", 2);
  expect(log.after(0)).toEqual([]);
  for (let n = 0; n < 3; n++) log.publish({ type: "configuration", data: {} });
  expect(log.after(0)).toBeNull();
  expect(log.after(1)?.map((e) => e.number)).toEqual([2, 3]);
  expect(log.positionOf("run-3")).toBe(3);
  expect(log.positionOf("run-4")).toBeNull();
});

test("long events push the older ones out before memory does", () => {
  const log = new EventLog("test");
  const reason = "x".repeat(EVENT_CHARACTERS_KEPT / 4);
  for (let i = 0; i < 10; i++)
    log.publish({ type: "worklist", data: { items: [], complete: false, reason } });
  expect(log.after(log.last() - 3)?.length).toBe(3);
  expect(log.after(log.last() - 4)).toBeNull();
  log.publish({
    type: "worklist",
    data: { items: [], complete: false, reason: "y".repeat(2 * EVENT_CHARACTERS_KEPT) },
  });
  expect(log.after(log.last() - 1)?.length).toBe(1);
});
