// Sending by itself, and held exams (M7): what goes out when, what a crash in between leaves, and what
// waits for the operator.

import { expect, test } from "bun:test";
import { type Configuration, parseConfiguration } from "../../src/config/configuration.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Exam } from "../../src/model/exam.ts";
import { AutoSend } from "../../src/services/auto-send.ts";
import { isHeld, unsafeToDelete } from "../../src/services/held-exams.ts";
import { boot, type Site, send, settle, siteWith } from "../jobs/scripted-archive.ts";
import { examOf, objectOf } from "../store/objects.ts";

const STUDY = "1.2.3";
const OPEN = examOf("e1", STUDY);
const COMPLETED: Exam = { ...OPEN, state: "completed" };
const WRONG_ENTRY: Exam = { ...OPEN, state: "discontinued", discontinuationReason: "110514" };
const OTHER_REASON: Exam = { ...WRONG_ENTRY, discontinuationReason: "110513" };

const remote = (id: string, mode: string) => ({
  id,
  aeTitle: id.toUpperCase(),
  host: "127.0.0.1",
  port: 104,
  send: mode,
});

function configured(...remotes: unknown[]): Configuration {
  const parsed = parseConfiguration({ remotes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const BOTH = configured(remote("now", "on-acquisition"), remote("end", "on-completion"));

/** A device with an exam of two objects, of which nothing was told yet. */
async function room(configuration = BOTH) {
  const site = await siteWith();
  await site.storage.apply([{ kind: "exam", exam: OPEN }]);
  const rig = { site, autoSend: autoSendOf(site, configuration) };
  await rig.autoSend.catchUp();
  for (const sop of ["1.1", "1.2"]) await site.storage.writeObject(objectOf(sop, { examId: "e1" }));
  return rig;
}

const autoSendOf = (site: Site, configuration: Configuration) =>
  new AutoSend({
    clock: site.clock,
    log: silentLog,
    configuration: () => configuration,
    storage: site.storage,
    jobs: site.queue,
  });

/** The next start on what disk and database hold. */
async function restarted({ site }: Awaited<ReturnType<typeof room>>, configuration = BOTH) {
  await site.queue.stop();
  Object.assign(site, await boot(site));
  const autoSend = autoSendOf(site, configuration);
  await autoSend.catchUp();
  await settle(site);
  return { site, autoSend };
}

async function ended({ site, autoSend }: Awaited<ReturnType<typeof room>>, exam: Exam) {
  await site.storage.apply([{ kind: "exam", exam }]);
  await autoSend.onEnded(exam);
  await settle(site);
}

const at = (site: Site, remoteId: string) =>
  ["1.1", "1.2"].filter((uid) => site.storage.reader.isStoredAt(uid, remoteId));

test("an object goes at once to one remote, at the end of the exam to the other, to a third never", async () => {
  const rig = await room(
    configured(
      remote("now", "on-acquisition"),
      remote("end", "on-completion"),
      remote("never", "manual"),
    ),
  );
  for (const sop of ["1.1", "1.2"]) await rig.autoSend.onInstance(OPEN, sop);
  await settle(rig.site);
  expect([at(rig.site, "now"), at(rig.site, "end")]).toEqual([["1.1", "1.2"], []]);
  await ended(rig, COMPLETED);
  expect(at(rig.site, "end")).toEqual(["1.1", "1.2"]);
  expect(at(rig.site, "never")).toEqual([]);
  // S17: the exam went over one association
  expect(rig.site.archive.associations).toEqual([["1.1"], ["1.2"], ["1.1", "1.2"]]);
});

test("an exam discontinued for any other reason goes its usual way", async () => {
  const rig = await room();
  await ended(rig, OTHER_REASON);
  expect(at(rig.site, "end")).toEqual(["1.1", "1.2"]);
  expect(await rig.autoSend.release("e1")).toEqual({ kind: "not-held" });
});

test("what a crash kept from being a job is caught up with, once", async () => {
  const rig = await room();
  await rig.site.storage.apply([{ kind: "exam", exam: COMPLETED }]);
  const again = await restarted(rig);
  expect([at(again.site, "now"), at(again.site, "end")]).toEqual([
    ["1.1", "1.2"],
    ["1.1", "1.2"],
  ]);
  const jobs = again.site.queue.list().length;
  const third = await restarted(again);
  expect(third.site.queue.list()).toHaveLength(jobs);
});

test("a disk too full for a job is survived, and the job is made when there is room", async () => {
  const rig = await room();
  const { site } = rig;
  const create = site.queue.create.bind(site.queue);
  let full = true;
  site.queue.create = async (...job) => {
    if (full) throw new Error("the disk is full");
    return create(...job);
  };
  await rig.autoSend.onInstance(OPEN, "1.1");
  expect(site.queue.list()).toEqual([]);
  full = false;
  await rig.autoSend.onInstance(OPEN, "1.2");
  await settle(site);
  expect(at(site, "now")).toEqual(["1.1", "1.2"]);
  expect(site.archive.received).toEqual(["1.1", "1.2"]);
});

test("M7: after the wrong worklist entry nothing is sent by itself, and what waited is withdrawn", async () => {
  const rig = await room();
  rig.site.archive.answerAssociation = () => ({ kind: "unreachable", text: "it is down" });
  await rig.autoSend.onInstance(OPEN, "1.1");
  await settle(rig.site);
  await ended(rig, WRONG_ENTRY);
  await rig.autoSend.onInstance(WRONG_ENTRY, "1.2");
  await settle(rig.site);
  expect(isHeld(WRONG_ENTRY)).toBe(true);
  expect(rig.site.queue.list().map((j) => j.state)).toEqual(["cancelled"]);
  rig.site.archive.answerAssociation = () => null;
  const again = await restarted(rig);
  await again.site.clock.advance(3_600_000);
  expect(again.site.archive.received).toEqual([]);
});

test("M7: what the operator himself asked to send is not withdrawn", async () => {
  const rig = await room();
  rig.site.archive.answerAssociation = () => ({ kind: "unreachable", text: "it is down" });
  const id = await send(rig.site, ["1.1"], "end");
  await settle(rig.site);
  await ended(rig, WRONG_ENTRY);
  expect(rig.site.queue.job(id)?.state).toBe("waiting");
});

test("M7: a crash before the withdrawal is made good at the next start", async () => {
  const rig = await room();
  rig.site.archive.answerAssociation = () => ({ kind: "unreachable", text: "it is down" });
  await rig.autoSend.onInstance(OPEN, "1.1");
  await settle(rig.site);
  await rig.site.storage.apply([{ kind: "exam", exam: WRONG_ENTRY }]);
  const again = await restarted(rig);
  expect(again.site.queue.list().map((j) => j.state)).toEqual(["cancelled"]);
});

test("M7: released, all of it goes to every remote that sends by itself", async () => {
  const rig = await room();
  rig.site.archive.answerAssociation = () => ({ kind: "unreachable", text: "it is down" });
  await rig.autoSend.onInstance(OPEN, "1.1");
  await settle(rig.site);
  await ended(rig, WRONG_ENTRY);
  rig.site.archive.answerAssociation = () => null;
  await rig.site.clock.advance(1_000);
  const released = await rig.autoSend.release("e1");
  expect(released).toMatchObject({
    kind: "released",
    exam: { id: "e1", releasedMs: rig.site.clock.nowMs() },
  });
  await settle(rig.site);
  expect([at(rig.site, "now"), at(rig.site, "end")]).toEqual([
    ["1.1", "1.2"],
    ["1.1", "1.2"],
  ]);
  const kept = rig.site.storage.reader.exam("e1");
  expect(kept !== null && isHeld(kept)).toBe(false);
  expect(await rig.autoSend.release("e1")).toEqual({ kind: "not-held" });
  expect(await rig.autoSend.release("e9")).toEqual({ kind: "unknown-exam" });
});

test("M7: a crash between the release and its jobs loses nothing, and a job cancelled since stays so", async () => {
  const rig = await room();
  rig.site.archive.answerAssociation = () => ({ kind: "unreachable", text: "it is down" });
  await rig.autoSend.onInstance(OPEN, "1.1");
  await settle(rig.site);
  await ended(rig, WRONG_ENTRY);
  await rig.site.clock.advance(1_000);
  const releasedMs = rig.site.clock.nowMs();
  await rig.site.storage.apply([{ kind: "exam", exam: { ...WRONG_ENTRY, releasedMs } }]);
  const again = await restarted(rig);
  const unfinished = again.site.queue.list().filter((j) => j.state !== "cancelled");
  expect(unfinished.map((j) => j.progress.total)).toEqual([2, 2]);
  for (const job of unfinished) await again.site.queue.cancel(job.id);
  const third = await restarted(again);
  expect(third.site.queue.list().filter((j) => j.state !== "cancelled")).toEqual([]);
});

test("held objects don't keep a study from being deleted, released or other ones do", async () => {
  const rig = await room();
  const { storage } = rig.site;
  await ended(rig, WRONG_ENTRY);
  expect(unsafeToDelete(storage.reader, STUDY, "archive")).toEqual([]);
  await storage.apply([{ kind: "exam", exam: { ...examOf("e2", STUDY), state: "completed" } }]);
  await storage.writeObject(objectOf("1.3", { examId: "e2" }));
  expect(unsafeToDelete(storage.reader, STUDY, "archive")).toEqual(["1.3"]);
  await rig.autoSend.release("e1");
  expect(unsafeToDelete(storage.reader, STUDY, "archive")).toEqual(["1.1", "1.2", "1.3"]);
});
