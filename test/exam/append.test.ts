// A step appended to a closed study: series and report count on, the report is cumulative, the study
// keeps its identity and its date.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { figuresOf } from "./dose-report.ts";
import { granted, openRoom, refusalOf } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

test("a second step ends with a report of both, series 9002", async () => {
  await using room = await openRoom();
  const open = { operator: "Berg^Ida" };
  const first = granted(await room.exams.open({ patient: { name: "App^End" }, ...open }));
  const early = refusalOf(await room.exams.open({ appendTo: first.studyInstanceUid, ...open }));
  expect(early.code).toBe("exam-already-open");
  const one = granted(await room.exams.expose({ kind: "radiography" }));
  granted(await room.exams.end(first.id, "completed"));

  const second = granted(await room.exams.open({ appendTo: first.studyInstanceUid, ...open }));
  expect(second.studyInstanceUid).toBe(first.studyInstanceUid);
  expect(second.mppsSopInstanceUid).not.toBe(first.mppsSopInstanceUid);
  expect(second).toMatchObject({
    stepNumber: 2,
    patient: JSON.parse(JSON.stringify(first.patient)),
    studyStartedMs: first.studyStartedMs,
    accessionNumber: first.accessionNumber,
    studyId: first.studyId,
    exposures: [],
    series: [],
    notices: [],
  });
  const two = granted(await room.exams.expose({ kind: "radiography" }));
  const three = granted(
    await room.exams.expose({ kind: "fluoroscopy", frames: 2, fps: 15, save: false }),
  );
  const ended = granted(await room.exams.end(second.id, "discontinued", "110513"));

  const made = room.instances(ended);
  expect(made.map((i) => [i.modality, i.seriesNumber])).toEqual([
    ["DX", 2],
    ["SR", 9002],
  ]);
  const [image, report] = made;
  if (image === undefined || report === undefined) throw new Error("objects are missing");
  const figures = figuresOf(await room.dataSet(report));
  expect(figures.events.map((e) => figures.value(e, "113769"))).toEqual([
    one.irradiationEventUid,
    two.irradiationEventUid,
    three.irradiationEventUid,
  ]);
  expect(figures.sums.filter((s) => s.total !== s.sum)).toEqual([]);
  expect(figures.frames).toBe("2");
  expect(await problemsOf(room.bytes(report), "RDSR")).toEqual([]);
  const all = room.storage.reader.instancesOfStudy(first.studyInstanceUid);
  const listed = (await room.dataSet(report))
    .items(Tag.CurrentRequestedProcedureEvidenceSequence)
    .flatMap((study) => study.items(Tag.ReferencedSeriesSequence))
    .flatMap((series) => series.items(Tag.ReferencedSOPSequence))
    .map((item) => item.string(Tag.ReferencedSOPInstanceUID) ?? "");
  expect(listed.sort()).toEqual(
    all
      .filter((i) => i.modality === "DX")
      .map((i) => i.sopInstanceUid)
      .sort(),
  );
  const dates = await Promise.all(
    all.map(async (i) => {
      const dataSet = await room.dataSet(i);
      return `${dataSet.string(Tag.StudyDate)} ${dataSet.string(Tag.StudyTime)}`;
    }),
  );
  expect(new Set(dates).size).toBe(1);
  expect(new Set(all.map((i) => i.seriesInstanceUid)).size).toBe(4);
});

test("a study that is not ours cannot be appended to", async () => {
  await using room = await openRoom();
  const { code } = refusalOf(await room.exams.open({ appendTo: "1.2.3" }));
  expect(code).toBe("unknown-reference");
});
