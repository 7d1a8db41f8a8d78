// What cannot start says why and what to do, on one line of stderr, and exits with 2.

import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartFailure, type StartOptions, startDevice } from "../device-process.ts";

async function failure(options: StartOptions): Promise<StartFailure> {
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "udr-start-")));
  try {
    const device = await startDevice({ ...options, dataFolder: folder });
    await device.stop("SIGKILL");
  } catch (error) {
    if (error instanceof StartFailure) return error;
    throw error;
  } finally {
    if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
  }
  throw new Error("the device started");
}

test("a configuration with a wrong value names the key, the range and the value", async () => {
  const { code, stderr } = await failure({ configuration: { storage: { retryDelay: 0 } } });
  expect(code).toBe(2);
  expect(stderr).toContain("storage.retryDelay must be 1 to 3600 s, is 0");
});

test("a misspelt key is named with the key that was meant", async () => {
  const { code, stderr } = await failure({ configuration: { local: { aeTitel: "X" } } });
  expect(code).toBe(2);
  expect(stderr).toContain("local.aeTitel is not a known key; did you mean aeTitle?");
});

test("a configuration that was named and is not there is no reason to take the defaults", async () => {
  const { code, stderr } = await failure({ configFile: "/nowhere/site.json" });
  expect(code).toBe(2);
  expect(stderr).toContain("the configuration /nowhere/site.json is not there");
});

test("a configuration that is no JSON is told with the place, and with a copy only where one is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-start-"));
  try {
    await Bun.write(join(folder, "config.json"), '{\n  "local": {,}\n}');
    const without = await failure({ dataFolder: folder });
    expect(without.stderr).toMatch(/not valid JSON at line 2, column 13 .*; mend it$/);
    await Bun.write(join(folder, "config.json.bak"), "{}");
    const withCopy = await failure({ dataFolder: folder });
    expect(withCopy.stderr).toContain(`, or restore ${join(folder, "config.json.bak")}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a damaged database is told as damaged, with what can be saved", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-start-"));
  try {
    await Bun.write(join(folder, "database.sqlite"), "no database ".repeat(1000));
    const { code, stderr } = await failure({ dataFolder: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("is damaged (file is not a database); move it away");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a replay folder that is not there is named", async () => {
  const { code, stderr } = await failure({ detector: "replay:/nowhere/at/all" });
  expect(code).toBe(2);
  expect(stderr).toContain("/nowhere/at/all");
});

for (const which of ["http", "dicom"] as const)
  test(`a taken ${which} port is named`, async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, which === "http" ? "127.0.0.1" : "0.0.0.0", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      }),
    );
    try {
      const { code, stderr } = await failure({ [which]: port });
      expect(code).toBe(2);
      expect(stderr).toContain(String(port));
    } finally {
      server.close();
    }
  });

test("a data folder that cannot be made is named", async () => {
  const { code, stderr } = await failure({ dataFolder: "/proc/udr-data" });
  expect(code).toBe(2);
  expect(stderr).toContain("/proc/udr-data");
});

test("a data folder in which another device works is refused, and free again when that one is killed", async () => {
  await using first = await startDevice();
  const { code, stderr } = await failure({ dataFolder: first.dataFolder });
  expect(code).toBe(2);
  expect(stderr).toContain(`another device works in the data folder ${first.dataFolder}`);
  expect(await first.get<{ status: string }>("health")).toMatchObject({ status: "ok" });
  await first.stop("SIGKILL");
  await using next = await startDevice({ dataFolder: first.dataFolder });
  expect(await next.stop()).toBe(0);
}, 60_000);

/** A small tmpfs needs root and the mount call; where it cannot be had the test is skipped. */
async function smallDisk(megabytes: number): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), "udr-disk-"));
  const mounted = Bun.spawnSync([
    "mount",
    "-t",
    "tmpfs",
    "-o",
    `size=${megabytes}m`,
    "tmpfs",
    folder,
  ]);
  if (mounted.success) return folder;
  await rm(folder, { recursive: true, force: true });
  return null;
}

const canMount = await smallDisk(1).then(async (folder) => {
  if (folder === null) return false;
  Bun.spawnSync(["umount", folder]);
  await rm(folder, { recursive: true, force: true });
  return true;
});

test.skipIf(!canMount)("a full disk is named, and nothing is written", async () => {
  const folder = await smallDisk(16);
  if (folder === null) throw new Error("no tmpfs");
  try {
    const { code, stderr } = await failure({ dataFolder: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("is full");
  } finally {
    Bun.spawnSync(["umount", folder]);
    await rm(folder, { recursive: true, force: true });
  }
});
