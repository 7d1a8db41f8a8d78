// Exposure index of radiographs (IEC 62494-1): from the dose at the panel in the anatomy, in CR and in
// the exam's record; in DX only where the site wants it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { exposureView } from "../../src/api/views.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { granted, openRoom, type RoomOptions } from "./room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const TARGET = 250;

function configured(object: "CR" | "DX", more: object = {}): RoomOptions {
  return {
    configuration: {
      acquisition: {
        protocols: [
          {
            id: "own",
            name: "CHEST",
            studyDescription: "CHEST",
            bodyPart: "CHEST",
            kind: "radiography",
            object,
            technique: { kv: 80, ma: 100, ms: 10 },
            targetExposureIndex: TARGET,
          },
        ],
        ...more,
      },
    },
  };
}

async function expose(options: RoomOptions, ms: readonly number[]) {
  await using room = await openRoom(options);
  const exam = granted(await room.exams.open({ patient: { name: "A^B" }, protocolId: "own" }));
  for (const time of ms) {
    granted(await room.exams.prepare(exam.id, { technique: { ms: time } }));
    granted(await room.exams.expose({ kind: "radiography" }));
  }
  const ended = granted(await room.exams.end(exam.id, "completed"));
  const images = room.instances(ended).filter((i) => i.modality !== "SR");
  return {
    exposures: ended.exposures,
    dataSets: await Promise.all(images.map((image) => room.dataSet(image))),
  };
}

test("the index of a CR image is the one of the exam, and twice the dose is twice the index", async () => {
  const { exposures, dataSets } = await expose(configured("CR"), [10, 20]);
  const found = exposures.map((e) => e.exposureIndex ?? { index: 0 });
  expect(dataSets.map((d) => d.number(Tag.ExposureIndex))).toEqual(found.map((f) => f.index));
  expect(dataSets.map((d) => d.number(Tag.TargetExposureIndex))).toEqual([TARGET, TARGET]);
  expect(dataSets.map((d) => d.number(Tag.DeviationIndex))).toEqual(found.map((f) => f.deviation));
  const [once, twice] = found;
  if (once === undefined || twice === undefined) throw new Error("two exposures");
  expect(twice.index / once.index).toBeCloseTo(2, 1);
  expect((twice.deviation ?? 0) - (once.deviation ?? 0)).toBeCloseTo(3, 0);
  expect(once.deviation).toBeCloseTo(10 * Math.log10(once.index / TARGET), 0);
});

test("the API shows index, target and deviation of a radiograph", async () => {
  const { exposures } = await expose(configured("DX"), [10]);
  const [exposure] = exposures;
  if (exposure?.exposureIndex === undefined) throw new Error("no index");
  expect(exposureView(exposure)).toMatchObject({
    exposureIndex: exposure.exposureIndex.index,
    targetExposureIndex: TARGET,
    deviationIndex: exposure.exposureIndex.deviation,
  });
});

test("a DX image has the attribute empty unless the site switches it on", async () => {
  const off = await expose(configured("DX"), [10]);
  expect(off.dataSets[0]?.has(Tag.ExposureIndex)).toBe(true);
  expect(off.dataSets[0]?.number(Tag.ExposureIndex)).toBeUndefined();
  const on = await expose(configured("DX", { exposureIndexInDx: true }), [10]);
  expect(on.dataSets[0]?.number(Tag.ExposureIndex)).toBe(on.exposures[0]?.exposureIndex?.index);
});
