// The send job against a scripted archive, on a simulated clock: every row of Tables 4.2-7 and 4.2-8
// as the job sees it, then order, retries and the operator.

import { expect, test } from "bun:test";
import { row } from "../coverage.ts";
import { RETRY_MS, type Reply, send, settle, siteWith } from "./scripted-archive.ts";

const THREE = ["1.1", "1.2", "1.3"];

test(`${row("4.2-7", "0000")} success for every instance completes the job`, async () => {
  const site = await siteWith(...THREE);
  const id = await send(site, THREE);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({
    state: "done",
    progress: { done: 3, total: 3 },
    attempts: 1,
  });
  expect(site.archive.associations).toEqual([THREE]);
  expect(site.storage.reader.sendStates("1.2")).toMatchObject([
    { remoteId: "archive", state: "stored", status: 0 },
  ]);
});

for (const [code, status] of [
  ["B000", 0xb000],
  ["B006", 0xb006],
  ["B007", 0xb007],
] as const) {
  test(`${row("4.2-7", code)} a warning counts as stored, is logged and never sent again`, async () => {
    const site = await siteWith(...THREE);
    site.archive.reply = (uid) => (uid === "1.2" ? status : 0);
    const id = await send(site, THREE);
    await settle(site);
    const job = site.queue.job(id);
    expect(job?.state).toBe("done");
    expect(job?.log.some((l) => l.text.startsWith(`1.2: ${code}`))).toBe(true);
    expect(site.storage.reader.sendStates("1.2")).toMatchObject([{ state: "warning", status }]);
    await send(site, ["1.2"]);
    await settle(site);
    expect(site.archive.received).toEqual(THREE);
  });

  test(`${row("4.2-7", code)} with the literal reading a warning fails the job`, async () => {
    const site = await siteWith(...THREE);
    site.archive.warningPolicy = "fail";
    site.archive.reply = (uid) => (uid === "1.1" ? status : 0);
    const id = await send(site, THREE);
    await settle(site);
    expect(site.queue.job(id)).toMatchObject({ state: "waiting", progress: { done: 0 } });
    await site.clock.advance(RETRY_MS);
    expect(site.archive.associations).toEqual([["1.1"], ["1.2", "1.3", "1.1"]]);
    expect(site.queue.job(id)?.state).toBe("waiting");
  });
}

for (const [code, status] of [
  ["A7xx", 0xa700],
  ["A9xx", 0xa900],
  ["Cxxx", 0xc123],
  ["*", 0x0122],
] as const) {
  test(`${row("4.2-7", code)} a refusal ends the association and fails the job, which waits`, async () => {
    const site = await siteWith(...THREE);
    site.archive.reply = (uid) => (uid === "1.2" ? status : 0);
    const states: string[] = [];
    site.queue.changes.add((job) => states.push(job.state));
    const id = await send(site, THREE);
    await settle(site);
    const job = site.queue.job(id);
    expect(site.archive.associations).toEqual([["1.1", "1.2"]]);
    expect(job).toMatchObject({ state: "waiting", progress: { done: 1, total: 3 } });
    expect(job?.reason).toContain(status.toString(16).toUpperCase().padStart(4, "0"));
    expect(job?.nextAttemptMs).toBe(site.clock.nowMs() + RETRY_MS);
    expect(states).toContain("failed");
  });
}

test("there already (0111) counts as stored", async () => {
  const site = await siteWith("1.1");
  site.archive.reply = () => 0x0111;
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(site.queue.job(id)?.state).toBe("done");
  expect(site.storage.reader.isStoredAt("1.1", "archive")).toBe(true);
});

for (const kind of ["timeout", "aborted"] as const) {
  test(`${row("4.2-8", kind)} the job fails, waits and sends only what is left`, async () => {
    const site = await siteWith(...THREE);
    let failing = true;
    site.archive.reply = (uid): Reply => (failing && uid === "1.2" ? kind : 0);
    const id = await send(site, THREE);
    await settle(site);
    expect(site.queue.job(id)).toMatchObject({ state: "waiting", reason: `it ${kind}` });
    failing = false;
    await site.clock.advance(RETRY_MS - 1);
    expect(site.queue.job(id)?.state).toBe("waiting");
    await site.clock.advance(1);
    expect(site.queue.job(id)).toMatchObject({ state: "done", attempts: 2 });
    expect(site.archive.received).toEqual(THREE);
  });
}

test("retries have no end while the archive is away", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "nobody listens" });
  const id = await send(site, ["1.1"]);
  await site.clock.advance(6 * 3_600_000);
  expect(site.queue.job(id)).toMatchObject({ state: "waiting", reason: "nobody listens" });
  expect(site.queue.job(id)?.attempts).toBe(361);
  site.archive.answerAssociation = () => null;
  await site.clock.advance(RETRY_MS);
  expect(site.queue.job(id)?.state).toBe("done");
});

test("a refused instance goes last, and the others are stored meanwhile", async () => {
  const site = await siteWith(...THREE);
  let refused = 0;
  site.archive.reply = (uid) => (uid === "1.1" && refused++ < 2 ? 0xa700 : 0);
  const id = await send(site, THREE);
  await site.clock.advance(2 * RETRY_MS);
  expect(site.archive.associations).toEqual([["1.1"], ["1.2", "1.3", "1.1"], ["1.1"]]);
  expect(site.queue.job(id)?.state).toBe("done");
});

test("after three refusals with A9xx or Cxxx an instance waits for the operator, the rest is done", async () => {
  const site = await siteWith(...THREE);
  const statuses = [0xa900, 0xc000, 0xa901];
  site.archive.reply = (uid) => (uid === "1.1" ? (statuses.shift() ?? 0) : 0);
  const id = await send(site, THREE);
  await site.clock.advance(10 * RETRY_MS);
  const job = site.queue.job(id);
  expect(job).toMatchObject({ state: "failed", progress: { done: 2, total: 3 }, attempts: 3 });
  expect(job?.reason).toContain("1 instance was refused 3 times");
  expect(site.archive.received.filter((uid) => uid !== "1.1")).toEqual(["1.2", "1.3"]);

  const retried = await site.queue.retry(id);
  expect(retried.kind).toBe("ok");
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "done", progress: { done: 3 } });
});

test("out of resources (A7xx) never parks an instance", async () => {
  const site = await siteWith("1.1");
  site.archive.reply = () => 0xa700;
  const id = await send(site, ["1.1"]);
  await site.clock.advance(20 * RETRY_MS);
  expect(site.queue.job(id)).toMatchObject({ state: "waiting", attempts: 21 });
});

test("an instance whose class is not accepted does not keep the others back", async () => {
  const site = await siteWith(...THREE);
  site.archive.reply = (uid) => (uid === "1.1" ? "not-supported" : 0);
  const id = await send(site, THREE);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "waiting", progress: { done: 2 } });
  await site.clock.advance(10 * RETRY_MS);
  expect(site.queue.job(id)).toMatchObject({ state: "failed", attempts: 3 });
});

test("a file that cannot be read does not keep the others back", async () => {
  const site = await siteWith(...THREE);
  site.archive.reply = (uid) => (uid === "1.2" ? "unreadable" : 0);
  const id = await send(site, THREE);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "waiting", progress: { done: 2 } });
  expect(site.archive.received).toEqual(["1.1", "1.3"]);
});

test("a transient rejection is tried later and later, and is no failure", async () => {
  const site = await siteWith("1.1");
  let rejections = 5;
  const at: number[] = [];
  site.archive.answerAssociation = () => {
    at.push(site.clock.nowMs());
    return rejections-- > 0
      ? { kind: "rejected", result: 2, source: 3, reason: 2, text: "local limit exceeded" }
      : null;
  };
  const states: string[] = [];
  site.queue.changes.add((job) => states.push(job.state));
  const id = await send(site, ["1.1"]);
  await site.clock.advance(2 * 3_600_000);
  expect(site.queue.job(id)?.state).toBe("done");
  expect(states).not.toContain("failed");
  const waits = at.slice(1).map((ms, i) => ms - (at[i] ?? 0));
  waits.forEach((wait, i) => {
    const full = Math.min(RETRY_MS * 2 ** i, 15 * 60_000);
    expect(wait).toBeGreaterThanOrEqual(full / 2);
    expect(wait).toBeLessThanOrEqual(full);
  });
});

test("a permanent rejection fails the job, which is tried again after the delay", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({
    kind: "rejected",
    result: 1,
    source: 1,
    reason: 3,
    text: "calling AE title not recognized",
  });
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({
    state: "waiting",
    reason: "calling AE title not recognized",
    nextAttemptMs: site.clock.nowMs() + RETRY_MS,
  });
});

test("a rejection with an unknown result is taken as transient once", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({
    kind: "rejected",
    result: 7,
    source: 3,
    reason: 56,
    text: "result 7",
  });
  const failures: string[] = [];
  site.queue.changes.add((job) => job.state === "failed" && failures.push(job.state));
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(failures).toEqual([]);
  await site.clock.advance(RETRY_MS);
  expect(failures).toEqual(["failed"]);
  expect(site.queue.job(id)?.state).toBe("waiting");
});

test("a remote that is not configured any more waits for the operator", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({ kind: "not-configured", text: "no such remote" });
  const id = await send(site, ["1.1"]);
  await site.clock.advance(10 * RETRY_MS);
  expect(site.queue.job(id)).toMatchObject({ state: "failed", attempts: 1 });
});

test("a second job to the same archive sends only what the first did not", async () => {
  const site = await siteWith(...THREE);
  await send(site, ["1.1", "1.2"]);
  await settle(site);
  const id = await send(site, THREE);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
  expect(site.archive.received).toEqual(THREE);
  await send(site, ["1.1"], "second");
  await settle(site);
  expect(site.archive.received).toEqual([...THREE, "1.1"]);
});

test("an instance in two jobs that wait at the same time is sent once", async () => {
  const site = await siteWith(...THREE);
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "away" });
  const jobs = [await send(site, THREE), await send(site, ["1.3", "1.2"])];
  await settle(site);
  site.archive.answerAssociation = () => null;
  await site.clock.advance(RETRY_MS);
  expect(jobs.map((id) => site.queue.job(id)?.state)).toEqual(["done", "done"]);
  expect(site.archive.received).toEqual(THREE);
});

test("an instance that the archive did not commit may be sent again", async () => {
  const site = await siteWith("1.1");
  await send(site, ["1.1"]);
  await settle(site);
  await site.storage.createCommitment(
    { transactionUid: "9.1", remoteId: "archive", studyInstanceUid: "1.2.3", createdMs: 0 },
    ["1.1"],
  );
  await site.storage.recordCommitment("9.1", [{ sopInstanceUid: "1.1", failureReason: 0x0112 }], 1);
  await send(site, ["1.1"]);
  await settle(site);
  expect(site.archive.received).toEqual(["1.1", "1.1"]);
});

test("a job that waited since before does not send what the archive took and disowned meanwhile", async () => {
  const site = await siteWith("1.1", "1.2");
  site.archive.reply = (uid) => (uid === "1.2" ? 0xa700 : 0);
  const waiting = await send(site, ["1.2", "1.1"]);
  await settle(site);
  expect(site.queue.job(waiting)?.state).toBe("waiting");
  await send(site, ["1.1"]);
  await settle(site);
  await site.storage.createCommitment(
    { transactionUid: "9.1", remoteId: "archive", studyInstanceUid: "1.2.3", createdMs: 0 },
    ["1.1"],
  );
  await site.storage.recordCommitment("9.1", [{ sopInstanceUid: "1.1", failureReason: 0x0110 }], 1);
  site.archive.reply = () => 0;
  await site.clock.advance(RETRY_MS);
  expect(site.queue.job(waiting)).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
  expect(site.archive.received.filter((uid) => uid === "1.1")).toEqual(["1.1"]);
  expect(site.storage.reader.unsent("archive")).toEqual([]);
});

test("an instance deleted before it was sent does not hold up the job", async () => {
  const site = await siteWith(...THREE);
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "away" });
  const id = await send(site, THREE);
  await settle(site);
  await site.storage.deleteStudy("1.2.3");
  site.archive.answerAssociation = () => null;
  await site.clock.advance(RETRY_MS);
  const job = site.queue.job(id);
  expect(job).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
  expect(job?.log.some((l) => l.text === "1.1: was deleted before it was sent")).toBe(true);
  expect(site.archive.received).toEqual([]);
});
