// Results on associations of every kind: opened by the archive with and without role selection, in each
// transfer syntax, from an unexpected title; during our own C-STORE; while a retrieve holds its quota.

import { expect, test } from "bun:test";
import { SystemClock } from "../../../src/core/clock.ts";
import type { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import type { ProposedContext } from "../../../src/dicom/ul/association.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { Acceptor } from "../../../src/services/acceptor/acceptor.ts";
import { serveIncoming } from "../../../src/services/incoming.ts";
import { storageSender } from "../../../src/services/storage-sender.ts";
import { row } from "../../coverage.ts";
import { connect, scriptedPeer } from "../../dicom/peer.ts";
import { archive, CommitmentSite, configured, PUSH, STUDY, sendReport } from "./commitment-site.ts";

const IMPLICIT = "1.2.840.10008.1.2";
const EXPLICIT = "1.2.840.10008.1.2.1";
const DX = "1.2.840.10008.5.1.4.1.1.1.1";

/** A device that listens, with a transaction 8.1 that asked for 1.1. */
async function listening() {
  const device = await CommitmentSite.with(
    configured([archive(104), { ...archive(104), id: "vna", aeTitle: "VNA", archive: false }]),
  );
  await device.acquired(["1.1", "1.2"]);
  await device.storage.createCommitment(
    { transactionUid: "8.1", remoteId: "archive", studyInstanceUid: STUDY, createdMs: 1 },
    ["1.1", "1.2"],
  );
  const clock = new SystemClock();
  const { log } = device;
  const acceptor = new Acceptor({
    clock,
    log,
    listen: tcpListen({ clock, log }),
    resolve: async () => ["127.0.0.1"],
    configuration: () => device.configuration,
    onAssociation: (association) =>
      serveIncoming(
        {
          clock,
          log,
          configuration: () => device.configuration,
          states: device.states,
          handlers: (a) => device.service.handlers(a),
        },
        association,
      ),
  });
  await acceptor.listen({ host: "127.0.0.1", port: 0 });
  const open = (calling: string, ...contexts: ProposedContext[]): Promise<DimseChannel> =>
    connect(acceptor.port ?? 0, contexts, { calling, called: "UDR10A" });
  return {
    device,
    acceptor,
    open,
    async [Symbol.asyncDispose]() {
      await acceptor.close();
      await device[Symbol.asyncDispose]();
    },
  };
}

const whole = { transactionUid: "8.1", committed: ["1.1", "1.2"] };
const push = (transferSyntax: string, role?: ProposedContext["role"]): ProposedContext => ({
  abstractSyntax: PUSH,
  transferSyntaxes: [transferSyntax],
  role,
});

const ways: readonly (readonly [string, string, ProposedContext])[] = [
  ["S3: with role selection", "ARCHIVE", push(EXPLICIT, { scu: false, scp: true })],
  ["E13: proposing both roles", "ARCHIVE", push(EXPLICIT, { scu: true, scp: true })],
  ["S4: without role selection", "ARCHIVE", push(EXPLICIT)],
  ["S5: in Implicit VR alone", "ARCHIVE", push(IMPLICIT)],
  ["S6: from another title than the one asked", "VNA", push(EXPLICIT)],
];
for (const [what, calling, context] of ways)
  test(`${row("4.2-19", PUSH)} ${what} a result is taken in`, async () => {
    await using s = await listening();
    const channel = await s.open(calling, context);
    expect(await sendReport(channel, whole)).toBe(0);
    await channel.release();
    expect(s.device.state("1.2")?.state).toBe("committed");
    expect(await s.device.event("commitment-answered")).toMatchObject({ calling });
  });

test("E17: a retrieve that holds its quota keeps no result out", async () => {
  await using s = await listening();
  const storing = await s.open("VNA", { abstractSyntax: DX, transferSyntaxes: [EXPLICIT] });
  expect(s.acceptor.inUse).toEqual({ storage: 1, commitment: 0, verification: 0 });
  const second = await s
    .open("ARCHIVE", { abstractSyntax: DX, transferSyntaxes: [EXPLICIT] })
    .then(() => "accepted", String);
  expect(second).toContain('"result":2');
  const channel = await s.open("ARCHIVE", push(EXPLICIT));
  expect(await sendReport(channel, whole)).toBe(0);
  await channel.release();
  await storing.release();
  expect(s.device.state("1.1")?.state).toBe("committed");
});

test("S1: a result in the middle of our own C-STORE is taken in, and the C-STORE goes on", async () => {
  await using s = await listening();
  const reported: number[] = [];
  await using peer = await scriptedPeer({
    handlers: (seen) => ({
      "C-STORE-RQ": (_request, reply) => ({
        async end() {
          reported.push(await sendReport(seen().channel, whole));
          await reply.respond({ status: 0 });
        },
      }),
    }),
  });
  s.device.configuration = configured([archive(peer.port)]);
  const record = s.device.storage.reader.instance("1.1");
  if (record === null) throw new Error("it is listed");
  const answers: string[] = [];
  const sender = storageSender({
    ...s.device.parts(),
    storage: s.device.storage,
    handlers: (a) => s.device.service.handlers(a),
  });
  const outcome = await sender.send(
    { remoteId: "archive", instances: [record], signal: new AbortController().signal },
    async (uid, answer) => {
      answers.push(`${uid} ${answer.kind}`);
    },
  );
  expect([outcome.kind, answers, reported]).toEqual(["finished", ["1.1 stored"], [0]]);
  expect(s.device.state("1.2")?.state).toBe("committed");
});

test("S8: the answer names class and instance and has no data set", async () => {
  await using s = await listening();
  const channel = await s.open("ARCHIVE", push(EXPLICIT));
  const context = channel.context(PUSH);
  if (context === undefined) throw new Error("it was accepted");
  const exchange = channel.request(context, {
    kind: "N-EVENT-REPORT-RQ",
    affectedSopClassUid: PUSH,
    affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
    eventTypeId: 1,
  });
  const step = await exchange.next(10_000);
  expect(step).toMatchObject({
    kind: "response",
    data: null,
    response: {
      affectedSopClassUid: PUSH,
      affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
      eventTypeId: 1,
      status: 0x0110,
    },
  });
  await channel.release();
});
