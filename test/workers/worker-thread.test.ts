// The holder of a thread: answers to the right asker, failures and deaths told apart, new starts bounded.

import { afterEach, expect, test } from "bun:test";
import { DEATHS_MAX, WorkerThread } from "../../src/workers/worker-thread.ts";

const entry = new URL("./stubborn-worker.ts", import.meta.url);
let open: WorkerThread<string, number, number>[] = [];

afterEach(() => {
  for (const thread of open) thread.close();
  open = [];
});

function thread(start = "live"): WorkerThread<string, number, number> {
  const made = new WorkerThread<string, number, number>({ name: "doubler", entry, start });
  open.push(made);
  return made;
}

const outcome = (promise: Promise<unknown>) => promise.then(String, String);

test("every asker gets the answer to his own task", async () => {
  const doubler = thread();
  const answers = await Promise.all([1, 2, 3, 4].map((n) => doubler.run(n)));
  expect(answers).toEqual([2, 4, 6, 8]);
});

test("a failing task is told with its reason and the thread goes on", async () => {
  const doubler = thread();
  const answers = await Promise.all([doubler.run(1), outcome(doubler.run(-5)), doubler.run(2)]);
  expect(answers).toEqual([2, "WorkerError: doubler: -5 is negative", 4]);
});

test("a death fails everything that was asked before it, and the next task is done", async () => {
  const doubler = thread();
  await doubler.started();
  const asked = await Promise.all([0, 1].map((n) => outcome(doubler.run(n))));
  for (const answer of asked) expect(answer).toMatch(/the doubler died/);
  expect(await doubler.run(21)).toBe(42);
});

test("a thread that dies again and again stays down and says so", async () => {
  const doubler = thread();
  let deaths = 0;
  doubler.deaths.add(() => deaths++);
  for (let i = 0; i < DEATHS_MAX; i++)
    expect(await outcome(doubler.run(0))).toMatch(/the doubler died/);
  expect(await outcome(doubler.run(1))).toMatch(/is down; restart the device|died/);
  expect(deaths).toBe(DEATHS_MAX);
});

test("a thread that cannot start rejects its start", async () => {
  const doubler = thread("dead");
  expect(await outcome(doubler.started())).toMatch(/the doubler died/);
});

test("closing fails what is under way", async () => {
  const doubler = thread();
  await doubler.started();
  const asked = outcome(doubler.run(1));
  doubler.close();
  expect(await asked).toMatch(/the doubler was closed/);
});
