// Whoever watches the events or the live view does not hold the device back when it is to stop.

import { expect, test } from "bun:test";
import { startDevice } from "../device-process.ts";

test("a stop ends the streams of those who watch, and the device exits with 0", async () => {
  await using device = await startDevice();
  const events = await fetch(`${device.http}/api/v1/events`);
  const ended = (async () => {
    for await (const _ of events.body ?? []);
  })().catch(() => {});
  const live = new WebSocket(`${device.http.replace("http", "ws")}/api/v1/live`);
  const closed = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  live.onopen = () => opened.resolve();
  live.onclose = () => closed.resolve();
  await opened.promise;
  expect(await device.stop()).toBe(0);
  await Promise.all([ended, closed.promise]);
}, 30_000);
