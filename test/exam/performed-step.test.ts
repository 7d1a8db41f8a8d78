// The performed step, the images and the dose report of one exam tell the same of it.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import {
  createDocument,
  type EndedExam,
  setDocument,
} from "../../src/services/mpps/step-document.ts";
import { worklistItem } from "../dicom/iod/variants.ts";
import { granted, openRoom } from "./room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const STATION = { aeTitle: "UDR10A", stationName: "ROOM1", timeZone: "Asia/Tokyo" };

/** Attributes that step, image and report have in common. */
const SHARED = [Tag.PatientName, Tag.PatientID, Tag.PatientBirthDate, Tag.PatientSex, Tag.StudyID];

for (const scheduled of [true, false])
  test(`of ${scheduled ? "a scheduled" : "an unscheduled"} exam`, async () => {
    await using room = await openRoom({
      configuration: { device: { timeZone: STATION.timeZone } },
    });
    await room.storage.saveWorklist([{ ...worklistItem, id: "item", modality: "RF" }], 0);
    const exam = granted(
      await room.exams.open(
        scheduled
          ? { worklistItemId: "item", operator: "Berg^Ida" }
          : { patient: { name: "A^B", birthDate: "19700131", sex: "F" }, operator: "Berg^Ida" },
      ),
    );
    granted(await room.exams.expose({ kind: "radiography" }));
    granted(await room.exams.secondaryCapture(exam.id, { kind: "dose-page" }));
    const ended = granted(await room.exams.end(exam.id, "completed")) as EndedExam;
    const instances = room.instances(ended);
    const create = createDocument(ended, STATION).dataSet;
    const set = setDocument(ended, instances, STATION).dataSet;
    const [attributes] = create.items(Tag.ScheduledStepAttributesSequence);

    const objects = await Promise.all(instances.map((i) => room.dataSet(i)));
    const told = (dataSet: DataSet) => SHARED.map((tag) => dataSet.string(tag));
    for (const object of objects) {
      expect(told(object)).toEqual(told(create));
      expect(object.string(Tag.StudyInstanceUID)).toBe(attributes?.string(Tag.StudyInstanceUID));
      expect(object.string(Tag.AccessionNumber)).toBe(attributes?.string(Tag.AccessionNumber));
      expect(object.string(Tag.StudyDate)).toBe(create.string(Tag.PerformedProcedureStepStartDate));
      expect(object.string(Tag.StudyTime)).toBe(create.string(Tag.PerformedProcedureStepStartTime));
    }
    const series = set.items(Tag.PerformedSeriesSequence);
    const members = series.flatMap((item) =>
      [
        ...item.items(Tag.ReferencedImageSequence),
        ...item.items(Tag.ReferencedNonImageCompositeSOPInstanceSequence),
      ].map((reference) => [
        item.string(Tag.SeriesInstanceUID),
        item.string(Tag.ProtocolName),
        reference.string(Tag.ReferencedSOPClassUID),
        reference.string(Tag.ReferencedSOPInstanceUID),
      ]),
    );
    expect(members.sort()).toEqual(
      objects
        .map((object) => [
          object.string(Tag.SeriesInstanceUID),
          object.string(Tag.ProtocolName) ?? "CHEST PA",
          object.string(Tag.SOPClassUID),
          object.string(Tag.SOPInstanceUID),
        ])
        .sort(),
    );
    for (const object of objects.filter((o) => o.has(Tag.OperatorsName)))
      expect(series[0]?.string(Tag.OperatorsName)).toBe(object.string(Tag.OperatorsName));
    const referred = objects.flatMap((object) =>
      object
        .items(Tag.ReferencedPerformedProcedureStepSequence)
        .map((item) => item.string(Tag.ReferencedSOPInstanceUID)),
    );
    for (const uid of referred) expect(uid).toBe(ended.mppsSopInstanceUid);
  });
