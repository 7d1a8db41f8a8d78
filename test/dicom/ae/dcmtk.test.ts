// DCMTK as the peer of every exchange it knows: echo, store both ways, worklist, query and move.

import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../../src/core/byte-source.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { findMatches } from "../../../src/dicom/ae/query-retrieve/find-matches.ts";
import type { QueryFilter, QueryLevel } from "../../../src/dicom/ae/query-retrieve/keys.ts";
import { moveSeries } from "../../../src/dicom/ae/query-retrieve/move-series.ts";
import { QUERY_RETRIEVE_PROPOSED } from "../../../src/dicom/ae/query-retrieve/presentation-contexts.ts";
import { storageContexts } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import {
  type StoreOutcome,
  storeInstances,
} from "../../../src/dicom/ae/storage/store-instances.ts";
import { VERIFICATION_PROPOSED } from "../../../src/dicom/ae/verification/presentation-contexts.ts";
import { verify } from "../../../src/dicom/ae/verification/verify.ts";
import { findWorklist } from "../../../src/dicom/ae/worklist/find-worklist.ts";
import { WORKLIST_PROPOSED } from "../../../src/dicom/ae/worklist/presentation-contexts.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import { encodeObjectHeader, readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { startDcmqrscp } from "../../peers/dcmqrscp.ts";
import { installed, run } from "../../peers/program.ts";
import { startStorescp } from "../../peers/storescp.ts";
import { startWlmscpfs } from "../../peers/wlmscpfs.ts";
import { type TestInstance, testInstance, testUid } from "../instances.ts";
import { memoryScp } from "../memory-scp.ts";
import { clock, connect } from "../peer.ts";

const TEXT = { characterSet: "default-kanji" } as const;
const missing = !installed("echoscu", "storescu", "storescp", "wlmscpfs", "dcmqrscp", "dcmdump");

async function send(
  port: number,
  instances: readonly TestInstance[],
  called = "ARCHIVE",
  timeoutMs = 10_000,
) {
  const channel = await connect(
    port,
    storageContexts(instances.map(({ sopClassUid }) => sopClassUid)),
    { called },
  );
  const outcomes: StoreOutcome[] = [];
  const job = await storeInstances(channel, instances, {
    timeoutMs,
    warningPolicy: "accept",
    onOutcome: (_, outcome) => void outcomes.push(outcome),
  });
  if (channel.association.end === null) await channel.release();
  return { job, outcomes };
}

const pixelsOf = async (file: Uint8Array) => {
  const { pixel } = await readObjectHeader(memorySource(file));
  return file.subarray(pixel?.offset ?? file.byteLength);
};

describe.skipIf(missing)("DCMTK", () => {
  test("storescp answers our C-ECHO", async () => {
    await using storescp = await startStorescp();
    const channel = await connect(storescp.port, proposedContexts(VERIFICATION_PROPOSED.rows));
    expect(await verify(channel, { timeoutMs: 5_000 })).toMatchObject({ kind: "success" });
    expect(await channel.release()).toEqual({ kind: "released" });
  });

  test("echoscu is answered by us, 50 times on one association", async () => {
    await using scp = await memoryScp();
    const { code } = await run(["echoscu", "--repeat", "50", "127.0.0.1", String(scp.port)]);
    expect([code, scp.echoes]).toEqual([0, 50]);
  });

  for (const switches of [[], ["--prefer-little"], ["--max-pdu", "4096"], ["--implicit"]])
    test(`storescp ${switches.join(" ")} keeps our instances byte for byte`, async () => {
      await using storescp = await startStorescp(switches);
      const instances = [
        testInstance({ rows: 512, columns: 512, patientName: "Yamada^Tarou=山田^太郎" }),
        testInstance({
          sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
          transferSyntaxUid: "1.2.840.10008.1.2",
        }),
      ];
      const { job, outcomes } = await send(storescp.port, instances);
      expect([job.kind, outcomes.map(({ kind }) => kind)]).toEqual(["done", ["stored", "stored"]]);
      const files = await storescp.files();
      expect(files.length).toBe(2);
      for (const path of files) {
        const file = await Bun.file(path).bytes();
        const { dataSet } = await readObjectHeader(memorySource(file));
        const sent = instances.find(
          ({ sopInstanceUid }) => sopInstanceUid === dataSet.string(Tag.SOPInstanceUID),
        );
        expect(await pixelsOf(file)).toEqual(sent?.pixels ?? new Uint8Array());
        expect(dataSet.string(Tag.PatientName)).toBe(sent?.dataSet.string(Tag.PatientName) ?? "");
        expect((await run(["dcmdump", "--quiet", path])).code).toBe(0);
      }
    });

  const faults: Record<string, readonly [StoreOutcome["kind"], readonly string[]]> = {
    "aborts during the store": ["aborted", ["--abort-during"]],
    "aborts after the store": ["aborted", ["--abort-after"]],
    "sleeps longer than we wait": ["timeout", ["--sleep-during", "5"]],
  };
  for (const [name, [kind, switches]] of Object.entries(faults))
    test(`storescp that ${name}`, async () => {
      await using storescp = await startStorescp(switches);
      const { outcomes, job } = await send(
        storescp.port,
        [testInstance({ rows: 600, columns: 600 }), testInstance()],
        "ARCHIVE",
        500,
      );
      expect([job.kind, outcomes.map((outcome) => outcome.kind)]).toEqual(["failed", [kind]]);
    });

  test("storescp that refuses every association is told as a rejection", async () => {
    await using storescp = await startStorescp(["--refuse"]);
    await expect(send(storescp.port, [testInstance()])).rejects.toThrow("rejected");
  });

  for (const switches of [["-xe"], ["-xi"], ["--max-send-pdu", "4096"], ["--max-pdu", "4096"]])
    test(`storescu ${switches.join(" ")} stores at ours`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "udr-storescu-"));
      try {
        const instances = [
          testInstance({ rows: 512, columns: 512 }),
          testInstance({ sopClassUid: SopClassUid.ComputedRadiographyImageStorage }),
        ];
        const paths = instances.map((_, i) => join(folder, `${i}.dcm`));
        for (const [i, { file }] of instances.entries()) await Bun.write(paths[i] ?? "", file);
        await using scp = await memoryScp();
        const { code } = await run([
          "storescu",
          ...switches,
          ...["-aec", "UDR10A", "127.0.0.1", String(scp.port)],
          ...paths,
        ]);
        expect([code, scp.files.size]).toEqual([0, 2]);
        for (const { sopInstanceUid, pixels } of instances)
          expect(await pixelsOf(scp.files.get(sopInstanceUid) ?? new Uint8Array())).toEqual(pixels);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

  test("wlmscpfs: the worklist of one modality, with Japanese names", async () => {
    const files = [
      worklistFile("Yamada^Tarou=山田^太郎=やまだ^たろう", "RF", "20260105"),
      worklistFile("Other^Day", "RF", "20260106"),
      worklistFile("Other^Modality", "CT", "20260105"),
    ];
    await using server = await startWlmscpfs("RIS", files);
    const ask = async (modality: string, scheduledDate: string, maxItems = 100) => {
      const channel = await connect(server.port, proposedContexts(WORKLIST_PROPOSED.rows), {
        called: "RIS",
      });
      const outcome = await findWorklist(
        channel,
        { modality, scheduledDate, scheduledStationAeTitle: "UDR10A" },
        { clock, text: TEXT, maxItems, timeoutMs: 10_000 },
      );
      if (channel.association.end === null) await channel.release();
      return outcome;
    };
    const today = await ask("RF", "20260105");
    expect(today).toMatchObject({ kind: "success", complete: true });
    expect(today.kind === "success" && today.items.length).toBe(1);
    const [item] = today.kind === "success" ? today.items : [];
    expect(item?.string(Tag.PatientName)).toBe("Yamada^Tarou=山田^太郎=やまだ^たろう");
    const [step] = item?.items(Tag.ScheduledProcedureStepSequence) ?? [];
    expect(step?.string(Tag.ScheduledProcedureStepID)).toBe("SPS1");
    const all = await ask("", "20260101-20260131");
    expect(all.kind === "success" && all.items.length).toBe(3);
    const limited = await ask("", "", 2);
    expect(limited).toMatchObject({ kind: "success", complete: false });
    expect(limited.kind === "success" && limited.items.length).toBe(2);
  });

  test("dcmqrscp: store, query at three levels, move to ourselves", async () => {
    await using scp = await memoryScp();
    await using archive = await startDcmqrscp({ aeTitle: "UDR10A", port: scp.port });
    const study = testUid();
    const series = testUid();
    const instances = Array.from({ length: 3 }, () =>
      testInstance({
        studyInstanceUid: study,
        seriesInstanceUid: series,
        patientId: "Q1",
        rows: 300,
        columns: 300,
      }),
    );
    const { outcomes } = await send(archive.port, instances);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", "stored", "stored"]);

    const channel = await connect(archive.port, proposedContexts(QUERY_RETRIEVE_PROPOSED.rows), {
      called: archive.aeTitle,
    });
    const options = {
      clock,
      text: TEXT,
      maxItems: 100,
      timeoutMs: 10_000,
      patientNameMatching: true,
    };
    const uids = async (level: QueryLevel, filter: QueryFilter, tag: number) => {
      const outcome = await findMatches(channel, level, filter, options);
      if (outcome.kind !== "success") throw new Error(JSON.stringify(outcome));
      return outcome.items.map((item) => item.string(tag) ?? "").sort();
    };
    expect(await uids("STUDY", { patientId: "Q1" }, Tag.StudyInstanceUID)).toEqual([study]);
    expect(await uids("SERIES", { studyInstanceUid: study }, Tag.SeriesInstanceUID)).toEqual([
      series,
    ]);
    expect(
      await uids(
        "IMAGE",
        { studyInstanceUid: study, seriesInstanceUid: series },
        Tag.SOPInstanceUID,
      ),
    ).toEqual(instances.map(({ sopInstanceUid }) => sopInstanceUid).sort());

    const moved = await moveSeries(
      channel,
      { studyInstanceUid: study, seriesInstanceUid: series },
      { destination: "UDR10A", text: TEXT, timeoutMs: 20_000 },
    );
    expect(moved).toMatchObject({ kind: "success", counts: { completed: 3 } });
    for (const { sopInstanceUid, pixels } of instances)
      expect(await pixelsOf(scp.files.get(sopInstanceUid) ?? new Uint8Array())).toEqual(pixels);
    await channel.release();
  });
});

/** A worklist file as wlmscpfs wants it: every type 1 attribute has a value. */
function worklistFile(name: string, modality: string, date: string): Uint8Array {
  const dataSet = new DataSet()
    .text(Tag.AccessionNumber, "SH", "A1")
    .text(Tag.ReferringPhysicianName, "PN", "Referrer")
    .text(Tag.PatientName, "PN", name)
    .text(Tag.PatientID, "LO", "W1")
    .text(Tag.PatientBirthDate, "DA", "19700101")
    .text(Tag.PatientSex, "CS", "O")
    .text(Tag.StudyInstanceUID, "UI", testUid())
    .text(Tag.RequestedProcedureDescription, "LO", "Upper GI")
    .text(Tag.RequestedProcedureID, "SH", "RP1")
    .text(Tag.RequestedProcedurePriority, "SH", "LOW")
    .sequence(
      Tag.ScheduledProcedureStepSequence,
      new DataSet()
        .text(Tag.Modality, "CS", modality)
        .text(Tag.ScheduledStationAETitle, "AE", "UDR10A")
        .text(Tag.ScheduledProcedureStepStartDate, "DA", date)
        .text(Tag.ScheduledProcedureStepStartTime, "TM", "090000")
        .text(Tag.ScheduledPerformingPhysicianName, "PN", "Doctor")
        .text(Tag.ScheduledProcedureStepDescription, "LO", "Swallow")
        .text(Tag.ScheduledProcedureStepID, "SH", "SPS1"),
    );
  return encodeObjectHeader({
    meta: {
      sopClassUid: SopClassUid.ModalityWorklistFind,
      sopInstanceUid: testUid(),
      transferSyntaxUid: "1.2.840.10008.1.2.1",
      implementationClassUid: "1.2.3.4",
    },
    dataSet,
    characterSet: "default-kanji",
  });
}
