// Print jobs against a scripted printer: the dialogue's order, every row of the status tables as the
// job sees it, the printer's own state and events, and that no sheet is printed twice.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  FILM_BOX_CREATE_STATUS,
  FILM_BOX_DELETE_STATUS,
  FILM_BOX_PRINT_STATUS,
  FILM_SESSION_CREATE_STATUS,
  FILM_SESSION_DELETE_STATUS,
  IMAGE_BOX_SET_STATUS,
  PRINTER_STATUS_ANSWER,
} from "../../../src/dicom/ae/print/status.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { StoragePort } from "../../../src/store/storage-port.ts";
import { row } from "../../coverage.ts";
import { exampleStatus } from "../../dicom/ae/statuses.ts";
import { scriptedPeer } from "../../dicom/peer.ts";
import {
  film,
  openHouse,
  type PrinterScript,
  report,
  type Step,
  scriptedPrinter,
} from "./scripted-printer.ts";

const WHOLE: Step[] = [
  "get",
  "session",
  "film-box",
  "image-box",
  "image-box",
  "print",
  "delete-film-box",
  "delete-session",
];
const ONE_FILM: Step[] = ["film-box", "image-box", "print", "delete-film-box"];
const logText = (job: { log: readonly { text: string }[] }) =>
  job.log.map((line) => line.text).join("\n");

async function printed(script: PrinterScript, films = [film("1.1", "1.2")], options = {}) {
  await using printer = await scriptedPrinter(script);
  await using house = await openHouse(printer.port, options);
  const id = await house.print(films);
  const job = await house.settled(id, "done", "failed", "waiting");
  return { job, printer, house, steps: printer.steps() };
}

test("E36, E39: a film is created, filled box by box, printed and deleted before its session", async () => {
  await using printer = await scriptedPrinter();
  await using house = await openHouse(printer.port);
  const job = await house.settled(await house.print([film("1.1", "1.2")], 3), "done");
  expect(printer.steps()).toEqual(WHOLE);
  expect(job).toMatchObject({ progress: { done: 2, total: 2 }, attempts: 1, log: [] });
  const [, session, box, first, second] = printer.asked[0] ?? [];
  expect(session?.dataSet.string(Tag.NumberOfCopies)).toBe("3");
  expect(box?.dataSet.string(Tag.ImageDisplayFormat)).toBe("STANDARD\\2,1");
  for (const [index, set] of [first, second].entries()) {
    expect(set?.command).toMatchObject({ requestedSopInstanceUid: `1.9.1.${index + 1}` });
    expect(set?.dataSet.number(Tag.ImageBoxPosition)).toBe(index + 1);
    const [image] = set?.dataSet.items(Tag.BasicGrayscaleImageSequence) ?? [];
    expect([image?.number(Tag.Columns), image?.number(Tag.Rows)]).toEqual([40, 100]);
    const pixels = image?.get(Tag.PixelData);
    expect(pixels !== undefined && "bytes" in pixels && pixels.bytes.byteLength).toBe(4000);
  }
  expect(printer.asked[0]?.[5]?.command).toMatchObject({ actionTypeId: 1 });
  expect(house.printsOf("1.1")).toEqual(["film"]);
});

test("several films go one after the other in one session", async () => {
  const { job, printer, steps } = await printed({}, [film("1.1"), film("1.2"), film("1.3")]);
  expect(job).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
  expect(steps).toEqual([
    "get",
    "session",
    ...ONE_FILM,
    ...ONE_FILM,
    ...ONE_FILM,
    "delete-session",
  ]);
  expect(printer.sheets).toBe(3);
});

// ---- statuses row by row ----------------------------------------------------------------------------

const TABLES = [
  { step: "get", table: PRINTER_STATUS_ANSWER },
  { step: "session", table: FILM_SESSION_CREATE_STATUS },
  { step: "film-box", table: FILM_BOX_CREATE_STATUS },
  { step: "image-box", table: IMAGE_BOX_SET_STATUS },
  { step: "print", table: FILM_BOX_PRINT_STATUS },
] as const;

for (const { step, table } of TABLES)
  describe(`the job at the ${table.operation}`, () => {
    for (const line of table.rows)
      if (line.actions.includes("continue"))
        test(`${row(table.table, line.code)} ${line.meaning}: the film is printed`, async () => {
          const status = exampleStatus(line);
          const { job, printer, steps } = await printed({
            answer: (asked) => (asked.step === step ? status : 0),
          });
          expect(job.state).toBe("done");
          expect(steps).toEqual(WHOLE);
          expect(printer.sheets).toBe(1);
          const code = status.toString(16).toUpperCase().padStart(4, "0");
          if (line.actions.includes("log")) expect(logText(job)).toContain(code);
          else expect(job.log).toEqual([]);
        });
      else
        test(`${row(table.table, line.code)} ${line.meaning}: abort, and the job has failed`, async () => {
          const status = exampleStatus(line);
          const { job, printer, steps, house } = await printed({
            answer: (asked) => (asked.step === step ? status : 0),
          });
          expect(job.state).toBe("failed");
          expect(job.reason).toContain(status.toString(16).toUpperCase().padStart(4, "0"));
          expect(job.reason).toContain("film (PRINTER)");
          expect(steps.at(-1)).toBe(step);
          expect(printer.sheets).toBe(0);
          expect(house.printsOf("1.1")).toEqual([]);
          expect(printer.peer.associations[0]?.association.end).toMatchObject({ kind: "aborted" });
          expect(house.station.warnings()).toContain("job-failed");
        });
  });

for (const { step, table } of [
  { step: "delete-film-box", table: FILM_BOX_DELETE_STATUS },
  { step: "delete-session", table: FILM_SESSION_DELETE_STATUS },
] as const)
  for (const line of table.rows)
    test(`${row(table.table, line.code)} ${table.operation}, ${line.meaning}: what was accepted is done (E36)`, async () => {
      const status = line.code === "*" ? 0x0112 : 0;
      const { job, steps } = await printed({
        answer: (asked) => (asked.step === step ? status : 0),
      });
      expect(job.state).toBe("done");
      expect(steps).toEqual(WHOLE);
      if (status !== 0) expect(logText(job)).toContain("0112");
    });

test("F5: any warning of B600 to B60A counts as done and is logged", async () => {
  const { job } = await printed({ answer: (asked) => (asked.step === "print" ? 0xb603 : 0) });
  expect(job.state).toBe("done");
  expect(logText(job)).toContain("B603");
});

test("F4: after 0106 the film is tried once more without what may be left out", async () => {
  const { job, printer } = await printed({
    answer: (asked) =>
      asked.step === "film-box" && asked.dataSet.has(Tag.MaxDensity) ? 0x0106 : 0,
  });
  expect(job.state).toBe("done");
  expect(printer.sheets).toBe(1);
  expect(printer.asked).toHaveLength(2);
  expect(logText(job)).toContain("0106");
  const [, session, box] = printer.asked[1] ?? [];
  expect(session?.dataSet.tags()).toEqual([Tag.NumberOfCopies]);
  expect(box?.dataSet.tags()).toEqual([
    Tag.ImageDisplayFormat,
    Tag.FilmOrientation,
    Tag.FilmSizeID,
    Tag.ReferencedFilmSessionSequence,
  ]);
});

test("F4: a second 0106 fails the job", async () => {
  const { job, printer } = await printed({
    answer: (asked) => (asked.step === "session" ? 0x0106 : 0),
  });
  expect(job.state).toBe("failed");
  expect(printer.asked).toHaveLength(2);
});

// ---- failures of the communication --------------------------------------------------------------------

const SHORT = { nGetTimeout: 1, nCreateTimeout: 1, nSetTimeout: 1, nActionTimeout: 1 };

describe("an association that fails", () => {
  for (const step of ["get", "session", "film-box", "image-box"] as const) {
    test(`${row("4.2-66", "aborted")} at ${step}: the job has failed, no film is out`, async () => {
      const { job, printer } = await printed({
        answer: (asked) => (asked.step === step ? "abort" : 0),
      });
      expect(job).toMatchObject({ state: "failed", progress: { done: 0 } });
      expect(job.reason).not.toContain("may have been printed");
      expect(printer.sheets).toBe(0);
    });
  }

  test(`${row("4.2-66", "timeout")} at the film box: aborted, the job has failed`, async () => {
    const { job, printer } = await printed(
      { answer: (asked) => (asked.step === "film-box" ? "silence" : 0) },
      undefined,
      { print: SHORT },
    );
    expect(job.state).toBe("failed");
    expect(job.reason).toContain("no answer within");
    expect(printer.peer.associations[0]?.association.end).toMatchObject({ kind: "aborted" });
  });

  for (const how of ["abort", "silence"] as const)
    test(`${row("4.2-66", how === "abort" ? "aborted" : "timeout")} at N-ACTION: only the operator prints that film again`, async () => {
      await using printer = await scriptedPrinter({
        answer: (asked, nth) => (asked.step === "print" && nth === 1 ? how : 0),
      });
      await using house = await openHouse(printer.port, { print: SHORT });
      const id = await house.print([film("1.1"), film("1.2"), film("1.3")]);
      const job = await house.settled(id, "failed", "waiting", "done");
      expect(job).toMatchObject({ state: "failed", progress: { done: 1, total: 3 } });
      expect(job.reason).toContain("Film 2 of 3 may have been printed");
      expect(house.printsOf("1.1")).toEqual(["film"]);
      expect(house.printsOf("1.2")).toEqual([]);
      await house.queue.retry(id);
      const again = await house.settled(id, "done");
      expect(logText(again)).toContain("Film 2 of 3 is printed again");
      expect(printer.asked[1]?.filter(({ step }) => step === "film-box")).toHaveLength(2);
      expect(printer.sheets).toBe(3);
    });

  test("F8: a printer that hangs up after each film gets the next over a new association", async () => {
    const { job, printer } = await printed(
      { answer: (asked) => (asked.step === "delete-film-box" ? "abort" : 0) },
      [film("1.1"), film("1.2"), film("1.3")],
    );
    expect(job).toMatchObject({ state: "done", progress: { done: 3, total: 3 } });
    expect(printer.sheets).toBe(3);
    expect(printer.asked.map((asked) => asked.filter((a) => a.step === "print").length)).toEqual([
      1, 1, 1,
    ]);
  });

  test("a job that failed at its second film goes on with that one", async () => {
    await using printer = await scriptedPrinter({
      answer: (asked, nth) => (asked.step === "image-box" && nth === 1 ? 0xc605 : 0),
    });
    await using house = await openHouse(printer.port);
    const id = await house.print([film("1.1"), film("1.2")]);
    expect(await house.settled(id, "failed")).toMatchObject({ progress: { done: 1, total: 2 } });
    await house.queue.retry(id);
    await house.settled(id, "done");
    expect(printer.sheets).toBe(2);
    expect(printer.steps(1)).toEqual(["get", "session", ...ONE_FILM, "delete-session"]);
  });
});

test("F12: a rejected association is tried again and shows both AE titles", async () => {
  await using peer = await scriptedPeer({ reject: { result: 1, source: 1, reason: 7 } });
  await using house = await openHouse(peer.port);
  const id = await house.print([film("1.1")]);
  const job = await house.settled(id, "waiting");
  expect(job.reason).toContain("called AE title PRINTER");
  expect(job.reason).toContain("calling AE title UDR10A");
});

test("a printer that is switched off is tried again", async () => {
  const printer = await scriptedPrinter();
  await printer[Symbol.asyncDispose]();
  await using house = await openHouse(printer.port);
  const job = await house.settled(await house.print([film("1.1")]), "waiting");
  expect(job.nextAttemptMs).toBeGreaterThan(house.station.clock.nowMs());
});

test("a printer without the grayscale meta class fails the job", async () => {
  await using peer = await scriptedPeer({ answer: () => ({ result: 3 }) });
  await using house = await openHouse(peer.port);
  const job = await house.settled(await house.print([film("1.1")]), "failed", "waiting");
  expect(job.state).toBe("failed");
  expect(job.reason).toContain("no presentation context");
});

// ---- the printer's own state and events ---------------------------------------------------------------

describe("printer status", () => {
  test(`${row("4.2-67", "NORMAL")} prints without a word`, async () => {
    const { job } = await printed({ state: ["NORMAL", "NORMAL"] });
    expect(job).toMatchObject({ state: "done", log: [] });
  });

  test(`${row("4.2-67", "WARNING")} prints and is shown (E35)`, async () => {
    const { job } = await printed({ state: ["WARNING", "SUPPLY LOW"] });
    expect(job.state).toBe("done");
    expect(logText(job)).toContain("WARNING, “SUPPLY LOW”");
  });

  test(`${row("4.2-67", "empty")} prints and is shown as not ready`, async () => {
    const { job } = await printed({ state: ["", ""] });
    expect(job.state).toBe("done");
    expect(logText(job)).toContain("NOT READY");
  });

  test(`${row("4.2-67", "FAILURE")} is released, shown as failed and tried again after the delay (E35)`, async () => {
    await using printer = await scriptedPrinter({ state: ["FAILURE", "FILM JAM"] });
    await using house = await openHouse(printer.port, { print: { retryDelay: 1 } });
    const states: string[] = [];
    house.queue.changes.add((job) => states.push(job.state));
    const id = await house.print([film("1.1")]);
    const job = await house.settled(id, "waiting");
    expect(states.slice(-2)).toEqual(["failed", "waiting"]);
    expect(job.reason).toContain("FAILURE, “FILM JAM”");
    expect(printer.steps()).toEqual(["get"]);
    expect(printer.peer.associations[0]?.association.end).toMatchObject({ kind: "released" });
    printer.script.state = ["NORMAL", ""];
    expect(await house.settled(id, "done")).toMatchObject({ attempts: 2 });
    expect(printer.sheets).toBe(1);
  });
});

describe("events of the printer during a job", () => {
  const at = (step: Step, eventTypeId: number, statuses: number[] = []): PrinterScript => ({
    before: async (asked, seen) => {
      if (asked.step === step) statuses.push(await report(seen, eventTypeId, "BAD RECEIVE MGZ"));
    },
  });

  for (const step of ["session", "image-box", "print", "delete-session"] as const) {
    test(`${row("4.2-69", "1")}${row("4.2-70", "0000")} normal at ${step}: the job goes on`, async () => {
      const statuses: number[] = [];
      const { job } = await printed(at(step, 1, statuses));
      expect(job).toMatchObject({ state: "done", log: [] });
      expect(new Set(statuses)).toEqual(new Set([0]));
    });

    test(`${row("4.2-69", "2")}${row("4.2-70", "0000")} warning at ${step}: the job goes on, shown`, async () => {
      const { job } = await printed(at(step, 2));
      expect(job.state).toBe("done");
      expect(logText(job)).toContain("warning, “BAD RECEIVE MGZ”");
    });

    test(`${row("4.2-69", "3")} failure at ${step}: the job has failed and is not repeated`, async () => {
      const { job, printer } = await printed(at(step, 3));
      expect(job.state).toBe("failed");
      expect(job.nextAttemptMs).toBeUndefined();
      expect(job.reason).toContain("failure, “BAD RECEIVE MGZ”");
      expect(printer.sheets).toBe(step === "print" || step === "delete-session" ? 1 : 0);
    });
  }

  test("a film accepted before the failure is not printed again by a retry", async () => {
    await using printer = await scriptedPrinter(at("print", 3));
    await using house = await openHouse(printer.port);
    const id = await house.print([film("1.1"), film("1.2")]);
    expect(await house.settled(id, "failed")).toMatchObject({ progress: { done: 1, total: 2 } });
    printer.script.before = () => {};
    await house.queue.retry(id);
    await house.settled(id, "done");
    expect(printer.sheets).toBe(2);
  });

  test(`${row("4.2-69", "*")}${row("4.2-70", "0113")} an unknown event is refused and the job goes on`, async () => {
    const statuses: number[] = [];
    const { job } = await printed(at("film-box", 9, statuses));
    expect(job.state).toBe("done");
    expect(statuses).toEqual([0x0113]);
  });
});

// ---- interruptions ------------------------------------------------------------------------------------

describe("a job that is interrupted", () => {
  test("goes on at the next start with the first film that is not out", async () => {
    await using printer = await scriptedPrinter();
    const first = await openHouse(printer.port);
    let stopping: Promise<void> | null = null;
    printer.script.before = (asked) => {
      if (asked.step === "image-box" && printer.sheets === 1) stopping ??= first.queue.stop();
    };
    const id = await first.print([film("1.1"), film("1.2"), film("1.3")]);
    await first.settled(id, "queued");
    await Promise.resolve(stopping);
    await first.queue.stop();
    printer.script.before = () => {};
    await using second = await openHouse(printer.port, { before: first.station });
    expect(await second.settled(id, "done")).toMatchObject({ progress: { done: 3, total: 3 } });
    expect(printer.sheets).toBe(3);
  });

  test("never prints by itself the sheet that was asked for when the power went", async () => {
    await using printer = await scriptedPrinter();
    const first = await openHouse(printer.port);
    // The database as it was when the request for the sheet was on its way.
    const cut = Promise.withResolvers<Uint8Array>();
    printer.script.before = (asked) => {
      if (asked.step === "print") cut.resolve(first.station.db.serialize());
    };
    await first.print([film("1.1"), film("1.2")]);
    const db = Database.deserialize(await cut.promise, { strict: true });
    await first.settled("1", "done");
    await first.queue.stop();
    expect(printer.sheets).toBe(2);
    await using second = await openHouse(printer.port, {
      before: { db, disk: first.station.disk },
    });
    const job = await second.settled("1", "failed", "done", "waiting");
    expect(job.state).toBe("failed");
    expect(job.reason).toContain("Film 1 of 2 may have been printed");
    expect(printer.sheets).toBe(2);
  });

  test("by the operator while a sheet is asked for waits for the printer's answer", async () => {
    await using printer = await scriptedPrinter();
    await using house = await openHouse(printer.port);
    let cancelling: Promise<unknown> | null = null;
    printer.script.before = (asked) => {
      if (asked.step === "print") cancelling = house.queue.cancel("1");
    };
    await house.print([film("1.1"), film("1.2")]);
    const job = await house.settled("1", "cancelled");
    await cancelling;
    expect(job.progress.done).toBe(1);
    expect(printer.sheets).toBe(1);
    expect(house.printsOf("1.1")).toEqual(["film"]);
  });
});

describe("a store that cannot keep how far the films are", () => {
  const failing = (when: (ledger: { done: number; doubt: boolean }) => boolean) => {
    let broken = true;
    return {
      repair: () => {
        broken = false;
      },
      wrap: (storage: StoragePort): StoragePort => ({
        ...storage,
        reader: storage.reader,
        async apply(changes) {
          const [change] = changes;
          if (broken && change?.kind === "setting" && change.value !== null)
            if (when(change.value as { done: number; doubt: boolean }))
              throw new Error("disk full");
          return storage.apply(changes);
        },
      }),
    };
  };

  test("keeps the sheet from being asked for", async () => {
    await using printer = await scriptedPrinter();
    const disk = failing((ledger) => ledger.doubt);
    await using house = await openHouse(printer.port, { wrap: disk.wrap });
    const id = await house.print([film("1.1")]);
    expect(await house.settled(id, "waiting")).toMatchObject({ reason: "disk full" });
    expect(printer.steps()).not.toContain("print");
    disk.repair();
    await house.queue.retry(id);
    await house.settled(id, "done");
    expect(printer.sheets).toBe(1);
  });

  test("and fails behind the sheet leaves it to the operator", async () => {
    await using printer = await scriptedPrinter();
    const disk = failing((ledger) => ledger.done === 1);
    await using house = await openHouse(printer.port, { wrap: disk.wrap });
    const id = await house.print([film("1.1"), film("1.2")]);
    await house.settled(id, "waiting");
    expect(printer.sheets).toBe(1);
    disk.repair();
    await house.queue.retry(id);
    const job = await house.settled(id, "failed", "done");
    expect(job.state).toBe("failed");
    expect(job.reason).toContain("Film 1 of 2 may have been printed");
    expect(printer.sheets).toBe(1);
  });
});

test("an image that was deleted, or a film size the printer has lost, fails the job in words", async () => {
  await using printer = await scriptedPrinter();
  await using house = await openHouse(printer.port);
  const gone = await house.settled(await house.print([film("9.9")]), "failed");
  expect(gone.reason).toContain("9.9 was deleted");
  const odd = { ...film("1.1"), filmSize: "10INX14IN" };
  const lost = await house.settled(await house.print([odd]), "failed");
  expect(lost.reason).toContain("the printer has no films 10INX14IN");
  expect(printer.asked).toEqual([]);
});
