// Fragmenting message parts to what the peer takes.

import { describe, expect, test } from "bun:test";
import type { ByteSource } from "../../../src/core/byte-source.ts";
import {
  type BodyPart,
  fragmentBytes,
  MessageSender,
} from "../../../src/dicom/ul/message-sender.ts";
import { readPdus } from "./pdus.ts";

const counting = (bytes: number, from = 0) =>
  Uint8Array.from({ length: bytes }, (_, i) => (from + i) % 251);

/** A file-like source: bytes come by readInto only. */
function fileLike(bytes: Uint8Array, onRead: (views: number) => void = () => {}): ByteSource {
  return {
    byteLength: bytes.byteLength,
    async readInto(into, offset) {
      onRead(into.length);
      await Promise.resolve();
      let at = offset;
      for (const view of into) {
        view.set(bytes.subarray(at, at + view.byteLength));
        at += view.byteLength;
      }
    },
    async close() {},
  };
}

async function sent(maxPduLength: number, body: readonly BodyPart[], command = false) {
  const chunks: Uint8Array[] = [];
  const sender = new MessageSender(maxPduLength, async (chunk) => {
    chunks.push(chunk.slice());
  });
  await sender.send(5, command, body);
  const values = readPdus(new Uint8Array(Buffer.concat(chunks))).map((pdu) => {
    if (pdu.type !== "p-data" || pdu.values.length !== 1) throw new Error("one value a PDU");
    const [value] = pdu.values;
    if (value === undefined) throw new Error("no value");
    return value;
  });
  const body_ = new Uint8Array(Buffer.concat(values.map((value) => value.bytes)));
  return { chunks, values, body: body_ };
}

describe("fragments", () => {
  test("are the peer's maximum less six, even, and capped where the peer sets none", () => {
    expect(fragmentBytes(16_384)).toBe(16_378);
    expect(fragmentBytes(131_072)).toBe(131_066);
    expect(fragmentBytes(16_383)).toBe(16_376);
    expect(fragmentBytes(0)).toBe(1_048_570);
    expect(fragmentBytes(0xffffffff)).toBe(1_048_570);
    expect(fragmentBytes(8)).toBe(2);
    expect(fragmentBytes(1)).toBe(2);
  });

  for (const max of [8, 9, 64, 4096, 16_384, 131_072, 0])
    test(`no PDU is longer than ${max || "our cap"} and the bytes arrive`, async () => {
      const body = [counting(1001), fileLike(counting(5003, 3)), counting(1), new Uint8Array(0)];
      for (const command of [true, false]) {
        const result = await sent(max, body, command);
        const expected = Buffer.concat([counting(1001), counting(5003, 3), counting(1)]);
        expect(Buffer.compare(result.body, expected)).toBe(0);
        for (const [i, value] of result.values.entries()) {
          expect(value.contextId).toBe(5);
          expect(value.command).toBe(command);
          expect(value.last).toBe(i === result.values.length - 1);
          expect(value.bytes.byteLength + 6).toBeLessThanOrEqual(max === 0 ? 1 << 20 : max);
        }
      }
    });

  test("an empty body is one empty last fragment", async () => {
    const { values } = await sent(16_384, []);
    expect(values).toEqual([
      { contextId: 5, command: false, last: true, bytes: new Uint8Array(0) },
    ]);
  });

  test("a body of exactly two fragments makes two", async () => {
    const { values } = await sent(106, [counting(200)]);
    expect(values.map((v) => [v.bytes.byteLength, v.last])).toEqual([
      [100, false],
      [100, true],
    ]);
  });
});

describe("large bodies", () => {
  test("go out in batches of about a megabyte, the same two buffers in turn", async () => {
    const buffers = new Set<ArrayBufferLike>();
    let longest = 0;
    const sender = new MessageSender(131_072, async (chunk) => {
      buffers.add(chunk.buffer);
      longest = Math.max(longest, chunk.byteLength);
    });
    await sender.send(1, false, [fileLike(new Uint8Array(20_000_000))]);
    expect(buffers.size).toBeLessThanOrEqual(3); // the rest of the last batch may be a small one
    expect(longest).toBeLessThan(1_100_000);
  });

  test("a batch is read while the one before is on its way, and not two ahead", async () => {
    const events: string[] = [];
    const releases: (() => void)[] = [];
    const sender = new MessageSender(131_072, (chunk) => {
      events.push(`write ${Math.round(chunk.byteLength / 1e6)}`);
      return new Promise((resolve) => releases.push(resolve));
    });
    const source = fileLike(new Uint8Array(3_100_000), () => events.push("read"));
    const done = sender.send(1, false, [source]);
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    await settle();
    expect(events).toEqual(["read", "write 1", "read"]);
    releases.shift()?.();
    await settle();
    expect(events).toEqual(["read", "write 1", "read", "write 1", "read"]);
    releases.shift()?.();
    await settle();
    releases.shift()?.();
    await done;
    expect(events.filter((e) => e === "read")).toHaveLength(3);
  });

  test("a source that fails to read fails the send", async () => {
    const broken: ByteSource = {
      byteLength: 5_000_000,
      readInto: async () => {
        throw new Error("disk gone");
      },
      async close() {},
    };
    const sender = new MessageSender(131_072, async () => {});
    await expect(sender.send(1, false, [counting(10), broken])).rejects.toThrow("disk gone");
  });

  test("memory is read where it is", async () => {
    const source: ByteSource = {
      ...fileLike(counting(70_000)),
      bytes: counting(70_000),
      readInto: () => Promise.reject(new Error("must not be called")),
    };
    const { body } = await sent(4096, [source]);
    expect(Buffer.compare(body, counting(70_000))).toBe(0);
  });
});
