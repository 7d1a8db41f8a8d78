// DICOMDIRs of any shape: written, read, added to, and damaged.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { DirectoryError } from "../../../src/dicom/dir/directory-error.ts";
import { isFileId, numbered } from "../../../src/dicom/dir/file-id.ts";
import {
  type Directory,
  type DirectoryRecord,
  readDirectory,
} from "../../../src/dicom/dir/read-directory.ts";
import { type DirectoryEntry, writeDirectory } from "../../../src/dicom/dir/write-directory.ts";

const WRITER = {
  newUid: "1.2.3",
  fileSetId: "TEST",
  characterSet: "default-kanji",
  implementationClassUid: "1.2.3.4",
  implementationVersionName: "T",
  sourceAeTitle: "UDR-10A",
} as const;

interface Short {
  readonly patient: number;
  readonly study: number;
  readonly series: number;
  readonly name: string;
}

const short: fc.Arbitrary<Short> = fc.record({
  patient: fc.integer({ min: 0, max: 2 }),
  study: fc.integer({ min: 0, max: 2 }),
  series: fc.integer({ min: 0, max: 2 }),
  name: fc.constantFrom("Doe^John", "Yamada^Tarou=山田^太郎", "Müller^Jörg", "김^철수", ""),
});

function entryOf({ patient, study, series, name }: Short, instance: number): DirectoryEntry {
  const studyUid = `1.9.${patient}.${study}`;
  const facts = new DataSet()
    .text(Tag.PatientName, "PN", patient === 0 ? name : `P${patient}`)
    .text(Tag.PatientID, "LO", `ID${patient}`)
    .text(Tag.StudyInstanceUID, "UI", studyUid)
    .text(Tag.StudyDate, "DA", "20260105")
    .text(Tag.StudyTime, "TM", "080000")
    .text(Tag.StudyDescription, "LO", name)
    .text(Tag.StudyID, "SH", "1")
    .text(Tag.Modality, "CS", "DX")
    .text(Tag.SeriesInstanceUID, "UI", `${studyUid}.${series}`)
    .text(Tag.SeriesNumber, "IS", String(series))
    .text(Tag.InstanceNumber, "IS", String(instance));
  return {
    type: "IMAGE",
    facts,
    file: {
      fileId: ["DICOM", numbered("IM", instance)],
      sopClassUid: "1.2.840.10008.5.1.4.1.1.1",
      sopInstanceUid: `${studyUid}.${series}.${instance}`,
      transferSyntaxUid: "1.2.840.10008.1.2.1",
    },
  };
}

/** Leaves in the order of the tree, each with the names of what is above it. */
function leaves(directory: Directory): string[] {
  const walk = (record: DirectoryRecord, above: string): string[] => {
    const { keys } = record;
    const own =
      keys.string(Tag.ReferencedSOPInstanceUIDInFile) ??
      keys.string(Tag.SeriesInstanceUID) ??
      keys.string(Tag.StudyInstanceUID) ??
      keys.string(Tag.PatientID);
    const path = `${above}/${record.type} ${own}`;
    return record.children.length === 0
      ? [path]
      : record.children.flatMap((child) => walk(child, path));
  };
  return directory.roots.flatMap((root) => walk(root, ""));
}

describe("a DICOMDIR", () => {
  test("read back names every object below its series, study and patient, however it was put together", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(short, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        (steps) => {
          let bytes: Uint8Array | null = null;
          let instance = 0;
          const all: string[] = [];
          for (const step of steps) {
            const entries = step.map((s) => entryOf(s, ++instance));
            const before: Directory | null = bytes === null ? null : readDirectory(bytes);
            bytes = writeDirectory(before, entries, WRITER);
            all.push(...entries.map((e) => e.file.sopInstanceUid));
            const after = readDirectory(bytes);
            const found = leaves(after).map((path) => path.split(" ").at(-1) ?? "");
            expect(found.toSorted()).toEqual(all.toSorted());
            for (const path of leaves(after)) {
              const [study, series, leaf] = path
                .split("/")
                .slice(2)
                .map((p) => p.split(" ").at(-1) ?? "");
              expect(series?.startsWith(`${study}.`)).toBeTrue();
              expect(leaf?.startsWith(`${series}.`)).toBeTrue();
            }
            // No study or series twice.
            const of = (type: string, tag: number) =>
              after.records.filter((r) => r.type === type).map((r) => r.keys.string(tag));
            for (const [type, tag] of [
              ["STUDY", Tag.StudyInstanceUID],
              ["SERIES", Tag.SeriesInstanceUID],
            ] as const)
              expect(new Set(of(type, tag)).size).toBe(of(type, tag).length);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("that is damaged anywhere ends in a value or a DirectoryError", () => {
    const whole = writeDirectory(
      null,
      [1, 2, 3].map((n) => entryOf({ patient: n % 2, study: 0, series: n, name: "Doe" }, n)),
      WRITER,
    );
    for (let at = 132; at < whole.byteLength; at += 3)
      for (const value of [0, 0xff]) {
        const damaged = whole.slice();
        damaged[at] = value;
        expectReadOrError(damaged);
      }
    for (let length = 0; length < whole.byteLength; length += 7)
      expectReadOrError(whole.subarray(0, length));
  });

  test("whose records run in a circle is refused", () => {
    const bytes = writeDirectory(
      null,
      [entryOf({ patient: 0, study: 0, series: 0, name: "Doe" }, 1)],
      WRITER,
    );
    const directory = readDirectory(bytes);
    const [root] = directory.roots;
    if (root === undefined) throw new Error("no record");
    new DataView(bytes.buffer).setUint32(root.offsetsAt.next, root.offset, true);
    expect(() => readDirectory(bytes)).toThrow(/circle/);
  });
});

test("file ids are as PS3.10 wants them", () => {
  expect(isFileId(["DICOM", "E1234567", "IM000001"])).toBeTrue();
  for (const bad of [[], ["lower"], ["TOOLONG12"], ["A.B"], [""], Array<string>(9).fill("A")])
    expect(isFileId(bad)).toBeFalse();
  expect(numbered("IM", 12)).toBe("IM000012");
  expect(() => numbered("IM", 1_000_000)).toThrow();
});

function expectReadOrError(bytes: Uint8Array): void {
  try {
    readDirectory(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(DirectoryError);
  }
}
