// Table 4.2-39 on the wire: what N-CREATE and N-SET carry when every attribute has something to say,
// and when only what must be there has.

import { describe, expect, test } from "bun:test";
import {
  MissingValue,
  rowPath,
  type Value,
  type Values,
  values,
} from "../../../src/dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { STEP_ATTRIBUTES, stepDataSet } from "../../../src/dicom/ae/mpps/attributes.ts";
import { MPPS_PROPOSED } from "../../../src/dicom/ae/mpps/presentation-contexts.ts";
import { createStep, setStep } from "../../../src/dicom/ae/mpps/step-exchange.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import { row } from "../../coverage.ts";
import { answering, connect, scriptedPeer } from "../peer.ts";

/**
 * What each message must show at a path: V a value, 0 zero length or no items, - nothing, n items.
 * Columns: N-CREATE and N-SET with everything given, then both with the bare minimum.
 */
const EXPECTED: Record<string, readonly [string, string, string, string]> = {
  "00080005": ["V", "V", "-", "-"],
  "00080060": ["V", "-", "V", "-"],
  "00081032": ["0", "-", "0", "-"],
  "00081120": ["0", "-", "0", "-"],
  "00081120>00081150": ["-", "-", "-", "-"],
  "00081120>00081155": ["-", "-", "-", "-"],
  "00100010": ["V", "-", "0", "-"],
  "00100020": ["V", "-", "0", "-"],
  "00100030": ["V", "-", "0", "-"],
  "00100040": ["V", "-", "0", "-"],
  "00200010": ["V", "-", "0", "-"],
  "00400241": ["V", "-", "V", "-"],
  "00400242": ["V", "-", "0", "-"],
  "00400243": ["0", "-", "0", "-"],
  "00400244": ["V", "-", "V", "-"],
  "00400245": ["V", "-", "V", "-"],
  "00400250": ["0", "V", "0", "V"],
  "00400251": ["0", "V", "0", "V"],
  "00400252": ["V", "V", "V", "V"],
  "00400281": ["-", "1", "-", "-"],
  "00400281>00080100": ["-", "V", "-", "-"],
  "00400281>00080102": ["-", "V", "-", "-"],
  "00400281>00080104": ["-", "V", "-", "-"],
  "00400253": ["V", "-", "V", "-"],
  "00400254": ["V", "V", "0", "0"],
  "00400255": ["0", "0", "0", "0"],
  "00400260": ["0", "1", "0", "0"],
  "00400260>00080100": ["-", "V", "-", "-"],
  "00400260>00080102": ["-", "V", "-", "-"],
  "00400260>00080103": ["-", "V", "-", "-"],
  "00400260>00080104": ["-", "V", "-", "-"],
  "00400270": ["1", "-", "1", "-"],
  "00400270>00080050": ["V", "-", "0", "-"],
  "00400270>00081110": ["1", "-", "0", "-"],
  "00400270>00081110>00081150": ["V", "-", "-", "-"],
  "00400270>00081110>00081155": ["V", "-", "-", "-"],
  "00400270>0020000D": ["V", "-", "V", "-"],
  "00400270>00321060": ["V", "-", "0", "-"],
  "00400270>00400007": ["V", "-", "0", "-"],
  "00400270>00400008": ["1", "-", "0", "-"],
  "00400270>00400008>00080100": ["V", "-", "-", "-"],
  "00400270>00400008>00080102": ["V", "-", "-", "-"],
  "00400270>00400008>00080103": ["V", "-", "-", "-"],
  "00400270>00400008>00080104": ["V", "-", "-", "-"],
  "00400270>00400009": ["V", "-", "0", "-"],
  "00400270>00401001": ["V", "-", "0", "-"],
  "00400340": ["0", "1", "0", "1"],
  "00400340>00080054": ["-", "0", "-", "0"],
  "00400340>0008103E": ["-", "0", "-", "0"],
  "00400340>00081050": ["-", "V", "-", "0"],
  "00400340>00081070": ["-", "V", "-", "0"],
  "00400340>00081140": ["-", "1", "-", "0"],
  "00400340>00081140>00081150": ["-", "V", "-", "-"],
  "00400340>00081140>00081155": ["-", "V", "-", "-"],
  "00400340>00181030": ["-", "V", "-", "V"],
  "00400340>0020000E": ["-", "V", "-", "V"],
  "00400340>00400220": ["-", "0", "-", "0"],
};

/** A value for an attribute by its VR; Japanese in names, so that a character set is declared. */
const sample: Record<string, string> = {
  CS: "DX",
  PN: "Yamada^Tarou=山田^太郎",
  LO: "text",
  SH: "short",
  DA: "20260105",
  TM: "080000",
  AE: "UDR10A",
  UI: "1.2.3.4",
};

/** Every attribute of an item (all rows below `index`) with a value, sequences with one item. */
function everything(start: number, depth: number): Values {
  const map = new Map<number, Value>();
  const { rows } = STEP_ATTRIBUTES;
  for (let at = start; at < rows.length; at++) {
    const line = rows[at];
    if (line === undefined || line.depth < depth) break;
    if (line.depth > depth) continue;
    if (line.vr === "SQ") map.set(line.tag, [everything(at + 1, depth + 1)]);
    else map.set(line.tag, sample[line.vr] ?? "x");
  }
  return map;
}

const tag = (hex: string) => Number.parseInt(hex, 16);
/** Only what type 1 asks for. */
const BARE_CREATE = values(
  [tag("00080060"), "RF"],
  [tag("00400241"), "UDR10A"],
  [tag("00400244"), "20260105"],
  [tag("00400245"), "080000"],
  [tag("00400252"), "IN PROGRESS"],
  [tag("00400253"), "20260105080000"],
  [tag("00400270"), [values([tag("0020000D"), "1.2.3"])]],
);
const BARE_SET = values(
  [tag("00400250"), "20260105"],
  [tag("00400251"), "083000"],
  [tag("00400252"), "COMPLETED"],
  [tag("00400340"), [values([tag("00181030"), "Chest PA"], [tag("0020000E"), "1.2.3.4"])]],
);

/** What the scheduler received of the four messages. */
async function received(): Promise<DataSet[]> {
  const seen: { command: Command; data: Uint8Array | null }[] = [];
  await using peer = await scriptedPeer({ handlers: answering(0, seen) });
  const channel = await connect(peer.port, proposedContexts(MPPS_PROPOSED.rows));
  const full = everything(0, 0);
  // The non-image references of an image series are empty (E26).
  const series = full.get(tag("00400340")) as readonly Map<number, Value>[];
  series[0]?.set(tag("00400220"), []);
  const options = { timeoutMs: 5_000, text: { characterSet: "default-kanji" } } as const;
  for (const [send, dataSet] of [
    [createStep, stepDataSet("create", full)],
    [setStep, stepDataSet("set", full)],
    [createStep, stepDataSet("create", BARE_CREATE)],
    [setStep, stepDataSet("set", BARE_SET)],
  ] as const) {
    const outcome = await send(
      channel,
      { sopInstanceUid: "1.2.3.4", dataSet, repeated: false },
      options,
    );
    expect(outcome.kind).toBe("success");
  }
  await channel.release();
  return seen.map(
    ({ data }) => decodeDataSet(data ?? new Uint8Array(), { explicitVr: false }).dataSet,
  );
}

/** V, 0, - or the number of items at a path. */
function shown(dataSet: DataSet | undefined, path: string): string {
  const tags = path.split(">").map(tag);
  let here = dataSet;
  for (const outer of tags.slice(0, -1)) here = here?.items(outer)[0];
  const element = here?.get(tags.at(-1) ?? 0);
  if (element === undefined) return "-";
  if (element.vr === "SQ") return String(element.items.length);
  return "values" in element && element.values.length > 0 ? "V" : "0";
}

describe("N-CREATE and N-SET", async () => {
  const messages = await received();
  STEP_ATTRIBUTES.rows.forEach((line, index) => {
    const path = rowPath(STEP_ATTRIBUTES.rows, index);
    test(`${row("4.2-39", path)} N-CREATE: ${line.create ?? "-"}, N-SET: ${line.set ?? "-"}`, () => {
      expect(messages.map((message) => shown(message, path))).toEqual([
        ...(EXPECTED[path] ?? ["no such row"]),
      ]);
    });
  });

  test("the expectations speak of every row and no other", () => {
    expect(Object.keys(EXPECTED)).toEqual(
      STEP_ATTRIBUTES.rows.map((_, index) => rowPath(STEP_ATTRIBUTES.rows, index)),
    );
  });

  test("E26: the dose report stands in the item of its own series", () => {
    const report = new DataSet().text(tag("00081155"), "UI", "1.2.3.9");
    const series = values(
      [tag("00181030"), "Dose"],
      [tag("0020000E"), "1.2.3.8"],
      [tag("00400220"), [report]],
    );
    const dataSet = stepDataSet("set", values(...BARE_SET, [tag("00400340"), [series]]));
    const [item] = dataSet.items(tag("00400340"));
    expect(item?.items(tag("00400220"))).toEqual([report]);
    expect(item?.get(tag("00081140"))).toEqual({ vr: "SQ", items: [] });
  });

  test("E25, E26: sequences with too few or too many items are not sent", () => {
    const two = values(...BARE_CREATE, [tag("00400270"), [values(), values()]]);
    expect(() => stepDataSet("create", two)).toThrow(MissingValue);
    expect(() => stepDataSet("set", values(...BARE_SET, [tag("00400340"), []]))).toThrow(
      "(0040,0340) has 0 items",
    );
  });
});
