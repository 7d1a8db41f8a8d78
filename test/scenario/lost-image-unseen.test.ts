// An image that could not be written was counted and logged, and nobody who watched the events heard of
// it until something else changed. The health event follows at once.

import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { startDevice, until } from "../device-process.ts";

test("an exposure that leaves no image is told by a health event", async () => {
  await using device = await startDevice();
  const watching = new AbortController();
  const events: string[] = [];
  const stream = await fetch(`${device.http}/api/v1/events`, { signal: watching.signal });
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.body ?? []) events.push(decoder.decode(chunk));
  })().catch(() => {});

  await device.post("exams", { patient: { name: "Lost^Image" } });
  // A file where the objects' folder should be: nothing can be written there.
  const objects = join(device.dataFolder, "objects");
  await rename(objects, `${objects}.away`);
  await Bun.write(objects, "");
  await device.post("simulator/expose", { kind: "radiography" });
  await until("a health event about the lost image", () =>
    /event: health\nid: .*\ndata: .*1 exposure\(s\) left no image/.test(events.join(""))
      ? true
      : undefined,
  );
  const health = await device.get<{ status: string }>("health");
  expect(health.status).toBe("degraded");
  watching.abort();
}, 60_000);
