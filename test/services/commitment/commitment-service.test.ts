// Storage Commitment SCU as the device runs it: when an archive is asked, what becomes of each answer,
// and what a restart takes up (statement 4.2.2).

import { describe, expect, test } from "bun:test";
import { COMMITMENT_REQUEST_STATUS } from "../../../src/dicom/ae/commitment/status.ts";
import { RESULT_LINGER_MS } from "../../../src/services/commitment/send-request.ts";
import { row } from "../../coverage.ts";
import { exampleStatus } from "../../dicom/ae/statuses.ts";
import { connect, type PeerScript, type ScriptedPeer, scriptedPeer } from "../../dicom/peer.ts";
import {
  type AskedFor,
  archive,
  askedIn,
  CommitmentSite,
  configured,
  PUSH,
  STUDY,
  sendReport,
  takingRequests,
} from "./commitment-site.ts";

/** A device with two objects of an ended exam at the archive, and what the archive was asked. */
async function site(
  script: PeerScript & { status?: () => number } = {},
  remote = {},
): Promise<{
  device: CommitmentSite;
  asked: AskedFor[];
  peer: ScriptedPeer;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const asked: AskedFor[] = [];
  const peer = await scriptedPeer({ handlers: takingRequests(asked, script.status), ...script });
  const device = await CommitmentSite.with(configured([archive(peer.port, remote)]));
  await device.acquired(["1.1", "1.2"]);
  return {
    device,
    asked,
    peer,
    async [Symbol.asyncDispose]() {
      await device[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
    },
  };
}

/** As an archive does: a report on an association of its own, to whatever handlers we have. */
async function report(device: CommitmentSite, what: Parameters<typeof sendReport>[1]) {
  await using us = await scriptedPeer({
    handlers: device.service.handlers({ calling: "PACS2", called: "UDR10A", requestor: false }),
  });
  const channel = await connect(us.port, [
    { abstractSyntax: PUSH, transferSyntaxes: ["1.2.840.10008.1.2"] },
  ]);
  const status = await sendReport(channel, what);
  await channel.release();
  return status;
}

const requested = (device: CommitmentSite, count = 1) =>
  device.until(
    () => device.logged.filter((l) => l.event === "commitment-requested").length >= count,
  );

describe("when an archive is asked", () => {
  test(`${row("4.2-15", PUSH)} once, with every object, on an association for commitment alone`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    expect(s.asked).toEqual([{ transactionUid: "9.9.1", sops: ["1.1", "1.2"] }]);
    const { request } = await s.peer.seen(0);
    expect(request.contexts).toEqual([
      {
        id: 1,
        abstractSyntax: PUSH,
        transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
      },
    ]);
    expect(request.userItems.filter((item) => item.type === "role-selection")).toEqual([]);
    expect(s.device.states.busy("archive")).toBe(true);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await s.device.until(() => !s.device.states.busy("archive"));
    expect(s.peer.associations[0]?.association.end).toEqual({ kind: "released" });
    expect(s.device.states.get("archive")?.reachable).toBe(true);
    s.device.jobDone();
    s.device.service.onExamEnded(STUDY);
    await s.device.clock.advance(0);
    expect(s.asked).toHaveLength(1);
  });

  test("not while its exam is open, nor while an object of it is not stored there", async () => {
    await using s = await site();
    await s.device.acquired(["2.1"], { exam: "e2", study: "1.2.4", state: "open" });
    await s.device.acquired(["3.1", "3.2"], { exam: "e3", study: "1.2.5", at: [] });
    await s.device.stored("3.1", "archive", "1.2.5");
    s.device.service.start();
    await requested(s.device);
    await s.device.clock.advance(RESULT_LINGER_MS);
    expect(s.asked.map((a) => a.sops)).toEqual([["1.1", "1.2"]]);
    await s.device.acquired(["2.2"], { exam: "e2", study: "1.2.4", state: "completed" });
    s.device.service.onExamEnded("1.2.4");
    await requested(s.device, 2);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await s.device.stored("3.2", "archive", "1.2.5");
    s.device.jobDone("archive", "1.2.5");
    await requested(s.device, 3);
    expect(s.asked.slice(1).map((a) => a.sops)).toEqual([
      ["2.1", "2.2"],
      ["3.1", "3.2"],
    ]);
  });

  test("as soon as an attempt brought the last object, though its job waits for others", async () => {
    await using s = await site();
    await s.device.acquired(["3.1", "3.2"], { exam: "e3", study: "1.2.5", at: [] });
    await s.device.stored("3.1", "archive", "1.2.5");
    s.device.service.start();
    await requested(s.device);
    await s.device.clock.advance(RESULT_LINGER_MS);
    s.device.jobDone("archive", "1.2.5", 1);
    await s.device.clock.advance(0);
    await s.device.stored("3.2", "archive", "1.2.5");
    s.device.jobDone("archive", "1.2.5", 2);
    await requested(s.device, 2);
    expect(s.asked[1]?.sops).toEqual(["3.1", "3.2"]);
  });

  test("a later job commits what it added, and an appended step its own objects", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await s.device.acquired(["1.3"]);
    s.device.jobDone();
    await requested(s.device, 2);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await s.device.acquired(["1.4"], { exam: "e2", state: "open" });
    s.device.jobDone();
    await s.device.clock.advance(0);
    await s.device.acquired(["1.5"], { exam: "e2" });
    s.device.service.onExamEnded(STUDY);
    await requested(s.device, 3);
    expect(s.asked.map((a) => a.sops)).toEqual([["1.1", "1.2"], ["1.3"], ["1.4", "1.5"]]);
    expect(new Set(s.asked.map((a) => a.transactionUid)).size).toBe(3);
  });

  test("a remote that is no archive is never asked", async () => {
    await using s = await site({}, { archive: false });
    s.device.service.start();
    s.device.jobDone();
    s.device.service.onExamEnded(STUDY);
    await s.device.clock.advance(60_000);
    expect(s.peer.associations).toEqual([]);
    expect(s.device.service.archive("archive")).toBeUndefined();
  });

  test("the transaction is durable before the request leaves", async () => {
    const kept: unknown[] = [];
    const box: { device?: CommitmentSite } = {};
    await using s = await site({
      handlers: {
        "N-ACTION-RQ": (_request, reply) => ({
          end(data) {
            const { transactionUid } = askedIn(data);
            kept.push(box.device?.storage.reader.commitment(transactionUid)?.state);
            return reply.respond({ status: 0 });
          },
        }),
      },
    });
    box.device = s.device;
    s.device.service.start();
    await requested(s.device);
    expect(kept).toEqual(["open"]);
  });

  test("an object that arrives while its study is being looked at is not forgotten", async () => {
    await using s = await site();
    let once = false;
    await s.device.boot((inner) => ({
      ...inner,
      reader: inner.reader,
      async createCommitment(...args) {
        await inner.createCommitment(...args);
        if (!once) return;
        once = false;
        await s.device.acquired(["1.4"]);
        s.device.jobDone();
      },
    }));
    s.device.service.start();
    await requested(s.device);
    await s.device.clock.advance(RESULT_LINGER_MS);
    once = true;
    await s.device.acquired(["1.3"]);
    s.device.jobDone();
    await requested(s.device, 2);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await requested(s.device, 3);
    expect(s.asked.map((a) => a.sops)).toEqual([["1.1", "1.2"], ["1.3"], ["1.4"]]);
  });

  test("a store that cannot keep the transaction: nothing is sent, and it is tried again", async () => {
    await using s = await site();
    let full = true;
    await s.device.boot((inner) => ({
      ...inner,
      reader: inner.reader,
      async createCommitment(...args) {
        if (full) throw new Error("the disk is full");
        return inner.createCommitment(...args);
      },
    }));
    s.device.service.start();
    await s.device.event("commitment-not-kept");
    await s.device.clock.advance(0);
    expect(s.peer.associations).toEqual([]);
    full = false;
    await s.device.nextTimer();
    await requested(s.device);
    expect(s.asked.map((a) => a.sops)).toEqual([["1.1", "1.2"]]);
  });

  test("two archives are asked one after the other, each for itself", async () => {
    await using s = await site();
    const second: AskedFor[] = [];
    await using other = await scriptedPeer({ handlers: takingRequests(second) });
    s.device.configuration = configured([
      archive(s.peer.port),
      { ...archive(other.port), id: "second", aeTitle: "SECOND" },
    ]);
    await s.device.stored("1.1", "second");
    await s.device.stored("1.2", "second");
    s.device.service.start();
    await requested(s.device);
    expect([s.asked.length, other.associations.length]).toEqual([1, 0]);
    await s.device.clock.advance(RESULT_LINGER_MS);
    await requested(s.device, 2);
    expect(second.map((a) => a.sops)).toEqual([["1.1", "1.2"]]);
  });
});

describe("answers to the request", () => {
  test(`${row("4.2-16", "0000")} accepted: its objects wait for their result`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    expect(s.device.storage.reader.commitment("9.9.1")?.state).toBe("requested");
    expect(s.device.state("1.1")).toMatchObject({
      state: "pending",
      transactionState: "requested",
      atMs: s.device.clock.nowMs(),
    });
    expect(s.device.service.archive("archive")).toMatchObject({
      supported: true,
      pending: 2,
      oldestMs: s.device.clock.nowMs(),
      failed: 0,
    });
    expect(s.device.news).toContain(STUDY);
  });

  for (const line of COMMITMENT_REQUEST_STATUS.rows.filter((r) => r.code !== "0000"))
    test(`${row("4.2-16", line.code)} any other: aborted, told, asked again at the next start only`, async () => {
      let status = exampleStatus(line);
      await using s = await site({ status: () => status });
      s.device.service.start();
      const told = await s.device.event("commitment-request-failed");
      expect(String(told["reason"])).toContain(status.toString(16).toUpperCase().padStart(4, "0"));
      const seen = await s.peer.seen(0);
      expect(await seen.association.ended).toMatchObject({ kind: "aborted", by: "peer" });
      expect(s.device.state("1.2")).toMatchObject({ state: "pending", transactionState: "failed" });
      expect(s.device.service.archive("archive")).toMatchObject({ pending: 0, failed: 2 });
      expect(s.device.service.archive("archive")?.reason).toContain("archive (ARCHIVE)");
      s.device.jobDone();
      await s.device.clock.advance(3_600_000);
      expect(s.asked).toHaveLength(1);
      status = 0;
      await s.device.restart();
      await requested(s.device);
      expect(s.asked).toEqual([
        { transactionUid: "9.9.1", sops: ["1.1", "1.2"] },
        { transactionUid: "9.9.2", sops: ["1.1", "1.2"] },
      ]);
    });

  test(`${row("4.2-17", "timeout")} no answer: aborted, told, asked again at the next start only`, async () => {
    const asked: AskedFor[] = [];
    let silent = true;
    await using s = await site({
      handlers: {
        "N-ACTION-RQ": (_request, reply) => ({
          async end(data) {
            asked.push(askedIn(data));
            if (!silent) await reply.respond({ status: 0 });
            else await new Promise(() => {});
          },
        }),
      },
    });
    s.device.service.start();
    await s.device.until(() => asked.length === 1);
    await s.device.clock.advance(20_000);
    const told = await s.device.event("commitment-request-failed");
    expect(told["reason"]).toContain("no answer within 20000 ms");
    expect(await (await s.peer.seen(0)).association.ended).toMatchObject({ kind: "aborted" });
    await s.device.clock.advance(3_600_000);
    expect(asked).toHaveLength(1);
    silent = false;
    await s.device.restart();
    await requested(s.device);
    expect(asked.map((a) => a.transactionUid)).toEqual(["9.9.1", "9.9.2"]);
  });

  test(`${row("4.2-17", "aborted")} the archive aborts: told, asked again at the next start only`, async () => {
    let aborting = true;
    const asked: AskedFor[] = [];
    await using s = await site({
      handlers: (seen) => ({
        "N-ACTION-RQ": (_request, reply) => ({
          async end(data) {
            asked.push(askedIn(data));
            if (aborting) seen().association.abort();
            else await reply.respond({ status: 0 });
          },
        }),
      }),
    });
    s.device.service.start();
    const told = await s.device.event("commitment-request-failed");
    expect(told["reason"]).toContain("aborted by the peer");
    await s.device.clock.advance(3_600_000);
    expect(asked).toHaveLength(1);
    aborting = false;
    await s.device.restart();
    await requested(s.device);
    expect(asked.map((a) => a.transactionUid)).toEqual(["9.9.1", "9.9.2"]);
  });

  test("A2, A16: an archive that is not reached is tried later, longer each time, under the same UID", async () => {
    await using s = await site();
    const { port } = s.peer;
    s.device.configuration = configured([archive(1)]);
    s.device.service.start();
    await s.device.event("commitment-postponed");
    expect(s.device.states.get("archive")?.reachable).toBe(false);
    expect(s.device.service.archive("archive")?.reason).toContain("ARCHIVE at 127.0.0.1:1");
    expect(await s.device.nextTimer()).toBeLessThanOrEqual(60_000);
    await s.device.until(
      () => s.device.logged.filter((l) => l.event === "commitment-postponed").length === 2,
    );
    s.device.configuration = configured([archive(port)]);
    expect(await s.device.nextTimer()).toBeGreaterThanOrEqual(60_000);
    await requested(s.device);
    expect(s.asked).toEqual([{ transactionUid: "9.9.1", sops: ["1.1", "1.2"] }]);
  });

  test("an archive that took a job is reached again: what waited for it goes at once", async () => {
    await using s = await site();
    const { port } = s.peer;
    s.device.configuration = configured([archive(1)]);
    s.device.service.start();
    await s.device.event("commitment-postponed");
    s.device.configuration = configured([archive(port)]);
    s.device.jobDone();
    await requested(s.device);
    expect(s.asked.map((a) => a.transactionUid)).toEqual(["9.9.1"]);
  });

  test("S10, E13: an archive that refuses the context is not asked again until its address changes", async () => {
    let refusing = true;
    await using s = await site({
      answer: () => (refusing ? { result: 3, transferSyntax: "" } : {}),
    });
    s.device.service.start();
    await s.device.event("commitment-not-supported");
    expect(s.device.service.archive("archive")).toMatchObject({ supported: false, pending: 0 });
    expect(s.device.state("1.1")).toMatchObject({
      transactionState: "superseded",
      reason: "archive (ARCHIVE) does not support storage commitment",
    });
    await (await s.peer.seen(0)).association.ended;
    await s.device.acquired(["1.3"]);
    s.device.jobDone();
    await s.device.restart();
    await s.device.clock.advance(3_600_000);
    expect(s.peer.associations).toHaveLength(1);
    expect(s.device.service.archive("archive")?.supported).toBe(false);

    refusing = false;
    s.device.configuration = configured([archive(s.peer.port, { host: "localhost" })]);
    s.device.service.onConfiguration();
    await requested(s.device);
    expect(s.asked.map((a) => a.sops)).toEqual([["1.1", "1.2", "1.3"]]);
    expect(s.device.service.archive("archive")?.supported).toBe(true);
  });

  test("S10: switching the archive off and on again asks it anew", async () => {
    let refusing = true;
    await using s = await site({
      answer: () => (refusing ? { result: 3, transferSyntax: "" } : {}),
    });
    s.device.service.start();
    await s.device.event("commitment-not-supported");
    refusing = false;
    const { configuration } = s.device;
    s.device.configuration = configured([archive(s.peer.port, { archive: false })]);
    s.device.service.onConfiguration();
    await s.device.clock.advance(0);
    s.device.configuration = configuration;
    s.device.service.onConfiguration();
    await requested(s.device);
    expect(s.asked).toHaveLength(1);
  });
});

describe("results", () => {
  test(`${row("4.2-20", "1")}${row("4.2-21", "0000")} all committed`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    const report1 = { transactionUid: "9.9.1", committed: ["1.1", "1.2"] };
    expect(await report(s.device, report1)).toBe(0);
    expect([s.device.state("1.1")?.state, s.device.state("1.2")?.state]).toEqual([
      "committed",
      "committed",
    ]);
    expect(s.device.storage.reader.uncommitted(STUDY, "archive")).toEqual([]);
    await s.device.clock.advance(1_000);
    expect(s.device.service.archive("archive")).toMatchObject({ pending: 0, failed: 0 });
    // S9: the same again changes nothing, and neither does a start
    expect(await report(s.device, report1)).toBe(0);
    await s.device.restart();
    await s.device.clock.advance(1_000);
    expect(s.asked).toHaveLength(1);
  });

  test(`${row("4.2-20", "2")} some failed: marked with the reason, told, asked again at the next start`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    const failed = [["1.2", 0x0213]] as const;
    const partial = { transactionUid: "9.9.1", committed: ["1.1"], failed };
    expect(await report(s.device, partial)).toBe(0);
    expect(s.device.state("1.1")?.state).toBe("committed");
    expect(s.device.state("1.2")).toMatchObject({ state: "failed", failureReason: 0x0213 });
    expect(await s.device.event("commitment-failed")).toMatchObject({
      sopInstanceUid: "1.2",
      reason: "0213 resource limitation",
    });
    await s.device.clock.advance(1_000);
    expect(s.device.service.archive("archive")).toMatchObject({ pending: 0, failed: 1 });
    s.device.jobDone();
    await s.device.clock.advance(3_600_000);
    expect(s.asked).toHaveLength(1);
    await s.device.restart();
    await requested(s.device, 2);
    expect(s.asked[1]).toEqual({ transactionUid: "9.9.2", sops: ["1.2"] });
    expect(await report(s.device, { transactionUid: "9.9.2", committed: ["1.2"] })).toBe(0);
    expect(s.device.storage.reader.uncommitted(STUDY, "archive")).toEqual([]);
    // committed: it lies there after all
    expect(s.device.storage.reader.isStoredAt("1.2", "archive")).toBe(true);
  });

  test("an object the archive lost and was sent again is committed by that job", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    await s.device.clock.advance(RESULT_LINGER_MS);
    const failed = [["1.2", 0x0112]] as const;
    await report(s.device, { transactionUid: "9.9.1", committed: ["1.1"], failed });
    expect(s.device.storage.reader.isStoredAt("1.2", "archive")).toBe(false);
    await s.device.stored("1.2");
    s.device.jobDone();
    await requested(s.device, 2);
    expect(s.asked[1]?.sops).toEqual(["1.2"]);
  });

  test(`${row("4.2-21", "0113")} an event type that does not exist`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    const odd = { transactionUid: "9.9.1", committed: ["1.1"], eventTypeId: 3 };
    expect(await report(s.device, odd)).toBe(0x0113);
    expect(s.device.state("1.1")?.state).toBe("pending");
    expect(await s.device.event("commitment-report-refused")).toMatchObject({ peer: "PACS2" });
  });

  test(`${row("4.2-21", "0110")} a result that the store cannot keep; the archive may repeat it`, async () => {
    await using s = await site();
    let full = true;
    await s.device.boot((storage) => ({
      ...storage,
      reader: storage.reader,
      recordCommitment: async (...args) => {
        if (full) throw new Error("the disk is full");
        return storage.recordCommitment(...args);
      },
    }));
    s.device.service.start();
    await requested(s.device);
    const whole = { transactionUid: "9.9.1", committed: ["1.1", "1.2"] };
    expect(await report(s.device, whole)).toBe(0x0110);
    expect(s.device.state("1.1")?.state).toBe("pending");
    full = false;
    expect(await report(s.device, whole)).toBe(0);
    expect(s.device.state("1.1")?.state).toBe("committed");
  });

  test(`${row("4.2-21", "0000")} S9: a transaction that is not known is answered with success and logged`, async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    expect(await report(s.device, { transactionUid: "8.8.8", committed: ["1.1"] })).toBe(0);
    expect(s.device.state("1.1")?.state).toBe("pending");
    expect(await s.device.event("commitment-unknown-transaction")).toMatchObject({
      transactionUid: "8.8.8",
    });
  });

  test("S9: what a report leaves out stays open, and is asked for at the next start", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    expect(await report(s.device, { transactionUid: "9.9.1", committed: ["1.1", "7.7"] })).toBe(0);
    expect(s.device.state("1.2")?.state).toBe("pending");
    expect(s.device.storage.reader.uncommitted(STUDY, "archive")).toEqual(["1.2"]);
    expect(await s.device.event("commitment-incomplete")).toMatchObject({ unanswered: 1 });
    await s.device.restart();
    await requested(s.device, 2);
    expect(s.asked[1]).toEqual({ transactionUid: "9.9.2", sops: ["1.2"] });
  });

  test("S9: an object that stands in both lists has failed, one of another class is not ours", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    const both = {
      transactionUid: "9.9.1",
      committed: ["1.1"],
      failed: [["1.1", 0x0119]] as const,
    };
    await report(s.device, both);
    expect(s.device.state("1.1")?.state).toBe("failed");
    const other = { transactionUid: "9.9.1", committed: ["1.2"], sopClassUid: "1.2.3.4" };
    expect(await report(s.device, other)).toBe(0);
    expect(s.device.state("1.2")?.state).toBe("pending");
  });

  test("S1, S18: a result on the association of the request, which waits for one, ends it in order", async () => {
    const box: { status?: number } = {};
    await using s = await site({
      handlers: (seen) => ({
        "N-ACTION-RQ": (_request, reply) => ({
          async end(data) {
            const { transactionUid, sops } = askedIn(data);
            await reply.respond({ status: 0 });
            box.status = await sendReport(seen().channel, { transactionUid, committed: sops });
          },
        }),
      }),
    });
    s.device.service.start();
    await s.device.event("commitment-answered");
    const end = await (await s.peer.seen(0)).association.ended;
    expect(end).toEqual({ kind: "released" });
    expect(await s.device.until(() => box.status)).toBe(0);
    expect(s.device.storage.reader.commitment("9.9.1")?.state).toBe("answered");
  });

  test("S1: a result that overtakes the answer to the request", async () => {
    const box: { device?: CommitmentSite } = {};
    await using s = await site({
      handlers: {
        "N-ACTION-RQ": (_request, reply) => ({
          async end(data) {
            const { transactionUid, sops } = askedIn(data);
            if (box.device) await report(box.device, { transactionUid, committed: sops });
            await reply.respond({ status: 0 });
          },
        }),
      },
    });
    box.device = s.device;
    s.device.service.start();
    await requested(s.device);
    expect(s.device.storage.reader.commitment("9.9.1")?.state).toBe("answered");
    expect(s.device.state("1.1")?.state).toBe("committed");
  });
});

describe("restarts", () => {
  test("between the transaction and the request: asked for under a new UID", async () => {
    await using s = await site();
    await s.device.storage.createCommitment(
      { transactionUid: "9.9.0", remoteId: "archive", studyInstanceUid: STUDY, createdMs: 1 },
      ["1.1", "1.2"],
    );
    await s.device.restart();
    await requested(s.device);
    expect(s.asked).toEqual([{ transactionUid: "9.9.1", sops: ["1.1", "1.2"] }]);
    expect(s.device.storage.reader.commitment("9.9.0")?.state).toBe("superseded");
  });

  test("between the request and its result: asked again, and the first result counts as well", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    await s.device.restart();
    await requested(s.device, 2);
    expect(s.asked.map((a) => a.transactionUid)).toEqual(["9.9.1", "9.9.2"]);
    expect(await report(s.device, { transactionUid: "9.9.1", committed: ["1.1", "1.2"] })).toBe(0);
    expect(s.device.state("1.1")?.state).toBe("committed");
    expect(s.device.storage.reader.uncommitted(STUDY, "archive")).toEqual([]);
    // what the second one still says has no effect, good or bad
    const late = { transactionUid: "9.9.2", failed: [["1.1", 0x0131]] as const };
    expect(await report(s.device, late)).toBe(0);
    expect(s.device.state("1.1")?.state).toBe("committed");
    expect(s.device.storage.reader.uncommitted(STUDY, "archive")).toEqual([]);
  });

  test("between giving up the old transaction and making the new one: nothing is forgotten", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    await report(s.device, { transactionUid: "9.9.1", failed: [["1.1", 0x0110]] });
    await s.device.service.stop();
    await s.device.storage.supersedeCommitments("archive", "cut");
    await s.device.boot();
    s.device.service.start();
    await requested(s.device, 2);
    expect(s.asked[1]?.sops).toEqual(["1.1", "1.2"]);
  });

  test("a study deleted meanwhile is asked for no more, and its report does no harm", async () => {
    await using s = await site();
    s.device.service.start();
    await requested(s.device);
    await s.device.storage.deleteStudy(STUDY);
    await s.device.clock.advance(60_000);
    expect(s.device.service.archive("archive")).toMatchObject({ pending: 0, failed: 0 });
    expect(await report(s.device, { transactionUid: "9.9.1", committed: ["1.1"] })).toBe(0);
    await s.device.restart();
    await s.device.clock.advance(60_000);
    expect(s.asked).toHaveLength(1);
  });

  test("a stop in the middle of a request leaves it to the next start", async () => {
    let silent = true;
    const asked: AskedFor[] = [];
    await using s = await site({
      handlers: {
        "N-ACTION-RQ": (_request, reply) => ({
          async end(data) {
            asked.push(askedIn(data));
            if (!silent) await reply.respond({ status: 0 });
            else await new Promise(() => {});
          },
        }),
      },
    });
    s.device.service.start();
    await s.device.until(() => asked.length === 1);
    await s.device.service.stop();
    expect(s.device.storage.reader.commitment("9.9.1")?.state).toBe("open");
    silent = false;
    await s.device.restart();
    await requested(s.device);
    expect(asked.map((a) => a.transactionUid)).toEqual(["9.9.1", "9.9.2"]);
  });
});
