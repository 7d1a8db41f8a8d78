// Seeded mutations of a good peer's message parts against the channel with the device's handlers: no
// exception, no unbounded collecting, and in the end an abort or an association that still answers.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { commitmentEvents } from "../../../src/dicom/ae/commitment/serve-commitment.ts";
import { serveEventReports } from "../../../src/dicom/ae/event-reports.ts";
import { serveStorage } from "../../../src/dicom/ae/storage/serve-storage.ts";
import { serveVerification } from "../../../src/dicom/ae/verification/serve-verification.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import { readCommand, writeCommand } from "../../../src/dicom/dimse/command.ts";
import type { Pdv } from "../../../src/dicom/ul/association.ts";
import { associationPair, context } from "../association-pair.ts";

const CONTEXTS = [
  context(1, SopClassUid.Verification),
  context(3, SopClassUid.SecondaryCaptureImageStorage),
  context(5, SopClassUid.StorageCommitmentPushModel),
];
const RUNS = 3000;

const encoded = (dataSet: DataSet) =>
  encodeDataSet(dataSet, { explicitVr: false, characterSet: "default-kanji" });
const image = encoded(
  new DataSet()
    .text(Tag.SOPClassUID, "UI", SopClassUid.SecondaryCaptureImageStorage)
    .text(Tag.SOPInstanceUID, "UI", "1.2.3.4")
    .text(Tag.StudyInstanceUID, "UI", "1.2.3")
    .text(Tag.SeriesInstanceUID, "UI", "1.2.3.1")
    .set(Tag.PixelData, { vr: "OW", bytes: new Uint8Array(600) }),
);
const report = encoded(
  new DataSet()
    .text(Tag.TransactionUID, "UI", "1.2.9")
    .sequence(
      Tag.ReferencedSOPSequence,
      new DataSet()
        .text(Tag.ReferencedSOPClassUID, "UI", "1.2")
        .text(Tag.ReferencedSOPInstanceUID, "UI", "1.2.3.4"),
    ),
);

const pdv = (contextId: number, command: boolean, bytes: Uint8Array, last = true): Pdv => ({
  contextId,
  command,
  last,
  bytes,
});

/** A peer that echoes, stores an image in three pieces and reports a commitment. */
const GOOD: readonly Pdv[] = [
  pdv(1, true, writeCommand({ kind: "C-ECHO-RQ", messageId: 1 }, false)),
  pdv(
    3,
    true,
    writeCommand(
      {
        kind: "C-STORE-RQ",
        affectedSopClassUid: SopClassUid.SecondaryCaptureImageStorage,
        messageId: 2,
        affectedSopInstanceUid: "1.2.3.4",
      },
      true,
    ),
  ),
  pdv(3, false, image.subarray(0, 100), false),
  pdv(3, false, image.subarray(100, 400), false),
  pdv(3, false, image.subarray(400)),
  pdv(
    5,
    true,
    writeCommand(
      {
        kind: "N-EVENT-REPORT-RQ",
        affectedSopClassUid: SopClassUid.StorageCommitmentPushModel,
        messageId: 3,
        affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
        eventTypeId: 1,
      },
      true,
    ),
  ),
  pdv(5, false, report),
];

type Change =
  | { readonly what: "byte"; readonly part: number; readonly at: number; readonly value: number }
  | {
      readonly what: "cut" | "drop" | "repeat" | "swap" | "last" | "command";
      readonly part: number;
    }
  | { readonly what: "context"; readonly part: number; readonly value: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    what: fc.constant("byte" as const),
    part: fc.nat(6),
    at: fc.nat(700),
    value: fc.nat(255),
  }),
  fc.record({
    what: fc.constantFrom("cut", "drop", "repeat", "swap", "last", "command"),
    part: fc.nat(6),
  }),
  fc.record({ what: fc.constant("context" as const), part: fc.nat(6), value: fc.nat(7) }),
);

function mutated(changes: readonly Change[]): Pdv[] {
  const parts = GOOD.map((part) => ({ ...part, bytes: part.bytes.slice() }));
  for (const c of changes) {
    const part = parts[c.part];
    if (part === undefined) continue;
    if (c.what === "byte") part.bytes[c.at % Math.max(1, part.bytes.byteLength)] = c.value;
    else if (c.what === "cut") part.bytes = part.bytes.subarray(0, part.bytes.byteLength >> 1);
    else if (c.what === "drop") parts.splice(c.part, 1);
    else if (c.what === "repeat") parts.splice(c.part, 0, { ...part });
    else if (c.what === "swap") parts.push(...parts.splice(c.part, 1));
    else if (c.what === "last") parts[c.part] = { ...part, last: !part.last };
    else if (c.what === "command") parts[c.part] = { ...part, command: !part.command };
    else if (c.what === "context") parts[c.part] = { ...part, contextId: c.value };
  }
  return parts;
}

test(`${RUNS} mutations of a good association end in an abort or an answering association`, async () => {
  let aborted = 0;
  let answering = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 0, maxLength: 4 }), async (changes) => {
      const [us, them] = associationPair(CONTEXTS);
      let stored = 0;
      let discarded = 0;
      let opened = 0;
      new DimseChannel(us, {
        clock: new SimulatedClock(),
        log: silentLog,
        collectedBytesMax: 10_000,
        handlers: {
          "C-ECHO-RQ": serveVerification(),
          "N-EVENT-REPORT-RQ": serveEventReports([commitmentEvents(async () => {})]),
          "C-STORE-RQ": serveStorage({
            log: silentLog,
            identity: { implementationClassUid: "1.2", implementationVersionName: "T" },
            callingAeTitle: "THEM",
            open() {
              opened++;
              return {
                write() {},
                commit: async () => void stored++,
                discard: () => void discarded++,
              };
            },
          }),
        },
      });
      const responses: number[] = [];
      them.onPdv(({ bytes }) => {
        const read = readCommand(bytes);
        if (read.kind === "command" && "messageIdBeingRespondedTo" in read.command)
          responses.push(read.command.messageIdBeingRespondedTo);
      });
      for (const part of mutated(changes)) them.inject(part);
      // A new command in the middle of a message aborts; between messages it is answered.
      them.inject(pdv(1, true, writeCommand({ kind: "C-ECHO-RQ", messageId: 77 }, false)));
      for (let turn = 0; turn < 50 && us.end === null && !responses.includes(77); turn++)
        await new Promise<void>((resolve) => setImmediate(resolve));
      if (us.end !== null) {
        aborted++;
        expect(us.end).toMatchObject({ kind: "aborted", by: "us" });
        await new Promise<void>((resolve) => setImmediate(resolve));
        // What was opened is kept or given up, never left behind.
        expect(stored + discarded).toBe(opened);
      } else {
        answering++;
        expect(responses).toContain(77);
      }
    }),
    { numRuns: RUNS, seed: 20_260_105 },
  );
  expect(aborted).toBeGreaterThan(RUNS / 10);
  expect(answering).toBeGreaterThan(RUNS / 10);
});
