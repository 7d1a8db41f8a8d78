// The worklist query against a scripted scheduler: Tables 4.2-27 to 4.2-30.

import { describe, expect, test } from "bun:test";
import { rowPath } from "../../../src/dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { DRAIN_ITEMS_MAX, type FindOptions } from "../../../src/dicom/ae/find.ts";
import { findWorklist } from "../../../src/dicom/ae/worklist/find-worklist.ts";
import { WORKLIST_KEYS, worklistIdentifier } from "../../../src/dicom/ae/worklist/keys.ts";
import { WORKLIST_PROPOSED } from "../../../src/dicom/ae/worklist/presentation-contexts.ts";
import { WORKLIST_STATUS } from "../../../src/dicom/ae/worklist/status.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { Reply, RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import { row } from "../../coverage.ts";
import { clock, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const FILTER = {
  modality: "RF",
  scheduledStationAeTitle: "UDR10A",
  scheduledDate: "20260105",
};

const item = (name: string) =>
  encodeDataSet(new DataSet().text(Tag.PatientName, "PN", name).text(Tag.PatientID, "LO", name), {
    explicitVr: false,
    characterSet: "default-kanji",
  });

/** A scheduler that answers with what `script` sends. */
function scheduler(
  script: (reply: Reply<"C-FIND-RQ">, identifier: Uint8Array | null) => Promise<void>,
): RequestHandlers {
  return { "C-FIND-RQ": (_, reply) => ({ end: (data) => script(reply, data) }) };
}

async function query(
  script: PeerScript,
  options: Partial<FindOptions> = {},
  filter: Parameters<typeof worklistIdentifier>[0] = FILTER,
) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, proposedContexts(WORKLIST_PROPOSED.rows));
  const outcome = await findWorklist(channel, filter, {
    clock,
    text: { characterSet: "default-kanji" },
    maxItems: 1000,
    timeoutMs: 5_000,
    ...options,
  });
  const { end } = channel.association;
  if (end === null) await channel.release();
  const names =
    "items" in outcome ? outcome.items.map((found) => found.string(Tag.PatientName)) : [];
  return { outcome, names, end, seen: await peer.seen(0) };
}

describe("C-FIND response", () => {
  for (const line of WORKLIST_STATUS.rows)
    test(`${row("4.2-28", line.code)} ${line.meaning}`, async () => {
      const status = exampleStatus(line);
      const pending = line.service === "Pending";
      const { outcome, names, end } = await query({
        handlers: scheduler(async (reply) => {
          await reply.respond({ status: 0xff00 }, [item("One")]);
          if (pending) await reply.respond({ status }, [item("Two")]);
          await reply.respond({ status: pending ? 0 : status });
        }),
      });
      switch (line.code) {
        case "FF00":
        case "FF01":
          expect([outcome.kind, names]).toEqual(["success", ["One", "Two"]]);
          return;
        case "0000":
          expect(outcome).toMatchObject({
            kind: "success",
            complete: true,
            actions: ["publish-worklist"],
          });
          expect([names, end]).toEqual([["One"], null]);
          return;
        case "FE00":
          expect(outcome).toMatchObject({
            kind: "success",
            complete: false,
            actions: ["publish-worklist", "log"],
          });
          expect([names, end]).toEqual([["One"], null]);
          return;
        default:
          expect(outcome).toMatchObject({
            kind: "refused",
            status,
            actions: ["abort-association", "empty-worklist", "log"],
          });
          expect(end).toMatchObject({ kind: "aborted", by: "us" });
      }
    });

  test("W1: a FF01 is not the end, whatever follows", async () => {
    const { names } = await query({
      handlers: scheduler(async (reply) => {
        for (const name of ["A", "B", "C"]) await reply.respond({ status: 0xff01 }, [item(name)]);
        await reply.respond({ status: 0 });
      }),
    });
    expect(names).toEqual(["A", "B", "C"]);
  });

  test("no item at all is a worklist without items", async () => {
    const { outcome, names } = await query({
      handlers: scheduler((reply) => reply.respond({ status: 0 })),
    });
    expect([outcome.kind, names]).toEqual(["success", []]);
  });

  test("W9: an item that cannot be read does not cost the others", async () => {
    const { outcome, names } = await query({
      handlers: scheduler(async (reply) => {
        await reply.respond({ status: 0xff00 }, [item("A")]);
        await reply.respond({ status: 0xff00 }, [new Uint8Array([8, 0, 5, 0, 99, 0, 0, 0, 1])]);
        await reply.respond({ status: 0xff00 }, [item("B")]);
        await reply.respond({ status: 0 });
      }),
    });
    expect(names).toEqual(["A", "B"]);
    expect(outcome).toMatchObject({ complete: false, reason: "1 items could not be read" });
  });
});

describe("communication failures", () => {
  test(`${row("4.2-29", "timeout")} counts up to the final response, items or not`, async () => {
    const { outcome, end } = await query(
      {
        handlers: scheduler(async (reply) => {
          for (;;) {
            await reply.respond({ status: 0xff00 }, [item("again")]);
            await new Promise<void>((resolve) => setImmediate(resolve));
          }
        }),
      },
      { timeoutMs: 100, maxItems: 1_000_000 },
    );
    expect(outcome).toMatchObject({
      kind: "timeout",
      actions: ["abort-association", "empty-worklist", "log"],
    });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-29", "aborted")} W11: what had come is kept for a setting that wants it`, async () => {
    const { outcome, names } = await query({
      handlers: (seen) =>
        scheduler(async (reply) => {
          await reply.respond({ status: 0xff00 }, [item("One")]);
          seen().association.abort();
        }),
    });
    expect(outcome).toMatchObject({ kind: "aborted", actions: ["empty-worklist", "log"] });
    expect(names).toEqual(["One"]);
  });
});

describe("the limit of items", () => {
  test("C-CANCEL at the limit; FE00 publishes what came before", async () => {
    const { outcome, names, end } = await query(
      {
        handlers: scheduler(async (reply) => {
          let count = 0;
          while (!reply.cancelled) {
            await reply.respond({ status: 0xff00 }, [item(`N${count++}`)]);
            await new Promise<void>((resolve) => setImmediate(resolve));
          }
          await reply.respond({ status: 0xfe00 });
        }),
      },
      { maxItems: 3 },
    );
    expect(names).toEqual(["N0", "N1", "N2"]);
    expect(outcome).toMatchObject({ kind: "success", complete: false, status: 0xfe00 });
    expect(end).toBeNull();
  });

  test("exactly as many items as wanted need no C-CANCEL", async () => {
    const { outcome, names } = await query(
      {
        handlers: scheduler(async (reply) => {
          for (const name of ["A", "B"]) await reply.respond({ status: 0xff00 }, [item(name)]);
          await reply.respond({ status: reply.cancelled ? 0xfe00 : 0 });
        }),
      },
      { maxItems: 2 },
    );
    expect(names).toEqual(["A", "B"]);
    expect(outcome).toMatchObject({ complete: true, status: 0 });
  });

  test("W2: a scheduler deaf to C-CANCEL is drained, then aborted; its items stay", async () => {
    let sent = 0;
    const { outcome, names, end } = await query(
      {
        handlers: scheduler(async (reply) => {
          for (;;) {
            sent++;
            await reply.respond({ status: 0xff00 }, [item("again")]);
          }
        }),
      },
      { maxItems: 2 },
    );
    expect(names).toEqual(["again", "again"]);
    expect(outcome).toMatchObject({ kind: "success", complete: false });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
    expect(sent).toBeGreaterThanOrEqual(DRAIN_ITEMS_MAX);
  }, 30_000);

  test("the operator's cancel keeps what came", async () => {
    const stop = new AbortController();
    const { outcome, names } = await query(
      {
        handlers: scheduler(async (reply) => {
          await reply.respond({ status: 0xff00 }, [item("One")]);
          stop.abort();
          while (!reply.cancelled) await new Promise<void>((resolve) => setImmediate(resolve));
          await reply.respond({ status: 0xfe00 });
        }),
      },
      { signal: stop.signal },
    );
    expect(names).toEqual(["One"]);
    expect(outcome).toMatchObject({ kind: "success", complete: false });
  });
});

test(`${row("4.2-27", SopClassUid.ModalityWorklistFind)} the context that is proposed`, async () => {
  const { seen } = await query({ handlers: scheduler((reply) => reply.respond({ status: 0 })) });
  expect(seen.request.contexts).toEqual([
    {
      id: 1,
      abstractSyntax: "1.2.840.10008.5.1.4.31",
      transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
    },
  ]);
});

describe("the identifier on the wire", async () => {
  const sent: (Uint8Array | null)[] = [];
  const handlers = scheduler((reply, identifier) => {
    sent.push(identifier);
    return reply.respond({ status: 0 });
  });
  const typed = new Map<number, string>(
    WORKLIST_KEYS.rows
      .filter(({ matching }) => matching === "optional")
      .map(({ tag }) => [tag, `V${(tag % 997) + 1}`]),
  );
  typed.set(Tag.PregnancyStatus, "4");
  await query({ handlers });
  await query({ handlers }, {}, { ...FILTER, modality: "", typed });
  const [plain, filled] = sent.map(
    (bytes) => decodeDataSet(bytes ?? new Uint8Array(), { explicitVr: false }).dataSet,
  );

  /** The element at a row's path, through the first items of its sequences. */
  const at = (dataSet: DataSet | undefined, path: string) => {
    const tags = path.split(">").map((hex) => Number.parseInt(hex, 16));
    let here = dataSet;
    for (const tag of tags.slice(0, -1)) here = here?.items(tag)[0];
    return here?.get(tags.at(-1) ?? 0);
  };

  WORKLIST_KEYS.rows.forEach((line, index) => {
    const path = rowPath(WORKLIST_KEYS.rows, index);
    test(`${row("4.2-30", path)} is sent as ${line.matching ?? "return key"}`, () => {
      const element = at(plain, path);
      const withValues = at(filled, path);
      expect(element?.vr).toBe(line.vr);
      const fixed: Record<string, string> = {
        "00400100>00080060": "RF",
        "00400100>00400001": "UDR10A",
        "00400100>00400002": "20260105",
      };
      const values = element !== undefined && "values" in element ? [...element.values] : [];
      const later = withValues !== undefined && "values" in withValues ? withValues.values : [];
      switch (line.matching) {
        case "single":
          expect(values).toEqual([fixed[path] ?? "no filter"]);
          // An empty filter matches everything.
          expect([...later]).toEqual(path.endsWith("00080060") ? [] : values);
          break;
        case "optional":
          expect(values).toEqual([]);
          expect([...later].map(String)).toEqual([typed.get(line.tag) ?? ""]);
          break;
        case null:
          expect(values).toEqual([]);
          expect([...later]).toEqual([]);
      }
    });
  });

  test("no other attribute is sent, in the filter no Specific Character Set", () => {
    const count = (dataSet: DataSet): number =>
      dataSet
        .tags()
        .reduce((sum, tag) => sum + 1 + dataSet.items(tag).reduce((s, i) => s + count(i), 0), 0);
    expect(count(plain ?? new DataSet())).toBe(WORKLIST_KEYS.rows.length);
  });
});

test("a key with Kanji brings its Specific Character Set", () => {
  const identifier = worklistIdentifier({
    ...FILTER,
    typed: new Map([[Tag.PatientName, "Yamada^Tarou=山田^太郎"]]),
  });
  const bytes = encodeDataSet(identifier, { explicitVr: false, characterSet: "default-kanji" });
  const { dataSet } = decodeDataSet(bytes, { explicitVr: false });
  expect(dataSet.strings(Tag.SpecificCharacterSet)).toEqual(["", "ISO 2022 IR 87"]);
  expect(dataSet.string(Tag.PatientName)).toBe("Yamada^Tarou=山田^太郎");
});
