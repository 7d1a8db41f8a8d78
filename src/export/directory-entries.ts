// From what the database knows of an object to its directory records. Only a dose report's own header
// is opened, and the first object of a study that has no date (E51); pixel data never.

import { DataSet } from "../dicom/data/data-set.ts";
import { Tag } from "../dicom/dict/attributes.ts";
import { TransferSyntaxUid } from "../dicom/dict/uids.ts";
import {
  documentKeys,
  type Moment,
  momentOf,
  substituteEmptyKeys,
} from "../dicom/dir/substitutes.ts";
import type { DirectoryEntry } from "../dicom/dir/write-directory.ts";
import { readObjectHeader } from "../dicom/io/object-header.ts";
import type { ExportFacts, ExportObject, PlacedObject } from "./export-object.ts";
import { byteSource } from "./exported-file.ts";
import type { OpenSource } from "./source-files.ts";

/** Entries for what was not on the medium before. @throws SourceError */
export async function directoryEntries(
  objects: readonly ExportObject[],
  placed: readonly PlacedObject[],
  open: OpenSource,
): Promise<DirectoryEntry[]> {
  const places = new Map(placed.map((place) => [place.sopInstanceUid, place]));
  const moments = new Map<string, Moment>();
  const entries: DirectoryEntry[] = [];
  for (const object of objects) {
    const place = places.get(object.sopInstanceUid);
    if (place === undefined || place.wasThere) continue;
    const uid = object.facts.studyInstanceUid;
    let moment = moments.get(uid);
    if (moment === undefined) {
      moment = await momentOfStudy(object, open);
      moments.set(uid, moment);
    }
    const facts = substituteEmptyKeys(factsOf(object.facts), moment);
    if (object.type === "SR DOCUMENT") documentKeys(await headerOf(object, open), facts, moment);
    entries.push({
      type: object.type,
      facts,
      file: {
        fileId: place.fileId,
        sopClassUid: object.sopClassUid,
        sopInstanceUid: object.sopInstanceUid,
        transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      },
    });
  }
  return entries;
}

async function momentOfStudy(object: ExportObject, open: OpenSource): Promise<Moment> {
  const { studyDate, studyTime, storedDate, storedTime } = object.facts;
  const stored = { date: storedDate, time: storedTime };
  if (studyDate !== "" && studyTime !== "") return stored;
  return momentOf(await headerOf(object, open)) ?? stored;
}

async function headerOf(object: ExportObject, open: OpenSource): Promise<DataSet> {
  const source = open(object.path);
  try {
    return (await readObjectHeader(byteSource(source))).dataSet;
  } finally {
    source.close();
  }
}

function factsOf(facts: ExportFacts): DataSet {
  return new DataSet()
    .text(Tag.PatientName, "PN", facts.patientName)
    .text(Tag.PatientID, "LO", facts.patientId)
    .text(Tag.StudyInstanceUID, "UI", facts.studyInstanceUid)
    .text(Tag.StudyDate, "DA", facts.studyDate)
    .text(Tag.StudyTime, "TM", facts.studyTime)
    .text(Tag.StudyDescription, "LO", facts.studyDescription)
    .text(Tag.StudyID, "SH", facts.studyId)
    .text(Tag.AccessionNumber, "SH", facts.accessionNumber)
    .text(Tag.Modality, "CS", facts.modality)
    .text(Tag.SeriesInstanceUID, "UI", facts.seriesInstanceUid)
    .text(Tag.SeriesNumber, "IS", String(facts.seriesNumber))
    .text(Tag.InstanceNumber, "IS", String(facts.instanceNumber));
}
