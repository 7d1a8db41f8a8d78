// Cutting a byte stream into PDUs, whatever the packets look like.

import { describe, expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import type { Pdu } from "../../../src/dicom/ul/pdu.ts";
import { PduStream, type StreamItem } from "../../../src/dicom/ul/pdu-stream.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import { associateRequest, pData } from "./pdus.ts";

function drain(stream: PduStream): StreamItem[] {
  const items: StreamItem[] = [];
  for (let item = stream.next(); item !== null; item = stream.next()) items.push(item);
  return items;
}

/** PDV pieces put together again, other items as they are. */
function merged(items: readonly StreamItem[]): unknown[] {
  const result: unknown[] = [];
  let open: number[] = [];
  for (const item of items) {
    if (item.kind !== "pdv") {
      result.push(item.kind === "pdu" ? item.pdu : item.kind);
      continue;
    }
    open = [...open, ...item.pdv.bytes];
    if (!item.pdv.last) continue;
    result.push({ contextId: item.pdv.contextId, command: item.pdv.command, bytes: open });
    open = [];
  }
  return result;
}

const header = (type: number, length: number) =>
  Uint8Array.of(type, 0, length >>> 24, length >>> 16, length >>> 8, length);

describe("any packets", () => {
  const random = new Random(7);
  const fill = (n: number) => Uint8Array.from({ length: n }, () => random.int(0, 255));
  const pdus: Pdu[] = [
    associateRequest(),
    {
      type: "p-data",
      values: [
        { contextId: 1, command: true, last: true, bytes: fill(120) },
        { contextId: 1, command: false, last: false, bytes: fill(301) },
        { contextId: 1, command: false, last: true, bytes: fill(0) },
      ],
    },
    pData(3, false, true, fill(5000)),
    { type: "release-rq" },
    { type: "abort", source: 2, reason: 6 },
  ];
  const whole = new Uint8Array(Buffer.concat(pdus.map((pdu) => writePdu(pdu))));
  const reference = new PduStream(131_072);
  reference.push(whole);
  const expected = merged(drain(reference));

  test("one packet gives every PDU", () => {
    expect(expected).toHaveLength(6);
  });

  test("the same PDUs come out of every cut, byte by byte too", () => {
    for (const most of [1, 2, 7, 64, 1000]) {
      const stream = new PduStream(131_072);
      const items: StreamItem[] = [];
      for (let at = 0; at < whole.byteLength; ) {
        const take = random.int(1, most);
        stream.push(whole.slice(at, at + take));
        at += take;
        items.push(...drain(stream));
      }
      expect(merged(items)).toEqual(expected);
      expect(stream.insidePdu).toBe(false);
      expect(stream.queuedBytes).toBe(0);
    }
  });

  test("a value within a packet is handed out as a view of it", () => {
    const packet = writePdu(pData(1, false, true, fill(1000))).slice();
    const stream = new PduStream(131_072);
    stream.push(packet);
    const [item] = drain(stream);
    expect(item?.kind === "pdv" && item.pdv.bytes.buffer === packet.buffer).toBe(true);
  });

  test("half a PDU counts as inside", () => {
    const stream = new PduStream(131_072);
    stream.push(whole.slice(0, 3));
    expect(drain(stream)).toEqual([]);
    expect(stream.insidePdu).toBe(true);
  });
});

describe("bounds", () => {
  const first = (maxPduLength: number, ...bytes: Uint8Array[]) => {
    const stream = new PduStream(maxPduLength);
    for (const chunk of bytes) stream.push(chunk);
    return { items: drain(stream), stream };
  };

  test("a request of more than a megabyte is not read", () => {
    const { items } = first(131_072, header(1, (1 << 20) + 1));
    expect(items).toMatchObject([{ kind: "malformed", error: { pduType: 1, reason: 6 } }]);
  });

  test("four gigabytes announced allocate nothing", () => {
    for (const type of [1, 2, 3, 4, 5, 6, 7]) {
      const { items } = first(131_072, header(type, 0xffffffff));
      expect(items).toMatchObject([{ kind: "malformed", error: { pduType: type } }]);
    }
  });

  test("an unknown type is told from its first byte", () => {
    expect(first(131_072, Uint8Array.of(0x47)).items).toMatchObject([
      { kind: "malformed", error: { pduType: 0x47, reason: 1 } },
    ]);
    expect(first(131_072, Uint8Array.of(0)).items).toMatchObject([{ kind: "malformed" }]);
  });

  test("a value longer than its PDU is malformed", () => {
    const { items } = first(131_072, header(4, 12), Uint8Array.of(0, 0, 0, 9, 1, 3));
    expect(items).toMatchObject([{ kind: "malformed", error: { reason: 6 } }]);
  });

  test("a value of less than two bytes is malformed", () => {
    const { items } = first(131_072, header(4, 6), Uint8Array.of(0, 0, 0, 1, 1, 3));
    expect(items).toMatchObject([{ kind: "malformed" }]);
  });

  test("a P-DATA-TF without a value is malformed", () => {
    expect(first(131_072, header(4, 0)).items).toMatchObject([{ kind: "malformed" }]);
  });

  test("a PDU longer than announced is read and told once, one far longer is not read", () => {
    const pdu = writePdu(pData(1, false, true, new Uint8Array(20_000)));
    const { items } = first(16_384, pdu, pdu);
    expect(items.filter(({ kind }) => kind === "oversize")).toHaveLength(1);
    expect(items.filter((i) => i.kind === "pdv" && i.pdv.last)).toHaveLength(2);
    expect(first(16_384, header(4, 16_384 + (1 << 20) + 1)).items).toMatchObject([
      { kind: "malformed" },
    ]);
  });

  test("no announced limit takes any length", () => {
    const { items, stream } = first(
      0,
      header(4, 100_000_000),
      Uint8Array.of(5, 245, 224, 252, 1, 0),
    );
    expect(items).toEqual([]);
    expect(stream.insidePdu).toBe(true);
  });

  test("nothing is read after something malformed", () => {
    const { stream } = first(131_072, Uint8Array.of(0x47));
    stream.push(writePdu({ type: "release-rq" }));
    expect(drain(stream)).toEqual([]);
    expect(stream.queuedBytes).toBe(0);
  });
});
