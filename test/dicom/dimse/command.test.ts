// Command sets on the wire: fixtures with their decoding above them, round trips, tolerance.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Command,
  type CommandKind,
  isRequestField,
  readCommand,
  responseKind,
  writeCommand,
  writeUnrecognized,
} from "../../../src/dicom/dimse/command.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ""), "hex"));

/** Each kind once, with everything it may carry. */
const EVERY: { [K in CommandKind]: Extract<Command, { kind: K }> } = {
  "C-STORE-RQ": {
    kind: "C-STORE-RQ",
    affectedSopClassUid: "1.2.840.10008.5.1.4.1.1.7",
    messageId: 7,
    affectedSopInstanceUid: "1.2.3.4",
    priority: 0,
    moveOriginatorAeTitle: "ARCHIVE",
    moveOriginatorMessageId: 12,
  },
  "C-STORE-RSP": {
    kind: "C-STORE-RSP",
    messageIdBeingRespondedTo: 7,
    status: 0xa700,
    affectedSopClassUid: "1.2.3",
    affectedSopInstanceUid: "1.2.3.4",
    offendingElement: [0x00100010],
    errorComment: "disk full",
    errorId: 3,
  },
  "C-FIND-RQ": { kind: "C-FIND-RQ", affectedSopClassUid: "1.2", messageId: 1, priority: 1 },
  "C-FIND-RSP": {
    kind: "C-FIND-RSP",
    messageIdBeingRespondedTo: 1,
    status: 0xff00,
    affectedSopClassUid: "1.2",
  },
  "C-CANCEL-RQ": { kind: "C-CANCEL-RQ", messageIdBeingRespondedTo: 65535 },
  "C-MOVE-RQ": {
    kind: "C-MOVE-RQ",
    affectedSopClassUid: "1.2",
    messageId: 2,
    priority: 2,
    moveDestination: "UDR10A",
  },
  "C-MOVE-RSP": {
    kind: "C-MOVE-RSP",
    messageIdBeingRespondedTo: 2,
    status: 0xb000,
    affectedSopClassUid: "1.2",
    remainingSubOperations: 0,
    completedSubOperations: 1,
    failedSubOperations: 2,
    warningSubOperations: 3,
  },
  "C-ECHO-RQ": { kind: "C-ECHO-RQ", affectedSopClassUid: "1.2.840.10008.1.1", messageId: 1 },
  "C-ECHO-RSP": { kind: "C-ECHO-RSP", messageIdBeingRespondedTo: 1, status: 0 },
  "N-EVENT-REPORT-RQ": {
    kind: "N-EVENT-REPORT-RQ",
    affectedSopClassUid: "1.2",
    messageId: 9,
    affectedSopInstanceUid: "1.2.3",
    eventTypeId: 2,
  },
  "N-EVENT-REPORT-RSP": {
    kind: "N-EVENT-REPORT-RSP",
    messageIdBeingRespondedTo: 9,
    status: 0x0113,
    affectedSopClassUid: "1.2",
    affectedSopInstanceUid: "1.2.3",
    eventTypeId: 2,
  },
  "N-GET-RQ": {
    kind: "N-GET-RQ",
    requestedSopClassUid: "1.2",
    messageId: 3,
    requestedSopInstanceUid: "1.2.3",
    attributeIdentifierList: [0x21100010, 0x21100020],
  },
  "N-GET-RSP": { kind: "N-GET-RSP", messageIdBeingRespondedTo: 3, status: 0 },
  "N-SET-RQ": {
    kind: "N-SET-RQ",
    requestedSopClassUid: "1.2",
    messageId: 4,
    requestedSopInstanceUid: "1.2.3",
  },
  "N-SET-RSP": {
    kind: "N-SET-RSP",
    messageIdBeingRespondedTo: 4,
    status: 0x0110,
    errorId: 0xa710,
  },
  "N-ACTION-RQ": {
    kind: "N-ACTION-RQ",
    requestedSopClassUid: "1.2",
    messageId: 5,
    requestedSopInstanceUid: "1.2.3",
    actionTypeId: 1,
  },
  "N-ACTION-RSP": {
    kind: "N-ACTION-RSP",
    messageIdBeingRespondedTo: 5,
    status: 0,
    actionTypeId: 1,
  },
  "N-CREATE-RQ": {
    kind: "N-CREATE-RQ",
    affectedSopClassUid: "1.2",
    messageId: 6,
    affectedSopInstanceUid: "1.2.3",
  },
  "N-CREATE-RSP": {
    kind: "N-CREATE-RSP",
    messageIdBeingRespondedTo: 6,
    status: 0x0107,
    attributeIdentifierList: [0x00400253],
  },
  "N-DELETE-RQ": {
    kind: "N-DELETE-RQ",
    requestedSopClassUid: "1.2",
    messageId: 8,
    requestedSopInstanceUid: "1.2.3",
  },
  "N-DELETE-RSP": { kind: "N-DELETE-RSP", messageIdBeingRespondedTo: 8, status: 0x0112 },
};

describe("every command comes back as it was written", () => {
  for (const command of Object.values(EVERY))
    test(command.kind, () => {
      for (const dataSet of [true, false])
        expect(readCommand(writeCommand(command, dataSet))).toEqual({
          kind: "command",
          command,
          dataSet,
        });
    });
});

test("a C-ECHO-RQ has the bytes that PS3.7 §9.3.5 asks for", () => {
  // (0000,0000) UL 4: 56 | (0000,0002) UI 18 | (0000,0100) US 0030 | (0000,0110) US 1 |
  // (0000,0800) US 0101
  const bytes = hex(`
    00000000 04000000 38000000
    00000200 12000000 312e322e3834302e31303030382e312e3100
    00000001 02000000 3000
    00001001 02000000 0100
    00000008 02000000 0101`);
  const echo = EVERY["C-ECHO-RQ"];
  expect(writeCommand(echo, false)).toEqual(bytes);
  expect(readCommand(bytes)).toEqual({ kind: "command", command: echo, dataSet: false });
});

test("the group length counts what follows it", () => {
  for (const command of Object.values(EVERY)) {
    const bytes = writeCommand(command, true);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)).toBe(
      bytes.byteLength - 12,
    );
  }
});

describe("C8: optional elements that make no sense are passed over", () => {
  const { moveOriginatorAeTitle: _1, moveOriginatorMessageId: _2, ...plain } = EVERY["C-STORE-RQ"];
  const spoiled = (element: string) => {
    const bytes = Buffer.from(writeCommand(plain, true));
    return readCommand(Uint8Array.from(Buffer.concat([bytes, hex(element)])));
  };
  const cases: Record<string, string> = {
    "an empty Move Originator AE": "00003010 00000000",
    "a Move Originator AE of 18 characters": `00003010 12000000 ${"41".repeat(18)}`,
    "a Move Originator Message ID of one byte": "00003110 01000000 07",
    "an attribute list that is no list of tags": "00000510 03000000 010203",
    "an element of another group": "08001800 04000000 31323334",
    "an unknown element of group 0": "00000150 02000000 0700",
  };
  for (const [name, element] of Object.entries(cases))
    test(name, () => {
      expect(spoiled(element)).toEqual({ kind: "command", command: plain, dataSet: true });
    });
});

test("C9: an N-EVENT-REPORT-RQ may lack its Event Type ID", () => {
  const { eventTypeId: _, ...plain } = EVERY["N-EVENT-REPORT-RQ"];
  expect(readCommand(writeCommand(plain, true))).toEqual({
    kind: "command",
    command: plain,
    dataSet: true,
  });
});

test("an unknown Command Field is a variant of its own", () => {
  const bytes = writeCommand(EVERY["C-ECHO-RQ"], false);
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(bytes.byteLength - 22, 0x0170, true);
  expect(readCommand(bytes)).toEqual({
    kind: "unknown",
    commandField: 0x0170,
    messageId: 1,
    dataSet: false,
  });
  const answer = readCommand(writeUnrecognized(0x0170, 1, 0x0211));
  expect(answer).toEqual({ kind: "unknown", commandField: 0x8170, messageId: 1, dataSet: false });
  expect(isRequestField(0x8170)).toBe(false);
});

test("a C-STORE-RQ without its instance UID is incomplete, not lost", () => {
  const { affectedSopInstanceUid: _, ...rest } = EVERY["C-STORE-RQ"];
  expect(readCommand(writeCommand(rest as Command, true))).toMatchObject({
    kind: "incomplete",
    command: "C-STORE-RQ",
    messageId: 7,
    dataSet: true,
  });
});

test("no Command Field, no Data Set Type or a cut element makes a malformed set", () => {
  const bytes = writeCommand(EVERY["C-STORE-RQ"], true);
  expect(readCommand(bytes.subarray(0, bytes.byteLength - 1)).kind).toBe("malformed");
  expect(readCommand(new Uint8Array(0)).kind).toBe("malformed");
  expect(readCommand(hex("00000001 02000000 3000")).kind).toBe("malformed");
});

test("text longer than its VR is cut, other characters than ASCII become ?", () => {
  const read = readCommand(
    writeCommand({ ...EVERY["C-STORE-RSP"], errorComment: `é${"x".repeat(80)}` }, false),
  );
  expect(read).toMatchObject({ command: { errorComment: `?${"x".repeat(63)}` } });
});

test("a response kind belongs to each request kind", () => {
  expect(responseKind("N-EVENT-REPORT-RQ")).toBe("N-EVENT-REPORT-RSP");
  expect(responseKind("C-MOVE-RQ")).toBe("C-MOVE-RSP");
});

test("any bytes end in a variant, never in an exception", () => {
  const seeds = Object.values(EVERY).map((command) => writeCommand(command, true));
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 }),
      fc.nat(400),
      (seed, flips, cut) => {
        const bytes = seed.slice(0, Math.min(seed.byteLength, 12 + cut));
        for (const [at, value] of flips) if (at < bytes.byteLength) bytes[at] = value;
        expect(["command", "unknown", "incomplete", "malformed"]).toContain(
          readCommand(bytes).kind,
        );
      },
    ),
    { numRuns: 2000, seed: 1 },
  );
});
