// PDUs there and back, and what happens to bytes that are none.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Pdu, UserItem } from "../../../src/dicom/ul/pdu.ts";
import { MalformedPdu, readPdu } from "../../../src/dicom/ul/read-pdu.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import { associateAccept, associateRequest, pData, readPdus } from "./pdus.ts";

const uid = fc.stringMatching(/^[0-9.]{1,64}$/);
const title = fc.stringMatching(/^[!-~]([ -~]{0,14}[!-~])?$/);
const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const byte = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 65_535 });

const userItem: fc.Arbitrary<UserItem> = fc.oneof(
  fc.record({ type: fc.constant("max-length"), bytes: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  fc.record({ type: fc.constant("implementation-class-uid"), uid }),
  fc.record({ type: fc.constant("implementation-version-name"), name: title }),
  fc.record({ type: fc.constant("async-window"), invoked: word, performed: word }),
  fc.record({
    type: fc.constant("role-selection"),
    sopClassUid: uid,
    scu: fc.boolean(),
    scp: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("extended-negotiation"),
    sopClassUid: uid,
    information: bytes(40),
  }),
  fc.record({
    type: fc.constant("common-extended-negotiation"),
    sopClassUid: uid,
    serviceClassUid: uid,
    relatedSopClassUids: fc.array(uid, { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant("user-identity"),
    identityType: fc.integer({ min: 1, max: 5 }),
    responseRequested: fc.boolean(),
    primary: bytes(60),
    secondary: bytes(60),
  }),
  fc.record({ type: fc.constant("user-identity-response"), response: bytes(60) }),
  fc.record({
    type: fc.constant("unknown"),
    itemType: fc.integer({ min: 0x5a, max: 0xff }),
    bytes: bytes(20),
  }),
) as fc.Arbitrary<UserItem>;

const associateFields = {
  protocolVersion: word,
  called: title,
  calling: title,
  applicationContext: uid,
  userItems: fc.array(userItem, { maxLength: 8 }),
  unknownItems: fc.array(
    fc.record({ itemType: fc.integer({ min: 0x60, max: 0xff }), bytes: bytes(20) }),
    { maxLength: 2 },
  ),
};

const pdu: fc.Arbitrary<Pdu> = fc.oneof(
  fc.record({
    type: fc.constant("associate-rq"),
    ...associateFields,
    contexts: fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 0, max: 127 }).map((n) => 2 * n + 1),
        abstractSyntax: uid,
        transferSyntaxes: fc.array(uid, { maxLength: 4 }),
      }),
      { maxLength: 8, selector: ({ id }) => id },
    ),
  }),
  fc.record({
    type: fc.constant("associate-ac"),
    ...associateFields,
    contexts: fc.array(
      fc.oneof(
        fc.record({ id: byte, result: fc.constant(0), transferSyntax: uid }),
        fc.record({
          id: byte,
          result: fc.integer({ min: 1, max: 255 }),
          transferSyntax: fc.constant(""),
        }),
      ),
      { maxLength: 8 },
    ),
  }),
  fc.record({ type: fc.constant("associate-rj"), result: byte, source: byte, reason: byte }),
  fc.record({
    type: fc.constant("p-data"),
    values: fc.array(
      fc.record({
        contextId: byte,
        command: fc.boolean(),
        last: fc.boolean(),
        bytes: bytes(100),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({ type: fc.constantFrom("release-rq", "release-rp") }),
  fc.record({ type: fc.constant("abort"), source: byte, reason: byte }),
  fc.record({
    type: fc.constant("unknown"),
    pduType: fc.integer({ min: 8, max: 255 }),
    bytes: bytes(50),
  }),
) as fc.Arbitrary<Pdu>;

describe("reading what was written", () => {
  test("every PDU comes back as it was", () => {
    fc.assert(
      fc.property(pdu, (value) => expect(readPdus(writePdu(value))).toEqual([value])),
      {
        numRuns: 1000,
        seed: 38,
      },
    );
  });

  test("any bytes give a record or a MalformedPdu", () => {
    const outcome = (type: number, body: Uint8Array) => {
      try {
        readPdu(type, body);
      } catch (error) {
        if (!(error instanceof MalformedPdu)) throw error;
      }
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), bytes(400), (type, body) =>
        outcome(type, body),
      ),
      { numRuns: 2000, seed: 39 },
    );
    // and bytes that are nearly right
    fc.assert(
      fc.property(pdu, fc.nat(), byte, (value, at, wrong) => {
        const whole = writePdu(value).slice();
        whole[at % whole.byteLength] = wrong;
        outcome(whole[0] ?? 0, whole.subarray(6));
      }),
      { numRuns: 2000, seed: 40 },
    );
  });
});

describe("A-ASSOCIATE-RQ", () => {
  const body = (change = {}) => writePdu(associateRequest(change)).slice(6);

  test("titles are sixteen bytes, padded with blanks", () => {
    const text = Buffer.from(body()).toString("latin1");
    expect(text.slice(4, 20)).toBe("UDR10A          ");
    expect(text.slice(20, 36)).toBe("PEER            ");
  });

  test("NULs and blanks around titles and UIDs are dropped", () => {
    const bytes = body();
    bytes.set(Buffer.from(" UDR10A\0\0 \0\0\0\0\0\0"), 4);
    bytes.set(Buffer.from("PEER\0\0\0\0\0\0\0\0\0\0\0\0"), 20);
    const read = readPdu(1, bytes);
    expect(read).toMatchObject({ called: "UDR10A", calling: "PEER" });
    expect(readPdu(1, body({ applicationContext: "1.2.3\0" }))).toMatchObject({
      applicationContext: "1.2.3",
    });
  });

  test("128 contexts are read", () => {
    const contexts = Array.from({ length: 128 }, (_, i) => ({
      id: 2 * i + 1,
      abstractSyntax: `1.2.${i}`,
      transferSyntaxes: ["1.2.840.10008.1.2"],
    }));
    expect(readPdu(1, body({ contexts }))).toMatchObject({ contexts });
  });

  const wrong: [string, Partial<Parameters<typeof associateRequest>[0]>, RegExp][] = [
    [
      "an even context id",
      { contexts: [{ id: 2, abstractSyntax: "1", transferSyntaxes: [] }] },
      /even/,
    ],
    [
      "a context id that comes twice",
      {
        contexts: [
          { id: 1, abstractSyntax: "1", transferSyntaxes: [] },
          { id: 1, abstractSyntax: "2", transferSyntaxes: [] },
        ],
      },
      /twice/,
    ],
    [
      "a context without abstract syntax",
      { contexts: [{ id: 1, abstractSyntax: "", transferSyntaxes: ["1.2"] }] },
      /abstract syntax/,
    ],
  ];
  for (const [what, change, message] of wrong)
    test(`${what} is malformed`, () => {
      expect(() => readPdu(1, body(change))).toThrow(message);
    });

  test("an item longer than the PDU is malformed", () => {
    const bytes = body();
    bytes[70] = 0xff;
    expect(() => readPdu(1, bytes)).toThrow(MalformedPdu);
  });
});

describe("A-ASSOCIATE-AC", () => {
  test("a rejected context may lack its transfer syntax, or hold an empty one", () => {
    const contexts = [
      { id: 1, result: 3, transferSyntax: "" },
      { id: 3, result: 0, transferSyntax: "1.2.840.10008.1.2" },
    ];
    const whole = writePdu(associateAccept({ contexts })).slice(6);
    expect(readPdu(2, whole)).toMatchObject({ contexts });
    // the same without the sub-item: item 21H of four bytes
    const item = Uint8Array.of(0x21, 0, 0, 4, 1, 0, 3, 0);
    const cut = new Uint8Array([...whole.subarray(0, 93), ...item]);
    expect(readPdu(2, cut)).toMatchObject({ contexts: [{ id: 1, result: 3 }] });
  });
});

test("a P-DATA-TF PDU may hold several values, of commands and data sets", () => {
  const values = [
    { contextId: 1, command: true, last: true, bytes: Uint8Array.of(1, 2) },
    { contextId: 1, command: false, last: false, bytes: Uint8Array.of(3, 4) },
  ];
  const written = writePdu({ type: "p-data", values });
  // PS3.8 §9.3.5: 04 00, length 16; item length 4, context 1, header 03; …
  expect([...written]).toEqual([4, 0, 0, 0, 0, 16, 0, 0, 0, 4, 1, 3, 1, 2, 0, 0, 0, 4, 1, 0, 3, 4]);
  expect(readPdus(written)).toEqual([{ type: "p-data", values }]);
  expect(readPdus(writePdu(pData(3, false, true, Uint8Array.of())))).toEqual([
    pData(3, false, true, Uint8Array.of()),
  ]);
});
