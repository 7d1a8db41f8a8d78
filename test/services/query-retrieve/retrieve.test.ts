// Retrieve jobs against a scripted archive that moves images to the station's own Storage SCP:
// Tables 4.2-45, 4.2-49, 4.2-50, and what archives in the field do (Q).

import { describe, expect, test } from "bun:test";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { Job } from "../../../src/model/job.ts";
import { row } from "../../coverage.ts";
import { testInstance, testUid } from "../../dicom/instances.ts";
import { clock } from "../../dicom/peer.ts";
import { type MadeStudy, madeStudy } from "../../peers/fill-archive.ts";
import { objectOf } from "../../store/objects.ts";
import {
  type ArchiveScript,
  DX,
  type MoveScript,
  obedientMove,
  type RetrievingStation,
  retrievingStation,
  scriptedArchive,
} from "./retrieving-station.ts";

interface Setting extends AsyncDisposable {
  readonly study: MadeStudy;
  readonly archive: Awaited<ReturnType<typeof scriptedArchive>>;
  readonly device: RetrievingStation;
  /** SOP Instance UIDs listed of the study. */
  listed(): string[];
  retrieve(): Promise<Job>;
}

async function setting(
  counts: readonly number[],
  script: Partial<ArchiveScript> = {},
  configuration: object = {},
): Promise<Setting> {
  const study = script.study ?? madeStudy(counts);
  const box: { device: RetrievingStation | null } = { device: null };
  const archive = await scriptedArchive({
    study,
    devicePort: () => box.device?.port ?? 0,
    ...script,
  });
  const device = await retrievingStation(archive.port, configuration);
  box.device = device;
  const { studyInstanceUid } = study;
  return {
    study,
    archive,
    device,
    listed: () =>
      device.station.storage.reader.instancesOfStudy(studyInstanceUid).map((i) => i.sopInstanceUid),
    retrieve: () => device.retrieve({ studyInstanceUid }),
    async [Symbol.asyncDispose]() {
      await device[Symbol.asyncDispose]();
      await archive[Symbol.asyncDispose]();
    },
  };
}

const uidsOf = (study: MadeStudy) => study.instances.map((i) => i.sopInstanceUid);
const sorted = (uids: readonly string[]) => [...uids].sort();

/** Sends the first so many images, then gives the word to `end`. */
const moveSome =
  (count: number, end: (script: MoveScript) => Promise<void>) => async (script: MoveScript) => {
    const channel = await script.connect();
    for (const instance of script.instances.slice(0, count)) await script.push(channel, instance);
    await channel.release();
    await end(script);
  };

describe("C-MOVE response", () => {
  test(`${row("4.2-49", "0000", "FF00")} every image arrived: done, listed as received, released`, async () => {
    await using it = await setting([3, 2]);
    const progress: string[] = [];
    it.device.jobs.changes.add(({ progress: p }) => progress.push(`${p.done}/${p.total}`));
    const job = await it.retrieve();
    expect([job.state, job.progress]).toEqual(["done", { done: 5, total: 5 }]);
    const told = [...new Set(progress)];
    expect([told.slice(0, 2), told.at(-1)]).toEqual([["0/1", "0/5"], "5/5"]);
    expect(sorted(it.listed())).toEqual(sorted(uidsOf(it.study)));
    for (const uid of it.listed())
      expect(it.device.station.storage.reader.instance(uid)).toMatchObject({
        local: false,
        examId: null,
        modality: "DX",
      });
    const [query, move] = it.archive.associations;
    expect([it.archive.associations.length, query?.association.end, move?.association.end]).toEqual(
      [2, { kind: "released" }, { kind: "released" }],
    );
  });

  test(`${row("4.2-49", "FE00")} ended by the archive with images left: cancelled, what came stays`, async () => {
    await using it = await setting([3, 2], {
      move: moveSome(2, ({ reply }) =>
        reply.respond({ status: 0xfe00, remainingSubOperations: 1, completedSubOperations: 2 }),
      ),
    });
    const job = await it.retrieve();
    expect(job.state).toBe("cancelled");
    expect(job.log.map((l) => l.text).join("\n")).toContain("ended the retrieve: 2 of 3 images");
    expect(it.listed().length).toBe(2);
    expect(it.archive.associations[1]?.association.end).toEqual({ kind: "released" });
  });

  test(`${row("4.2-49", "FE00")} E32: ended by the archive with nothing left: done`, async () => {
    await using it = await setting([2], {
      move: moveSome(2, ({ reply }) => reply.respond({ status: 0xfe00 })),
    });
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
  });

  for (const [status, words] of [
    [0xb000, "some images could not be sent"],
    [0xa801, "have AE title, host and port entered there"],
    [0xa702, "DICOM port"],
    [0xc123, "C123"],
  ] as const)
    test(`${row("4.2-49", "*")} ${status.toString(16)}: aborted, failed, told; what came stays`, async () => {
      await using it = await setting([3, 2], {
        move: moveSome(2, ({ reply }) =>
          reply.respond({ status, completedSubOperations: 2, failedSubOperations: 1 }),
        ),
      });
      const job = await it.retrieve();
      expect([job.state, job.progress]).toEqual(["failed", { done: 2, total: 5 }]);
      expect(job.reason).toContain(words);
      expect(job.reason).toContain("2 of 3 images");
      expect(it.listed().length).toBe(2);
      const seen = await it.archive.seen(1);
      expect(await seen.association.ended).toMatchObject({ kind: "aborted", by: "peer" });
      expect(it.device.station.warnings()).toContain("retrieve-failed");
    });
});

describe("C-MOVE failures", () => {
  test(`${row("4.2-50", "timeout")} neither responses nor images: aborted, failed, told`, async () => {
    await using it = await setting(
      [2],
      { move: moveSome(1, () => new Promise(() => {})) },
      { qr: { cMoveTimeout: 1 } },
    );
    const job = await it.retrieve();
    expect(job.state).toBe("failed");
    expect(job.reason).toContain("no answer within 1000 ms; 1 of 2 images");
    const seen = await it.archive.seen(1);
    expect(await seen.association.ended).toMatchObject({ kind: "aborted", by: "peer" });
    expect(it.device.station.states.get("archive")?.reachable).toBe(false);
  });

  test(`${row("4.2-50", "aborted")} the archive breaks off half way: failed, told; what came stays`, async () => {
    await using it = await setting([4], { move: moveSome(2, async ({ abort }) => abort()) });
    const job = await it.retrieve();
    expect([job.state, job.progress]).toEqual(["failed", { done: 2, total: 4 }]);
    expect(job.reason).toContain("2 of 4 images");
    expect(it.listed().length).toBe(2);
  });

  test("an archive that is away fails the job in words", async () => {
    await using it = await setting([1]);
    await it.archive[Symbol.asyncDispose]();
    const job = await it.retrieve();
    expect(job.state).toBe("failed");
    expect(job.reason).toContain("archive (ARCHIVE at 127.0.0.1:");
  });

  test("a further attempt asks only for the series that are not complete", async () => {
    let broken = true;
    const moved: string[] = [];
    await using it = await setting([2, 3], {
      async move(script) {
        moved.push(script.seriesInstanceUid);
        if (broken && moved.length === 2) return script.abort();
        return obedientMove(script);
      },
    });
    const job = await it.retrieve();
    expect([job.state, job.progress.done]).toEqual(["failed", 2]);
    broken = false;
    await it.device.jobs.retry(job.id);
    const again = await it.device.ended(job.id);
    expect(again).toMatchObject({ state: "done", progress: { done: 5, total: 5 } });
    const [first, second] = it.study.seriesInstanceUids;
    expect(moved).toEqual([first ?? "", second ?? "", second ?? ""]);
  });
});

describe("which series are moved", () => {
  test(`${row("4.2-45", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2")} both models, Implicit VR only`, async () => {
    await using it = await setting([1]);
    await it.retrieve();
    for (const { request } of it.archive.associations)
      expect(request.contexts.map((c) => [c.abstractSyntax, c.transferSyntaxes])).toEqual([
        ["1.2.840.10008.5.1.4.1.2.2.1", ["1.2.840.10008.1.2"]],
        ["1.2.840.10008.5.1.4.1.2.2.2", ["1.2.840.10008.1.2"]],
      ]);
  });

  test("E31: a study is moved series by series to our own AE title, reports are left out", async () => {
    const seen: ArchiveScript["seen"] = [];
    const destinations: string[] = [];
    await using it = await setting([2, 1, 2], {
      seen,
      modalities: ["DX", "SR", "RF"],
      move: (script) => {
        destinations.push(script.destination);
        return obedientMove(script);
      },
    });
    const job = await it.retrieve();
    expect(job).toMatchObject({ state: "done", progress: { done: 4, total: 4 } });
    const [first, report, third] = it.study.seriesInstanceUids;
    const moves = seen.slice(1).map((d) => d.tags().map((tag) => d.string(tag)));
    expect(moves).toEqual([
      ["SERIES", it.study.studyInstanceUid, first],
      ["SERIES", it.study.studyInstanceUid, third],
    ]);
    expect(destinations).toEqual(["UDR10A", "UDR10A"]);
    expect(job.log.map((l) => l.text)).toContain(
      `series ${report} (SR) is left out: it holds no images`,
    );
  });

  test("a series of another modality is looked into: captures are taken, tomograms are not", async () => {
    const captures = madeStudy([2], { sopClassUid: SopClassUid.SecondaryCaptureImageStorage });
    const tomograms = madeStudy([2], { sopClassUid: "1.2.840.10008.5.1.4.1.1.2" });
    const study = {
      studyInstanceUid: captures.studyInstanceUid,
      seriesInstanceUids: [...captures.seriesInstanceUids, ...tomograms.seriesInstanceUids],
      instances: [...captures.instances, ...tomograms.instances],
    };
    await using it = await setting([], { study, modalities: ["OT", "CT"] });
    const job = await it.retrieve();
    expect(job).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
    expect(sorted(it.listed())).toEqual(sorted(uidsOf(captures)));
    expect(job.log.some((l) => l.text.includes("(CT) is left out"))).toBe(true);
  });

  test("Q2: an archive that does not count is asked for the images", async () => {
    const seen: ArchiveScript["seen"] = [];
    await using it = await setting([3], { seen, counts: "absent" });
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
    expect(seen.map((d) => d.string(Tag.QueryRetrieveLevel))).toEqual([
      "SERIES",
      "IMAGE",
      "SERIES",
    ]);
  });

  test("only the series that were named are moved", async () => {
    await using it = await setting([2, 3]);
    const [, second = ""] = it.study.seriesInstanceUids;
    const job = await it.device.retrieve({
      studyInstanceUid: it.study.studyInstanceUid,
      seriesInstanceUids: [second],
    });
    expect(job).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
  });

  test("a study without images that we take fails in words", async () => {
    await using it = await setting([1], { modalities: ["SR"] });
    const job = await it.retrieve();
    expect([job.state, job.reason]).toEqual([
      "failed",
      "archive (ARCHIVE) has no images of the study that this device can take",
    ]);
  });
});

describe("what archives do", () => {
  test("Q2: a final response without numbers, and no other response: what arrived counts", async () => {
    await using it = await setting([2], {
      move: moveSome(2, ({ reply }) => reply.respond({ status: 0 })),
    });
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
  });

  test("Q2: the last image may still be on its way at the final response", async () => {
    await using it = await setting([2], {
      async move({ connect, push, instances, reply }) {
        const channel = await connect();
        const sent = instances.map((instance) => push(channel, instance));
        await sent[0];
        await reply.respond({ status: 0, completedSubOperations: 2 });
        await Promise.all(sent);
        await channel.release();
      },
    });
    expect(await it.retrieve()).toMatchObject({ state: "done" });
  });

  test("Q3: success although nothing or not everything arrived is a failure here", async () => {
    await using it = await setting([3], {
      move: moveSome(1, ({ reply }) =>
        reply.respond({ status: 0, completedSubOperations: 1, failedSubOperations: 2 }),
      ),
    });
    const job = await it.retrieve();
    expect(job.state).toBe("failed");
    expect(job.reason).toMatch(/1 of 3 images .* arrived, the archive speaks of 2 failures/);
    expect(it.listed().length).toBe(1);
  });

  test("Q5: images that arrive keep a silent archive alive", async () => {
    await using it = await setting(
      [5],
      {
        async move({ connect, push, instances, reply }) {
          const channel = await connect();
          for (const instance of instances) {
            await new Promise<void>((resolve) => clock.after(400, resolve));
            await push(channel, instance);
          }
          await channel.release();
          await reply.respond({ status: 0 });
        },
      },
      { qr: { cMoveTimeout: 1 } },
    );
    expect(await it.retrieve()).toMatchObject({ state: "done" });
  });

  test("Q6: a cancel is a C-CANCEL, the final response is waited for, then released", async () => {
    const cancelled = Promise.withResolvers<void>();
    await using it = await setting([3, 2], {
      async move(script) {
        const channel = await script.connect();
        const [first] = script.instances;
        if (first !== undefined) await script.push(channel, first);
        await script.reply.respond({ status: 0xff00 });
        while (!script.reply.cancelled) await new Promise<void>((resolve) => setImmediate(resolve));
        cancelled.resolve();
        await channel.release();
        await script.reply.respond({ status: 0xfe00 });
      },
    });
    const { id } = await it.device.begin({ studyInstanceUid: it.study.studyInstanceUid });
    await new Promise<void>((resolve) => {
      it.device.jobs.changes.add(({ progress }) => {
        if (progress.done === 1) resolve();
      });
    });
    await it.device.jobs.cancel(id);
    await cancelled.promise;
    expect(it.device.jobs.job(id)).toMatchObject({ state: "cancelled", progress: { done: 1 } });
    expect(it.archive.associations[1]?.association.end).toEqual({ kind: "released" });
    expect(it.listed().length).toBe(1);
  });

  test("Q6: an archive that does not hear the C-CANCEL is aborted", async () => {
    const moving = Promise.withResolvers<void>();
    await using it = await setting([2], {
      move: async ({ reply }) => {
        await reply.respond({ status: 0xff00 });
        moving.resolve();
        await new Promise(() => {});
      },
    });
    const { id } = await it.device.begin({ studyInstanceUid: it.study.studyInstanceUid });
    const move = await it.archive.seen(1);
    await moving.promise;
    await it.device.jobs.cancel(id);
    expect(it.device.jobs.job(id)?.state).toBe("cancelled");
    expect(await move.association.ended).toMatchObject({ kind: "aborted", by: "peer" });
  });

  test("Q7: the archive may send over three associations at a time", async () => {
    await using it = await setting([6], {
      async move({ connect, push, instances, reply }) {
        const channels = await Promise.all([connect(), connect(), connect()]);
        const answers = await Promise.all(
          instances.map((instance, i) => {
            const channel = channels[i % channels.length];
            return channel === undefined ? -1 : push(channel, instance);
          }),
        );
        expect(answers).toEqual([0, 0, 0, 0, 0, 0]);
        await Promise.all(channels.map((channel) => channel.release()));
        await reply.respond({ status: 0 });
      },
    });
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 6, total: 6 } });
  });

  test("Q8: foreign instances during a retrieve are answered, kept, and never listed", async () => {
    const own = madeStudy([1]);
    const [series = ""] = own.seriesInstanceUids;
    const { studyInstanceUid } = own;
    const foreign = (more: object) =>
      testInstance({ sopClassUid: DX, studyInstanceUid, seriesInstanceUid: series, ...more });
    const answers: number[] = [];
    await using it = await setting([], {
      study: own,
      async move(script) {
        const { connect, push, messageId, reply } = script;
        const channel = await connect();
        const ours = { moveOriginatorAeTitle: "UDR10A", moveOriginatorMessageId: messageId };
        const cases = [
          [foreign({}), { ...ours, moveOriginatorAeTitle: "OTHER" }],
          [foreign({}), { ...ours, moveOriginatorMessageId: messageId + 1 }],
          [foreign({ studyInstanceUid: testUid() }), ours],
          [foreign({ seriesInstanceUid: testUid() }), ours],
        ] as const;
        for (const [instance, origin] of cases) answers.push(await push(channel, instance, origin));
        // Some archives name no originator.
        for (const instance of script.instances) answers.push(await push(channel, instance, {}));
        await channel.release();
        await reply.respond({ status: 0 });
      },
    });
    it.device.station.disk.capacityBytes = 2 ** 40;
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 1, total: 1 } });
    expect(answers).toEqual([0, 0, 0, 0, 0]);
    const { reader } = it.device.station.storage;
    expect(reader.studies().map((s) => [s.studyInstanceUid, s.numberOfInstances])).toEqual([
      [studyInstanceUid, 1],
    ]);
    expect(it.device.station.disk.list("unasked").length).toBe(4);
  });

  test("Q9: a SOP Instance UID never becomes a file name", async () => {
    const study = madeStudy([1], { sopInstanceUid: "1.2/../../../../etc" });
    await using it = await setting([], { study });
    expect(await it.retrieve()).toMatchObject({ state: "done" });
    const [record] = it.device.station.storage.reader.instancesOfStudy(study.studyInstanceUid);
    expect(record?.path).toMatch(/^[0-9a-f]{32}\/[0-9a-f]{32}\.dcm$/);
  });
});

describe("studies that are here in part", () => {
  test("what an archive says of a patient examined here changes nothing that is shown of him", async () => {
    await using it = await setting([2], {});
    const { storage } = it.device.station;
    const { studyInstanceUid } = it.study;
    const patient = { patientName: "Here^Made", patientId: "OWN" };
    await storage.writeObject(objectOf("1.2.3.77", { study: studyInstanceUid, patient }));
    expect(await it.retrieve()).toMatchObject({ state: "done" });
    expect(storage.reader.study(studyInstanceUid)).toMatchObject({
      patientName: "Here^Made",
      patientId: "OWN",
      numberOfInstances: 3,
    });
  });

  test("a second retrieve counts what is here and stores nothing twice", async () => {
    await using it = await setting([2]);
    await it.retrieve();
    const before = it.listed();
    expect(await it.retrieve()).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
    expect(it.listed()).toEqual(before);
  });

  test("a study that is being retrieved is not deleted for space", async () => {
    const release = Promise.withResolvers<void>();
    await using it = await setting([2], {
      async move(script) {
        const channel = await script.connect();
        const [first] = script.instances;
        if (first !== undefined) await script.push(channel, first);
        await release.promise;
        await channel.release();
        await obedientMove(script);
      },
    });
    const { storage } = it.device.station;
    const { id } = await it.device.begin({ studyInstanceUid: it.study.studyInstanceUid });
    await new Promise<void>((resolve) => {
      it.device.jobs.changes.add(({ progress }) => {
        if (progress.done === 1) resolve();
      });
    });
    expect(await storage.deleteCommitted([])).toEqual({ kind: "none" });
    release.resolve();
    expect(await it.device.ended(id)).toMatchObject({ state: "done" });
    expect(await storage.deleteCommitted([])).toMatchObject({ kind: "deleted", instances: 2 });
  });
});
