import { expect, test } from "bun:test";
import { crashRun } from "./crash.ts";

test("killed at ten moments, the device loses nothing it acknowledged and sends nothing twice", async () => {
  const count = await crashRun({ kills: 10, seed: 20 });
  expect(count.kills).toBe(10);
  expect(count.acknowledged).toBeGreaterThan(0);
}, 180_000);
