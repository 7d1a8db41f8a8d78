// File-sets as they come to lie on a stick, read by programs that know nothing of ours.

import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../src/dicom/data/decode.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { DIRECTORY_KEYS, type RecordType } from "../../src/dicom/dir/directory-keys.ts";
import { isFileId } from "../../src/dicom/dir/file-id.ts";
import {
  type DirectoryRecord,
  fileIdOf,
  readDirectory,
} from "../../src/dicom/dir/read-directory.ts";
import { PREFIX_END } from "../../src/dicom/io/file-meta.ts";
import type { ExportObject } from "../../src/export/export-object.ts";
import { FILE_META, MEDIA, MEDIA_SOP_CLASSES } from "../../src/export/media-profiles.ts";
import { row } from "../coverage.ts";
import { hasOrthanc, startOrthanc } from "../peers/orthanc.ts";
import { installed, run } from "../peers/program.ts";
import { exportObject, exportTo, someObjects, tempFolder } from "./export-room.ts";

const work = tempFolder("file-set");
afterAll(() => work[Symbol.dispose]());
const source = join(work.path, "source");
mkdirSync(source);

function stick(name: string): string {
  const path = join(work.path, name);
  mkdirSync(path);
  return path;
}

const directoryOf = (root: string) => readDirectory(readFileSync(join(root, "DICOMDIR")));
const recordsOf = (root: string, type: string) =>
  directoryOf(root).records.filter((record) => record.type === type);
const fileOf = (root: string, record: DirectoryRecord) =>
  join(root, ...(fileIdOf(record) ?? ["nowhere"]));

/** Data set of an exported file, with its File Meta. */
function readFile(path: string): { meta: DataSet; body: Uint8Array } {
  const bytes = readFileSync(path);
  const length = bytes.readUInt32LE(PREFIX_END + 8) + 12;
  const meta = decodeDataSet(bytes.subarray(PREFIX_END, PREFIX_END + length), { explicitVr: true });
  return { meta: meta.dataSet, body: bytes.subarray(PREFIX_END + length) };
}

const objects = await someObjects(source);
const plain = stick("plain");
expect(await exportTo(plain, objects)).toEqual({ type: "finished" });

describe("an exported file", () => {
  const files = [...recordsOf(plain, "IMAGE"), ...recordsOf(plain, "SR DOCUMENT")];
  const expected: Readonly<Record<number, (o: ExportObject) => string>> = {
    [Tag.MediaStorageSOPClassUID]: (o) => o.sopClassUid,
    [Tag.MediaStorageSOPInstanceUID]: (o) => o.sopInstanceUid,
    [Tag.TransferSyntaxUID]: () => "1.2.840.10008.1.2.1",
    [Tag.ImplementationClassUID]: () => "1.2.392.200036.9116.32.5",
    [Tag.ImplementationVersionName]: () => "UDR10A",
    [Tag.SourceApplicationEntityTitle]: () => "UDR-10A",
  };
  for (const { tag } of FILE_META.rows) {
    const id = tag.toString(16).toUpperCase().padStart(8, "0");
    test(`${row(FILE_META.table, id)} has this File Meta element with the statement's value`, () => {
      expect(files).toHaveLength(objects.length);
      for (const record of files) {
        const path = fileOf(plain, record);
        const { meta } = readFile(path);
        const uid = record.keys.string(Tag.ReferencedSOPInstanceUIDInFile);
        const object = objects.find((o) => o.sopInstanceUid === uid);
        if (object === undefined) throw new Error(`${uid} was not exported`);
        const value = expected[tag];
        if (value !== undefined) expect(meta.string(tag)).toBe(value(object));
        else if (tag === Tag.FileMetaInformationVersion)
          expect(meta.get(tag)).toMatchObject({ bytes: Buffer.from([0, 1]) });
        // The group length is where the body was found by.
        else expect(readFile(path).body.byteLength).toBeGreaterThan(100);
      }
    });
  }

  test("carries the stored data set byte for byte", () => {
    for (const record of files) {
      const { body } = readFile(fileOf(plain, record));
      const uid = record.keys.string(Tag.ReferencedSOPInstanceUIDInFile);
      const stored = readFileSync(join(source, `${uid}.dcm`));
      expect(stored.subarray(stored.byteLength - body.byteLength).equals(body)).toBeTrue();
      expect(body.subarray(0, 2)).toEqual(new Uint8Array([0x08, 0x00]));
    }
  });

  test("that was stored implicit becomes explicit, with the same values", async () => {
    const root = stick("implicit");
    const implicit = await exportObject(source, "dx", {
      study: 30,
      transferSyntaxUid: TransferSyntaxUid.ImplicitVrLittleEndian,
    });
    const explicit = await exportObject(join(source, "explicit"), "dx", { study: 30 });
    expect(await exportTo(root, [implicit])).toEqual({ type: "finished" });
    const [record] = recordsOf(root, "IMAGE");
    if (record === undefined) throw new Error("no image");
    const { meta, body } = readFile(fileOf(root, record));
    expect(meta.string(Tag.TransferSyntaxUID)).toBe(TransferSyntaxUid.ExplicitVrLittleEndian);
    const stored = readFile(explicit.path).body;
    expect(Buffer.from(body).equals(stored)).toBeTrue();
  });

  test("that would be compressed is refused, and nothing is left of the export", async () => {
    const root = stick("compressed");
    const object = await exportObject(source, "dx", {
      study: 31,
      transferSyntaxUid: TransferSyntaxUid.JpegLosslessSv1,
    });
    expect(await exportTo(root, [object])).toMatchObject({
      type: "source-failed",
      reason: expect.stringContaining("compressed"),
    });
    expect(existsSync(join(root, "DICOMDIR"))).toBeFalse();
  });
});

describe("the DICOMDIR", () => {
  for (const { sopClassUid, record } of MEDIA_SOP_CLASSES.rows)
    test(`${row(MEDIA_SOP_CLASSES.table, sopClassUid)} has its place in the file-set`, () => {
      const directory = directoryOf(plain);
      if (record === null) {
        expect(directory.meta).toMatchObject({
          sopClassUid,
          transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
          sourceAeTitle: "UDR-10A",
        });
        return;
      }
      const records = recordsOf(plain, record).filter(
        (r) => r.keys.string(Tag.ReferencedSOPClassUIDInFile) === sopClassUid,
      );
      expect(records.length).toBeGreaterThan(0);
      for (const r of records) {
        expect(r.keys.string(Tag.ReferencedTransferSyntaxUIDInFile)).toBe("1.2.840.10008.1.2.1");
        expect(existsSync(fileOf(plain, r))).toBeTrue();
        expect(isFileId(fileIdOf(r) ?? [])).toBeTrue();
      }
    });

  for (const { record, tag, vr, type } of DIRECTORY_KEYS.rows) {
    const id = tag.toString(16).toUpperCase().padStart(8, "0");
    test(`${row(DIRECTORY_KEYS.table, `${record} ${id}`)} has this key`, () => {
      if (record === "any") {
        const patients = recordsOf(plain, "PATIENT");
        const kanji = patients.find((p) => p.keys.string(Tag.PatientName)?.includes("山田"));
        expect(kanji?.keys.strings(tag)).toEqual(["", "ISO 2022 IR 87"]);
        // X4: only where the record's own text needs it.
        expect(patients.some((p) => !p.keys.has(tag))).toBeTrue();
        return;
      }
      const records = recordsOf(plain, record);
      expect(records.length).toBeGreaterThan(0);
      for (const { keys } of records) {
        const element = keys.get(tag);
        expect(element?.vr).toBe(vr);
        if (type !== "2" && element?.vr !== "SQ") expect(keys.string(tag)).toBeTruthy();
        if (element?.vr === "SQ") expect(element.items.length).toBeGreaterThan(0);
      }
    });
  }

  test.skipIf(!installed("dciodvfy"))("satisfies dciodvfy", async () => {
    const { said } = await run(["dciodvfy", "-new", join(plain, "DICOMDIR")]);
    expect(said).toContain("BasicDirectory");
    expect(said.split("\n").filter((line) => line.startsWith("Error"))).toEqual([]);
  });

  test.skipIf(!installed("dcmdump", "dcdirdmp"))(
    "is read by DCMTK to the last record",
    async () => {
      const listed = await run(["dcdirdmp", join(plain, "DICOMDIR")]);
      expect(listed.said.match(/-> DICOM/g)).toHaveLength(objects.length);
      expect(listed.said).not.toMatch(/^[EW]:/m);
      const dumped = await run(["dcmdump", join(plain, "DICOMDIR")]);
      expect(dumped.said).not.toMatch(/^[EW]:/m);
    },
  );

  const hasPydicom =
    existsSync("/usr/bin/python3") &&
    Bun.spawnSync(["/usr/bin/python3", "-c", "import pydicom.fileset"]).exitCode === 0;
  test.skipIf(!hasPydicom)("is read by pydicom's FileSet, names and all", async () => {
    const program = `
import sys
from pydicom.fileset import FileSet
fs = FileSet(sys.argv[1])
for i in fs:
    ds = i.load()
    assert ds.SOPInstanceUID == i.SOPInstanceUID
    print(i.SOPInstanceUID, i.PatientName)
`;
    const { code, said } = await run(["/usr/bin/python3", "-c", program, join(plain, "DICOMDIR")]);
    expect(code, said).toBe(0);
    expect(said.match(/^1\.2\.392/gm)).toHaveLength(objects.length);
    expect(said).toContain("山田");
  });

  test("gets substitutes for what a received object leaves empty; the file stays as it was", async () => {
    const root = stick("empty");
    const object = await exportObject(source, "dx", {
      study: 40,
      texts: {
        [Tag.StudyDate]: null,
        [Tag.StudyTime]: null,
        [Tag.StudyID]: null,
        [Tag.PatientID]: null,
        [Tag.AcquisitionDate]: "20200102",
        [Tag.AcquisitionTime]: "030405",
      },
    });
    const facts = { ...object.facts, studyDate: "", studyTime: "", studyId: "", patientId: "" };
    expect(await exportTo(root, [{ ...object, facts }])).toEqual({ type: "finished" });
    const key = (type: RecordType, tag: number) => recordsOf(root, type)[0]?.keys.string(tag);
    expect(key("STUDY", Tag.StudyDate)).toBe("20200102");
    expect(key("STUDY", Tag.StudyTime)).toBe("030405");
    expect(key("STUDY", Tag.StudyID)).toBe("0");
    expect(key("PATIENT", Tag.PatientID)).toBe(object.facts.studyInstanceUid);
    const [image] = recordsOf(root, "IMAGE");
    if (image === undefined) throw new Error("no image");
    const { body } = readFile(fileOf(root, image));
    expect(decodeDataSet(body, { explicitVr: true }).dataSet.string(Tag.StudyID)).toBeUndefined();
    if (installed("dciodvfy")) {
      const { said } = await run(["dciodvfy", "-new", join(root, "DICOMDIR")]);
      expect(said).not.toMatch(/^Error/m);
    }
  });

  test("holds a name that the configured character set does not have, as UTF-8 in its own record", async () => {
    const root = stick("hangul");
    const object = await exportObject(source, "dx", { study: 41 });
    const facts = { ...object.facts, patientName: "김^철수", patientId: "C1" };
    expect(await exportTo(root, [{ ...object, facts }])).toEqual({ type: "finished" });
    const [patient] = recordsOf(root, "PATIENT");
    expect(patient?.keys.string(Tag.PatientName)).toBe("김^철수");
    expect(patient?.keys.string(Tag.SpecificCharacterSet)).toBe("ISO_IR 192");
    expect(recordsOf(root, "SERIES")[0]?.keys.has(Tag.SpecificCharacterSet)).toBeFalse();
  });
});

describe("a file-set that is on the stick already", () => {
  test(`${row(MEDIA.table, "USB")} is added to, patient by patient, and what is there again is not copied twice`, async () => {
    const root = stick("twice");
    await exportTo(root, objects, { token: "first" });
    const before = readFileSync(join(root, "DICOMDIR"));
    expect(await exportTo(root, objects, { token: "again" })).toEqual({ type: "finished" });
    expect(readFileSync(join(root, "DICOMDIR")).equals(before)).toBeTrue();
    const more = await exportObject(source, "dx", { study: 1, series: 1, instance: 77 });
    expect(await exportTo(root, [more], { token: "more" })).toEqual({ type: "finished" });
    const after = directoryOf(root);
    expect(after.records).toHaveLength(readDirectory(before).records.length + 1);
    expect(after.meta.sopInstanceUid).toBe(readDirectory(before).meta.sopInstanceUid);
  });

  for (const [name, option] of [
    ["explicit", "+e"],
    ["undefined", "-e"],
  ] as const)
    test.skipIf(!installed("dcmmkdir", "dcdirdmp", "dciodvfy"))(
      `and is another writer's, with lengths that are ${name}, keeps every record and file`,
      async () => {
        const root = stick(`foreign-${name}`);
        for (const [i, variant] of ["cr-unpaired", "rdsr-scheduled", "xa-multi-frame"].entries()) {
          const foreign = await exportObject(source, variant, { study: 60 + i });
          mkdirSync(join(root, "IMAGES"), { recursive: true });
          cpSync(foreign.path, join(root, "IMAGES", `F${i}`));
        }
        const made = await run(
          ["dcmmkdir", option, "+r", "+I", "+id", root, "+D", join(root, "DICOMDIR")].concat(
            "+F",
            "FOREIGN",
            "IMAGES",
          ),
        );
        expect(made.code, made.said).toBe(0);
        const before = directoryOf(root);
        const files = [0, 1, 2].map((i) => readFileSync(join(root, "IMAGES", `F${i}`)));
        // One object goes below a study of theirs.
        const ours = [...objects, await exportObject(source, "dx", { study: 61, series: 9 })];
        expect(await exportTo(root, ours)).toEqual({ type: "finished" });

        const after = directoryOf(root);
        expect(after.fileSetId).toBe("FOREIGN");
        for (const [i, old] of before.records.entries()) {
          const now = after.records[i];
          expect(now?.type).toBe(old.type);
          expect(recordText(now?.keys)).toBe(recordText(old.keys));
        }
        files.forEach((bytes, i) => {
          expect(readFileSync(join(root, "IMAGES", `F${i}`)).equals(bytes)).toBeTrue();
        });
        const count = after.records.filter((r) => r.type === "STUDY").length;
        expect(count).toBe(3 + new Set(objects.map((o) => o.facts.studyInstanceUid)).size);
        const listed = await run(["dcdirdmp", join(root, "DICOMDIR")]);
        expect(listed.said.match(/->/g)).toHaveLength(3 + ours.length);
        const valid = await run(["dciodvfy", "-new", join(root, "DICOMDIR")]);
        expect(valid.said).not.toMatch(/^Error/m);
      },
    );

  test("under a name in lower case is found", async () => {
    const root = stick("lower");
    await exportTo(root, objects.slice(0, 1), { token: "first" });
    renameSync(join(root, "DICOMDIR"), join(root, "dicomdir"));
    expect(await exportTo(root, objects.slice(1), { token: "second" })).toEqual({
      type: "finished",
    });
    expect(existsSync(join(root, "DICOMDIR"))).toBeFalse();
    const directory = readDirectory(readFileSync(join(root, "dicomdir")));
    expect(directory.records.filter((r) => fileIdOf(r) !== null)).toHaveLength(objects.length);
  });

  test("but cannot be read is left alone", async () => {
    const root = stick("damaged");
    await exportTo(root, objects.slice(0, 1), { token: "first" });
    const damaged = readFileSync(join(root, "DICOMDIR")).subarray(0, 700);
    writeFileSync(join(root, "DICOMDIR"), damaged);
    expect(await exportTo(root, objects.slice(1), { token: "second" })).toMatchObject({
      type: "directory-refused",
      reason: expect.stringContaining("damaged"),
    });
    expect(readFileSync(join(root, "DICOMDIR")).equals(damaged)).toBeTrue();
  });

  test("has pages of its own: those are kept, ours lie beside them", async () => {
    const root = stick("pages");
    writeFileSync(join(root, "INDEX.HTM"), "<html>somebody's</html>");
    await exportTo(root, objects.slice(0, 1));
    expect(readFileSync(join(root, "INDEX.HTM"), "utf8")).toBe("<html>somebody's</html>");
    expect(readFileSync(join(root, "README.TXT"), "latin1")).toContain("DICOM");
  });
});

test("the first page names patients and studies and leads to the previews", async () => {
  const root = stick("index");
  const [first] = objects;
  if (first === undefined) throw new Error("no object");
  const png = new Uint8Array([0x89, 0x50]);
  const previews = [{ sopInstanceUid: first.sopInstanceUid, png }];
  await exportTo(root, objects, { previews });
  const page = readFileSync(join(root, "INDEX.HTM"), "utf8");
  expect(page).toContain("山田 太郎");
  expect(page).toContain("Test Hospital");
  const link = /href="(IHE_PDI\/E[A-Z0-9]{7}\.HTM)"/.exec(page)?.[1] ?? "";
  const preview = readFileSync(join(root, link), "utf8");
  const picture = /src="([^"]+)"/.exec(preview)?.[1] ?? "";
  expect(readFileSync(join(root, "IHE_PDI", picture))).toHaveLength(2);
});

test.skipIf(!hasOrthanc)(
  "Orthanc takes in every exported file",
  async () => {
    await using orthanc = await startOrthanc();
    for (const record of [...recordsOf(plain, "IMAGE"), ...recordsOf(plain, "SR DOCUMENT")]) {
      const answer = await fetch(`${orthanc.http}/instances`, {
        method: "POST",
        body: readFileSync(fileOf(plain, record)),
      });
      expect(answer.status).toBe(200);
    }
    expect(await orthanc.instances()).toHaveLength(objects.length);
  },
  30_000,
);

test.skipIf(!installed("mkfs.vfat", "mcopy", "mdir") && !existsSync("/usr/sbin/mkfs.vfat"))(
  "the file-set survives a FAT32 volume, with names that need no long form",
  async () => {
    const image = join(work.path, "fat32.img");
    writeFileSync(image, "");
    const child = await run(["truncate", "-s", "64M", image]);
    expect(child.code).toBe(0);
    const mkfs = Bun.which("mkfs.vfat") ?? "/usr/sbin/mkfs.vfat";
    expect((await run([mkfs, "-F", "32", "-s", "1", image])).code).toBe(0);
    const names = ["DICOMDIR", "DICOM", "INDEX.HTM", "README.TXT", "IHE_PDI"];
    const put = await run([
      ...["mcopy", "-s", "-i", image],
      ...names.map((name) => join(plain, name)),
      "::",
    ]);
    expect(put.code, put.said).toBe(0);
    const listed = await run(["mdir", "-/", "-a", "-i", image, "::"]);
    // A long name would stand behind the short one.
    expect(listed.said).not.toMatch(/^\S+\s+.*\d\d:\d\d\s+\S+$/m);
    const back = stick("fat-back");
    expect(
      (await run(["mcopy", "-s", "-n", "-i", image, "::DICOMDIR", "::DICOM", back])).code,
    ).toBe(0);
    expect(
      readFileSync(join(back, "DICOMDIR")).equals(readFileSync(join(plain, "DICOMDIR"))),
    ).toBeTrue();
    for (const record of recordsOf(back, "IMAGE"))
      expect(
        readFileSync(fileOf(back, record)).equals(readFileSync(fileOf(plain, record))),
      ).toBeTrue();
  },
  30_000,
);

/** Keys of a record but for its offsets. */
function recordText(keys: DataSet | undefined): string {
  return (keys?.tags() ?? [])
    .filter((tag) => tag !== 0x00041400 && tag !== 0x00041420)
    .map(
      (tag) =>
        `${tag} ${JSON.stringify(keys?.get(tag), (_, v) => (typeof v === "bigint" ? String(v) : v))}`,
    )
    .join("\n");
}
