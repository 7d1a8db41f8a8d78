// Storage commitment with a scripted archive: Tables 4.2-15 to 4.2-17 and 4.2-19 to 4.2-21.

import { describe, expect, test } from "bun:test";
import {
  COMMITMENT_ACCEPTED,
  COMMITMENT_PROPOSED,
} from "../../../src/dicom/ae/commitment/presentation-contexts.ts";
import { requestCommitment } from "../../../src/dicom/ae/commitment/request-commitment.ts";
import {
  type CommitmentResult,
  commitmentEvents,
} from "../../../src/dicom/ae/commitment/serve-commitment.ts";
import {
  COMMITMENT_EVENTS,
  COMMITMENT_REQUEST_STATUS,
} from "../../../src/dicom/ae/commitment/status.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { serveEventReports } from "../../../src/dicom/ae/event-reports.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import { row } from "../../coverage.ts";
import { answering, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const PUSH = SopClassUid.StorageCommitmentPushModel;
const TEXT = { characterSet: "default-kanji" } as const;
const REQUEST = {
  transactionUid: "1.2.3.99",
  instances: [
    { sopClassUid: "1.2.840.10008.5.1.4.1.1.7", sopInstanceUid: "1.2.3.1" },
    { sopClassUid: "1.2.840.10008.5.1.4.1.1.1", sopInstanceUid: "1.2.3.2" },
  ],
};

async function requestFrom(script: PeerScript, timeoutMs = 5_000) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, proposedContexts(COMMITMENT_PROPOSED.rows));
  const outcome = await requestCommitment(channel, REQUEST, { timeoutMs, text: TEXT });
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end, seen: await peer.seen(0) };
}

describe("N-ACTION response", () => {
  for (const line of COMMITMENT_REQUEST_STATUS.rows)
    test(`${row("4.2-16", line.code)} ${line.meaning}`, async () => {
      const { outcome, end } = await requestFrom({ handlers: answering(exampleStatus(line)) });
      expect(outcome).toMatchObject({ actions: line.actions });
      if (line.code === "0000") expect([outcome.kind, end]).toEqual(["success", null]);
      else {
        expect(outcome).toMatchObject({ kind: "refused", status: exampleStatus(line) });
        expect(end).toMatchObject({ kind: "aborted", by: "us" });
      }
    });
});

describe("communication failures", () => {
  test(`${row("4.2-17", "timeout")} aborts, asked again at the next start`, async () => {
    const { outcome, end } = await requestFrom(
      { handlers: { "N-ACTION-RQ": () => ({ end: () => new Promise(() => {}) }) } },
      50,
    );
    expect(outcome).toMatchObject({
      kind: "timeout",
      actions: ["abort-association", "log", "report-user", "retry-at-startup"],
    });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-17", "aborted")} asked again at the next start`, async () => {
    const { outcome } = await requestFrom({
      handlers: (seen) => ({ "N-ACTION-RQ": () => ({ end: () => seen().association.abort() }) }),
    });
    expect(outcome).toMatchObject({
      kind: "aborted",
      actions: ["log", "report-user", "retry-at-startup"],
    });
  });
});

test(`${row("4.2-15", PUSH)} the request's context and content`, async () => {
  const requests: { command: Command; data: Uint8Array | null }[] = [];
  const { seen } = await requestFrom({ handlers: answering(0, requests) });
  expect(seen.request.contexts).toEqual([
    {
      id: 1,
      abstractSyntax: PUSH,
      transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
    },
  ]);
  expect(requests[0]?.command).toEqual({
    kind: "N-ACTION-RQ",
    requestedSopClassUid: PUSH,
    messageId: 1,
    requestedSopInstanceUid: "1.2.840.10008.1.20.1.1",
    actionTypeId: 1,
  });
  const { dataSet } = decodeDataSet(requests[0]?.data ?? new Uint8Array(), { explicitVr: false });
  expect(dataSet.string(Tag.TransactionUID)).toBe("1.2.3.99");
  expect(
    dataSet.items(Tag.ReferencedSOPSequence).map((item) => ({
      sopClassUid: item.string(Tag.ReferencedSOPClassUID),
      sopInstanceUid: item.string(Tag.ReferencedSOPInstanceUID),
    })),
  ).toEqual(REQUEST.instances);
});

test("S10: an archive that accepts no context does not support commitment", async () => {
  const { outcome } = await requestFrom({ answer: () => ({ result: 3, transferSyntax: "" }) });
  expect(outcome).toMatchObject({ kind: "not-supported", abstractSyntax: PUSH });
});

// ── The result ───────────────────────────────────────────────────────────────────────────────

const reference = (sopInstanceUid: string, reason?: number) => {
  const item = new DataSet()
    .text(Tag.ReferencedSOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.7")
    .text(Tag.ReferencedSOPInstanceUID, "UI", sopInstanceUid);
  return reason === undefined ? item : item.numbers(Tag.FailureReason, "US", reason);
};

const report = (committed: readonly string[], failed: readonly [string, number][] = []) => {
  const dataSet = new DataSet()
    .text(Tag.TransactionUID, "UI", "1.2.3.99")
    .sequence(Tag.ReferencedSOPSequence, ...committed.map((uid) => reference(uid)));
  if (failed.length > 0)
    dataSet.sequence(Tag.FailedSOPSequence, ...failed.map(([uid, why]) => reference(uid, why)));
  return dataSet;
};

/** Sends a report as an archive does, on an association it opens. */
async function sendReport(
  channel: DimseChannel,
  eventTypeId: number | undefined,
  data: Uint8Array | undefined,
) {
  const context = channel.context(PUSH);
  if (context === undefined) throw new Error("commitment was not accepted");
  const exchange = channel.request(
    context,
    {
      kind: "N-EVENT-REPORT-RQ",
      affectedSopClassUid: PUSH,
      affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
      eventTypeId,
    },
    data === undefined ? undefined : [data],
  );
  const step = await exchange.next(5_000);
  return step.kind === "response" ? step : step.kind;
}

async function reportToUs(
  eventTypeId: number | undefined,
  data: Uint8Array | DataSet | undefined,
  record: (result: CommitmentResult) => Promise<void> = async () => {},
  transferSyntax = "1.2.840.10008.1.2",
) {
  const results: CommitmentResult[] = [];
  const failures: string[] = [];
  const services = [
    commitmentEvents(async (result) => {
      results.push(result);
      await record(result);
    }),
  ];
  await using us = await scriptedPeer({
    handlers: {
      "N-EVENT-REPORT-RQ": serveEventReports(services, { onFailure: (why) => failures.push(why) }),
    },
  });
  const channel = await connect(us.port, [
    { abstractSyntax: PUSH, transferSyntaxes: [transferSyntax] },
  ]);
  const bytes =
    data instanceof DataSet
      ? encodeDataSet(data, {
          explicitVr: transferSyntax !== "1.2.840.10008.1.2",
          characterSet: "default-kanji",
        })
      : data;
  const step = await sendReport(channel, eventTypeId, bytes);
  await channel.release();
  if (typeof step === "string") throw new Error(step);
  return { response: step.response, data: step.data, results, failures };
}

describe("N-EVENT-REPORT received", () => {
  const [all, some] = COMMITMENT_EVENTS.rows;

  test(`${row("4.2-20", "1")}${row("4.2-21", "0000")} all committed`, async () => {
    const { response, data, results } = await reportToUs(1, report(["1.2.3.1", "1.2.3.2"]));
    // S8: class and instance stand in the response, a data set does not.
    expect(response).toEqual({
      kind: "N-EVENT-REPORT-RSP",
      messageIdBeingRespondedTo: 1,
      status: 0,
      affectedSopClassUid: PUSH,
      affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
      eventTypeId: 1,
    });
    expect(data).toBeNull();
    expect(results).toMatchObject([
      {
        transactionUid: "1.2.3.99",
        eventTypeId: 1,
        committed: [{ sopInstanceUid: "1.2.3.1" }, { sopInstanceUid: "1.2.3.2" }],
        failed: [],
        actions: all?.actions,
      },
    ]);
  });

  test(`${row("4.2-20", "2")} some failed, with their reasons (S9)`, async () => {
    const { response, results } = await reportToUs(2, report(["1.2.3.1"], [["1.2.3.2", 0x0112]]));
    expect(response).toMatchObject({ status: 0, eventTypeId: 2 });
    expect(results).toMatchObject([
      {
        eventTypeId: 2,
        committed: [{ sopInstanceUid: "1.2.3.1" }],
        failed: [{ sopInstanceUid: "1.2.3.2", reason: 0x0112 }],
        actions: some?.actions,
      },
    ]);
  });

  for (const [failed, expected] of [
    [[], 1],
    [[["1.2.3.2", 0x0119]], 2],
  ] as const)
    test(`C9: without an Event Type ID the content tells type ${expected}`, async () => {
      const { response, results } = await reportToUs(
        undefined,
        report(["1.2.3.1"], failed as unknown as [string, number][]),
      );
      expect(response).toMatchObject({ status: 0, eventTypeId: expected });
      expect(results).toMatchObject([{ eventTypeId: expected }]);
    });
});

describe("N-EVENT-REPORT response sent", () => {
  test(`${row("4.2-21", "0113")} an event type that is neither 1 nor 2`, async () => {
    const { response, results } = await reportToUs(3, report(["1.2.3.1"]));
    expect(response).toMatchObject({ status: 0x0113, eventTypeId: 3 });
    expect(results).toEqual([]);
  });

  test(`${row("4.2-21", "0110")} a data set that cannot be read`, async () => {
    const { response, failures } = await reportToUs(1, new Uint8Array([8, 0, 0x99, 0x11, 9]));
    expect(response).toMatchObject({ status: 0x0110, errorComment: "data set cannot be read" });
    expect(failures).toEqual(["data set cannot be read"]);
  });

  test(`${row("4.2-21", "0110")} no data set at all`, async () => {
    const { response } = await reportToUs(1, undefined);
    expect(response).toMatchObject({ status: 0x0110 });
  });

  test(`${row("4.2-21", "0110")} a result that cannot be recorded`, async () => {
    const { response } = await reportToUs(1, report(["1.2.3.1"]), () =>
      Promise.reject(new Error("database locked")),
    );
    expect(response).toMatchObject({ status: 0x0110, errorComment: "cannot be recorded" });
  });

  test("a report of a class nobody knows is answered 0118", async () => {
    await using us = await scriptedPeer({
      handlers: { "N-EVENT-REPORT-RQ": serveEventReports([]) },
    });
    const channel = await connect(us.port, [
      { abstractSyntax: PUSH, transferSyntaxes: ["1.2.840.10008.1.2"] },
    ]);
    expect(await sendReport(channel, 1, undefined)).toMatchObject({
      response: { status: 0x0118 },
    });
    await channel.release();
  });
});

test(`${row("4.2-19", PUSH)} each transfer syntax of the accepted context works`, async () => {
  for (const { transferSyntaxes } of COMMITMENT_ACCEPTED.rows)
    for (const transferSyntax of transferSyntaxes) {
      const { response, results } = await reportToUs(
        1,
        report(["1.2.3.1"]),
        undefined,
        transferSyntax,
      );
      expect([response.status, results.length]).toEqual([0, 1]);
    }
});

test("S1: the result on the association of the request, before its response, is taken in", async () => {
  const results: string[] = [];
  const answers: number[] = [];
  await using peer = await scriptedPeer({
    handlers: (seen) => ({
      "N-ACTION-RQ": (_, reply) => ({
        async end() {
          const bytes = encodeDataSet(report(["1.2.3.1"]), {
            explicitVr: false,
            characterSet: "default-kanji",
          });
          const step = await sendReport(seen().channel, 1, bytes);
          if (typeof step !== "string") answers.push(step.response.status);
          await reply.respond({ status: 0 });
        },
      }),
    }),
  });
  const channel = await connect(peer.port, proposedContexts(COMMITMENT_PROPOSED.rows), {
    handlers: {
      "N-EVENT-REPORT-RQ": serveEventReports([
        commitmentEvents(async ({ transactionUid }) => void results.push(transactionUid)),
      ]),
    },
  });
  const outcome = await requestCommitment(channel, REQUEST, { timeoutMs: 5_000, text: TEXT });
  expect([outcome.kind, results, answers]).toEqual(["success", ["1.2.3.99"], [0]]);
  await channel.release();
});
