// A power cut between an object's file and its row: the start gave the object no exam where the study had
// two steps, and kept the report of an end that was never recorded beside the one made later.

import { expect, test } from "bun:test";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import type { Exam } from "../../src/model/exam.ts";
import { MemoryDisk } from "../store/memory-disk.ts";
import { examOf, headerOf, memoryDatabase, objectOf, openStore, rowsOf } from "../store/objects.ts";

const STUDY = "1.2.3";

function stepOf(id: string, state: Exam["state"], seriesInstanceUid: string): Exam {
  const series = {
    seriesInstanceUid,
    seriesNumber: 1,
    modality: "DX",
    bodyPart: "CHEST",
    laterality: "",
    protocolName: "CHEST PA",
    startedMs: 0,
  };
  return { ...examOf(id, STUDY, state), series: [series] };
}

/** The store after a cut between the file of \`sop\` and its row. */
async function cutBefore(row: Parameters<typeof objectOf>[1] & { sop: string; report?: boolean }) {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  store.apply([
    { kind: "exam", exam: stepOf("exam-1", "completed", `${STUDY}.7`) },
    { kind: "exam", exam: stepOf("exam-2", "open", `${STUDY}.1`) },
  ]);
  const rows = rowsOf(row.sop, { study: STUDY });
  const sopClassUid = SopClassUid.XRayRadiationDoseSrStorage;
  const seriesInstanceUid = `${STUDY}.9001`;
  const report = {
    ...rows,
    instance: { ...rows.instance, sopClassUid, seriesInstanceUid, modality: "SR" },
    series: { ...rows.series, seriesInstanceUid, modality: "SR" },
  };
  await store.writeObject(
    row.report === true
      ? { ...report, header: headerOf(report, 0), pixels: { kind: "none" } }
      : objectOf(row.sop, { study: STUDY }),
  );
  db.run("DELETE FROM instances");
  return openStore(db, disk);
}

test("an image of the second step comes back with the second step", async () => {
  const store = await cutBefore({ sop: "1.1" });
  expect(store.reconciliation.adopted).toEqual(["1.1"]);
  expect(store.reader.instance("1.1")?.examId).toBe("exam-2");
});

test("a report of an exam that is still open is set aside: its end makes another", async () => {
  const store = await cutBefore({ sop: "1.2", report: true });
  expect(store.reconciliation.adopted).toEqual([]);
  expect(store.reconciliation.quarantined).toHaveLength(1);
  expect(store.reader.instance("1.2")).toBeNull();
});
