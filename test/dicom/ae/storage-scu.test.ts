// Storage SCU against a scripted peer: Tables 4.2-6 to 4.2-8.

import { describe, expect, test } from "bun:test";
import { openInstanceFile } from "../../../src/dicom/ae/storage/instance-body.ts";
import {
  STORAGE_PROPOSED,
  storageContexts,
} from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import { STORE_STATUS } from "../../../src/dicom/ae/storage/status.ts";
import {
  type StoreOptions,
  type StoreOutcome,
  storeInstances,
} from "../../../src/dicom/ae/storage/store-instances.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import { row } from "../../coverage.ts";
import { readOnlySource, type TestInstance, testInstance } from "../instances.ts";
import { answering, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const { ImplicitVrLittleEndian: IMPLICIT, ExplicitVrLittleEndian: EXPLICIT } = TransferSyntaxUid;

/** Sends instances to a peer; outcomes by instance, how it ended, what the peer saw. */
async function sendTo(
  script: PeerScript,
  instances: readonly TestInstance[],
  options: Partial<StoreOptions> = {},
) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(
    peer.port,
    storageContexts(instances.map(({ sopClassUid }) => sopClassUid)),
  );
  const outcomes: StoreOutcome[] = [];
  const job = await storeInstances(channel, instances, {
    timeoutMs: 5_000,
    warningPolicy: "accept",
    onOutcome: (_, outcome) => void outcomes.push(outcome),
    ...options,
  });
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcomes, job, end, seen: await peer.seen(0) };
}

describe("C-STORE response", () => {
  for (const line of STORE_STATUS.rows)
    test(`${row("4.2-7", line.code)} ${line.meaning}`, async () => {
      const seen: { command: Command }[] = [];
      const status = exampleStatus(line);
      const { outcomes, job, end } = await sendTo({ handlers: answering(status, seen as never) }, [
        testInstance(),
        testInstance(),
      ]);
      if (line.actions.includes("mark-instance-stored")) {
        const warning = line.service !== "Success";
        const stored = { kind: "stored", status, warning, actions: line.actions };
        expect(outcomes).toMatchObject([stored, stored]);
        expect([job.kind, end, seen.length]).toEqual(["done", null, 2]);
        return;
      }
      // Aborted at the first: the second is not tried.
      expect(outcomes).toMatchObject([
        {
          kind: "refused",
          status,
          actions: ["abort-association", "fail-job", "log", "report-user"],
        },
      ]);
      expect([job.kind, seen.length]).toEqual(["failed", 1]);
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    });

  for (const status of [0xb000, 0xb006, 0xb007])
    test(`E08: warningPolicy "fail" ends the job at ${status.toString(16)}`, async () => {
      const { outcomes, end } = await sendTo({ handlers: answering(status) }, [testInstance()], {
        warningPolicy: "fail",
      });
      expect(outcomes).toMatchObject([{ kind: "refused", status }]);
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    });

  test("the peer's Error Comment reaches the operator", async () => {
    const { outcomes } = await sendTo(
      {
        handlers: {
          "C-STORE-RQ": (_, reply) => ({
            end: () => reply.respond({ status: 0xa700, errorComment: "volume 3 is full" }),
          }),
        },
      },
      [testInstance()],
    );
    expect(outcomes).toMatchObject([{ text: "A700 out of resources: “volume 3 is full”" }]);
  });
});

describe("communication failures", () => {
  test(`${row("4.2-8", "timeout")} no response aborts and fails the job`, async () => {
    const silent: PeerScript = {
      handlers: { "C-STORE-RQ": () => ({ end: () => new Promise(() => {}) }) },
    };
    const { outcomes, end } = await sendTo(silent, [testInstance()], { timeoutMs: 50 });
    expect(outcomes).toMatchObject([
      { kind: "timeout", actions: ["abort-association", "fail-job", "log", "report-user"] },
    ]);
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-8", "aborted")} the peer's abort fails the job`, async () => {
    const { outcomes, job } = await sendTo(
      { handlers: (seen) => ({ "C-STORE-RQ": () => ({ end: () => seen().association.abort() }) }) },
      [testInstance(), testInstance()],
    );
    expect(outcomes).toMatchObject([
      { kind: "aborted", actions: ["fail-job", "log", "report-user"] },
    ]);
    expect(job.kind).toBe("failed");
  });

  test("an abort while a large instance is being sent ends the exchange", async () => {
    const { outcomes } = await sendTo(
      {
        handlers: (seen) => ({
          "C-STORE-RQ": () => ({ write: () => seen().association.abort(), end: () => {} }),
        }),
      },
      [testInstance({ rows: 2000, columns: 2000 })],
    );
    expect(outcomes).toMatchObject([{ kind: "aborted" }]);
  });
});

describe("presentation contexts", () => {
  for (const line of STORAGE_PROPOSED.rows)
    test(`${row("4.2-6", line.abstractSyntax)} ${line.name} alone is proposed (B13)`, async () => {
      const instance = testInstance({
        sopClassUid: line.abstractSyntax,
        transferSyntaxUid: IMPLICIT,
      });
      const { seen } = await sendTo({ handlers: answering(0) }, [instance, instance]);
      const dose = line.abstractSyntax === SopClassUid.XRayRadiationDoseSrStorage;
      expect(seen.request.contexts).toEqual([
        {
          id: 1,
          abstractSyntax: line.abstractSyntax,
          transferSyntaxes: dose ? [IMPLICIT] : [IMPLICIT, EXPLICIT],
        },
      ]);
      expect(seen.request.userItems.some(({ type }) => type === "role-selection")).toBe(false);
    });

  test("R7: a class the peer does not take leaves the others alone", async () => {
    const report = testInstance({ sopClassUid: SopClassUid.XRayRadiationDoseSrStorage });
    const image = testInstance();
    const { outcomes, job } = await sendTo(
      {
        handlers: answering(0),
        answer: (context) =>
          context.abstractSyntax === report.sopClassUid ? { result: 3, transferSyntax: "" } : {},
      },
      [report, image],
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["not-supported", "stored"]);
    expect(job).toEqual({ kind: "done" });
  });
});

describe("what is sent", () => {
  const CASES = [
    [EXPLICIT, EXPLICIT],
    [EXPLICIT, IMPLICIT],
    [IMPLICIT, EXPLICIT],
    [IMPLICIT, IMPLICIT],
  ] as const;
  for (const [stored, accepted] of CASES)
    test(`B12: stored in ${stored}, accepted in ${accepted}`, async () => {
      const seen: { command: Command; data: Uint8Array | null }[] = [];
      const instance = testInstance({ transferSyntaxUid: stored, patientName: "山田^太郎" });
      await sendTo({ handlers: answering(0, seen), answer: () => ({ transferSyntax: accepted }) }, [
        instance,
      ]);
      const [{ command, data } = { command: null, data: null }] = seen;
      expect(command).toEqual({
        kind: "C-STORE-RQ",
        affectedSopClassUid: instance.sopClassUid,
        messageId: 1,
        affectedSopInstanceUid: instance.sopInstanceUid,
        priority: 0,
      });
      const { dataSet } = decodeDataSet(data ?? new Uint8Array(), {
        explicitVr: accepted === EXPLICIT,
      });
      const pixels = dataSet.get(Tag.PixelData);
      expect(pixels).toMatchObject({ vr: "OW", bytes: instance.pixels });
      expect(dataSet.string(Tag.PatientName)).toBe(instance.dataSet.string(Tag.PatientName));
      expect(dataSet.number(Tag.Columns)).toBe(8);
    });

  test("a file that can only be read is sent piece by piece to a peer with tiny PDUs", async () => {
    const seen: { command: Command; data: Uint8Array | null }[] = [];
    const instance = testInstance({ rows: 100, columns: 100 });
    const fromDisk = {
      ...instance,
      open: () => openInstanceFile(readOnlySource(instance.file)),
    };
    const { outcomes } = await sendTo({ handlers: answering(0, seen), maxPduLength: 512 }, [
      fromDisk,
    ]);
    expect(outcomes).toMatchObject([{ kind: "stored" }]);
    expect(seen[0]?.data?.subarray(-20_000)).toEqual(instance.pixels);
  });

  test("a file that cannot be opened is passed over and told", async () => {
    const good = testInstance();
    const lost = { ...testInstance(), open: () => Promise.reject(new Error("no such file")) };
    const { outcomes, job } = await sendTo({ handlers: answering(0) }, [lost, good]);
    expect(outcomes).toMatchObject([
      { kind: "unreadable", cause: { message: "no such file" } },
      { kind: "stored" },
    ]);
    expect(job.kind).toBe("done");
  });

  test("every file that was opened is closed, also where the job ends early", async () => {
    const open = new Set<string>();
    const watched = (instance: TestInstance): TestInstance => ({
      ...instance,
      async open() {
        open.add(instance.sopInstanceUid);
        const body = await instance.open();
        return { ...body, close: async () => void open.delete(instance.sopInstanceUid) };
      },
    });
    let stored = 0;
    const { job } = await sendTo(
      {
        handlers: {
          "C-STORE-RQ": (_, reply) => ({
            end: () => reply.respond({ status: ++stored === 2 ? 0xa700 : 0 }),
          }),
        },
      },
      Array.from({ length: 5 }, () => watched(testInstance())),
    );
    expect([job.kind, stored, open.size]).toEqual(["failed", 2, 0]);
  });

  test("elements after the pixels go along, recoded", async () => {
    const seen: { command: Command; data: Uint8Array | null }[] = [];
    const instance = testInstance({ transferSyntaxUid: EXPLICIT });
    // (FFFC,FFFC) OB, 4 bytes of padding.
    const padding = Buffer.from("fcfffcff4f420000040000000000 0000".replace(/ /g, ""), "hex");
    const file = new Uint8Array(instance.file.byteLength + padding.byteLength);
    file.set(instance.file);
    file.set(padding, instance.file.byteLength);
    await sendTo({ handlers: answering(0, seen), answer: () => ({ transferSyntax: IMPLICIT }) }, [
      { ...instance, open: () => openInstanceFile(readOnlySource(file)) },
    ]);
    const { dataSet } = decodeDataSet(seen[0]?.data ?? new Uint8Array(), { explicitVr: false });
    expect(dataSet.get(0xfffcfffc)).toMatchObject({ bytes: new Uint8Array(4) });
    expect(dataSet.get(Tag.PixelData)).toMatchObject({ bytes: instance.pixels });
  });
});
