// The configuration in force: the first service PIN, and changes that come at the same moment.

import { expect, test } from "bun:test";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { ConfigurationHolder } from "../../src/services/configuration-holder.ts";

/** A holder whose file is written when told. */
function held(document: unknown = {}) {
  const parsed = parseConfiguration(document);
  if (!parsed.ok) throw new Error("not a configuration");
  const written: unknown[] = [];
  let disk: Promise<void> = Promise.resolve();
  const holder = new ConfigurationHolder(parsed.configuration, async (next) => {
    await disk;
    written.push(next);
  });
  return {
    holder,
    written,
    before: parsed.configuration,
    stopDisk(): PromiseWithResolvers<void> {
      const gate = Promise.withResolvers<void>();
      disk = gate.promise;
      return gate;
    },
  };
}

test("the first PIN is written before it is in force, and nothing else is changed", async () => {
  const { holder, written, before, stopDisk } = held({ local: { aeTitle: "ROOM1" } });
  const disk = stopDisk();
  const setting = holder.setFirstPin("4711");
  expect(holder.current().http.pin).toBeNull();
  disk.resolve();
  expect(await setting).toMatchObject({ kind: "applied" });
  const expected = { ...before, http: { ...before.http, pin: "4711" } };
  expect(holder.current()).toEqual(expected);
  expect(written).toEqual([expected]);
});

test("of two first PINs at once one is taken, and a later one is not", async () => {
  const { holder, written, stopDisk } = held();
  const disk = stopDisk();
  const both = Promise.all([holder.setFirstPin("1111"), holder.setFirstPin("2222")]);
  disk.resolve();
  expect((await both).map(({ kind }) => kind)).toEqual(["applied", "has-pin"]);
  expect(await holder.setFirstPin("3333")).toEqual({ kind: "has-pin" });
  expect(holder.current().http.pin).toBe("1111");
  expect(written.length).toBe(1);
});

test("a PIN that could not be written is not in force, and the next one may be", async () => {
  const { holder, stopDisk } = held();
  const disk = stopDisk();
  const setting = holder.setFirstPin("1111");
  disk.reject(new Error("the disk is full"));
  expect(await setting).toEqual({ kind: "failed", reason: "the disk is full" });
  expect(holder.current().http.pin).toBeNull();
  stopDisk().resolve();
  expect(await holder.setFirstPin("2222")).toMatchObject({ kind: "applied" });
});

test("a title that is set while the first PIN is being written does not take the PIN away", async () => {
  const { holder, stopDisk } = held();
  const disk = stopDisk();
  const both = Promise.all([
    holder.setFirstPin("4711"),
    holder.setLocal({ aeTitle: "ROOM2", port: 104 }),
  ]);
  disk.resolve();
  await both;
  expect(holder.current()).toMatchObject({ http: { pin: "4711" }, local: { aeTitle: "ROOM2" } });
});
