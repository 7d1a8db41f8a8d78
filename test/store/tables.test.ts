// What the database answers: studies and their search, exams, worklist, numbers, commitment, MPPS.

import { expect, test } from "bun:test";
import type { WorklistItem } from "../../src/model/worklist-item.ts";
import type { StudyFilter } from "../../src/store/records.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { examOf, memoryDatabase, objectOf, openStore } from "./objects.ts";

async function emptyStore() {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  return { disk, db, store: await openStore(db, disk) };
}

async function storeOfPatients() {
  const { store } = await emptyStore();
  const patients = [
    ["1.1", "P1", "Doe^John", "20260105"],
    ["1.2", "P12", "DOE^Jane", "20260110"],
    ["1.3", "Q_1", "Yamada^Tarou=山田^太郎=やまだ^たろう", "20251231"],
    ["1.4", "P%", "Öztürk^Émile", "20260201"],
  ] as const;
  for (const [study, patientId, patientName, studyDate] of patients)
    await store.writeObject(
      objectOf(`${study}.1`, { study, patient: { patientId, patientName, studyDate } }),
    );
  return store;
}

const searches: readonly (readonly [string, StudyFilter, readonly string[]])[] = [
  ["nothing asked, newest first", {}, ["1.4", "1.2", "1.1", "1.3"]],
  ["a patient id is the whole id", { patientId: "P1" }, ["1.1"]],
  ["a patient id with a wildcard", { patientId: "P1*" }, ["1.2", "1.1"]],
  ["the database's own wildcards are letters", { patientId: "P%" }, ["1.4"]],
  ["so is the underscore", { patientId: "Q_?" }, ["1.3"]],
  ["a part of a name, without case", { name: "doe" }, ["1.2", "1.1"]],
  ["a pattern is for the whole name", { name: "doe^j?ne" }, ["1.2"]],
  ["a pattern may be for another component group", { name: "山田*" }, ["1.3"]],
  ["letters beyond ASCII without case", { name: "öztürk^é" }, ["1.4"]],
  ["one date", { date: "20260110" }, ["1.2"]],
  ["one date with dashes", { date: "2026-01-10" }, ["1.2"]],
  ["a range", { date: "20260101-20260131" }, ["1.2", "1.1"]],
  ["a range with dashes", { date: "2026-01-01-2026-01-31" }, ["1.2", "1.1"]],
  ["an open range", { date: "20260110-" }, ["1.4", "1.2"]],
  ["the other way", { date: "-20260105" }, ["1.1", "1.3"]],
  ["all together", { patientId: "P*", name: "doe", date: "20260106-" }, ["1.2"]],
  [
    "an empty field asks nothing",
    { patientId: "", name: "", date: "" },
    ["1.4", "1.2", "1.1", "1.3"],
  ],
];

for (const [what, filter, expected] of searches)
  test(`studies are found by ${what}`, async () => {
    const store = await storeOfPatients();
    expect(store.reader.studies(filter).map((s) => s.studyInstanceUid)).toEqual([...expected]);
  });

test("a study's listing counts what is readable", async () => {
  const { store } = await emptyStore();
  await store.writeObject(objectOf("1.1"));
  await store.writeObject(objectOf("1.2"));
  expect(store.reader.study("1.2.3")).toMatchObject({
    modalities: ["DX"],
    numberOfSeries: 1,
    numberOfInstances: 2,
    patientName: "Doe^John",
  });
  expect(store.reader.series("1.2.3")).toMatchObject([{ bodyPart: "CHEST", seriesNumber: 1 }]);
});

test("an instance's listing tells what became of it outside", async () => {
  const { store } = await emptyStore();
  await store.writeObject(objectOf("1.1"));
  store.markOutput(["1.1"], { kind: "print", target: "printer", atMs: 5 });
  const job = store.createJob({
    parameters: { type: "send", remoteId: "a", studyInstanceUid: "1.2.3", sopInstanceUids: [] },
    items: ["1.1"],
    createdMs: 1,
  });
  const item = { sopInstanceUid: "1.1", state: "done", refusals: 0, status: 0xb000 } as const;
  store.recordSend({ jobId: job.id, remoteId: "a", item, sendState: "warning", atMs: 6 });
  store.createCommitment(
    { transactionUid: "9.1", remoteId: "a", studyInstanceUid: "1.2.3", createdMs: 7 },
    ["1.1"],
  );
  const record = store.reader.instance("1.1");
  if (record === null) throw new Error("it is listed");
  expect(store.reader.listings([record])).toEqual([
    {
      record,
      sends: [{ remoteId: "a", state: "warning", status: 0xb000, atMs: 6 }],
      commits: [
        {
          remoteId: "a",
          transactionUid: "9.1",
          state: "pending",
          failureReason: undefined,
          atMs: 7,
          transactionState: "open",
          reason: undefined,
        },
      ],
      outputs: [{ kind: "print", target: "printer", atMs: 5 }],
    },
  ]);
});

test("an acknowledged instance stays so, whatever a later answer says", async () => {
  const { store } = await emptyStore();
  await store.writeObject(objectOf("1.1"));
  const parameters = {
    type: "send",
    remoteId: "a",
    studyInstanceUid: "1.2.3",
    sopInstanceUids: [],
  } as const;
  const job = store.createJob({ parameters, items: ["1.1"], createdMs: 1 });
  const item = { sopInstanceUid: "1.1", state: "pending", refusals: 0, status: 0 } as const;
  store.recordSend({ jobId: job.id, remoteId: "a", item, sendState: "stored", atMs: 1 });
  store.recordSend({ jobId: job.id, remoteId: "a", item, sendState: "refused", atMs: 2 });
  expect(store.reader.isStoredAt("1.1", "a")).toBe(true);
});

test("exams are kept whole and found by state and study", async () => {
  const { store } = await emptyStore();
  store.apply([
    { kind: "exam", exam: examOf("e1", "1.1", "completed") },
    { kind: "exam", exam: examOf("e2", "1.1") },
    { kind: "exam", exam: examOf("e3", "1.2") },
  ]);
  expect(store.reader.exam("e2")).toEqual(examOf("e2", "1.1"));
  expect(store.reader.exam("e9")).toBeNull();
  expect(store.reader.exams({ state: "open" }).map((e) => e.id)).toEqual(["e3", "e2"]);
  expect(store.reader.exams({ studyInstanceUid: "1.1" }).map((e) => e.id)).toEqual(["e2", "e1"]);
});

test("several changes are made together or not at all", async () => {
  const { store } = await emptyStore();
  const bad = { kind: "exam", exam: { ...examOf("e2", "1.1"), state: "nonsense" } };
  expect(() =>
    store.apply([
      { kind: "exam", exam: examOf("e1", "1.1") },
      bad as Parameters<typeof store.apply>[0][number],
    ]),
  ).toThrow(/the database was not changed: CHECK constraint failed/);
  expect(store.reader.exam("e1")).toBeNull();
});

test("a database that can't grow is a full disk, for rows and for objects", async () => {
  const { store, db, disk } = await emptyStore();
  const { page_count: pages } = db.query("PRAGMA page_count").get() as { page_count: number };
  db.run(`PRAGMA max_page_count = ${pages}`);
  const value = "x".repeat(100_000);
  expect(() => store.apply([{ kind: "setting", key: "k", value }])).toThrow(/the disk is full/);
  const changes = [{ kind: "setting", key: "k", value }] as const;
  expect((await store.writeObject({ ...objectOf("1.1"), changes })).kind).toBe("disk-full");
  expect(disk.list("objects")).toEqual([]);
  expect(disk.list("incoming")).toEqual([]);
  expect(store.reader.instance("1.1")).toBeNull();
});

function item(id: string, scheduledDate: string, scheduledTime: string): WorklistItem {
  return {
    id,
    patient: { patientId: "P1", patientName: "Doe^John" },
    studyInstanceUid: `1.${id}`,
    accessionNumber: `A${id}`,
    requestedProcedureId: "R1",
    requestedProcedureDescription: "",
    requestedProcedureCodes: [],
    scheduledProcedureStepId: "S1",
    scheduledProcedureStepDescription: "",
    scheduledProtocolCodes: [],
    scheduledStationAeTitle: "",
    scheduledDate,
    scheduledTime,
    modality: "RF",
    referringPhysician: "",
    requestingPhysician: "",
    requestingService: "",
    scheduledPerformingPhysician: "",
    referencedStudy: [],
    placerOrderNumber: "",
    fillerOrderNumber: "",
  };
}

test("the worklist stands in order of time, items without one last", async () => {
  const { store } = await emptyStore();
  store.saveWorklist(
    [
      item("1", "", ""),
      item("2", "20260106", "0900"),
      item("3", "20260105", "1000"),
      item("4", "20260105", ""),
    ],
    1,
  );
  expect(store.reader.worklist().map((i) => i.id)).toEqual(["3", "4", "2", "1"]);
  store.saveWorklist([{ ...item("2", "20260104", "0900"), modality: "DX" }], 2);
  expect(store.reader.worklist().map((i) => i.id)).toEqual(["2", "3", "4", "1"]);
  expect(store.reader.worklistItem("2")?.modality).toBe("DX");
  store.keepWorklist(["1", "3"]);
  expect(store.reader.worklist().map((i) => i.id)).toEqual(["3", "1"]);
});

test("an order without a study UID gets one that stays", async () => {
  const { store, db, disk } = await emptyStore();
  const order = { accessionNumber: "A1", requestedProcedureId: "R1" };
  expect(store.madeStudyUid(order, "1.1")).toBe("1.1");
  expect(store.madeStudyUid(order, "1.2")).toBe("1.1");
  expect((await openStore(db, disk)).madeStudyUid(order, "1.3")).toBe("1.1");
  expect(store.madeStudyUid({ ...order, requestedProcedureId: "R2" }, "1.4")).toBe("1.4");
});

test("numbers are never given twice, also after a restart", async () => {
  const { store, db, disk } = await emptyStore();
  expect(store.takeNumbers("uid", 100)).toBe(1);
  expect(store.takeNumbers("uid", 1)).toBe(101);
  expect(store.takeNumbers("exam", 1)).toBe(1);
  expect((await openStore(db, disk)).takeNumbers("uid", 100)).toBe(102);
});

test("MPPS messages come back in the order they were made", async () => {
  const { store } = await emptyStore();
  const message = (kind: "create" | "set") => ({
    kind: "mpps" as const,
    message: {
      sopInstanceUid: "1.5",
      examId: "e1",
      message: kind,
      document: { text: "é" },
      createdMs: 1,
    },
  });
  store.apply([message("create"), message("set")]);
  const [create, set] = store.reader.mpps({ examId: "e1" });
  expect([create?.message, set?.message]).toEqual(["create", "set"]);
  expect(create?.document).toEqual({ text: "é" });
  if (create === undefined) throw new Error("it is kept");
  store.saveMpps({ ...create, state: "done", attempts: 1 });
  expect(store.reader.mpps({ unfinished: true }).map((m) => m.message)).toEqual(["set"]);
});

async function withCommitment() {
  const { store } = await emptyStore();
  for (const sop of ["1.1", "1.2"]) await store.writeObject(objectOf(sop));
  store.createCommitment(
    { transactionUid: "9.1", remoteId: "a", studyInstanceUid: "1.2.3", createdMs: 1 },
    ["1.1", "1.2"],
  );
  store.setCommitmentState("9.1", "requested");
  return store;
}

test("a commitment is open until every instance was answered", async () => {
  const store = await withCommitment();
  expect(store.reader.openCommitments()).toMatchObject([
    { transactionUid: "9.1", state: "requested" },
  ]);
  const answer = (sopInstanceUid: string) => [{ sopInstanceUid, failureReason: null }];
  expect(store.recordCommitment("9.1", answer("1.1"), 2)).toEqual({
    kind: "recorded",
    pending: 1,
    failed: 0,
  });
  expect(store.reader.uncommitted("1.2.3", "a")).toEqual(["1.2"]);
  store.recordCommitment("9.1", answer("1.2"), 3);
  store.recordCommitment("9.1", answer("1.2"), 4);
  expect(store.reader.openCommitments()).toEqual([]);
  expect(store.reader.commitment("9.1")).toMatchObject({ state: "answered", answeredMs: 3 });
  expect(store.reader.uncommitted("1.2.3", "a")).toEqual([]);
  expect(store.reader.uncommitted("1.2.3", "b")).toEqual(["1.1", "1.2"]);
});

test("a report of an unknown transaction changes nothing", async () => {
  const store = await withCommitment();
  expect(
    store.recordCommitment("9.9", [{ sopInstanceUid: "1.1", failureReason: null }], 2),
  ).toEqual({ kind: "unknown-transaction" });
});

test("an instance that was committed stays so when a late report says otherwise", async () => {
  const store = await withCommitment();
  store.recordCommitment("9.1", [{ sopInstanceUid: "1.1", failureReason: null }], 2);
  store.recordCommitment("9.1", [{ sopInstanceUid: "1.1", failureReason: 0x0112 }], 3);
  expect(store.reader.uncommitted("1.2.3", "a")).toEqual(["1.2"]);
});

test("only what every archive committed may go, never an open exam or a study in a job", async () => {
  const store = await withCommitment();
  expect(store.reader.deletable(["a"])).toEqual([]);
  for (const sop of ["1.1", "1.2"])
    store.recordCommitment("9.1", [{ sopInstanceUid: sop, failureReason: null }], 2);
  expect(store.reader.deletable(["a"])).toEqual(["1.2.3"]);
  expect(store.reader.deletable(["a", "b"])).toEqual([]);
  expect(store.reader.deletable([])).toEqual([]);
  store.apply([{ kind: "exam", exam: examOf("e1", "1.2.3") }]);
  expect(store.reader.deletable(["a"])).toEqual([]);
  store.apply([{ kind: "exam", exam: examOf("e1", "1.2.3", "completed") }]);
  expect(store.reader.deletable(["a"])).toEqual(["1.2.3"]);
  store.createJob({
    parameters: { type: "send", remoteId: "b", studyInstanceUid: "1.2.3", sopInstanceUids: [] },
    items: ["1.1"],
    createdMs: 1,
  });
  expect(store.reader.deletable(["a"])).toEqual([]);
});

test("what is nowhere else is counted: not committed, or without an archive neither sent nor exported", async () => {
  const store = await withCommitment();
  await store.writeObject(objectOf("1.9", { local: false }));
  expect(store.reader.unsaved(["a"])).toEqual({ studies: 1, instances: 2 });
  expect(store.reader.unsaved([])).toEqual({ studies: 1, instances: 2 });
  store.recordCommitment("9.1", [{ sopInstanceUid: "1.1", failureReason: null }], 2);
  expect(store.reader.unsaved(["a"])).toEqual({ studies: 1, instances: 1 });
  expect(store.reader.unsaved(["a", "b"])).toEqual({ studies: 1, instances: 2 });
  // A medium is none of an archive's words.
  store.markOutput(["1.1", "1.2"], { kind: "export", target: "STICK", atMs: 3 });
  store.markOutput(["1.1", "1.2"], { kind: "print", target: "printer", atMs: 3 });
  expect(store.reader.unsaved(["a"])).toEqual({ studies: 1, instances: 1 });
  expect(store.reader.unsaved([])).toEqual({ studies: 0, instances: 0 });
});

test("without an archive an object that some remote stored is elsewhere", async () => {
  const { store } = await emptyStore();
  for (const sop of ["1.1", "1.2"]) await store.writeObject(objectOf(sop));
  const job = store.createJob({
    parameters: { type: "send", remoteId: "a", studyInstanceUid: "1.2.3", sopInstanceUids: [] },
    items: ["1.1", "1.2"],
    createdMs: 1,
  });
  store.markOutput(["1.1"], { kind: "print", target: "printer", atMs: 3 });
  expect(store.reader.unsaved([])).toEqual({ studies: 1, instances: 2 });
  const item = { sopInstanceUid: "1.1", state: "done", refusals: 0, status: 0 } as const;
  store.recordSend({ jobId: job.id, remoteId: "a", item, sendState: "stored", atMs: 4 });
  expect(store.reader.unsaved([])).toEqual({ studies: 1, instances: 1 });
  expect(store.reader.unsaved(["a"])).toEqual({ studies: 1, instances: 2 });
});

test("a received study may go without commitment", async () => {
  const { store } = await emptyStore();
  await store.writeObject(objectOf("1.1", { local: false }));
  expect(store.reader.deletable([])).toEqual(["1.2.3"]);
});

test("own instances that no job ever took to a remote are known", async () => {
  const { store } = await emptyStore();
  for (const sop of ["1.1", "1.2"]) await store.writeObject(objectOf(sop));
  await store.writeObject(objectOf("1.3", { local: false }));
  store.createJob({
    parameters: { type: "send", remoteId: "a", studyInstanceUid: "1.2.3", sopInstanceUids: [] },
    items: ["1.1"],
    createdMs: 1,
  });
  expect(store.reader.unsent("a").map((i) => i.sopInstanceUid)).toEqual(["1.2"]);
  expect(store.reader.unsent("b")).toHaveLength(2);
});
