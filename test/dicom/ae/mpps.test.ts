// The performed procedure step against a scripted scheduler: Tables 4.2-36 to 4.2-38. The documents
// themselves (Table 4.2-39) are made and tested where the exam is known.

import { describe, expect, test } from "bun:test";
import { MissingValue, rowPath, values } from "../../../src/dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { STEP_ATTRIBUTES, stepDataSet } from "../../../src/dicom/ae/mpps/attributes.ts";
import { MPPS_PROPOSED } from "../../../src/dicom/ae/mpps/presentation-contexts.ts";
import { STEP_STATUS } from "../../../src/dicom/ae/mpps/status.ts";
import { createStep, setStep } from "../../../src/dicom/ae/mpps/step-exchange.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import { row } from "../../coverage.ts";
import { answering, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const CREATE = new DataSet().text(Tag.PerformedProcedureStepStatus, "CS", "IN PROGRESS");
const SET = new DataSet().text(Tag.PerformedProcedureStepStatus, "CS", "COMPLETED");

async function stepTo(
  script: PeerScript,
  which: "create" | "set",
  options: { repeated?: boolean; timeoutMs?: number } = {},
) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, proposedContexts(MPPS_PROPOSED.rows));
  const send = which === "create" ? createStep : setStep;
  const outcome = await send(
    channel,
    {
      sopInstanceUid: "1.2.3.4",
      dataSet: which === "create" ? CREATE : SET,
      repeated: options.repeated ?? false,
    },
    { timeoutMs: options.timeoutMs ?? 5_000, text: { characterSet: "default-kanji" } },
  );
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end, seen: await peer.seen(0) };
}

const FAILED = ["abort-association", "fail-mpps", "log", "report-user"];

describe("N-CREATE / N-SET response", () => {
  for (const line of STEP_STATUS.rows)
    for (const which of ["create", "set"] as const)
      test(`${row("4.2-37", line.code)} ${line.meaning}, N-${which.toUpperCase()}`, async () => {
        const status = exampleStatus(line);
        const { outcome, end } = await stepTo({ handlers: answering(status) }, which);
        // 0111 counts only after a repeated N-CREATE, tested below.
        if (line.actions.includes("continue") && line.code !== "0111") {
          const warning = line.service === "Warning";
          expect(outcome).toMatchObject({ kind: "success", status, warning });
          expect(outcome).toMatchObject({ actions: line.actions });
          expect(end).toBeNull();
          return;
        }
        expect(outcome).toMatchObject({ kind: "refused", status, actions: FAILED });
        expect(end).toMatchObject({ kind: "aborted", by: "us" });
      });

  test(`${row("4.2-37", "0111")} M1: a repeated N-CREATE was done before`, async () => {
    const { outcome, end } = await stepTo({ handlers: answering(0x0111) }, "create", {
      repeated: true,
    });
    expect(outcome).toMatchObject({
      kind: "success",
      status: 0x0111,
      actions: ["continue", "log"],
    });
    expect(end).toBeNull();
  });

  test(`${row("4.2-37", "0111")} a repeated N-SET is refused by it all the same`, async () => {
    const { outcome } = await stepTo({ handlers: answering(0x0111) }, "set", { repeated: true });
    expect(outcome).toMatchObject({ kind: "refused", actions: FAILED });
  });

  const final = (errorId: number | undefined): PeerScript => ({
    handlers: {
      "N-SET-RQ": (_, reply) => ({ end: () => reply.respond({ status: 0x0110, errorId }) }),
    },
  });
  test("M2: a repeated N-SET answered 0110 with Error ID A710 had worked", async () => {
    const { outcome, end } = await stepTo(final(0xa710), "set", { repeated: true });
    expect(outcome).toMatchObject({ kind: "success", status: 0x0110 });
    expect(end).toBeNull();
  });

  test("a first N-SET answered so, or a repeated one answered otherwise, has not", async () => {
    for (const [errorId, repeated] of [
      [0xa710, false],
      [undefined, true],
    ] as const) {
      const { outcome } = await stepTo(final(errorId), "set", { repeated });
      expect(outcome).toMatchObject({ kind: "refused", status: 0x0110 });
    }
  });
});

describe("communication failures", () => {
  for (const which of ["create", "set"] as const) {
    test(`${row("4.2-38", "timeout")} N-${which.toUpperCase()} without an answer`, async () => {
      const silent = () => ({ end: () => new Promise<void>(() => {}) });
      const { outcome, end } = await stepTo(
        { handlers: { "N-CREATE-RQ": silent, "N-SET-RQ": silent } },
        which,
        { timeoutMs: 50 },
      );
      expect(outcome).toMatchObject({ kind: "timeout", actions: FAILED });
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    });

    test(`${row("4.2-38", "aborted")} N-${which.toUpperCase()} answered by an abort`, async () => {
      const { outcome } = await stepTo(
        {
          handlers: (seen) => {
            const abort = () => ({ end: () => seen().association.abort() });
            return { "N-CREATE-RQ": abort, "N-SET-RQ": abort };
          },
        },
        which,
      );
      expect(outcome).toMatchObject({
        kind: "aborted",
        actions: ["fail-mpps", "log", "report-user"],
      });
    });
  }
});

test(`${row("4.2-36", SopClassUid.ModalityPerformedProcedureStep)} context and requests on the wire`, async () => {
  const requests: { command: Command; data: Uint8Array | null }[] = [];
  const { seen } = await stepTo({ handlers: answering(0, requests) }, "create");
  await stepTo({ handlers: answering(0, requests) }, "set");
  expect(seen.request.contexts).toEqual([
    {
      id: 1,
      abstractSyntax: "1.2.840.10008.3.1.2.3.3",
      transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
    },
  ]);
  expect(requests.map(({ command }) => command)).toEqual([
    {
      kind: "N-CREATE-RQ",
      affectedSopClassUid: "1.2.840.10008.3.1.2.3.3",
      messageId: 1,
      affectedSopInstanceUid: "1.2.3.4",
    },
    {
      kind: "N-SET-RQ",
      requestedSopClassUid: "1.2.840.10008.3.1.2.3.3",
      messageId: 1,
      requestedSopInstanceUid: "1.2.3.4",
    },
  ]);
  const statuses = requests.map(({ data }) =>
    decodeDataSet(data ?? new Uint8Array(), { explicitVr: false }).dataSet.string(
      Tag.PerformedProcedureStepStatus,
    ),
  );
  expect(statuses).toEqual(["IN PROGRESS", "COMPLETED"]);
});

describe("data sets from the table", () => {
  test("an N-CREATE without a type 1 value is not made (M3)", () => {
    expect(() => stepDataSet("create", values())).toThrow(MissingValue);
  });

  test("every row has the path the statement gives it", () => {
    const paths = STEP_ATTRIBUTES.rows.map((_, i) => rowPath(STEP_ATTRIBUTES.rows, i));
    expect(paths.length).toBe(57);
    expect(new Set(paths).size).toBe(57);
    expect(paths).toContain("00400270>00081110>00081155");
  });
});
