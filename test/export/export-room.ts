// Objects of every exported class in a folder of their own, and folders that stand for sticks, for the
// tests of exports.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";
import type { ExportObject } from "../../src/export/export-object.ts";
import { recordTypeOf } from "../../src/export/media-profiles.ts";
import { realMedium } from "../../src/hal/media/real-medium.ts";
import {
  CELLS,
  type ExportAnswer,
  type ExportTask,
  STOP_CELL,
} from "../../src/workers/export/messages.ts";
import { runExportTask, type TaskPorts } from "../../src/workers/export/run-task.ts";
import { openSource } from "../../src/workers/export/source-file.ts";
import { pixelBytes, ROOT, VARIANTS, type Variant } from "../dicom/iod/variants.ts";

export const IDENTITY = {
  implementationClassUid: ROOT,
  implementationVersionName: "UDR10A",
  sourceAeTitle: "UDR-10A",
};
export const PAGE = {
  institution: "Test Hospital",
  device: "UDR-10A",
  writtenAt: "2026-01-05 08:00",
};
/** One variant of each SOP class of Table 5.2-3. */
export const CLASSES = [
  "xa-multi-frame",
  "rf-multi-frame",
  "dx",
  "sc-colour",
  "rdsr-scheduled",
  "cr-kanji",
] as const;

export interface TempFolder extends Disposable {
  readonly path: string;
}

export function tempFolder(name: string): TempFolder {
  const path = mkdtempSync(join(tmpdir(), `udr-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface ObjectOptions {
  /** Ends the study's, series' and instance's UIDs. */
  readonly study?: number;
  readonly series?: number;
  readonly instance?: number;
  /** Elements to set or, with null, to empty. */
  readonly texts?: Readonly<Record<number, string | null>>;
  readonly transferSyntaxUid?: TransferSyntaxUid;
}

/** Writes a variant's object into the folder and answers what an export is told of it. */
export async function exportObject(
  folder: string,
  name: string,
  options: ObjectOptions = {},
): Promise<ExportObject> {
  const { study = 1, series = 1, instance = 1, texts = {} } = options;
  const variant = (VARIANTS[name] ?? VARIANTS["dx"])?.() as Variant;
  const { dataSet, pixel, sopClassUid } = variant.built;
  const studyUid = `${ROOT}.9.${study}`;
  const sopInstanceUid = `${studyUid}.${series}.${instance}`;
  dataSet
    .text(Tag.StudyInstanceUID, "UI", studyUid)
    .text(Tag.SeriesInstanceUID, "UI", `${studyUid}.${series}`)
    .text(Tag.SOPInstanceUID, "UI", sopInstanceUid)
    .text(Tag.SeriesNumber, "IS", String(series))
    .text(Tag.InstanceNumber, "IS", String(instance));
  for (const [tag, text] of Object.entries(texts)) {
    const element = dataSet.get(Number(tag));
    const vr = element !== undefined && "values" in element ? element.vr : "LO";
    dataSet.text(Number(tag), vr as "LO", ...(text === null ? [] : [text]));
  }
  const byteLength = pixelBytes(variant);
  const header = encodeObjectHeader({
    meta: {
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: options.transferSyntaxUid ?? TransferSyntaxUid.ExplicitVrLittleEndian,
      implementationClassUid: "1.2.3.4",
      sourceAeTitle: "SOMEBODY",
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: pixel === null ? undefined : { vr: pixel.vr, byteLength },
  });
  const file = new Uint8Array(header.byteLength + byteLength);
  file.set(header);
  for (let i = 0; i < byteLength; i++) file[header.byteLength + i] = (i * 7 + instance) & 0x0f;
  const path = join(folder, `${sopInstanceUid}.dcm`);
  await Bun.write(path, file);
  const of = (tag: number) => dataSet.string(tag) ?? "";
  return {
    path,
    fileBytes: file.byteLength,
    sopInstanceUid,
    sopClassUid,
    type: recordTypeOf(sopClassUid) ?? "IMAGE",
    facts: {
      patientName: of(Tag.PatientName),
      patientId: of(Tag.PatientID),
      studyInstanceUid: studyUid,
      studyDate: of(Tag.StudyDate),
      studyTime: of(Tag.StudyTime),
      studyDescription: of(Tag.StudyDescription),
      studyId: of(Tag.StudyID),
      accessionNumber: of(Tag.AccessionNumber),
      modality: of(Tag.Modality),
      seriesInstanceUid: `${studyUid}.${series}`,
      seriesNumber: series,
      instanceNumber: instance,
      storedDate: "20260105",
      storedTime: "080000",
    },
  };
}

/** One object of each class, in two studies. */
export async function someObjects(folder: string): Promise<ExportObject[]> {
  const objects: ExportObject[] = [];
  for (const [i, name] of CLASSES.entries())
    objects.push(
      await exportObject(folder, name, {
        study: 1 + Math.floor(i / 5),
        series: 1 + i,
        instance: 1 + i,
      }),
    );
  return objects;
}

export const realPorts: TaskPorts = { medium: realMedium, open: openSource };

export interface ExportOptions {
  readonly token?: string;
  readonly ports?: TaskPorts;
  readonly stop?: boolean;
  readonly previews?: Extract<ExportTask, { type: "finish" }>["previews"];
}

/** A whole export, as the job's executor does it; answers what went wrong, or "finished". */
export async function exportTo(
  root: string,
  objects: readonly ExportObject[],
  options: ExportOptions = {},
): Promise<ExportAnswer> {
  const { token = "job 1", ports = realPorts } = options;
  const shared = new SharedArrayBuffer(CELLS * 4);
  if (options.stop === true) new Int32Array(shared)[STOP_CELL] = 1;
  const copied = await runExportTask(ports, {
    type: "copy",
    root,
    token,
    objects,
    identity: IDENTITY,
    readBack: true,
    checkSpace: true,
    shared,
  });
  if (copied.type !== "placed") return copied;
  return runExportTask(ports, {
    type: "finish",
    root,
    token,
    objects,
    placed: copied.placed,
    previews: options.previews ?? [],
    identity: IDENTITY,
    characterSet: "default-kanji",
    newUid: `${ROOT}.7.7`,
    fileSetId: "UDR10A",
    page: PAGE,
  });
}
