// The export job: what becomes of it on a good stick, on a bad one, without one, on discs one after the
// other, when it is cancelled, and when the device stops in between.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { fileIdOf, readDirectory } from "../../src/dicom/dir/read-directory.ts";
import { MEDIA } from "../../src/export/media-profiles.ts";
import type { BurnRequest, DiscBurner, DiscState } from "../../src/hal/media/disc-burner.ts";
import { xorrisoBurner } from "../../src/hal/media/disc-burner.ts";
import type { OpenDriveOutcome } from "../../src/hal/media/media.ts";
import { MediumError, type MediumFault } from "../../src/hal/media/medium-files.ts";
import { realMedium } from "../../src/hal/media/real-medium.ts";
import { staging } from "../../src/hal/media/staging.ts";
import { ExportJobExecutor } from "../../src/jobs/export-job.ts";
import { JobQueue } from "../../src/jobs/job-queue.ts";
import type { Job } from "../../src/model/job.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import type { ExportWriter } from "../../src/workers/export/export-client.ts";
import { ExportClient } from "../../src/workers/export/export-client.ts";
import { runExportTask } from "../../src/workers/export/run-task.ts";
import { openSource } from "../../src/workers/export/source-file.ts";
import { startStorage } from "../../src/workers/storage/storage-client.ts";
import { row } from "../coverage.ts";
import { IDENTITY, PAGE } from "../export/export-room.ts";
import { installed, run } from "../peers/program.ts";
import { objectOf, START_MS } from "../store/objects.ts";

let folder = "";
let storage: StoragePort;
let queue: JobQueue | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "udr-export-job-"));
  storage = await startStorage({ folder, nowMs: START_MS, reserveBytes: 0 }, silentLog, () => {});
  mkdirSync(join(folder, "stick"));
});
afterEach(async () => {
  await queue?.stop();
  queue = null;
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Parts {
  readonly open?: OpenDriveOutcome;
  readonly writer?: ExportWriter;
  readonly burner?: DiscBurner;
  readonly allowPaths?: boolean;
}

function startQueue(parts: Parts = {}): JobQueue {
  const root = join(folder, "stick");
  const drive = { root, label: "STICK", release: async () => "the stick can be pulled out" };
  queue = new JobQueue({
    storage,
    clock: new SystemClock(),
    log: silentLog,
    executors: {
      export: new ExportJobExecutor({
        storage,
        writer: parts.writer ?? inThisThread(),
        drives: { open: async () => parts.open ?? { kind: "open", drive } },
        burner: parts.burner ?? xorrisoBurner(),
        staging: staging(join(folder, "discs")),
        clock: new SystemClock(),
        settings: () => ({
          identity: IDENTITY,
          characterSet: "default-kanji",
          fileSetId: "UDR10A",
          page: PAGE,
          timeZone: "UTC",
          allowPaths: parts.allowPaths ?? true,
        }),
        preview: async () => new Uint8Array([1]),
        newUid: () => "1.2.3.4.5",
      }),
    },
  });
  return queue;
}

/** A writer whose medium fails at the n-th file it creates. */
function inThisThread(fault?: MediumFault, failAt = 2): ExportWriter {
  let created = 0;
  return {
    run: (task) =>
      runExportTask(
        {
          open: openSource,
          medium(root) {
            const medium = realMedium(root);
            return {
              ...medium,
              create(path) {
                if (fault !== undefined && ++created === failAt)
                  throw new MediumError(`cannot create ${path}`, fault);
                return medium.create(path);
              },
            };
          },
        },
        task,
      ),
  };
}

async function store(study: string, count: number, pixelBytes = 200): Promise<string[]> {
  const uids: string[] = [];
  for (let n = 1; n <= count; n++) {
    const sop = `${study}.1.${n}`;
    const outcome = await storage.writeObject(objectOf(sop, { study, pixelBytes }));
    expect(outcome.kind).toBe("stored");
    uids.push(sop);
  }
  return uids;
}

async function ended(jobs: JobQueue, id: string): Promise<Job> {
  const isOver = (job: Job | null) =>
    job !== null && ["done", "failed", "cancelled"].includes(job.state);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopListening = jobs.changes.add((job) => {
    if (job.id === id && isOver(job)) resolve();
  });
  if (!isOver(jobs.job(id))) await promise;
  stopListening();
  const job = jobs.job(id);
  if (job === null) throw new Error(`no job ${id}`);
  return job;
}

async function begin(
  jobs: JobQueue,
  uids: readonly string[],
  device = "/media/stick",
  kind: "usb" | "disc" = "usb",
) {
  await jobs.start();
  const made = await jobs.create(
    { type: "export", target: { kind, device }, sopInstanceUids: uids },
    uids,
  );
  if (made.kind !== "created") throw new Error(made.kind);
  return made.job;
}

const onStick = () => readDirectory(readFileSync(join(folder, "stick", "DICOMDIR")));
const filesOnStick = () =>
  readdirSync(join(folder, "stick"), { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  );

describe("an export to a stick", () => {
  test("through the thread of its own ends done, counted, and noted at every instance", async () => {
    const writer = new ExportClient();
    const uids = [...(await store("1.2.1", 3)), ...(await store("1.2.2", 2))];
    const jobs = startQueue({ writer });
    const job = await ended(jobs, (await begin(jobs, uids)).id);
    writer.close();
    expect(job).toMatchObject({ state: "done", progress: { done: 5, total: 5 } });
    expect(job.log.at(-1)?.text).toContain("can be pulled out");
    expect(onStick().records.filter((r) => fileIdOf(r) !== null)).toHaveLength(5);
    const listings = storage.reader.listings(storage.reader.instancesOfStudy("1.2.1"));
    for (const { outputs } of listings)
      expect(outputs).toMatchObject([{ kind: "export", target: "STICK" }]);
  });

  for (const [fault, words] of [
    ["full", /ran full.*as it was/],
    ["read-only", /write-protected.*as it was/],
    ["gone", /pulled out.*try again.*as it was/],
    ["broken", /does not keep/],
  ] as const)
    test(`that meets a medium that is ${fault} fails in words, and is done at the second try`, async () => {
      const uids = await store("1.2.3", 3);
      const jobs = startQueue({ writer: inThisThread(fault) });
      const job = await begin(jobs, uids);
      const failed = await ended(jobs, job.id);
      expect(failed.state).toBe("failed");
      expect(failed.reason).toMatch(words);
      expect(existsSync(join(folder, "stick", "DICOMDIR"))).toBeFalse();
      if (fault !== "gone") expect(filesOnStick()).toEqual([]);
      await jobs.retry(job.id);
      expect(await ended(jobs, job.id)).toMatchObject({ state: "done" });
      expect(onStick().records.filter((r) => fileIdOf(r) !== null)).toHaveLength(3);
    });

  test("that is refused by the drive says why", async () => {
    const uids = await store("1.2.4", 1);
    const jobs = startQueue({ open: { kind: "refused", reason: "Its file system is ntfs3" } });
    const job = await ended(jobs, (await begin(jobs, uids)).id);
    expect(job).toMatchObject({ state: "failed", reason: "Its file system is ntfs3" });
  });

  test("that is cancelled leaves nothing behind", async () => {
    const uids = await store("1.2.5", 4);
    const begun = Promise.withResolvers<void>();
    const inner = inThisThread();
    // The thread looks at the stop sign between two objects: it is given time to be set.
    const writer: ExportWriter = {
      async run(task) {
        if (task.type !== "copy") return inner.run(task);
        await inner.run({ ...task, objects: task.objects.slice(0, 2) });
        begun.resolve();
        while (Atomics.load(new Int32Array(task.shared), 1) === 0) await Bun.sleep(1);
        return inner.run(task);
      },
    };
    const jobs = startQueue({ writer });
    const job = await begin(jobs, uids);
    await begun.promise;
    expect(filesOnStick().length).toBeGreaterThan(0);
    await jobs.cancel(job.id);
    expect(jobs.job(job.id)?.state).toBe("cancelled");
    expect(filesOnStick()).toEqual([]);
  });

  test("says what was deleted meanwhile and goes on with the rest", async () => {
    const uids = await store("1.2.6", 2);
    const jobs = startQueue();
    const job = await ended(jobs, (await begin(jobs, [...uids, "9.9.9"])).id);
    expect(job).toMatchObject({ state: "done" });
    expect(job.log.map((line) => line.text).join("\n")).toContain("9.9.9: was deleted");
    expect(onStick().records.filter((r) => fileIdOf(r) !== null)).toHaveLength(2);
  });
});

describe.skipIf(!installed("xorriso", "dcdirdmp"))("an export to disc", () => {
  const discs = MEDIA.rows.filter((r) => r.medium !== "USB");
  for (const { medium } of discs)
    test(`${row(MEDIA.table, medium)} creates a file-set that is closed and verified, and more discs where one is not enough`, async () => {
      const uids = [...(await store("1.2.7", 3, 900_000)), ...(await store("1.2.8", 2, 900_000))];
      const iso = join(folder, "out.iso");
      const real = xorrisoBurner("xorriso", 5_000_000);
      const states: DiscState[] = [];
      const burner: DiscBurner = {
        async state(device) {
          const state = await real.state(device);
          states.push(state);
          return state;
        },
        burn: (request) => real.burn(request),
      };
      const jobs = startQueue({ burner });
      const job = await ended(jobs, (await begin(jobs, uids, `stdio:${iso}`, "disc")).id);
      expect(job, JSON.stringify(job)).toMatchObject({
        state: "done",
        progress: { done: 5, total: 5 },
      });
      expect(states).toHaveLength(1);
      for (const [name, study, count] of [
        ["out.iso", "1.2.7", 3],
        ["out-2.iso", "1.2.8", 2],
      ] as const) {
        const back = join(folder, `back-${name}`);
        await run([
          "xorriso",
          "-osirrox",
          "on",
          "-indev",
          `stdio:${join(folder, name)}`,
          "-extract",
          "/",
          back,
        ]);
        const directory = readDirectory(readFileSync(join(back, "DICOMDIR")));
        expect(directory.records.filter((r) => fileIdOf(r) !== null)).toHaveLength(count);
        expect(directory.records.some((r) => r.keys.string(0x0020000d) === study)).toBeTrue();
        const listed = await run(["dcdirdmp", join(back, "DICOMDIR")]);
        expect(listed.said.match(/->/g)).toHaveLength(count);
        await run(["chmod", "-R", "u+w", back]);
      }
      expect(existsSync(join(folder, "discs"))).toBeFalse();
    }, 30_000);

  test("asks for the next disc where the drive is real, and goes on with what is left", async () => {
    const uids = [...(await store("1.2.9", 2, 900_000)), ...(await store("1.2.10", 2, 900_000))];
    const burned: string[][] = [];
    const burner: DiscBurner = {
      state: async () => ({ kind: "blank", type: "CD-R", capacityBytes: 4_200_000 }),
      async burn({ folder: content, percent }: BurnRequest) {
        percent(100);
        const { records } = readDirectory(readFileSync(join(content, "DICOMDIR")));
        burned.push(records.flatMap((r) => r.keys.string(0x00041511) ?? []));
        return { kind: "done" };
      },
    };
    const jobs = startQueue({ burner });
    const job = await begin(jobs, uids, "/dev/sr0", "disc");
    const first = await ended(jobs, job.id);
    expect(first).toMatchObject({ state: "failed", progress: { done: 2, total: 4 } });
    expect(first.reason).toContain("Disc 1 of 2 is finished");
    await jobs.retry(job.id);
    expect(await ended(jobs, job.id)).toMatchObject({
      state: "done",
      progress: { done: 4, total: 4 },
    });
    expect(burned).toEqual([uids.slice(0, 2), uids.slice(2)]);
  });

  test("refuses a wrong disc and an object that no disc holds, in words", async () => {
    const uids = await store("1.2.11", 1, 900_000);
    let state: DiscState = { kind: "unusable", reason: "The disc in the drive is not empty." };
    const burner: DiscBurner = {
      state: async () => state,
      burn: async () => ({ kind: "failed", reason: "Writing the disc failed: laser" }),
    };
    const jobs = startQueue({ burner });
    const job = await begin(jobs, uids, "/dev/sr0", "disc");
    expect((await ended(jobs, job.id)).reason).toContain("not empty");
    state = { kind: "blank", type: "CD-R", capacityBytes: 2_500_000 };
    await jobs.retry(job.id);
    expect((await ended(jobs, job.id)).reason).toMatch(/1\.2\.11\.1\.1 has 901 kB; a disc holds/);
    state = { kind: "blank", type: "CD-R", capacityBytes: 700_000_000 };
    await jobs.retry(job.id);
    expect((await ended(jobs, job.id)).reason).toContain("laser");
  });

  test("into a file is refused where paths are no targets", async () => {
    const uids = await store("1.2.12", 1);
    const jobs = startQueue({ allowPaths: false });
    const job = await ended(jobs, (await begin(jobs, uids, "stdio:/tmp/x.iso", "disc")).id);
    expect(job).toMatchObject({ state: "failed", reason: expect.stringContaining("disc writers") });
  });
});
