// Who watches the live view sees the newest frame; who does not keep up misses some and holds nobody back.

import { expect, test } from "bun:test";
import type { LivePort } from "../../src/api/device.ts";
import { LiveFeed, type LiveSink } from "../../src/api/live-feed.ts";
import type { LiveFrame } from "../../src/api/live-frame.ts";
import { Listeners } from "../../src/core/listeners.ts";

interface Watcher extends LiveSink {
  busy: boolean;
  readonly got: Uint8Array[];
}

function watcher(busy = false): Watcher {
  const got: Uint8Array[] = [];
  const own: Watcher = {
    busy,
    got,
    bufferedBytes: () => (own.busy ? 1 : 0),
    send: (message) => void got.push(message),
  };
  return own;
}

function feedOf(held: LiveFrame | null = null) {
  const frames = new Listeners<LiveFrame>();
  let listening = 0;
  const live: LivePort = {
    subscribe(onFrame) {
      listening++;
      const forget = frames.add(onFrame);
      return () => {
        listening--;
        forget();
      };
    },
    held: () => held,
  };
  return { feed: new LiveFeed(live), emit: frames.emit.bind(frames), listening: () => listening };
}

const frame = (sequence: number, more: Partial<LiveFrame> = {}): LiveFrame => ({
  sequence,
  columns: 2,
  rows: 1,
  atMs: 0,
  lastImageHold: false,
  pixels: Uint8Array.of(sequence, 0),
  ...more,
});

const sequences = ({ got }: Watcher) =>
  got.map((message) => new DataView(message.buffer).getUint32(8, true));
const flags = ({ got }: Watcher) =>
  got.map((message) => new DataView(message.buffer).getUint16(6, true));

test("all who keep up get the very same message: a frame is copied once", () => {
  const { feed, emit } = feedOf();
  const [a, b] = [watcher(), watcher()];
  feed.add(a);
  feed.add(b);
  emit(frame(1));
  emit(frame(2));
  expect(sequences(a)).toEqual([1, 2]);
  expect(a.got[0]).toBe(b.got[0] as Uint8Array);
});

test("while nobody can take a frame none is copied, and none is asked for while nobody watches", () => {
  const { feed, emit, listening } = feedOf();
  expect(listening()).toBe(0);
  const a = watcher(true);
  const seat = feed.add(a);
  expect(listening()).toBe(1);
  let copied = 0;
  const pixels = new Proxy(Uint8Array.of(1, 2), {
    get(target, key) {
      copied++;
      return Reflect.get(target, key, target);
    },
  });
  for (let n = 0; n < 50; n++) emit(frame(n, { pixels }));
  expect(copied).toBe(0);
  seat.leave();
  expect(listening()).toBe(0);
});

test("one that is stalled slows nobody, and gets one frame, the newest, when it is well again", () => {
  const { feed, emit } = feedOf();
  const [quick, stalled] = [watcher(), watcher(true)];
  feed.add(quick);
  const seat = feed.add(stalled);
  for (let n = 0; n < 100; n++) emit(frame(n));
  expect(quick.got.length).toBe(100);
  expect(stalled.got).toEqual([]);
  stalled.busy = false;
  seat.drained();
  seat.drained();
  expect(sequences(stalled)).toEqual([99]);
  emit(frame(100));
  expect(sequences(stalled)).toEqual([99, 100]);
});

test("that the image is held, and that it is cleared, reaches also who was busy then", () => {
  for (const last of [
    frame(5, { lastImageHold: true }),
    frame(0, { cleared: true, columns: 0, rows: 0, pixels: new Uint8Array(0) }),
  ]) {
    const { feed, emit } = feedOf();
    const busy = watcher(true);
    const seat = feed.add(busy);
    emit(frame(4));
    emit(last);
    busy.busy = false;
    seat.drained();
    expect(flags(busy)).toEqual([last.cleared === true ? 2 : 1]);
  }
});

test("who connects while an image is held sees it at once", () => {
  const { feed } = feedOf(frame(9, { lastImageHold: true }));
  const late = watcher();
  feed.add(late);
  expect([sequences(late), flags(late)]).toEqual([[9], [1]]);
});
