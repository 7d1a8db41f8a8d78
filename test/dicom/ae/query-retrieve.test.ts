// Query and retrieve against a scripted archive: Tables 4.2-45 to 4.2-50.

import { describe, expect, test } from "bun:test";
import { Listeners } from "../../../src/core/listeners.ts";
import { MissingValue } from "../../../src/dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { findMatches } from "../../../src/dicom/ae/query-retrieve/find-matches.ts";
import {
  QUERY_KEYS,
  type QueryFilter,
  type QueryLevel,
  queryIdentifier,
} from "../../../src/dicom/ae/query-retrieve/keys.ts";
import { type MoveOptions, moveSeries } from "../../../src/dicom/ae/query-retrieve/move-series.ts";
import { QUERY_RETRIEVE_PROPOSED } from "../../../src/dicom/ae/query-retrieve/presentation-contexts.ts";
import { MOVE_STATUS, QUERY_STATUS } from "../../../src/dicom/ae/query-retrieve/status.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import type { Reply } from "../../../src/dicom/dimse/message.ts";
import { row } from "../../coverage.ts";
import { answering, clock, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const TEXT = { characterSet: "default-kanji" } as const;
const CONTEXTS = proposedContexts(QUERY_RETRIEVE_PROPOSED.rows);
const UIDS = { studyInstanceUid: "1.2.3", seriesInstanceUid: "1.2.3.4" };

const match = encodeDataSet(new DataSet().text(Tag.StudyInstanceUID, "UI", "1.2.3"), {
  explicitVr: false,
  characterSet: "default-kanji",
});

async function queryOf(script: PeerScript, timeoutMs = 5_000) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, CONTEXTS);
  const outcome = await findMatches(
    channel,
    "STUDY",
    { patientId: "P1" },
    { clock, text: TEXT, maxItems: 100, timeoutMs, patientNameMatching: true },
  );
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end, seen: await peer.seen(0) };
}

async function moveOf(script: PeerScript, options: Partial<MoveOptions> = {}) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, CONTEXTS);
  const outcome = await moveSeries(channel, UIDS, {
    destination: "UDR10A",
    text: TEXT,
    timeoutMs: 5_000,
    ...options,
  });
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end };
}

const findWith = (script: (reply: Reply<"C-FIND-RQ">) => Promise<void>): PeerScript => ({
  handlers: { "C-FIND-RQ": (_, reply) => ({ end: () => script(reply) }) },
});
const moveWith = (script: (reply: Reply<"C-MOVE-RQ">) => Promise<void>): PeerScript => ({
  handlers: { "C-MOVE-RQ": (_, reply) => ({ end: () => script(reply) }) },
});

describe("C-FIND response", () => {
  for (const line of QUERY_STATUS.rows)
    test(`${row("4.2-46", line.code)} ${line.meaning}`, async () => {
      const status = exampleStatus(line);
      const pending = line.service === "Pending";
      const { outcome, end } = await queryOf(
        findWith(async (reply) => {
          await reply.respond({ status: pending ? status : 0xff00 }, [match]);
          await reply.respond({ status: pending ? 0 : status });
        }),
      );
      if (line.code === "*") {
        expect(outcome).toMatchObject({ kind: "refused", status, actions: line.actions });
        expect(end).toMatchObject({ kind: "aborted", by: "us" });
        return;
      }
      expect(outcome).toMatchObject({
        kind: "success",
        complete: line.code !== "FE00",
        actions: ["release-association", "publish-result"],
      });
      expect(outcome.kind === "success" && outcome.items.length).toBe(1);
      expect(end).toBeNull();
    });
});

describe("C-FIND failures", () => {
  test(`${row("4.2-47", "timeout")} the time between two responses`, async () => {
    const { outcome, end } = await queryOf(
      findWith(async (reply) => {
        await reply.respond({ status: 0xff00 }, [match]);
        await new Promise(() => {});
      }),
      50,
    );
    expect(outcome).toMatchObject({
      kind: "timeout",
      afterMs: 50,
      actions: ["abort-association", "log", "report-user"],
    });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-47", "aborted")} the archive's abort`, async () => {
    const { outcome } = await queryOf({
      handlers: (seen) => ({ "C-FIND-RQ": () => ({ end: () => seen().association.abort() }) }),
    });
    expect(outcome).toMatchObject({ kind: "aborted", actions: ["log", "report-user"] });
  });
});

describe("presentation contexts", () => {
  test(`${row("4.2-45", ...QUERY_RETRIEVE_PROPOSED.rows.map((r) => r.abstractSyntax))} Implicit VR only`, async () => {
    const { seen } = await queryOf({ handlers: answering(0) });
    expect(seen.request.contexts).toEqual([
      {
        id: 1,
        abstractSyntax: "1.2.840.10008.5.1.4.1.2.2.1",
        transferSyntaxes: ["1.2.840.10008.1.2"],
      },
      {
        id: 3,
        abstractSyntax: "1.2.840.10008.5.1.4.1.2.2.2",
        transferSyntaxes: ["1.2.840.10008.1.2"],
      },
    ]);
  });
});

describe("query keys on the wire", async () => {
  const seen: { command: Command; data: Uint8Array | null }[] = [];
  const filters: Record<QueryLevel, QueryFilter> = {
    STUDY: { patientId: "P1", patientName: "Yamada*" },
    SERIES: { studyInstanceUid: "1.2.3", modality: "DX" },
    IMAGE: UIDS,
  };
  const levels = Object.keys(filters) as QueryLevel[];
  {
    await using peer = await scriptedPeer({ handlers: answering(0, seen) });
    for (const level of levels) {
      const channel = await connect(peer.port, CONTEXTS);
      await findMatches(channel, level, filters[level], {
        clock,
        text: TEXT,
        maxItems: 10,
        timeoutMs: 5_000,
        patientNameMatching: true,
      });
      await channel.release();
    }
  }
  const sent = Object.fromEntries(
    levels.map((level, i) => [
      level,
      decodeDataSet(seen[i]?.data ?? new Uint8Array(), { explicitVr: false }).dataSet,
    ]),
  ) as Record<QueryLevel, DataSet>;

  const wanted: Record<string, string> = {
    "STUDY 00100010": "Yamada*",
    "STUDY 00100020": "P1",
    "SERIES 00080060": "DX",
  };
  for (const line of QUERY_KEYS.rows) {
    const hex = line.tag.toString(16).toUpperCase().padStart(8, "0");
    const id = `${line.level} ${hex}`;
    test(`${row("4.2-48", id)} ${line.matching ?? "by the encoder"}`, () => {
      for (const level of levels) {
        const element = sent[level].get(line.tag);
        if (line.matching === null) {
          expect(element).toBeUndefined();
          continue;
        }
        if (line.matching === "level") {
          expect(element).toEqual({ vr: "CS", values: [level] });
          continue;
        }
        const order = { STUDY: 0, SERIES: 1, IMAGE: 2 } as const;
        const own = line.level !== "*" && order[line.level] === order[level];
        const above = line.level !== "*" && order[line.level] < order[level];
        if (!own && !(above && line.matching === "unique")) {
          expect(element).toBeUndefined();
          continue;
        }
        const unique = line.level === "STUDY" ? "1.2.3" : "1.2.3.4";
        const value = own ? wanted[id] : unique;
        expect(element).toEqual({
          vr: line.vr,
          values: value === undefined ? [] : [value],
        } as never);
      }
    });
  }

  test("the name stays universal where its matching is switched off", () => {
    const identifier = queryIdentifier(
      "STUDY",
      { patientName: "Yamada*" },
      {
        patientNameMatching: false,
      },
    );
    expect(identifier.get(Tag.PatientName)).toEqual({ vr: "PN", values: [] });
  });

  test("a level without the unique keys above it is a defect that is told", () => {
    const options = { patientNameMatching: true };
    expect(() => queryIdentifier("SERIES", {}, options)).toThrow(MissingValue);
    expect(() => queryIdentifier("IMAGE", { studyInstanceUid: "1.2" }, options)).toThrow(
      "(0020,000E) has no value",
    );
  });
});

describe("C-MOVE response", () => {
  for (const line of MOVE_STATUS.rows)
    test(`${row("4.2-49", line.code)} ${line.meaning}`, async () => {
      const status = exampleStatus(line);
      const progress: (number | undefined)[] = [];
      const { outcome, end } = await moveOf(
        moveWith(async (reply) => {
          const counts = { remainingSubOperations: 2, completedSubOperations: 1 };
          await reply.respond({ status: 0xff00, ...counts });
          await reply.respond({
            status: line.service === "Pending" ? 0 : status,
            completedSubOperations: 3,
          });
        }),
        { onProgress: ({ completed }) => progress.push(completed) },
      );
      expect(progress).toEqual([1, 3]);
      switch (line.code) {
        case "FF00":
        case "0000":
          expect(outcome).toMatchObject({
            kind: "success",
            counts: { completed: 3 },
            actions: ["release-association", "complete-job"],
          });
          expect(end).toBeNull();
          return;
        case "FE00":
          expect(outcome).toMatchObject({
            kind: "cancelled",
            actions: ["release-association", "cancel-job"],
          });
          expect(end).toBeNull();
          return;
        default:
          expect(outcome).toMatchObject({ kind: "refused", status, actions: line.actions });
          expect(end).toMatchObject({ kind: "aborted", by: "us" });
      }
    });

  test(`${row("4.2-49", "*")} Q3: B000, partly failed, fails the job`, async () => {
    const { outcome } = await moveOf(
      moveWith((reply) => reply.respond({ status: 0xb000, failedSubOperations: 1 })),
    );
    expect(outcome).toMatchObject({ kind: "refused", status: 0xb000, counts: { failed: 1 } });
  });

  test("Q2: a final response without numbers keeps those known", async () => {
    const { outcome } = await moveOf(
      moveWith(async (reply) => {
        await reply.respond({ status: 0xff00, completedSubOperations: 4 });
        await reply.respond({ status: 0 });
      }),
    );
    expect(outcome).toMatchObject({ kind: "success", counts: { completed: 4 } });
  });

  test("Q6: the operator's cancel is a C-CANCEL, then the wait for FE00", async () => {
    const stop = new AbortController();
    const { outcome, end } = await moveOf(
      moveWith(async (reply) => {
        await reply.respond({ status: 0xff00 });
        stop.abort();
        while (!reply.cancelled) await new Promise<void>((resolve) => setImmediate(resolve));
        await reply.respond({ status: 0xfe00 });
      }),
      { signal: stop.signal },
    );
    expect([outcome.kind, end]).toEqual(["cancelled", null]);
  });
});

describe("C-MOVE failures", () => {
  test(`${row("4.2-50", "timeout")} no response, no arrival`, async () => {
    const { outcome, end } = await moveOf(
      moveWith(() => new Promise(() => {})),
      { timeoutMs: 50 },
    );
    expect(outcome).toMatchObject({
      kind: "timeout",
      actions: ["abort-association", "log", "report-user"],
    });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-50", "aborted")} the archive's abort`, async () => {
    const { outcome } = await moveOf({
      handlers: (seen) => ({ "C-MOVE-RQ": () => ({ end: () => seen().association.abort() }) }),
    });
    expect(outcome).toMatchObject({ kind: "aborted", actions: ["log", "report-user"] });
  });

  test("Q5: instances that arrive here keep a silent archive alive", async () => {
    const arrivals = new Listeners<void>();
    let ticks = 0;
    const { outcome } = await moveOf(
      moveWith(async (reply) => {
        // Longer than the time-out in all, never between two arrivals.
        while (ticks < 30) {
          await new Promise<void>((resolve) => clock.after(10, resolve));
          ticks++;
          arrivals.emit();
        }
        await reply.respond({ status: 0 });
      }),
      { timeoutMs: 200, arrivals },
    );
    expect(outcome.kind).toBe("success");
  });

  test("the identifier names one series, the destination is ours", async () => {
    const seen: { command: Command; data: Uint8Array | null }[] = [];
    await moveOf({ handlers: answering(0, seen) });
    expect(seen[0]?.command).toMatchObject({ kind: "C-MOVE-RQ", moveDestination: "UDR10A" });
    const { dataSet } = decodeDataSet(seen[0]?.data ?? new Uint8Array(), { explicitVr: false });
    expect(dataSet.tags().map((tag) => dataSet.string(tag))).toEqual([
      "SERIES",
      "1.2.3",
      "1.2.3.4",
    ]);
  });
});
