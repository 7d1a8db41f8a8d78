// Orthanc as the peer: store both ways, echo both ways, query, move, storage commitment.

import { describe, expect, test } from "bun:test";
import { memorySource } from "../../../src/core/byte-source.ts";
import { COMMITMENT_PROPOSED } from "../../../src/dicom/ae/commitment/presentation-contexts.ts";
import { requestCommitment } from "../../../src/dicom/ae/commitment/request-commitment.ts";
import {
  type CommitmentResult,
  commitmentEvents,
} from "../../../src/dicom/ae/commitment/serve-commitment.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { serveEventReports } from "../../../src/dicom/ae/event-reports.ts";
import { findMatches } from "../../../src/dicom/ae/query-retrieve/find-matches.ts";
import { moveSeries } from "../../../src/dicom/ae/query-retrieve/move-series.ts";
import { QUERY_RETRIEVE_PROPOSED } from "../../../src/dicom/ae/query-retrieve/presentation-contexts.ts";
import { storageContexts } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import { storeInstances } from "../../../src/dicom/ae/storage/store-instances.ts";
import { VERIFICATION_PROPOSED } from "../../../src/dicom/ae/verification/presentation-contexts.ts";
import { verify } from "../../../src/dicom/ae/verification/verify.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { hasOrthanc, startOrthanc } from "../../peers/orthanc.ts";
import { testInstance, testUid } from "../instances.ts";
import { memoryScp } from "../memory-scp.ts";
import { clock, connect } from "../peer.ts";

const TEXT = { characterSet: "default-kanji" } as const;

describe.skipIf(!hasOrthanc)("Orthanc", () => {
  test("stores, answers queries, moves, commits and sends back what we sent", async () => {
    const results: CommitmentResult[] = [];
    let reported: () => void = () => {};
    const report = new Promise<void>((resolve) => {
      reported = resolve;
    });
    await using us = await memoryScp({
      "N-EVENT-REPORT-RQ": serveEventReports([
        commitmentEvents(async (result) => {
          results.push(result);
          reported();
        }),
      ]),
    });
    await using orthanc = await startOrthanc({
      DicomModalities: { us: ["UDR10A", "127.0.0.1", us.port] },
    });
    const post = async (path: string, body: unknown) =>
      (
        await fetch(`${orthanc.http}/${path}`, { method: "POST", body: JSON.stringify(body) })
      ).json() as Promise<Record<string, unknown>>;

    const study = testUid();
    const series = testUid();
    const instances = [
      testInstance({ studyInstanceUid: study, seriesInstanceUid: series, rows: 700, columns: 700 }),
      testInstance({
        sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
        studyInstanceUid: study,
        seriesInstanceUid: series,
        patientName: "Yamada^Tarou=山田^太郎",
        transferSyntaxUid: "1.2.840.10008.1.2",
      }),
    ];

    // Echo both ways.
    const echo = await connect(orthanc.dicomPort, proposedContexts(VERIFICATION_PROPOSED.rows));
    expect(await verify(echo, { timeoutMs: 10_000 })).toMatchObject({ kind: "success" });
    await echo.release();
    await post("modalities/us/echo", {});
    expect(us.echoes).toBe(1);

    // Store to Orthanc.
    const storage = await connect(
      orthanc.dicomPort,
      storageContexts(instances.map(({ sopClassUid }) => sopClassUid)),
    );
    const kinds: string[] = [];
    const job = await storeInstances(storage, instances, {
      timeoutMs: 10_000,
      warningPolicy: "accept",
      onOutcome: (_, { kind }) => void kinds.push(kind),
    });
    expect([job.kind, kinds]).toEqual(["done", ["stored", "stored"]]);
    await storage.release();
    const ids = await orthanc.instances();
    expect(ids.length).toBe(2);

    // Query and move to ourselves.
    const archive = await connect(
      orthanc.dicomPort,
      proposedContexts(QUERY_RETRIEVE_PROPOSED.rows),
    );
    const found = await findMatches(
      archive,
      "SERIES",
      { studyInstanceUid: study },
      { clock, text: TEXT, maxItems: 10, timeoutMs: 10_000, patientNameMatching: true },
    );
    expect(found.kind === "success" && found.items[0]?.string(Tag.SeriesInstanceUID)).toBe(series);
    const moved = await moveSeries(
      archive,
      { studyInstanceUid: study, seriesInstanceUid: series },
      { destination: "UDR10A", text: TEXT, timeoutMs: 20_000 },
    );
    expect(moved.kind).toBe("success");
    await archive.release();
    const same = async () => {
      for (const { sopInstanceUid, pixels, dataSet } of instances) {
        const file = us.files.get(sopInstanceUid) ?? new Uint8Array();
        const header = await readObjectHeader(memorySource(file));
        expect(file.subarray(header.pixel?.offset)).toEqual(pixels);
        expect(header.dataSet.string(Tag.PatientName)).toBe(dataSet.string(Tag.PatientName) ?? "");
      }
    };
    await same();

    // Orthanc's own C-STORE to us.
    us.files.clear();
    await post("modalities/us/store", ids);
    await same();

    // Commitment: one instance Orthanc has, one it never saw.
    const commitment = await connect(orthanc.dicomPort, proposedContexts(COMMITMENT_PROPOSED.rows));
    const [known] = instances;
    if (known === undefined) throw new Error("no instance");
    const asked = await requestCommitment(
      commitment,
      {
        transactionUid: testUid(),
        instances: [
          { sopClassUid: known.sopClassUid, sopInstanceUid: known.sopInstanceUid },
          { sopClassUid: known.sopClassUid, sopInstanceUid: "1.2.3.4.5" },
        ],
      },
      { timeoutMs: 10_000, text: TEXT },
    );
    expect(asked.kind).toBe("success");
    await commitment.release();
    await report;
    expect(results).toMatchObject([
      {
        eventTypeId: 2,
        committed: [{ sopInstanceUid: known.sopInstanceUid }],
        failed: [{ sopInstanceUid: "1.2.3.4.5", reason: 0x0112 }],
      },
    ]);
  }, 60_000);
});
