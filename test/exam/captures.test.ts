// Secondary captures of an exam: the dose page as a grey picture, the screen in colour, each kind in a
// series of its own, in the report's evidence, and refused where no radiation was.

import { expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { dosePage } from "../../src/exam/dose-page.ts";
import { dGyCm2Text, doseTotals } from "../../src/model/dose.ts";
import { pageSvg } from "../../src/workers/render/page.ts";
import { granted, openRoom, type Room, refusalOf } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const open = async (room: Room) =>
  granted(await room.exams.open({ patient: { name: "Cap^Ture" }, operator: "Berg^Ida" }));

/** 5 × 3, so that its bytes are odd in number. */
const screen = () =>
  sharp(
    Uint8Array.from({ length: 45 }, (_, i) => i * 5),
    {
      raw: { width: 5, height: 3, channels: 3 },
    },
  )
    .png()
    .toBuffer();

test("captures are in series of their own, valid, and listed by the dose report", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  const exposure = granted(await room.exams.expose({ kind: "radiography" }));
  const page = granted(await room.exams.secondaryCapture(exam.id, { kind: "dose-page" }));
  const first = granted(
    await room.exams.secondaryCapture(exam.id, { kind: "screen", png: await screen() }),
  );
  const second = granted(
    await room.exams.secondaryCapture(exam.id, { kind: "screen", png: await screen() }),
  );
  const ended = granted(await room.exams.end(exam.id, "completed"));
  expect([page.seriesNumber, first.seriesNumber, second.seriesNumber]).toEqual([2, 3, 3]);
  expect([page.instanceNumber, first.instanceNumber, second.instanceNumber]).toEqual([1, 1, 2]);
  expect(ended.series.map((s) => s.protocolName)).toEqual([
    "CHEST PA",
    "DOSE PAGE",
    "SCREEN CAPTURE",
    "CHEST PA",
  ]);
  for (const record of [page, first]) {
    expect(await problemsOf(room.bytes(record), "SC")).toEqual([]);
    const dataSet = await room.dataSet(record);
    expect(dataSet.string(Tag.Modality)).toBe("RF");
    expect(dataSet.string(Tag.ConversionType)).toBe("WSD");
    expect(dataSet.strings(Tag.ImageType)).toEqual(["DERIVED", "SECONDARY"]);
    expect(dataSet.string(Tag.IrradiationEventUID)).toBe(exposure.irradiationEventUid);
    expect(dataSet.string(Tag.PatientName)).toBe("Cap^Ture");
  }
  const report = room.instances(ended).find((i) => i.modality === "SR");
  if (report === undefined) throw new Error("no report");
  const listed = (await room.dataSet(report))
    .items(Tag.CurrentRequestedProcedureEvidenceSequence)
    .flatMap((study) => study.items(Tag.ReferencedSeriesSequence))
    .flatMap((series) => series.items(Tag.ReferencedSOPSequence))
    .map((item) => item.string(Tag.ReferencedSOPInstanceUID));
  for (const { sopInstanceUid } of [page, first, second]) expect(listed).toContain(sopInstanceUid);
});

test("a screen keeps its colours, pixel by pixel", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.expose({ kind: "radiography" }));
  const record = granted(
    await room.exams.secondaryCapture(exam.id, { kind: "screen", png: await screen() }),
  );
  const { dataSet, pixel } = await room.read(record);
  expect(dataSet.string(Tag.PhotometricInterpretation)).toBe("RGB");
  expect([dataSet.number(Tag.Columns), dataSet.number(Tag.Rows)]).toEqual([5, 3]);
  expect(dataSet.number(Tag.PlanarConfiguration)).toBe(0);
  expect(pixel?.byteLength).toBe(46);
  const bytes = room.bytes(record).subarray(pixel?.offset, (pixel?.offset ?? 0) + 45);
  expect([...bytes]).toEqual(Array.from({ length: 45 }, (_, i) => i * 5));
});

test("the dose page shows something in each of its parts", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  for (let n = 0; n < 2; n++) granted(await room.exams.expose({ kind: "radiography" }));
  const record = granted(await room.exams.secondaryCapture(exam.id, { kind: "dose-page" }));
  const { pixel } = await room.read(record);
  const pixels = room.bytes(record).subarray(pixel?.offset);
  /** Bright pixels of a band of rows. */
  const bright = (from: number, to: number) =>
    pixels.subarray(from * record.columns, to * record.columns).filter((v) => v > 100).length;
  for (let row = 40; row < 440; row += 100) expect(bright(row, row + 100)).toBeGreaterThan(200);
  expect(bright(record.rows - 20, record.rows)).toBe(0);
});

test("the page's figures are those of the exam, and its text is safe in SVG", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.expose({ kind: "radiography" }));
  granted(await room.exams.expose({ kind: "fluoroscopy", frames: 3, fps: 15 }));
  const now = room.exams.get(exam.id);
  const parsed = parseConfiguration({});
  if (now === null || !parsed.ok) throw new Error("no exam");
  const named = { ...now, patient: { ...now.patient, patientName: `<&"\u0007^X` } };
  const page = dosePage(named, parsed.configuration);
  const totals = doseTotals(now.exposures);
  expect(page.rows.map((row) => [row[3], row[7], row[8]])).toEqual([
    ["radiography", "1", dGyCm2Text(now.exposures[0]?.report.dap ?? (0 as never))],
    ["fluoroscopy", "3", dGyCm2Text(now.exposures[1]?.report.dap ?? (0 as never))],
  ]);
  const total = Object.fromEntries(page.totals);
  expect(total["Total DAP"]).toBe(`${dGyCm2Text(totals.dap)} dGy·cm²`);
  expect(total["Fluoroscopy time"]).toBe(`${totals.fluoroTime} s`);
  const { svg } = pageSvg(page);
  expect(svg).toContain("&lt;&amp;&quot; ^X");
});

test("a capture of an exam without radiation, or of one that ended, is refused in words", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  const early = refusalOf(await room.exams.secondaryCapture(exam.id, { kind: "dose-page" }));
  expect(early.code).toBe("wrong-state");
  expect(early.detail).toContain("make an exposure first");
  granted(await room.exams.end(exam.id, "discontinued", "110513"));
  const late = refusalOf(await room.exams.secondaryCapture(exam.id, { kind: "dose-page" }));
  expect(late.code).toBe("exam-not-open");
  const none = refusalOf(await room.exams.secondaryCapture("exam-0", { kind: "dose-page" }));
  expect(none.code).toBe("not-found");
});

test("what is no PNG, or too large, is refused and nothing of it is kept", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.expose({ kind: "radiography" }));
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#123" } })
    .jpeg()
    .toBuffer();
  const png = await screen();
  const huge = await sharp({
    create: { width: 9000, height: 9000, channels: 3, background: "#000" },
  })
    .png({ compressionLevel: 1 })
    .toBuffer();
  for (const bytes of [jpeg, new Uint8Array(0), new Uint8Array(100), png.subarray(0, 60), huge]) {
    const answer = await room.exams.secondaryCapture(exam.id, { kind: "screen", png: bytes });
    expect(refusalOf(answer).code).toBe("invalid-field");
  }
  expect(room.exams.get(exam.id)?.series.map((s) => s.modality)).toEqual(["DX"]);
});
