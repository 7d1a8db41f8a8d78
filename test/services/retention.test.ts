// Automatic deletion when space runs low: what goes, in which order, and what never does.

import { expect, test } from "bun:test";
import { RETENTION_CYCLE_MS, Retention } from "../../src/services/retention.ts";
import { examOf, objectOf } from "../store/objects.ts";
import { archive, CommitmentSite, configured } from "./commitment/commitment-site.ts";

/** Studies 1 … n of one object each, of an ended exam, in the order they were made. */
async function site(options: { studies: number; wantedBytes: number; archives?: unknown[] }) {
  const device = await CommitmentSite.with(
    configured(options.archives ?? [archive(104)], {
      store: { deleteCommittedWhenFreeBelowBytes: options.wantedBytes },
    }),
  );
  for (let n = 1; n <= options.studies; n++)
    await device.acquired([`1.${n}.1`], { exam: `e${n}`, study: `1.${n}` });
  const free = { bytes: 0 };
  const fileBytes = device.storage.reader.instance("1.1.1")?.fileBytes ?? 0;
  const retention = new Retention({
    clock: device.clock,
    log: device.log,
    configuration: () => device.configuration,
    storage: device.storage,
    freeBytes: async () => free.bytes,
  });
  const deleted: string[] = [];
  retention.deleted.add((uid) => {
    deleted.push(uid);
    free.bytes += fileBytes;
  });
  return {
    device,
    retention,
    deleted,
    free,
    fileBytes,
    async [Symbol.asyncDispose]() {
      await retention.stop();
      await device[Symbol.asyncDispose]();
    },
  };
}

async function committed(device: CommitmentSite, study: string, remoteId = "archive") {
  const uid = `7.${study}.${remoteId.length}`;
  const sops = device.storage.reader.instancesOfStudy(study).map((i) => i.sopInstanceUid);
  await device.storage.createCommitment(
    { transactionUid: uid, remoteId, studyInstanceUid: study, createdMs: 1 },
    sops,
  );
  await device.storage.recordCommitment(
    uid,
    sops.map((sopInstanceUid) => ({ sopInstanceUid, failureReason: null })),
    2,
  );
}

test("at the start, the oldest committed studies go until there is room, and no more", async () => {
  await using s = await site({ studies: 4, wantedBytes: 1 });
  for (const study of ["1.1", "1.3", "1.4"]) await committed(s.device, study);
  s.device.configuration = configured([archive(104)], {
    store: { deleteCommittedWhenFreeBelowBytes: s.fileBytes + 1 },
  });
  await s.retention.start();
  // 1.2 is older than 1.3, but nobody has committed it
  expect(s.deleted).toEqual(["1.1", "1.3"]);
  expect(s.device.storage.reader.studies().map((x) => x.studyInstanceUid)).toEqual(["1.2", "1.4"]);
  expect(await s.device.event("study-deleted-for-space")).toMatchObject({
    studyInstanceUid: "1.1",
    bytes: s.fileBytes,
  });
});

test("it looks again and again while the device runs", async () => {
  await using s = await site({ studies: 1, wantedBytes: 100 });
  await s.retention.start();
  expect(s.deleted).toEqual([]);
  await committed(s.device, "1.1");
  await s.device.clock.advance(RETENTION_CYCLE_MS);
  expect(s.deleted).toEqual(["1.1"]);
});

test("with enough room, or where it is not configured, nothing goes", async () => {
  await using s = await site({ studies: 1, wantedBytes: 100 });
  await committed(s.device, "1.1");
  s.free.bytes = 100;
  await s.retention.start();
  s.free.bytes = 0;
  s.device.configuration = configured([archive(104)]);
  await s.retention.look();
  expect(s.deleted).toEqual([]);
});

test("never a study of an open exam, of an unfinished job, or that one archive still owes", async () => {
  const two = [archive(104), { ...archive(105), id: "second", aeTitle: "SECOND" }];
  await using s = await site({ studies: 3, wantedBytes: 2 ** 40, archives: two });
  for (const study of ["1.1", "1.2", "1.3"]) await committed(s.device, study);
  await committed(s.device, "1.1", "second");
  await committed(s.device, "1.2", "second");
  await s.device.storage.apply([{ kind: "exam", exam: examOf("e1b", "1.1") }]);
  const job = await s.device.storage.createJob({
    parameters: { type: "print", remoteId: "printer", films: [], copies: 1 },
    items: ["1.2.1"],
    createdMs: 1,
  });
  await s.retention.start();
  expect(s.deleted).toEqual([]);
  expect(await s.device.event("nothing-to-delete")).toBeDefined();
  await s.device.storage.saveJob({ ...job, state: "cancelled" });
  await s.retention.look();
  expect(s.deleted).toEqual(["1.2"]);
});

test("without an archive nothing made here goes; what was received may", async () => {
  await using s = await site({ studies: 1, wantedBytes: 2 ** 40, archives: [] });
  await s.device.storage.writeObject(objectOf("5.1", { study: "1.5", local: false }));
  await s.retention.start();
  expect(s.deleted).toEqual(["1.5"]);
});

test("S11: stored is not committed: what the archive only acknowledged stays", async () => {
  await using s = await site({ studies: 1, wantedBytes: 2 ** 40 });
  expect(s.device.storage.reader.isStoredAt("1.1.1", "archive")).toBe(true);
  await s.retention.start();
  expect(s.deleted).toEqual([]);
});

test("that nothing can go is said once, until something could", async () => {
  await using s = await site({ studies: 1, wantedBytes: 2 ** 40 });
  await s.retention.start();
  await s.device.clock.advance(3 * RETENTION_CYCLE_MS);
  expect(s.device.logged.filter((l) => l.event === "nothing-to-delete")).toHaveLength(1);
});
