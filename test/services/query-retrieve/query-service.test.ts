// Queries of the operator through the service: Tables 4.2-46 to 4.2-48 as they show, the sieves, limits
// and ends.

import { describe, expect, test } from "bun:test";
import { QUERY_KEYS, type QueryLevel } from "../../../src/dicom/ae/query-retrieve/keys.ts";
import { QUERY_STATUS } from "../../../src/dicom/ae/query-retrieve/status.ts";
import { DataSet, type TextVr } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { keywordOf } from "../../../src/dicom/dict/dictionary.ts";
import type { Reply } from "../../../src/dicom/dimse/message.ts";
import { MATCHES_MAX } from "../../../src/services/query-retrieve/archive-link.ts";
import { queryableKeys } from "../../../src/services/query-retrieve/query-request.ts";
import {
  QUERIES_WAITING_MAX,
  type QueryAnswer,
  type QueryOutcome,
  QueryService,
} from "../../../src/services/query-retrieve/query-service.ts";
import { Turn } from "../../../src/services/query-retrieve/turn.ts";
import { row } from "../../coverage.ts";
import { exampleStatus } from "../../dicom/ae/statuses.ts";
import { scriptedPeer } from "../../dicom/peer.ts";
import { openStation } from "../station.ts";
import { archiveRemote } from "./retrieving-station.ts";

type Script = (reply: Reply<"C-FIND-RQ">, asked: DataSet) => Promise<void>;

const encoded = (item: DataSet) =>
  encodeDataSet(item, { explicitVr: false, characterSet: "default-kanji" });

const study = (uid: string, more: Partial<Record<"date" | "name" | "accession", string>> = {}) =>
  new DataSet()
    .text(Tag.StudyDate, "DA", more.date ?? "20260105")
    .text(Tag.AccessionNumber, "SH", more.accession ?? "A1")
    .text(Tag.PatientName, "PN", more.name ?? "Yamada^Tarou=山田^太郎")
    .text(Tag.PatientID, "LO", "P1")
    .text(Tag.StudyInstanceUID, "UI", uid);

/** An archive that answers as scripted, and the service that asks it. */
async function asking(script: Script, configuration: object = {}) {
  const asked: DataSet[] = [];
  const peer = await scriptedPeer({
    handlers: {
      "C-FIND-RQ": (_, reply) => ({
        end(data) {
          const { dataSet } = decodeDataSet(data ?? new Uint8Array(), { explicitVr: false });
          asked.push(dataSet);
          return script(reply, dataSet);
        },
      }),
    },
  });
  const station = await openStation({ remotes: [archiveRemote(peer.port)], ...configuration });
  const turn = new Turn();
  const queries = new QueryService({ ...station, turn });
  return {
    asked,
    peer,
    station,
    turn,
    queries,
    query: (level: QueryLevel, keys: Record<string, string>, signal?: AbortSignal) =>
      queries.query({ remoteId: "archive", level, keys }, signal),
    async [Symbol.asyncDispose]() {
      await queries.stop();
      await peer[Symbol.asyncDispose]();
    },
  };
}

const answering =
  (...items: readonly DataSet[]): Script =>
  async (reply) => {
    for (const item of items) await reply.respond({ status: 0xff00 }, [encoded(item)]);
    await reply.respond({ status: 0 });
  };

function answerOf(outcome: QueryOutcome): QueryAnswer {
  if (outcome.kind !== "answer") throw new Error(outcome.kind);
  return outcome.answer;
}

describe("C-FIND response", () => {
  for (const line of QUERY_STATUS.rows)
    test(`${row("4.2-46", line.code)} ${line.meaning}, as the operator sees it`, async () => {
      const status = exampleStatus(line);
      const pending = line.service === "Pending";
      await using it = await asking(async (reply) => {
        await reply.respond({ status: pending ? status : 0xff00 }, [encoded(study("1.2.3"))]);
        await reply.respond({ status: pending ? 0 : status, errorComment: "no" });
      });
      const answer = answerOf(await it.query("STUDY", { PatientID: "P1" }));
      const { association } = await it.peer.seen(0);
      if (line.code === "*") {
        expect([answer.matches, answer.complete]).toEqual([[], false]);
        expect(answer.reason).toMatch(/^archive \(ARCHIVE\): [0-9A-F]{4} .*: “no”$/);
        expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
        expect(it.station.warnings()).toContain("query-failed");
        return;
      }
      expect(answer.complete).toBe(line.code !== "FE00");
      expect(answer.matches.length).toBe(1);
      expect(await association.ended).toEqual({ kind: "released" });
    });
});

describe("C-FIND failures", () => {
  test(`${row("4.2-47", "timeout")} is told, nothing is shown`, async () => {
    await using it = await asking(
      async (reply) => {
        await reply.respond({ status: 0xff00 }, [encoded(study("1.2.3"))]);
        await new Promise(() => {});
      },
      { qr: { cFindTimeout: 1 } },
    );
    const answer = answerOf(await it.query("STUDY", { PatientID: "P1" }));
    expect(answer).toEqual({
      matches: [],
      complete: false,
      reason: "archive (ARCHIVE): no answer within 1000 ms",
    });
    expect(it.station.states.get("archive")?.reachable).toBe(false);
    const { association } = await it.peer.seen(0);
    expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
  });

  test(`${row("4.2-47", "aborted")} is told, nothing is shown`, async () => {
    await using it = await asking(async () => it.peer.associations[0]?.association.abort());
    const answer = answerOf(await it.query("STUDY", { PatientID: "P1" }));
    expect([answer.matches, answer.complete]).toEqual([[], false]);
    expect(it.station.warnings()).toContain("query-failed");
  });
});

const UIDS = { StudyInstanceUID: "1.2.3", SeriesInstanceUID: "1.2.3.4" };
const ABOVE: Record<QueryLevel, Record<string, string>> = {
  STUDY: {},
  SERIES: { StudyInstanceUID: "1.2.3" },
  IMAGE: UIDS,
};
const EXAMPLES: Partial<Record<string, string>> = {
  DA: "20260105",
  TM: "0930",
  IS: "3",
  UI: "1.2.3.9",
  PN: "Yamada*",
};

describe("keys an operator gives", () => {
  for (const line of QUERY_KEYS.rows) {
    if (line.level === "*") continue;
    const { level } = line;
    const keyword = keywordOf(line.tag) ?? "";
    const hex = line.tag.toString(16).toUpperCase().padStart(8, "0");
    const value = EXAMPLES[line.vr] ?? "X1";
    const goesOut =
      line.matching === "single" ||
      line.tag === Tag.PatientName ||
      (line.matching === "unique" && level !== "IMAGE");
    test(`${row("4.2-48", `${level} ${hex}`)} ${keyword} ${goesOut ? "goes to the archive" : "goes out empty and sieves here"}`, async () => {
      const item = (own: string) => {
        const dataSet = new DataSet();
        for (const key of queryableKeys(level).filter((k) => k.matching === "unique"))
          dataSet.text(key.tag, "UI", ABOVE[level][keywordOf(key.tag) ?? ""] ?? "1.2.3.9");
        return dataSet.text(line.tag, line.vr as TextVr, own);
      };
      const other = line.vr === "DA" ? "20260106" : line.vr === "IS" ? "4" : "Z9";
      await using it = await asking(
        answering(item(value.replace("*", "^T")), ...(line.vr === "UI" ? [] : [item(other)])),
      );
      const answer = answerOf(await it.query(level, { ...ABOVE[level], [keyword]: value }));
      expect(it.asked[0]?.strings(line.tag)).toEqual(goesOut ? [value] : []);
      // Where the archive was asked, its word counts.
      expect(answer.matches.length).toBe(goesOut && line.vr !== "UI" ? 2 : 1);
      expect(answer.matches[0]?.[keyword]).toBe(value.replace("*", "^T"));
    });
  }

  test("the name is sieved here where its matching at the archive is switched off", async () => {
    await using it = await asking(
      answering(study("1.2.1"), study("1.2.2", { name: "Sato^Hana" })),
      { qr: { patientNameMatching: false } },
    );
    for (const [name, found] of [
      ["yamada*", ["1.2.1"]],
      ["山田*", ["1.2.1"]],
      ["*^Hana", ["1.2.2"]],
      ["S?to^Hana", ["1.2.2"]],
      ["Sato", []],
    ] as const) {
      const { matches } = answerOf(await it.query("STUDY", { PatientName: name }));
      expect(matches.map((m) => m["StudyInstanceUID"])).toEqual([...found] as never);
    }
    for (const asked of it.asked) expect(asked.strings(Tag.PatientName)).toEqual([]);
  });

  test("dates may be ranges, open at either end", async () => {
    const days = ["20260104", "20260105", "20260106"];
    await using it = await asking(answering(...days.map((date, i) => study(`1.2.${i}`, { date }))));
    for (const [date, found] of [
      ["2026-01-05", 1],
      ["20260105-", 2],
      ["-20260105", 2],
      ["20260104-20260106", 3],
      ["2026-01-05/2026-01-06", 2],
    ] as const)
      expect(answerOf(await it.query("STUDY", { StudyDate: date })).matches.length).toBe(found);
  });

  test("what is no key, no date, no UID, or missing is refused by name, and nobody is asked", async () => {
    await using it = await asking(answering());
    for (const [level, keys, said] of [
      ["STUDY", { Rows: "3" }, "Rows is no key at STUDY level"],
      ["STUDY", { StudyDate: "yesterday" }, "StudyDate must be a date"],
      ["STUDY", { StudyInstanceUID: "x" }, "StudyInstanceUID is no UID"],
      ["STUDY", { PatientID: "P".repeat(65) }, "PatientID is too long"],
      ["STUDY", { PatientID: "P\\Q" }, "PatientID must be one value"],
      ["SERIES", {}, "StudyInstanceUID is needed at SERIES level"],
      ["IMAGE", { StudyInstanceUID: "1.2" }, "SeriesInstanceUID is needed at IMAGE level"],
    ] as const) {
      const outcome = await it.query(level, keys as Record<string, string>);
      if (outcome.kind !== "invalid") throw new Error(outcome.kind);
      expect(outcome.problems.map((p) => `${p.keyword} ${p.message}`).join()).toContain(said);
    }
    expect(it.peer.associations.length).toBe(0);
  });

  test("answers that belong to another study, or lack their UID, are left out", async () => {
    const series = (studyUid: string, uid: string) =>
      new DataSet()
        .text(Tag.StudyInstanceUID, "UI", studyUid)
        .text(Tag.SeriesInstanceUID, "UI", uid)
        .text(Tag.Modality, "CS", "DX");
    await using it = await asking(
      answering(series("1.2.3", "1.2.3.1"), series("1.2.4", "1.2.4.1"), series("1.2.3", "")),
    );
    const { matches } = answerOf(await it.query("SERIES", { StudyInstanceUID: "1.2.3" }));
    expect(matches).toEqual([
      { StudyInstanceUID: "1.2.3", Modality: "DX", SeriesInstanceUID: "1.2.3.1" },
    ]);
  });
});

describe("limits and ends", () => {
  test("more matches than anybody reads end the query by C-CANCEL", async () => {
    const body = encoded(study("1.2.3"));
    let sent = 0;
    await using it = await asking(async (reply) => {
      while (!reply.cancelled && sent < MATCHES_MAX * 3) {
        await reply.respond({ status: 0xff00 }, [body]);
        sent++;
      }
      await reply.respond({ status: reply.cancelled ? 0xfe00 : 0 });
    });
    const answer = answerOf(await it.query("STUDY", {}));
    expect([answer.matches.length, answer.complete]).toEqual([MATCHES_MAX, false]);
    expect(answer.reason).toContain(`more than ${MATCHES_MAX} items match`);
  });

  test("the operator's cancel keeps what came", async () => {
    const stop = new AbortController();
    await using it = await asking(async (reply) => {
      await reply.respond({ status: 0xff00 }, [encoded(study("1.2.3"))]);
      stop.abort();
      while (!reply.cancelled) await new Promise<void>((resolve) => setImmediate(resolve));
      await reply.respond({ status: 0xfe00 });
    });
    const answer = answerOf(await it.query("STUDY", {}, stop.signal));
    expect([answer.matches.length, answer.complete]).toEqual([1, false]);
  });

  test("a device that stops does not wait for its query", async () => {
    const begun = Promise.withResolvers<void>();
    await using it = await asking(async () => {
      begun.resolve();
      await new Promise(() => {});
    });
    const asked = it.query("STUDY", {});
    await begun.promise;
    await it.queries.stop();
    expect(answerOf(await asked).complete).toBe(false);
  });

  test("there is one association at a time: queries wait, and not behind a retrieve", async () => {
    let open = 0;
    let most = 0;
    await using it = await asking(async (reply) => {
      open++;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => setImmediate(resolve));
      open--;
      await reply.respond({ status: 0 });
    });
    const answers = await Promise.all(
      Array.from({ length: QUERIES_WAITING_MAX + 2 }, () => it.query("STUDY", {})),
    );
    expect(answers.filter((a) => a.kind === "busy").length).toBe(1);
    expect([most, it.peer.associations.length]).toEqual([1, QUERIES_WAITING_MAX + 1]);
    const done = await it.turn.take("retrieve");
    expect((await it.query("STUDY", {})).kind).toBe("busy");
    done();
    expect((await it.query("STUDY", {})).kind).toBe("answer");
  });

  test("a remote that is no image server is unknown; one that is away is a reason", async () => {
    await using it = await asking(answering());
    const outcome = await it.queries.query({ remoteId: "ris", level: "STUDY", keys: {} });
    expect(outcome.kind).toBe("unknown-remote");
    await it.peer[Symbol.asyncDispose]();
    const answer = answerOf(await it.query("STUDY", {}));
    expect([answer.complete, answer.matches]).toEqual([false, []]);
    expect(answer.reason).toContain("archive (ARCHIVE at 127.0.0.1:");
  });
});
