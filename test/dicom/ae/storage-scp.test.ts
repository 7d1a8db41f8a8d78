// Storage SCP with a scripted sender: Tables 4.2-57 and 4.2-58.

import { describe, expect, test } from "bun:test";
import { memorySource } from "../../../src/core/byte-source.ts";
import { silentLog } from "../../../src/core/log.ts";
import { STORAGE_ACCEPTED } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import {
  type IncomingInstance,
  type InstanceSink,
  serveStorage,
} from "../../../src/dicom/ae/storage/serve-storage.ts";
import type { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { row } from "../../coverage.ts";
import { type TestInstance, testInstance, testUid } from "../instances.ts";
import { connect, IDENTITY, scriptedPeer } from "../peer.ts";

interface Kept {
  readonly instance: IncomingInstance;
  readonly file: Uint8Array;
  readonly header: DataSet;
}

/** Our storage side with a sink in memory whose steps may be replaced. */
async function storageScp(faults: Partial<InstanceSink> & { open?: () => never } = {}) {
  const kept: Kept[] = [];
  const discarded: IncomingInstance[] = [];
  const answers: number[] = [];
  const peer = await scriptedPeer({
    handlers: {
      "C-STORE-RQ": serveStorage({
        log: silentLog,
        identity: IDENTITY,
        callingAeTitle: "ARCHIVE",
        onAnswer: (_, status) => answers.push(status),
        open(instance) {
          faults.open?.();
          const chunks: Uint8Array[] = [];
          return {
            write: (bytes) => void chunks.push(bytes.slice()),
            commit: async (header) => {
              kept.push({ instance, header, file: new Uint8Array(Buffer.concat(chunks)) });
            },
            discard: () => void discarded.push(instance),
            ...faults,
          };
        },
      }),
    },
  });
  return {
    peer,
    kept,
    discarded,
    answers,
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

/** Pushes a data set as the peer would, true to the command or not. */
async function push(
  port: number,
  instance: Pick<TestInstance, "sopClassUid" | "sopInstanceUid">,
  data: Uint8Array,
  transferSyntaxUid = "1.2.840.10008.1.2.1",
  abstractSyntax = instance.sopClassUid,
) {
  const channel = await connect(port, [{ abstractSyntax, transferSyntaxes: [transferSyntaxUid] }]);
  const [context] = channel.association.contexts;
  if (context === undefined) throw new Error("no context");
  const exchange = channel.request(
    context,
    {
      kind: "C-STORE-RQ",
      affectedSopClassUid: instance.sopClassUid,
      affectedSopInstanceUid: instance.sopInstanceUid,
      priority: 0,
      moveOriginatorAeTitle: "UDR10A",
      moveOriginatorMessageId: 5,
    },
    [data],
  );
  const step = await exchange.next(5_000);
  await channel.release();
  return step.kind === "response" ? step.response : step;
}

const dataOf = async (instance: TestInstance) => {
  const { dataSetOffset } = await readObjectHeader(memorySource(instance.file));
  return instance.file.subarray(dataSetOffset);
};

describe("accepted classes", () => {
  for (const line of STORAGE_ACCEPTED.rows)
    for (const transferSyntaxUid of line.transferSyntaxes)
      test(`${row("4.2-57", line.abstractSyntax)} ${line.name} in ${transferSyntaxUid}`, async () => {
        await using scp = await storageScp();
        const instance = testInstance({
          sopClassUid: line.abstractSyntax,
          transferSyntaxUid,
          rows: 100,
          columns: 100,
        });
        const data = await dataOf(instance);
        expect(await push(scp.peer.port, instance, data, transferSyntaxUid)).toMatchObject({
          kind: "C-STORE-RSP",
          status: 0,
          affectedSopClassUid: line.abstractSyntax,
          affectedSopInstanceUid: instance.sopInstanceUid,
        });
        const [kept] = scp.kept;
        expect(kept?.instance).toEqual({
          sopClassUid: line.abstractSyntax,
          sopInstanceUid: instance.sopInstanceUid,
          transferSyntaxUid,
          callingAeTitle: "ARCHIVE",
          moveOriginatorAeTitle: "UDR10A",
          moveOriginatorMessageId: 5,
        });
        expect(kept?.header.string(Tag.PatientID)).toBe("P1");
        // What was written is a Part 10 file with the data set as it came.
        const file = kept?.file ?? new Uint8Array();
        const { meta, dataSetOffset } = await readObjectHeader(memorySource(file));
        expect(meta).toEqual({
          sopClassUid: line.abstractSyntax,
          sopInstanceUid: instance.sopInstanceUid,
          transferSyntaxUid,
          implementationClassUid: IDENTITY.implementationClassUid,
          implementationVersionName: IDENTITY.implementationVersionName,
          sourceAeTitle: "ARCHIVE",
        });
        expect(file.subarray(dataSetOffset)).toEqual(data);
      });
});

describe("C-STORE response sent", () => {
  test(`${row("4.2-58", "0000")} only after the sink has made it durable`, async () => {
    let durable = false;
    await using scp = await storageScp({
      commit: async () => {
        await new Promise<void>((resolve) => setImmediate(resolve));
        durable = true;
      },
    });
    const instance = testInstance();
    const response = await push(scp.peer.port, instance, await dataOf(instance));
    expect([response, durable]).toMatchObject([{ status: 0 }, true]);
    expect(scp.answers).toEqual([0]);
  });

  const out: Record<string, Parameters<typeof storageScp>[0]> = {
    "no sink can be opened": {
      open() {
        throw new Error("disk full");
      },
    },
    "a write fails": { write: () => Promise.reject(new Error("disk full")) },
    "a write throws": {
      write() {
        throw new Error("disk full");
      },
    },
    "it cannot be made durable": { commit: () => Promise.reject(new Error("disk full")) },
  };
  for (const [name, faults] of Object.entries(out))
    test(`${row("4.2-58", "A700")} ${name}`, async () => {
      await using scp = await storageScp(faults);
      const instance = testInstance({ rows: 300, columns: 300 });
      expect(await push(scp.peer.port, instance, await dataOf(instance))).toMatchObject({
        status: 0xa700,
      });
      expect(scp.kept).toEqual([]);
    });

  const minimal = (change: (dataSet: DataSet) => void) => {
    const instance = testInstance();
    change(instance.dataSet);
    const data = encodeDataSet(instance.dataSet, {
      explicitVr: true,
      characterSet: "default-kanji",
    });
    return { instance, data };
  };
  const mismatches: Record<string, (dataSet: DataSet) => void> = {
    "another instance": (d) => d.text(Tag.SOPInstanceUID, "UI", testUid()),
    "another class": (d) => d.text(Tag.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.2"),
    "no study": (d) => d.delete(Tag.StudyInstanceUID),
    "no series": (d) => d.text(Tag.SeriesInstanceUID, "UI"),
  };
  for (const [name, change] of Object.entries(mismatches))
    test(`${row("4.2-58", "A900")} the data set names ${name}`, async () => {
      await using scp = await storageScp();
      const { instance, data } = minimal(change);
      expect(await push(scp.peer.port, instance, data)).toMatchObject({ status: 0xa900 });
      expect([scp.kept.length, scp.discarded.length]).toEqual([0, 1]);
    });

  test(`${row("4.2-58", "A900")} the class is not that of the context`, async () => {
    await using scp = await storageScp();
    const instance = testInstance();
    const response = await push(
      scp.peer.port,
      instance,
      await dataOf(instance),
      "1.2.840.10008.1.2.1",
      "1.2.840.10008.5.1.4.1.1.1",
    );
    expect(response).toMatchObject({ status: 0xa900 });
  });

  const garbage: Record<string, (data: Uint8Array) => Uint8Array> = {
    "bytes that are no elements": (data) => data.map((byte) => byte ^ 0x5a),
    "pixels cut short": (data) => data.subarray(0, data.byteLength - 40),
    "a header cut short": (data) => data.subarray(0, 70),
    "text in the place of a data set": () => Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  };
  for (const [name, spoil] of Object.entries(garbage))
    test(`${row("4.2-58", "C000")} ${name}`, async () => {
      await using scp = await storageScp();
      const instance = testInstance();
      const data = Uint8Array.from(spoil(await dataOf(instance)));
      expect(await push(scp.peer.port, instance, data)).toMatchObject({ status: 0xc000 });
      expect([scp.kept.length, scp.discarded.length]).toEqual([0, 1]);
    });

  test("an object without pixels is taken when it is whole", async () => {
    await using scp = await storageScp();
    const { instance, data } = minimal(() => {});
    expect(await push(scp.peer.port, instance, data)).toMatchObject({ status: 0 });
    expect(decodeDataSet(data, { explicitVr: true }).dataSet.size).toBe(
      scp.kept[0]?.header.size ?? 0,
    );
  });

  test("a header of more than a megabyte is read", async () => {
    await using scp = await storageScp();
    const { instance, data } = minimal((d) =>
      d.set(0x00091010, { vr: "OB", bytes: new Uint8Array(1_500_000) }).text(0x00090010, "LO", "X"),
    );
    expect(await push(scp.peer.port, instance, data)).toMatchObject({ status: 0 });
  });
});

test("an association lost in the middle of an instance discards it", async () => {
  let discarded: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    discarded = resolve;
  });
  await using scp = await storageScp({ discard: () => discarded() });
  const instance = testInstance();
  const channel = await connect(scp.peer.port, [
    { abstractSyntax: instance.sopClassUid, transferSyntaxes: ["1.2.840.10008.1.2.1"] },
  ]);
  const [context] = channel.association.contexts;
  if (context === undefined) throw new Error("no context");
  const half = {
    byteLength: 1_000_000,
    // The second piece never comes: the sender dies.
    async readInto(_into: readonly Uint8Array[], offset: number) {
      if (offset > 0) throw new Error("the sender dies");
    },
    async close() {},
  };
  const exchange = channel.request(
    context,
    {
      kind: "C-STORE-RQ",
      affectedSopClassUid: instance.sopClassUid,
      affectedSopInstanceUid: instance.sopInstanceUid,
    },
    [new Uint8Array(200_000), half],
  );
  const step = exchange.next(5_000).catch((error: Error) => error.message);
  await (await scp.peer.seen(0)).association.ended;
  await gone;
  expect(await step).toBe("the sender dies");
  expect(scp.kept).toEqual([]);
});
