// The order of things in a restore, and what is told when one of them goes wrong.

import { expect, test } from "bun:test";
import { parseConfiguration } from "../../../src/config/configuration.ts";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import {
  type BackupAnswer,
  type BackupTask,
  PROGRESS_CELL,
  STEP_CELL,
} from "../../../src/model/backup.ts";
import { BackupService, type BackupState } from "../../../src/services/backup/backup-service.ts";
import { answerOf, BACKED_UP_FILES } from "./simulated-thread.ts";

const NAME = "2026-01-04T17-30-00";

interface Options {
  /** Text of the backup's configuration. */
  readonly configuration?: string;
  readonly isUnfit?: boolean;
  /** In place of the thread's usual answers. */
  readonly answer?: (task: BackupTask) => Promise<BackupAnswer> | undefined;
}

function room(options: Options = {}) {
  const clock = new SimulatedClock();
  const parsed = parseConfiguration({
    tls: { certFile: "tls/cert.pem", keyFile: "/etc/key.pem" },
    remotes: [{ id: "a", aeTitle: "A", host: "127.0.0.1", port: 104, tls: { ca: "tls/cert.pem" } }],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const tasks: BackupTask[] = [];
  const thread = {
    backups: [{ name: NAME, usable: true }],
    configuration: options.configuration,
    leftOut: ["/etc/key.pem"],
  };
  const r = { hindrance: null as string | null, restarts: 0 };
  const service = new BackupService({
    place: {
      dataFolder: "/data",
      configFile: "/data/config.json",
      product: "UDR-10A",
      version: "0.1.0",
      resolve: (path) => (path.startsWith("/") ? path : `/data/${path}`),
    },
    thread: {
      run(task) {
        tasks.push(task);
        return options.answer?.(task) ?? Promise.resolve(answerOf(task, thread));
      },
    },
    restart: { byItself: false, now: () => r.restarts++ },
    clock,
    log: silentLog,
    drives: {
      open: async () => ({
        kind: "open",
        drive: { root: "/stick", label: "STICK", release: async () => "Pull it out." },
      }),
    },
    configuration: () => parsed.configuration,
    restoreNote: () => null,
    isUnfit: options.isUnfit === true,
    inUse: () => r.hindrance,
  });
  const states: BackupState[] = [];
  service.changes.add((state) => states.push(state));
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const kinds = () => tasks.map((task) => task.type);
  return Object.assign(r, { clock, service, tasks, kinds, states, settle });
}

test("a restore is staged, judged, committed, and only then the program ends", async () => {
  const r = room({ configuration: '{"tls":{"certFile":"own.pem","keyFile":"/k.pem"}}' });
  expect((await r.service.restore("/dev/sdb1", NAME)).ok).toBe(true);
  await r.settle();
  expect(r.kinds()).toEqual(["list", "stage", "commit"]);
  // Keys of the restored configuration, not of the one in force.
  expect(r.tasks.at(-1)).toMatchObject({
    keyFiles: ["/data/own.pem", "/k.pem"],
    files: BACKED_UP_FILES,
  });
  expect(r.service.isRestoring()).toBe(true);
  expect(r.restarts).toBe(0);
  await r.clock.advance(2_000);
  expect(r.restarts).toBe(1);
});

test("a database that can be used is not put aside, one that cannot is", async () => {
  const r = room();
  expect(await r.service.beginAnew()).toMatchObject({ refusal: { code: "invalid-field" } });
  const unfit = room({ isUnfit: true });
  expect((await unfit.service.beginAnew()).ok).toBe(true);
  await unfit.settle();
  expect(unfit.tasks).toEqual([
    { type: "begin-anew", dataFolder: "/data", keptName: expect.stringMatching(/^2026-/) },
  ]);
  await unfit.clock.advance(2_000);
  expect(unfit.restarts).toBe(1);
});

test("a configuration that this version does not understand is told, and nothing is replaced", async () => {
  const r = room({ configuration: '{"colour":"blue"}' });
  await r.service.restore("/dev/sdb1", NAME);
  await r.settle();
  expect(r.kinds()).toEqual(["list", "stage", "abandon"]);
  expect(r.service.state()).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("colour"),
  });
  await r.clock.advance(60_000);
  expect(r.restarts).toBe(0);
});

test("what began while the backup was copied keeps it from being taken up", async () => {
  const r = room({
    answer: (task) => {
      if (task.type === "stage") r.hindrance = "A film is being printed. Wait until it is done.";
      return undefined;
    },
  });
  await r.service.restore("/dev/sdb1", NAME);
  await r.settle();
  expect(r.kinds()).toEqual(["list", "stage", "abandon"]);
  expect(r.service.state()).toMatchObject({
    state: "failed",
    reason: "A film is being printed. Wait until it is done. Nothing was changed.",
  });
});

test("a thread that dies is a failure in words, and the next attempt may begin", async () => {
  let deaths = 1;
  const r = room({
    answer: (task) =>
      task.type === "back-up" && deaths-- > 0 ? Promise.reject(new Error("it ended")) : undefined,
  });
  await r.service.backUp("/dev/sdb1");
  await r.settle();
  expect(r.service.state()).toMatchObject({ state: "failed", work: "backup" });
  expect(r.service.uses("/dev/sdb1")).toBe(false);
  expect((await r.service.backUp("/dev/sdb1")).ok).toBe(true);
  await r.settle();
  expect(r.service.state()).toMatchObject({ state: "done" });
});

test("a backup takes every key file once, and tells which it could not take", async () => {
  const r = room();
  await r.service.backUp("/dev/sdb1");
  await r.settle();
  expect(r.tasks[0]).toMatchObject({ keyFiles: ["/data/tls/cert.pem", "/etc/key.pem"] });
  const state = r.service.state();
  const text = state.state === "done" ? state.text : "";
  expect(text).toContain("lie outside the data folder: /etc/key.pem.");
  expect(text).toEndWith("Pull it out.");
});

test("how far it is, is told as it goes; two at a time there are not", async () => {
  const end = Promise.withResolvers<BackupAnswer>();
  const r = room({ answer: (task) => (task.type === "back-up" ? end.promise : undefined) });
  await r.service.backUp("/dev/sdb1");
  const [task] = r.tasks;
  if (task?.type !== "back-up") throw new Error("it was begun");
  const cells = new Int32Array(task.shared);
  cells[STEP_CELL] = 1;
  cells[PROGRESS_CELL] = 250;
  await r.clock.advance(600);
  expect(r.states.at(-1)).toEqual({
    state: "working",
    work: "backup",
    step: "writing",
    share: 0.25,
  });
  expect(r.service.uses("/dev/sdb1")).toBe(true);
  expect(r.service.uses("/dev/sdc1")).toBe(false);
  const second = await r.service.restore("/dev/sdc1", NAME);
  expect(second).toMatchObject({ ok: false, refusal: { code: "in-use" } });
  end.resolve({ type: "failed", reason: "The stick ran full." });
  await r.settle();
  expect(r.service.state()).toEqual({
    state: "failed",
    work: "backup",
    reason: "The stick ran full.",
  });
});
