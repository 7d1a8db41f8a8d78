// The print dialogue against a scripted printer: Tables 4.2-65 to 4.2-78.

import { describe, expect, test } from "bun:test";
import { type AttributeRow, rowPath } from "../../../src/dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { serveEventReports } from "../../../src/dicom/ae/event-reports.ts";
import type { Failed } from "../../../src/dicom/ae/outcome.ts";
import {
  FILM_BOX_ATTRIBUTES,
  FILM_SESSION_ATTRIBUTES,
  IMAGE_BOX_ATTRIBUTES,
  PRINTER_ATTRIBUTES,
} from "../../../src/dicom/ae/print/attributes.ts";
import { PRINT_PROPOSED } from "../../../src/dicom/ae/print/presentation-contexts.ts";
import {
  createFilmBox,
  createFilmSession,
  type Done,
  deleteFilmBox,
  deleteFilmSession,
  type PrintOptions,
  printerState,
  printFilmBox,
  setImageBox,
} from "../../../src/dicom/ae/print/print-dialogue.ts";
import {
  type PrinterEvent,
  printerEvents,
} from "../../../src/dicom/ae/print/serve-printer-events.ts";
import {
  FILM_BOX_CREATE_STATUS,
  FILM_BOX_DELETE_STATUS,
  FILM_BOX_PRINT_STATUS,
  FILM_SESSION_CREATE_STATUS,
  FILM_SESSION_DELETE_STATUS,
  IMAGE_BOX_SET_STATUS,
  PRINTER_EVENTS,
  PRINTER_STATES,
  PRINTER_STATUS_ANSWER,
} from "../../../src/dicom/ae/print/status.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import type { Command } from "../../../src/dicom/dimse/command.ts";
import type { RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import type { StatusTable } from "../../../src/dicom/dimse/status.ts";
import { row } from "../../coverage.ts";
import { connect, type PeerScript, type SeenAssociation, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const OPTIONS: PrintOptions = { timeoutMs: 5_000, text: { characterSet: "default-kanji" } };
const SESSION = { copies: 2, mediumType: "BLUE FILM", filmDestination: "PROCESSOR" };
const BOX = {
  displayFormat: "STANDARD\\2,1",
  orientation: "PORTRAIT",
  filmSize: "14INX17IN",
  magnification: "CUBIC",
  smoothing: "SMOOTH",
  borderDensity: "BLACK",
  minDensity: 0,
  maxDensity: 300,
};
const IMAGE = { position: 1, rows: 2, columns: 4, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

const encoded = (dataSet: DataSet) =>
  encodeDataSet(dataSet, { explicitVr: false, characterSet: "default-kanji" });
const printer = (status: string, info: string) =>
  encoded(
    new DataSet().text(Tag.PrinterStatus, "CS", status).text(Tag.PrinterStatusInfo, "CS", info),
  );
const imageBoxes = encoded(
  new DataSet().sequence(
    Tag.ReferencedImageBoxSequence,
    ...["1.9.1", "1.9.2"].map((uid) =>
      new DataSet()
        .text(Tag.ReferencedSOPClassUID, "UI", SopClassUid.BasicGrayscaleImageBox)
        .text(Tag.ReferencedSOPInstanceUID, "UI", uid),
    ),
  ),
);

/** A printer that does everything, except what the given answers say. */
function goodPrinter(
  statuses: Partial<Record<Command["kind"], number>> = {},
  seen: { command: Command; data: Uint8Array | null }[] = [],
  state: Uint8Array = printer("NORMAL", "NORMAL"),
): RequestHandlers {
  const note = (command: Command, data: Uint8Array | null) => seen.push({ command, data });
  return {
    "N-GET-RQ": ({ command }, reply) => ({
      end(data) {
        note(command, data);
        return reply.respond({ status: statuses["N-GET-RQ"] ?? 0 }, [state]);
      },
    }),
    "N-CREATE-RQ": ({ command }, reply) => ({
      end(data) {
        note(command, data);
        const box = command.affectedSopClassUid === SopClassUid.BasicFilmBox;
        const fields = {
          status: statuses["N-CREATE-RQ"] ?? 0,
          affectedSopInstanceUid: box ? "1.9" : "1.8",
        };
        return reply.respond(fields, box ? [imageBoxes] : undefined);
      },
    }),
    "N-SET-RQ": ({ command }, reply) => ({
      end(data) {
        note(command, data);
        return reply.respond({ status: statuses["N-SET-RQ"] ?? 0 });
      },
    }),
    "N-ACTION-RQ": ({ command }, reply) => ({
      end(data) {
        note(command, data);
        return reply.respond({ status: statuses["N-ACTION-RQ"] ?? 0 });
      },
    }),
    "N-DELETE-RQ": ({ command }, reply) => ({
      end(data) {
        note(command, data);
        return reply.respond({ status: statuses["N-DELETE-RQ"] ?? 0 });
      },
    }),
  };
}

async function withPrinter<T>(
  script: PeerScript,
  dialogue: (channel: DimseChannel, seen: () => Promise<SeenAssociation>) => Promise<T>,
  handlers: RequestHandlers = {},
) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, proposedContexts(PRINT_PROPOSED.rows), { handlers });
  const outcome = await dialogue(channel, () => peer.seen(0));
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end, seen: await peer.seen(0) };
}

type UidField = `${"requested" | "affected"}Sop${"Class" | "Instance"}Uid`;

interface Step {
  readonly table: StatusTable;
  readonly request: Command["kind"];
  readonly run: (channel: DimseChannel, options: PrintOptions) => Promise<Done | Failed>;
}

const STEPS: readonly Step[] = [
  { table: PRINTER_STATUS_ANSWER, request: "N-GET-RQ", run: (c, o) => printerState(c, o) },
  {
    table: FILM_SESSION_CREATE_STATUS,
    request: "N-CREATE-RQ",
    run: (c, o) => createFilmSession(c, SESSION, o),
  },
  {
    table: FILM_BOX_CREATE_STATUS,
    request: "N-CREATE-RQ",
    run: (c, o) => createFilmBox(c, BOX, "1.8", o),
  },
  {
    table: IMAGE_BOX_SET_STATUS,
    request: "N-SET-RQ",
    run: (c, o) => setImageBox(c, IMAGE, "1.9.1", o),
  },
  {
    table: FILM_BOX_PRINT_STATUS,
    request: "N-ACTION-RQ",
    run: (c, o) => printFilmBox(c, "1.9", o),
  },
  {
    table: FILM_BOX_DELETE_STATUS,
    request: "N-DELETE-RQ",
    run: (c, o) => deleteFilmBox(c, "1.9", o),
  },
  {
    table: FILM_SESSION_DELETE_STATUS,
    request: "N-DELETE-RQ",
    run: (c, o) => deleteFilmSession(c, "1.8", o),
  },
];

for (const step of STEPS)
  describe(step.table.operation, () => {
    for (const line of step.table.rows)
      test(`${row(step.table.table, line.code)} ${line.meaning}`, async () => {
        const status = exampleStatus(line);
        const { outcome, end } = await withPrinter(
          { handlers: goodPrinter({ [step.request]: status }) },
          (channel) => step.run(channel, OPTIONS),
        );
        const { actions } = line;
        if (actions.includes("continue")) {
          const warning = line.service !== "Success";
          expect(outcome).toMatchObject({ kind: "success", status, warning, actions });
          expect(end).toBeNull();
        } else {
          expect(outcome).toMatchObject({ kind: "refused", status, actions });
          expect(end).toMatchObject({ kind: "aborted", by: "us" });
        }
      });

    test(`${row("4.2-66", "timeout")} without an answer`, async () => {
      const silent = () => ({ end: () => new Promise<void>(() => {}) });
      const { outcome, end } = await withPrinter(
        { handlers: { [step.request]: silent } as RequestHandlers },
        (channel) => step.run(channel, { ...OPTIONS, timeoutMs: 50 }),
      );
      expect(outcome).toMatchObject({
        kind: "timeout",
        actions: ["abort-association", "fail-job", "log", "report-user"],
      });
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    });

    test(`${row("4.2-66", "aborted")} answered by an abort (F8)`, async () => {
      const { outcome } = await withPrinter(
        {
          handlers: (seen) =>
            ({
              [step.request]: () => ({ end: () => seen().association.abort() }),
            }) as RequestHandlers,
        },
        (channel) => step.run(channel, OPTIONS),
      );
      expect(outcome).toMatchObject({
        kind: "aborted",
        actions: ["fail-job", "log", "report-user"],
      });
    });
  });

describe("printer status", () => {
  for (const { value, actions } of PRINTER_STATES.rows)
    test(`${row("4.2-67", value === "" ? "empty" : value)} and what it means`, async () => {
      const { outcome } = await withPrinter(
        { handlers: goodPrinter({}, [], printer(value, "SUPPLY LOW")) },
        (channel) => printerState(channel, OPTIONS),
      );
      expect(outcome).toMatchObject({
        kind: "success",
        printer: { value, info: "SUPPLY LOW", stateActions: actions },
      });
    });

  test("F10: an answer without attributes, or none at all, counts as empty", async () => {
    for (const state of [
      encoded(new DataSet().text(Tag.PatientID, "LO", "X")),
      new Uint8Array(3),
    ]) {
      const { outcome } = await withPrinter({ handlers: goodPrinter({}, [], state) }, (channel) =>
        printerState(channel, OPTIONS),
      );
      expect(outcome).toMatchObject({ kind: "success", printer: { value: "" } });
    }
  });
});

describe("events of the printer during the job", () => {
  async function event(eventTypeId: number, data: Uint8Array | undefined, fail = false) {
    const events: PrinterEvent[] = [];
    const services = [
      printerEvents((event) => {
        if (fail) throw new Error("job store closed");
        events.push(event);
      }),
    ];
    const answers: unknown[] = [];
    await withPrinter(
      {
        handlers: (seen) => ({
          "N-ACTION-RQ": (_, reply) => ({
            async end() {
              const { channel } = seen();
              const [context] = channel.association.contexts;
              if (context === undefined) throw new Error("no context");
              const exchange = channel.request(
                context,
                {
                  kind: "N-EVENT-REPORT-RQ",
                  affectedSopClassUid: SopClassUid.Printer,
                  affectedSopInstanceUid: "1.2.840.10008.5.1.1.17",
                  eventTypeId,
                },
                data === undefined ? undefined : [data],
              );
              const step = await exchange.next(5_000);
              if (step.kind === "response") answers.push(step.response);
              await reply.respond({ status: 0 });
            },
          }),
        }),
      },
      (channel) => printFilmBox(channel, "1.9", OPTIONS),
      { "N-EVENT-REPORT-RQ": serveEventReports(services) },
    );
    return { events, answers };
  }
  const info = encoded(new DataSet().text(Tag.PrinterStatusInfo, "CS", "FILM JAM"));

  for (const { eventTypeId, event: name, actions } of PRINTER_EVENTS.rows)
    if (eventTypeId !== "*")
      test(`${row("4.2-69", String(eventTypeId))}${row("4.2-70", "0000")} ${name}`, async () => {
        const { events, answers } = await event(eventTypeId, info);
        expect(events).toEqual([{ eventTypeId, event: name, info: "FILM JAM", actions }]);
        expect(answers).toMatchObject([{ status: 0, eventTypeId }]);
      });

  test(`${row("4.2-69", "*")}${row("4.2-70", "0113")} an event type nobody knows`, async () => {
    const { events, answers } = await event(9, info);
    expect(events).toEqual([]);
    expect(answers).toMatchObject([{ status: 0x0113, eventTypeId: 9 }]);
  });

  test(`${row("4.2-70", "0110")} an event that cannot be taken in, with the reason`, async () => {
    const { answers } = await event(3, info, true);
    expect(answers).toMatchObject([{ status: 0x0110, errorComment: "cannot be recorded" }]);
    const unreadable = await event(3, new Uint8Array([1, 2, 3]));
    expect(unreadable.answers).toMatchObject([
      { status: 0x0110, errorComment: "data set cannot be read" },
    ]);
  });
});

test(`${row("4.2-65", SopClassUid.BasicGrayscalePrintManagementMeta)} only the meta class is proposed`, async () => {
  const { seen } = await withPrinter({ handlers: goodPrinter() }, (channel) =>
    printerState(channel, OPTIONS),
  );
  expect(seen.request.contexts).toEqual([
    {
      id: 1,
      abstractSyntax: "1.2.840.10008.5.1.1.9",
      transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
    },
  ]);
});

describe("requests on the wire", async () => {
  const seen: { command: Command; data: Uint8Array | null }[] = [];
  const { outcome } = await withPrinter({ handlers: goodPrinter({}, seen) }, async (channel) => {
    await printerState(channel, OPTIONS);
    const session = await createFilmSession(channel, SESSION, OPTIONS);
    if (session.kind !== "success") return session;
    const box = await createFilmBox(channel, BOX, session.sopInstanceUid, OPTIONS);
    if (box.kind !== "success") return box;
    for (const [i, uid] of box.imageBoxUids.entries())
      await setImageBox(channel, { ...IMAGE, position: i + 1 }, uid, OPTIONS);
    await printFilmBox(channel, box.sopInstanceUid, OPTIONS);
    await deleteFilmBox(channel, box.sopInstanceUid, OPTIONS);
    return deleteFilmSession(channel, session.sopInstanceUid, OPTIONS);
  });
  const sent = seen.map(({ data }) =>
    data === null ? new DataSet() : decodeDataSet(data, { explicitVr: false }).dataSet,
  );

  test("the order, the classes and the instances of the dialogue (F2, F11, E36)", () => {
    expect(outcome.kind).toBe("success");
    const brief = seen.map(({ command }) => {
      const c = command as Partial<Record<UidField, string>>;
      const uid = c.requestedSopInstanceUid ?? c.affectedSopInstanceUid ?? "";
      return [command.kind, c.requestedSopClassUid ?? c.affectedSopClassUid, uid];
    });
    expect(brief).toEqual([
      ["N-GET-RQ", SopClassUid.Printer, "1.2.840.10008.5.1.1.17"],
      ["N-CREATE-RQ", SopClassUid.BasicFilmSession, ""],
      ["N-CREATE-RQ", SopClassUid.BasicFilmBox, ""],
      ["N-SET-RQ", SopClassUid.BasicGrayscaleImageBox, "1.9.1"],
      ["N-SET-RQ", SopClassUid.BasicGrayscaleImageBox, "1.9.2"],
      ["N-ACTION-RQ", SopClassUid.BasicFilmBox, "1.9"],
      ["N-DELETE-RQ", SopClassUid.BasicFilmBox, "1.9"],
      ["N-DELETE-RQ", SopClassUid.BasicFilmSession, "1.8"],
    ]);
    expect(seen[5]?.command).toMatchObject({ actionTypeId: 1 });
  });

  test(`${row("4.2-67 attributes", "21100010", "21100020")} are asked of the printer`, () => {
    expect(seen[0]?.command).toMatchObject({
      attributeIdentifierList: PRINTER_ATTRIBUTES.rows.map(({ tag }) => tag),
    });
  });

  const expected: Record<string, unknown> = {
    "20000010": ["2"],
    "20000020": ["HIGH"],
    "20000030": ["BLUE FILM"],
    "20000040": ["PROCESSOR"],
    "20100010": ["STANDARD\\2,1"],
    "20100040": ["PORTRAIT"],
    "20100050": ["14INX17IN"],
    "20100060": ["CUBIC"],
    "20100080": ["SMOOTH"],
    "20100100": ["BLACK"],
    "20100110": ["BLACK"],
    "20100120": [0],
    "20100130": [300],
    "20100140": ["NO"],
    "20100500>00081150": ["1.2.840.10008.5.1.1.1"],
    "20100500>00081155": ["1.8"],
    "20200010": [1],
    "20200110>00280002": [1],
    "20200110>00280004": ["MONOCHROME2"],
    "20200110>00280010": [2],
    "20200110>00280011": [4],
    "20200110>00280034": ["1", "1"],
    "20200110>00280100": [8],
    "20200110>00280101": [8],
    "20200110>00280102": [7],
    "20200110>00280103": [0],
  };
  const rowsOf = (
    table: { table: string; rows: readonly AttributeRow[] },
    dataSet: DataSet | undefined,
  ) => {
    table.rows.forEach((line, index) => {
      const path = rowPath(table.rows, index);
      test(`${row(table.table, path)} is sent`, () => {
        const tags = path.split(">").map((hex) => Number.parseInt(hex, 16));
        let here = dataSet;
        for (const tag of tags.slice(0, -1)) here = here?.items(tag)[0];
        const element = here?.get(line.tag);
        expect(element?.vr).toBe(line.vr);
        if (line.vr === "SQ") expect(here?.items(line.tag).length).toBe(1);
        else if (line.vr === "OW") expect(element).toMatchObject({ bytes: IMAGE.pixels });
        else expect(element).toMatchObject({ values: expected[path] });
      });
    });
  };
  rowsOf(FILM_SESSION_ATTRIBUTES, sent[1]);
  rowsOf(FILM_BOX_ATTRIBUTES, sent[2]);
  rowsOf(IMAGE_BOX_ATTRIBUTES, sent[3]);

  test("E39: the second box has position 2", () => {
    expect(sent[4]?.number(Tag.ImageBoxPosition)).toBe(2);
  });

  test("E40: no Smoothing Type without CUBIC", async () => {
    const requests: { command: Command; data: Uint8Array | null }[] = [];
    await withPrinter({ handlers: goodPrinter({}, requests) }, (channel) =>
      createFilmBox(channel, { ...BOX, magnification: "BILINEAR" }, "1.8", OPTIONS),
    );
    const { dataSet } = decodeDataSet(requests[0]?.data ?? new Uint8Array(), { explicitVr: false });
    expect(dataSet.has(Tag.SmoothingType)).toBe(false);
    expect(dataSet.string(Tag.MagnificationType)).toBe("BILINEAR");
  });
});

describe("printers that go their own way", () => {
  test("success without the UIDs the dialogue needs fails the job", async () => {
    const bare: RequestHandlers = {
      "N-CREATE-RQ": (_, reply) => ({ end: () => reply.respond({ status: 0 }) }),
    };
    for (const run of [
      (channel: DimseChannel) => createFilmSession(channel, SESSION, OPTIONS),
      (channel: DimseChannel) => createFilmBox(channel, BOX, "1.8", OPTIONS),
    ]) {
      const { outcome, end } = await withPrinter({ handlers: bare }, run);
      expect(outcome).toMatchObject({ kind: "refused", status: 0 });
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    }
  });

  test("F5: a warning without a row fails the job, and is passed over by setting", async () => {
    const script = { handlers: goodPrinter({ "N-ACTION-RQ": 0xb603 }) };
    const strict = await withPrinter(script, (c) => printFilmBox(c, "1.9", OPTIONS));
    expect(strict.outcome).toMatchObject({ kind: "refused", status: 0xb603 });
    const lenient = await withPrinter(script, (c) =>
      printFilmBox(c, "1.9", { ...OPTIONS, acceptWarnings: true }),
    );
    expect(lenient.outcome).toMatchObject({ kind: "success", status: 0xb603, warning: true });
  });
});
