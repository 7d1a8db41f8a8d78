import { expect, test } from "bun:test";
import { JOB_LOG_LINES_MAX, nextJob } from "../../src/jobs/job-queue.ts";
import type { StoredJob } from "../../src/store/job-table.ts";
import { boot, RETRY_MS, type Site, send, settle, siteWith } from "./scripted-archive.ts";

const TWO = ["1.1", "1.2"];

test("a job is in the database before it is answered", async () => {
  const site = await siteWith("1.1");
  const id = await send(site, ["1.1"]);
  expect(site.storage.reader.job(id)).not.toBeNull();
  expect(site.storage.reader.jobItems(id)).toHaveLength(1);
});

test("every change is told after it is in the database", async () => {
  const site = await siteWith(...TWO);
  const states: string[] = [];
  site.queue.changes.add((job) => {
    states.push(`${job.state} ${job.progress.done}`);
    if (job.state !== "active") expect(site.storage.reader.job(job.id)?.state).toBe(job.state);
  });
  await send(site, TWO);
  await settle(site);
  expect(states).toEqual(["queued 0", "active 0", "active 1", "active 2", "done 2"]);
});

test("a job of a type that nobody does, or without work, is refused", async () => {
  const { queue } = await siteWith("1.1");
  expect(
    await queue.create({ type: "retrieve", remoteId: "a", studyInstanceUid: "1" }, [], 1),
  ).toEqual({ kind: "unsupported", type: "retrieve" });
  const nothing = { type: "send", remoteId: "a", studyInstanceUid: "1", sopInstanceUids: [] };
  expect(await queue.create(nothing as Parameters<typeof queue.create>[0], [])).toEqual({
    kind: "empty",
  });
});

test("one send job is active at a time, oldest first", async () => {
  const site = await siteWith("1.1", "1.2", "1.3");
  let most = 0;
  site.queue.changes.add(() => {
    most = Math.max(most, site.queue.list().filter((j) => j.state === "active").length);
  });
  await Promise.all([send(site, ["1.1"]), send(site, ["1.2"]), send(site, ["1.3"])]);
  await settle(site);
  expect(most).toBe(1);
  expect(site.archive.received).toEqual(["1.1", "1.2", "1.3"]);
});

test("a failing job waits while others go first", async () => {
  const site = await siteWith(...TWO);
  site.archive.answerAssociation = (remote) =>
    remote === "dead" ? { kind: "unreachable", text: "away" } : null;
  const failing = await send(site, ["1.1"], "dead");
  const other = await send(site, ["1.2"]);
  await settle(site);
  expect(site.queue.job(failing)?.state).toBe("waiting");
  expect(site.queue.job(other)?.state).toBe("done");
});

test("a waiting job is cancelled and not tried again", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "away" });
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect((await site.queue.cancel(id)).kind).toBe("ok");
  site.archive.answerAssociation = () => null;
  await site.clock.advance(10 * RETRY_MS);
  expect(site.queue.job(id)).toMatchObject({ state: "cancelled", attempts: 1 });
  expect(site.queue.job(id)?.nextAttemptMs).toBeUndefined();
  expect(site.storage.reader.job(id)?.state).toBe("cancelled");
});

test("a job is cancelled while the end of its attempt is being saved", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "away" });
  const answers: Promise<unknown>[] = [];
  site.queue.changes.add(({ id, state }) => {
    if (state === "failed") answers.push(site.queue.cancel(id));
  });
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(await Promise.all(answers)).toMatchObject([{ kind: "ok", job: { state: "cancelled" } }]);
  expect(site.storage.reader.job(id)?.state).toBe("cancelled");
});

test("a queued job is cancelled before it begins", async () => {
  const site = await siteWith(...TWO);
  site.archive.reply = (uid) => (uid === "1.1" ? "silent" : 0);
  await send(site, ["1.1"]);
  const id = await send(site, ["1.2"]);
  await settle(site);
  expect(site.queue.job(id)?.state).toBe("queued");
  await site.queue.cancel(id);
  expect(site.queue.job(id)).toMatchObject({ state: "cancelled", attempts: 0 });
});

test("an active job is interrupted, keeps what was answered, and the next one goes on", async () => {
  const site = await siteWith("1.1", "1.2", "1.3");
  site.archive.reply = (uid) => (uid === "1.2" ? "silent" : 0);
  const id = await send(site, TWO);
  const next = await send(site, ["1.3"]);
  await settle(site);
  expect(site.queue.job(id)?.state).toBe("active");
  expect(site.queue.usesRemote("archive")).toBe(true);
  expect(site.queue.unfinishedFor("archive")).toEqual(["send", "send"]);
  expect(site.queue.unfinishedFor("other")).toEqual([]);
  const outcome = await site.queue.cancel(id);
  expect(outcome).toMatchObject({ kind: "ok", job: { state: "cancelled", progress: { done: 1 } } });
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "cancelled", attempts: 1 });
  expect(site.queue.job(next)?.state).toBe("done");
  expect(site.queue.usesRemote("archive")).toBe(false);
  expect(site.queue.unfinishedFor("archive")).toEqual([]);
  expect(site.storage.reader.isStoredAt("1.1", "archive")).toBe(true);
});

test("a cancelled job can be tried again and sends what is left", async () => {
  const site = await siteWith(...TWO);
  site.archive.reply = (uid) => (uid === "1.2" ? "silent" : 0);
  const id = await send(site, TWO);
  await settle(site);
  await site.queue.cancel(id);
  site.archive.reply = () => 0;
  expect((await site.queue.retry(id)).kind).toBe("ok");
  await settle(site);
  expect(site.queue.job(id)?.state).toBe("done");
  expect(site.archive.received).toEqual(TWO);
});

test("retry does not wait for the delay", async () => {
  const site = await siteWith("1.1");
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: "away" });
  const id = await send(site, ["1.1"]);
  await settle(site);
  site.archive.answerAssociation = () => null;
  await site.queue.retry(id);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "done", attempts: 2 });
});

test("what is not possible is an answer", async () => {
  const site = await siteWith("1.1");
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(await site.queue.retry(id)).toEqual({ kind: "not-possible", state: "done" });
  expect(await site.queue.cancel(id)).toEqual({ kind: "not-possible", state: "done" });
  expect(await site.queue.cancel("99")).toEqual({ kind: "unknown-job" });
  expect(await site.queue.retry("x")).toEqual({ kind: "unknown-job" });
});

test("a stop interrupts the active job, which goes on after the next start", async () => {
  const site = await siteWith(...TWO);
  site.archive.reply = (uid) => (uid === "1.2" ? "silent" : 0);
  const id = await send(site, TWO);
  await settle(site);
  await site.queue.stop();
  expect(site.storage.reader.job(id)?.state).toBe("queued");
  site.archive.reply = () => 0;
  Object.assign(site, await boot(site));
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "done", progress: { done: 2 } });
  expect(site.archive.received).toEqual(TWO);
});

test("the log of a job keeps its newest lines", async () => {
  const site = await siteWith("1.1");
  let attempt = 0;
  site.archive.answerAssociation = () => ({ kind: "unreachable", text: `away ${attempt++}` });
  const id = await send(site, ["1.1"]);
  await site.clock.advance(2 * JOB_LOG_LINES_MAX * RETRY_MS);
  const log = site.queue.job(id)?.log ?? [];
  expect(log).toHaveLength(JOB_LOG_LINES_MAX);
  expect(log.at(-1)?.atMs).toBe(site.clock.nowMs());
});

test("of a line that comes again and again the log keeps the first and the newest", async () => {
  const site = await siteWith("1.1");
  let text = "away";
  site.archive.answerAssociation = () => ({ kind: "unreachable", text });
  const id = await send(site, ["1.1"]);
  await site.clock.advance(10 * RETRY_MS);
  text = "refused";
  await site.clock.advance(RETRY_MS);
  text = "away";
  await site.clock.advance(10 * RETRY_MS);
  const log = site.queue.job(id)?.log ?? [];
  const [first, last] = [log[0]?.atMs ?? 0, log[1]?.atMs ?? 0];
  expect(last - first).toBeGreaterThanOrEqual(8 * RETRY_MS);
  expect(log).toHaveLength(5);
  expect(log.at(-1)?.atMs).toBe(site.clock.nowMs());
});

test("a part that breaks does not stop the queue", async () => {
  const site = await siteWith(...TWO);
  site.archive.answerAssociation = (remote) => {
    if (remote === "dead") throw new Error("a defect");
    return null;
  };
  const broken = await send(site, ["1.1"], "dead");
  const other = await send(site, ["1.2"]);
  await settle(site);
  expect(site.queue.job(broken)).toMatchObject({ state: "waiting", reason: "a defect" });
  expect(site.queue.job(other)?.state).toBe("done");
});

test("a job whose state can't be saved waits until it can", async () => {
  const site = await siteWith("1.1");
  await site.queue.stop();
  let broken = true;
  Object.assign(
    site,
    await boot(site, (storage) => ({
      ...storage,
      saveJob: (...args) =>
        broken ? Promise.reject(new Error("the disk is full")) : storage.saveJob(...args),
    })),
  );
  const id = await send(site, ["1.1"]);
  await settle(site);
  expect(site.queue.job(id)).toMatchObject({ state: "waiting", reason: "the disk is full" });
  expect(site.archive.received).toEqual([]);
  broken = false;
  await site.clock.advance(RETRY_MS);
  expect(site.queue.job(id)?.state).toBe("done");
});

test("a clock that was set back does not make a job wait for ever", () => {
  const job = { id: "1", state: "waiting", nextAttemptMs: 10 * 24 * 3_600_000 } as StoredJob;
  expect(nextJob([job], 0).kind).toBe("job");
  expect(nextJob([{ ...job, nextAttemptMs: 60_000 }], 0)).toEqual({ kind: "later", atMs: 60_000 });
});

/** A storage that dies at the n-th change: before it is made, or after it but before the answer. */
function dyingAt(site: Site, n: number, after: boolean): (s: Site["storage"]) => Site["storage"] {
  let count = 0;
  const changing = new Set(["createJob", "saveJob", "recordSend"]);
  return (storage) =>
    new Proxy(storage, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== "function" || !changing.has(String(name))) return value;
        return async (...args: unknown[]) => {
          const number = count++;
          if (number > n || (number === n && !after)) throw new Error("power cut");
          const result: unknown = await value.apply(target, args);
          if (name === "recordSend") durable(site, args[0] as { item: { sopInstanceUid: string } });
          if (number === n) throw new Error("power cut");
          return result;
        };
      },
    });
}

const recorded = new WeakMap<Site["db"], Set<string>>();

function durable(site: Site, { item }: { item: { sopInstanceUid: string } }): void {
  const set = recorded.get(site.db) ?? new Set();
  recorded.set(site.db, set.add(item.sopInstanceUid));
}

test("a restart between any two store operations loses no instance and resends none acknowledged", async () => {
  const sops = ["1.1", "1.2", "1.3", "1.4"];
  let crashes = 0;
  for (const after of [false, true])
    for (let n = 0; ; n++) {
      const site = await siteWith(...sops);
      await site.queue.stop();
      let refusals = 0;
      site.archive.reply = (uid) => (uid === "1.2" && refusals++ === 0 ? 0xa700 : 0);
      site.archive.onInstance = (uid) => {
        // What is durably acknowledged never reaches the archive again.
        if (recorded.get(site.db)?.has(uid) === true && uid !== "1.2")
          throw new Error(`${uid} was sent again`);
      };
      Object.assign(site, await boot(site, dyingAt(site, n, after)));
      const first = await send(site, ["1.1", "1.2"]).catch(() => null);
      const second = await send(site, ["1.3", "1.4"]).catch(() => null);
      await site.clock.advance(3 * RETRY_MS);
      const died = site.queue.list().some((j) => j.state !== "done") || second === null;

      Object.assign(site, await boot(site, dyingAt(site, Number.POSITIVE_INFINITY, false)));
      await site.clock.advance(3 * RETRY_MS);
      for (const id of [first, second].filter((i) => i !== null))
        expect(site.queue.job(id)).toMatchObject({
          state: "done",
          progress: { done: 2, total: 2 },
        });
      const expected = [...(first === null ? [] : TWO), ...(second === null ? [] : ["1.3", "1.4"])];
      for (const uid of expected) expect(site.archive.received).toContain(uid);
      for (const uid of expected) expect(site.storage.reader.isStoredAt(uid, "archive")).toBe(true);
      // At most the one instance in hand at the cut went twice, besides the one refused.
      const twice = sops.filter(
        (uid) => site.archive.received.filter((r) => r === uid).length > (uid === "1.2" ? 2 : 1),
      );
      expect(twice.length).toBeLessThanOrEqual(1);
      if (!died) break;
      crashes++;
    }
  expect(crashes).toBeGreaterThan(15);
});
