// The adapter against the real root helper's protocol, over a real socket.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { socketAppliance } from "../../../src/hal/appliance/socket-appliance.ts";

/** A helper that says these lines to any request, then closes unless told. */
async function helperSaying(lines: readonly string[], stays = false) {
  const folder = mkdtempSync(join(tmpdir(), "udr-socket-"));
  const path = join(folder, "s");
  const requests: unknown[] = [];
  const asked = Promise.withResolvers<void>();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.once("data", (data) => {
      requests.push(JSON.parse(data.toString()));
      for (const line of lines) socket.write(`${line}\n`);
      if (!stays) socket.end();
      asked.resolve();
    });
  });
  await new Promise<void>((ready) => server.listen(path, ready));
  const clock = new SimulatedClock();
  return {
    appliance: socketAppliance(path, clock),
    requests,
    clock,
    asked: asked.promise,
    [Symbol.dispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test("an installation tells its progress, then its version", async () => {
  using helper = await helperSaying([
    '{"progress":0.25,"step":"copying"}',
    '{"progress":1,"step":"written"}',
    '{"ok":true,"version":"0.2.0"}',
  ]);
  const steps: unknown[] = [];
  expect(await helper.appliance.installUpdate("/x", (now) => steps.push(now))).toBe("0.2.0");
  expect(steps).toEqual([
    { share: 0.25, step: "copying" },
    { share: 1, step: "written" },
  ]);
  expect(helper.requests).toEqual([{ do: "install-update", folder: "/x" }]);
});

test("a status becomes the program's words", async () => {
  using helper = await helperSaying([
    '{"ok":true,"version":"0.1.0","slot":"A","tries":2,"good":false,"other":null,"failedUnits":["Data partition (var.mount)"],"timeServers":[],"network":{"addresses":[{"interface":"panel","address":"169.254.100.1/16"}],"settings":[{"interface":"hospital","address":"dhcp","gateway":null,"dns":[]}]}}',
  ]);
  expect(await helper.appliance.status()).toEqual({
    version: "0.1.0",
    slot: "A",
    triesLeft: 2,
    good: false,
    otherVersion: null,
    failedUnits: ["Data partition (var.mount)"],
    timeServers: [],
    addresses: [{ interface: "panel", address: "169.254.100.1/16" }],
    network: [{ interface: "hospital", address: "dhcp", gateway: null, dns: [] }],
  });
});

test("a refusal comes in the helper's words", async () => {
  using helper = await helperSaying(['{"ok":false,"reason":"The stick is still in use."}']);
  await expect(helper.appliance.release("/x")).rejects.toThrow("The stick is still in use.");
});

test("a helper that talks nonsense, says nothing more or is not there fails with words", async () => {
  using nonsense = await helperSaying(["hello"]);
  await expect(nonsense.appliance.restart()).rejects.toThrow(/cannot be understood/);
  using short = await helperSaying(['{"progress":0.1,"step":"copying"}']);
  await expect(short.appliance.installUpdate("/x", () => {})).rejects.toThrow(
    /ended without an answer/,
  );
  await expect(socketAppliance("/no/such/socket", new SimulatedClock()).powerOff()).rejects.toThrow(
    /cannot be reached/,
  );
});

test("a helper that hangs is given up after its time", async () => {
  using helper = await helperSaying([], true);
  const restarting = helper.appliance.restart();
  restarting.catch(() => {});
  await helper.asked;
  await helper.clock.advance(150_000);
  await expect(restarting).rejects.toThrow(/says nothing/);
});
