// The device's priority, asked of a system that lets it and of one that does not.

import { expect, test } from "bun:test";
import { BENCH_NICE, goFirst, type PrioritySystem } from "../../script/priority.ts";

test("every thread of the process is raised, and its session", () => {
  const raised: (readonly [number | "session", number])[] = [];
  const system: PrioritySystem = {
    threads: () => [11, 12],
    setThread: (thread, nice) => raised.push([thread, nice]),
    setSession: (nice) => raised.push(["session", nice]),
  };
  expect(goFirst(system)).toBe(true);
  expect(raised).toEqual([
    [11, BENCH_NICE],
    [12, BENCH_NICE],
    ["session", BENCH_NICE],
  ]);
});

test("a system that does not let us is told apart, and nothing fails", () => {
  const refused = () => {
    throw Object.assign(new Error("permission denied"), { code: "EACCES" });
  };
  const system = { threads: () => [11], setSession: null };
  expect(goFirst({ ...system, setThread: refused })).toBe(false);
  expect(goFirst({ ...system, setThread: () => {}, setSession: refused })).toBe(false);
  expect(goFirst({ ...system, setThread: () => {} })).toBe(true);
});

test("threads that are started afterwards have the raised priority (where the system lets us)", async () => {
  const program = `
    import { getPriority } from "node:os";
    import { readdirSync } from "node:fs";
    import { goFirst } from ${JSON.stringify(Bun.resolveSync("../../script/priority.ts", import.meta.dir))};
    const { setPriority } = await import("node:os");
    const threads = () => readdirSync("/proc/self/task").map(Number);
    const raised = goFirst({ threads, setThread: setPriority, setSession: null });
    const before = readdirSync("/proc/self/task");
    const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"])));
    await new Promise((resolve) => (worker.onmessage = resolve));
    const started = readdirSync("/proc/self/task").filter((id) => !before.includes(id));
    console.log(JSON.stringify({ raised, levels: [...new Set(started.map((id) => getPriority(Number(id))))] }));
    worker.terminate();
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  const { raised, levels } = JSON.parse(await new Response(child.stdout).text()) as {
    raised: boolean;
    levels: number[];
  };
  expect(levels).toEqual([raised ? BENCH_NICE : 0]);
});
