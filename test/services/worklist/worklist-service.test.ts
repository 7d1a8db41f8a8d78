// The worklist as the device keeps it, against a scripted scheduler: Tables 4.2-28 to 4.2-30 at the
// service's level, and the schedulers' habits W1 to W15.

import { describe, expect, test } from "bun:test";
import { rowPath } from "../../../src/dicom/ae/attribute-rows.ts";
import { WORKLIST_KEYS } from "../../../src/dicom/ae/worklist/keys.ts";
import { WORKLIST_STATUS } from "../../../src/dicom/ae/worklist/status.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { Exam } from "../../../src/model/exam.ts";
import {
  QUERIES_WAITING_MAX,
  type WorklistRequest,
  type WorklistResult,
  WorklistService,
} from "../../../src/services/worklist/worklist-service.ts";
import { row } from "../../coverage.ts";
import { exampleStatus } from "../../dicom/ae/statuses.ts";
import { freePort } from "../../peers/free-port.ts";
import { examOf } from "../../store/objects.ts";
import { openStation, remoteAt, type Station } from "../station.ts";
import { type AnswerFacts, answerOf, type Line, startScheduler } from "./scheduler.ts";

const DAY = "20260105";

async function open(port: number, worklist: object = {}, before?: Station) {
  const station = await openStation(
    {
      remotes: [
        { id: "pacs", aeTitle: "PACS", host: "127.0.0.1", port: 1 },
        remoteAt(port, ["worklist"]),
      ],
      worklist: { modality: "RF", ...worklist },
      device: { timeZone: "Asia/Tokyo" },
    },
    before,
  );
  const service = new WorklistService(station);
  const news: WorklistResult[] = [];
  service.changes.add((result) => news.push(result));
  const ask = async (request: WorklistRequest = {}) => {
    const outcome = await service.query({ scheduledDate: DAY, ...request });
    if (outcome.kind !== "result") throw new Error(outcome.kind);
    return outcome.result;
  };
  return { station, service, news, ask };
}

const names = (result: WorklistResult) => result.items.map((i) => i.patient.patientName);
const items = (...all: AnswerFacts[]): Line[] => all.map((facts) => answerOf(facts));
const one = { name: "One", patientId: "P1", accessionNumber: "A1" };
const two = { name: "Two", patientId: "P2", accessionNumber: "A2" };

describe("C-FIND response", () => {
  for (const line of WORKLIST_STATUS.rows)
    test(`${row("4.2-28", line.code)} ${line.meaning}: what is shown`, async () => {
      const status = exampleStatus(line);
      await using scheduler = await startScheduler();
      if (line.service === "Pending") {
        scheduler.pending = status;
        scheduler.lines = items(one, two);
      } else scheduler.lines = [...items(one, two), status];
      const { ask, service, news, station } = await open(scheduler.port);
      const result = await ask();
      const { association } = await scheduler.peer.seen(0);
      const end = await association.ended;
      expect(service.last()).toBe(result);
      expect(news).toEqual([result]);
      expect(station.states.get("ris")?.reachable).toBe(true);
      if (line.actions.includes("empty-worklist")) {
        expect([result.items, result.complete]).toEqual([[], false]);
        expect(result.reason).toContain(status.toString(16).toUpperCase().padStart(4, "0"));
        expect(result.reason).toContain("2 items that came before are not shown");
        expect(end).toMatchObject({ kind: "aborted", by: "peer" });
        expect(station.warnings()).toEqual(["worklist-incomplete"]);
        return;
      }
      expect(names(result)).toEqual(["One", "Two"]);
      expect(end).toEqual({ kind: "released" });
      expect(result.complete).toBe(line.code !== "FE00");
      const logged = line.actions.includes("log") ? ["worklist-incomplete"] : [];
      expect(station.warnings()).toEqual(logged);
    });
});

describe("communication failures", () => {
  test(`${row("4.2-29", "timeout")} the worklist is empty and says why`, async () => {
    await using scheduler = await startScheduler([...items(one), "silence"]);
    const { ask, station } = await open(scheduler.port, { cFindTimeout: 1 });
    const result = await ask();
    expect(result).toMatchObject({ items: [], complete: false });
    expect(result.reason).toMatch(/no answer within \d+ ms/);
    const { association } = await scheduler.peer.seen(0);
    expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
    expect(station.states.get("ris")).toMatchObject({ reachable: false });
  });

  test(`${row("4.2-29", "aborted")} the worklist is empty and says why`, async () => {
    await using scheduler = await startScheduler([...items(one), "abort"]);
    const { ask } = await open(scheduler.port);
    expect(await ask()).toMatchObject({ items: [], complete: false });
  });

  test(`${row("4.2-29", "aborted")} W11: what came before the server hung up is kept and labelled incomplete where the setting wants it`, async () => {
    await using scheduler = await startScheduler([...items(one, two), "abort"]);
    const { ask, station } = await open(scheduler.port, { abortPolicy: "keep" });
    const result = await ask();
    expect(names(result)).toEqual(["One", "Two"]);
    expect(result.complete).toBe(false);
    expect(result.reason).toContain("the 2 items that came before are shown");
    expect(station.warnings()).toEqual(["worklist-incomplete"]);
  });

  test("a server that cannot be reached leaves what is known here, labelled", async () => {
    const port = await freePort();
    const known = await (async () => {
      await using scheduler = await startScheduler(items(one, { ...two, date: "20260106" }));
      const first = await open(scheduler.port);
      await first.ask({ scheduledDate: "" });
      return first.station;
    })();
    const { ask, station } = await open(port, {}, known);
    const result = await ask();
    expect(names(result)).toEqual(["One"]);
    expect(result.complete).toBe(false);
    expect(result.reason).toContain("these 1 items came earlier");
    expect(station.states.get("ris")?.reachable).toBe(false);
  });

  test("without a worklist server nobody is asked", async () => {
    const service = new WorklistService(await openStation({}));
    expect(await service.query({})).toEqual({ kind: "no-server" });
  });
});

describe("the keys of a query", async () => {
  await using scheduler = await startScheduler();
  const { ask } = await open(scheduler.port);
  await ask({ scheduledDate: undefined });
  await ask({
    modality: "",
    scheduledDate: "20260101-20260131",
    patientId: "P7",
    patientName: "Yamada*",
    accessionNumber: "A7",
    requestedProcedureId: "R7",
  });
  const [plain, filled] = scheduler.asked;
  const expected: Record<string, readonly [string, string]> = {
    "00400100>00080060": ["RF", ""],
    "00400100>00400001": ["UDR10A", "UDR10A"],
    "00400100>00400002": [DAY, "20260101-20260131"],
    "00100020": ["", "P7"],
    "00100010": ["", "Yamada*"],
    "00080050": ["", "A7"],
    "00401001": ["", "R7"],
  };
  WORKLIST_KEYS.rows.forEach((_, index) => {
    const path = rowPath(WORKLIST_KEYS.rows, index);
    const [usual, typed] = expected[path] ?? ["", ""];
    test(`${row("4.2-30", path)} of the usual query and of one with every key typed`, () => {
      const value = (from: typeof plain) => {
        const tags = path.split(">").map((hex) => Number.parseInt(hex, 16));
        let here = from;
        for (const tag of tags.slice(0, -1)) here = here?.items(tag)[0];
        const element = here?.get(tags.at(-1) ?? 0);
        expect(element).toBeDefined();
        return element !== undefined && "values" in element ? String(element.values[0] ?? "") : "";
      };
      expect([value(plain), value(filled)]).toEqual([usual, typed]);
    });
  });
});

describe("limits", () => {
  test("more items than wanted end the query with C-CANCEL; the first ones are shown", async () => {
    await using scheduler = await startScheduler([
      ...items(one, two, { ...two, patientId: "P3", accessionNumber: "A3" }),
      "await-cancel",
      0xfe00,
    ]);
    const { ask } = await open(scheduler.port, { maxItems: 2 });
    const result = await ask();
    expect(names(result)).toEqual(["One", "Two"]);
    expect(result.complete).toBe(false);
    expect(result.reason).toContain("more than 2 items match");
    expect(scheduler.cancels).toBe(1);
  });

  test("W3: a server that refuses so large an answer leaves the list marked as not complete", async () => {
    await using scheduler = await startScheduler([0xa701]);
    const { ask } = await open(scheduler.port);
    expect(await ask()).toMatchObject({ items: [], complete: false });
  });

  test("one query at a time, and no more than a few wait", async () => {
    let open_ = 0;
    let most = 0;
    await using scheduler = await startScheduler([], ({ association }) => {
      most = Math.max(most, ++open_);
      void association.ended.then(() => open_--);
    });
    const { service } = await open(scheduler.port);
    const all = await Promise.all(
      Array.from({ length: QUERIES_WAITING_MAX + 2 }, () => service.query({})),
    );
    expect(most).toBe(1);
    const kinds = all.map(({ kind }) => kind);
    expect(kinds.slice(0, QUERIES_WAITING_MAX).every((kind) => kind === "result")).toBe(true);
    expect(kinds.slice(QUERIES_WAITING_MAX)).toEqual(["busy", "busy"]);
  });
});

describe("add or update", () => {
  test("an item that comes again keeps our id and takes the new values", async () => {
    await using scheduler = await startScheduler(items(one));
    const { ask, station } = await open(scheduler.port);
    const [before] = (await ask()).items;
    scheduler.lines = items({ ...one, name: "One^Corrected", time: "101500" });
    const [after] = (await ask()).items;
    expect(after?.id).toBe(before?.id ?? "");
    expect(after).toMatchObject({
      patient: { patientName: "One^Corrected" },
      scheduledTime: "101500",
    });
    expect(station.storage.reader.worklist()).toEqual(after === undefined ? [] : [after]);
  });

  test("steps of different patients stay apart, whatever numbers their orders have", async () => {
    await using scheduler = await startScheduler(
      items(
        { ...one, accessionNumber: "", requestedProcedureId: "", stepId: "", studyUid: "" },
        { ...two, accessionNumber: "", requestedProcedureId: "", stepId: "", studyUid: "" },
        { ...two, accessionNumber: "", requestedProcedureId: "1", studyUid: "" },
        { ...one, accessionNumber: "", requestedProcedureId: "1", studyUid: "" },
      ),
    );
    const { ask } = await open(scheduler.port);
    const result = await ask();
    expect(new Set(result.items.map((i) => i.id)).size).toBe(4);
    expect(new Set(result.items.map((i) => i.studyInstanceUid)).size).toBe(4);
  });

  test("what a query of the same filter no longer brings is dropped; other days and open exams stay", async () => {
    await using scheduler = await startScheduler(
      items(one, two, { ...two, stepId: "S3", patientId: "P3", date: "20990101" }),
    );
    const { ask, station } = await open(scheduler.port);
    const [first, second, other] = (await ask({ scheduledDate: "" })).items;
    const exam: Exam = { ...examOf("e1", "1.2.3.77"), worklistItem: second };
    await station.storage.apply([{ kind: "exam", exam }]);
    scheduler.lines = [];
    expect((await ask({ scheduledDate: "20260105" })).items).toEqual([]);
    const left = station.storage.reader.worklist().map((i) => i.id);
    expect(left).toEqual([second?.id ?? "", other?.id ?? ""]);
    expect(left).not.toContain(first?.id ?? "");
  });

  test("an answer that is not complete drops nothing", async () => {
    await using scheduler = await startScheduler(items(one, two));
    const { ask, station } = await open(scheduler.port);
    await ask();
    for (const lines of [[0xa700], ["abort"], [0xfe00]] satisfies Line[][]) {
      scheduler.lines = lines;
      await ask();
    }
    expect(station.storage.reader.worklist().length).toBe(2);
  });

  test("a bar code's answer does not drop the others", async () => {
    await using scheduler = await startScheduler(items(one, two));
    const { ask, station } = await open(scheduler.port);
    await ask();
    scheduler.lines = items(two);
    expect(names(await ask({ accessionNumber: "A2" }))).toEqual(["Two"]);
    scheduler.lines = items(one);
    expect(names(await ask({ patientName: "One" }))).toEqual(["One"]);
    expect(station.storage.reader.worklist().length).toBe(2);
  });

  test("the last result is there after a restart", async () => {
    await using scheduler = await startScheduler([...items(one), 0xfe00]);
    const before = await open(scheduler.port);
    const result = await before.ask();
    const { service } = await open(scheduler.port, {}, before.station);
    expect(JSON.parse(JSON.stringify(service.last()))).toEqual(JSON.parse(JSON.stringify(result)));
    expect(scheduler.asked.length).toBe(1);
  });

  test("before anybody asked the worklist is empty", async () => {
    const { service } = await open(1);
    expect(service.last()).toEqual({ items: [], complete: true, leftOut: 0 });
  });
});

describe("what schedulers do", () => {
  test("W1: FF01 is an item like any other", async () => {
    await using scheduler = await startScheduler(items(one, two));
    scheduler.pending = 0xff01;
    const { ask } = await open(scheduler.port);
    expect(names(await ask())).toEqual(["One", "Two"]);
  });

  test("W2: a server deaf to C-CANCEL is left, and what came is shown", async () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ ...one, stepId: `S${i}` }));
    await using scheduler = await startScheduler([...items(...many), "abort"]);
    const { ask } = await open(scheduler.port, { maxItems: 3 });
    const result = await ask();
    expect([result.items.length, result.complete]).toEqual([3, false]);
  });

  test("W4: an item without Study Instance UID gets one that stays, query after query, start after start", async () => {
    await using scheduler = await startScheduler(items({ ...one, studyUid: "" }));
    const first = await open(scheduler.port);
    const [item] = (await first.ask()).items;
    expect(item?.studyInstanceUid).toMatch(/^1\.2\.3\.4\.1\.1\.1\.\d{14}\.\d{6}$/);
    expect(item?.remarks).toEqual(["the scheduler gave no Study Instance UID; one was made here"]);
    // Gone in between: the order's UID is remembered all the same.
    scheduler.lines = [];
    await first.ask();
    expect(first.station.storage.reader.worklist()).toEqual([]);
    scheduler.lines = items({ ...one, studyUid: "" });
    const second = await open(scheduler.port, {}, first.station);
    const [again] = (await second.ask()).items;
    expect(again?.studyInstanceUid).toBe(item?.studyInstanceUid ?? "");
  });

  test("W4: two steps of one order are one study", async () => {
    await using scheduler = await startScheduler(
      items({ ...one, studyUid: "" }, { ...one, studyUid: "", stepId: "SPS2" }),
    );
    const { ask } = await open(scheduler.port);
    const uids = (await ask()).items.map((i) => i.studyInstanceUid);
    expect([uids.length, new Set(uids).size]).toEqual([2, 1]);
  });

  test("W7: items of other stations, modalities, days and patients are left out, and shown on request", async () => {
    await using scheduler = await startScheduler(
      items(
        one,
        { ...two, modality: "CT" },
        { ...two, stepId: "S2", station: "OTHER" },
        { ...two, stepId: "S3", date: "20260107" },
        { ...two, stepId: "S4", patientId: "P9" },
      ),
    );
    const { ask } = await open(scheduler.port);
    const result = await ask({ patientId: "P1" });
    expect(names(result)).toEqual(["One"]);
    expect([result.leftOut, result.complete]).toEqual([4, true]);
    const all = await ask({ patientId: "P1", includeOthers: true });
    expect(all.leftOut).toBe(0);
    expect(all.items.map((i) => i.remarks)).toEqual([
      [],
      ["scheduled for modality CT"],
      ["scheduled for station OTHER"],
      ["of another patient id"],
      ["scheduled for 20260107"],
    ]);
  });

  test("W7: a wildcard and an item that does not say are left to the server", async () => {
    await using scheduler = await startScheduler(
      items({ ...one, modality: "", date: "" }, { ...two, patientId: "P22" }),
    );
    const { ask } = await open(scheduler.port);
    expect((await ask({ patientId: "P2*" })).items.length).toBe(2);
  });

  test("W14: items without a date come last and break nothing", async () => {
    await using scheduler = await startScheduler(
      items(
        { ...one, stepId: "S1", date: "", time: "" },
        { ...one, stepId: "S2", time: "140000" },
        { ...one, stepId: "S3", time: "" },
        { ...one, stepId: "S4", time: "080000" },
      ),
    );
    const { ask, station } = await open(scheduler.port);
    const steps = (await ask()).items.map((i) => i.scheduledProcedureStepId);
    expect(steps).toEqual(["S4", "S2", "S3", "S1"]);
    expect(station.storage.reader.worklist().map((i) => i.scheduledProcedureStepId)).toEqual(steps);
  });

  test("W15: the state of the server comes from the query itself, no echo before it", async () => {
    await using scheduler = await startScheduler(items(one));
    const { ask, station } = await open(scheduler.port);
    const busy: boolean[] = [];
    scheduler.lines = () => {
      busy.push(station.states.busy("ris"));
      return items(one);
    };
    await ask();
    expect(station.states.get("ris")?.reachable).toBe(true);
    expect([busy, station.states.busy("ris")]).toEqual([[true], false]);
    expect(scheduler.peer.associations.length).toBe(1);
  });
});

describe("polling", () => {
  test("asks again and again while switched on, and no more after the stop", async () => {
    await using scheduler = await startScheduler(items(one));
    const { service, station } = await open(scheduler.port, { pollS: 1 });
    const asked = Promise.withResolvers<void>();
    service.changes.add(() => asked.resolve());
    service.start();
    await asked.promise;
    const [identifier] = scheduler.asked;
    const [step] = identifier?.items(Tag.ScheduledProcedureStepSequence) ?? [];
    expect(step?.string(Tag.Modality)).toBe("RF");
    await service.stop();
    expect(station.states.busy("ris")).toBe(false);
  });

  test("a stop breaks off the query under way", async () => {
    const arrived = Promise.withResolvers<void>();
    await using scheduler = await startScheduler(() => {
      arrived.resolve();
      return ["silence"];
    });
    const { service, news } = await open(scheduler.port);
    const asked = service.query({});
    await arrived.promise;
    await service.stop();
    expect(await asked).toMatchObject({ kind: "result", result: { items: [] } });
    expect(news).toEqual([]);
  });
});

test("a configuration that switches polling on begins to poll", async () => {
  await using scheduler = await startScheduler(items(one));
  const { service, station } = await open(scheduler.port);
  service.start();
  const configuration = { remotes: [remoteAt(scheduler.port, ["worklist"])] };
  station.configure({ ...configuration, worklist: { pollS: 1 } });
  const asked = Promise.withResolvers<void>();
  service.changes.add(() => asked.resolve());
  service.poll();
  await asked.promise;
  await service.stop();
  expect(scheduler.asked.length).toBe(1);
});
