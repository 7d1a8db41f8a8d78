// Exports beside the programs that do the same: a DICOMDIR of 1,000 objects beside dcmmkdir, and a
// whole export to a folder of this machine's disk beside cp and sync of the same files, in turn.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { pathOf } from "../../src/dicom/dir/file-id.ts";
import { readDirectory } from "../../src/dicom/dir/read-directory.ts";
import { writeDirectory } from "../../src/dicom/dir/write-directory.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";
import { directoryEntries } from "../../src/export/directory-entries.ts";
import { objectId } from "../../src/export/medium-paths.ts";
import { ExportJobExecutor, type ExportSettings } from "../../src/jobs/export-job.ts";
import { exportSelection } from "../../src/jobs/export-objects.ts";
import { Pictures } from "../../src/services/picture.ts";
import type { ObjectRows } from "../../src/store/object-writer.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import { ExportClient } from "../../src/workers/export/export-client.ts";
import { openSource } from "../../src/workers/export/source-file.ts";
import { RenderClient } from "../../src/workers/render/render-client.ts";
import { startStorage } from "../../src/workers/storage/storage-client.ts";
import { type BenchTable, median } from "./table.ts";

const SIDE = 2688;
const SMALL_SIDE = 64;
const PREVIEW_COLUMNS = 480;
const TICK_MS = 5;
const ROOT = "1.2.392.200036.9116.32.5";

const settings: ExportSettings = {
  identity: {
    implementationClassUid: ROOT,
    implementationVersionName: "UDR10A",
    sourceAeTitle: "UDR-10A",
  },
  characterSet: "default-kanji",
  fileSetId: "UDR10A",
  page: { institution: "Bench", device: "UDR-10A", writtenAt: "" },
  timeZone: "UTC",
  allowPaths: true,
};

/** Options: rounds (5), objects of the directory (1000), images of the export (30), folder (.). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const rounds = Number(options["rounds"] ?? 5);
  const count = Number(options["objects"] ?? 1000);
  const images = Number(options["images"] ?? 30);
  const folder = mkdtempSync(join(options["folder"] ?? ".", ".bench-export-"));
  const pixelBytes = SIDE * SIDE * 2;
  const memory = new SharedArrayBuffer(pixelBytes);
  const words = new Uint16Array(memory);
  for (let i = 0; i < words.length; i++) words[i] = (i * 2654435761) >>> 18;
  try {
    const storage = await startStorage({ folder, nowMs: 0, memory }, silentLog, (error) => {
      throw error;
    });
    const small = await fill(storage, "1", count, SMALL_SIDE);
    const large = await fill(storage, "2", images, SIDE);
    const directory = await measureDirectory(storage, small, folder, rounds);
    const whole = await measureExport(storage, large, folder, rounds);
    await storage.close();
    return {
      title: "Exports",
      note: `DICOMDIR of ${count} objects: from rows of the database to the file, beside dcmmkdir over the exported files (as a process); target ≤ 0.5. Whole export of ${images} images of ${SIDE}×${SIDE}×16 to a folder of this disk, beside cp and sync of the same files, in turn; targets ≤ 1.2 without and ≤ 2.2 with reading back from the disk. Medians of ${rounds} rounds.`,
      columns: ["what", "median ms", "ratio"],
      rows: [
        ["dcmmkdir", ms(directory.theirs), "1"],
        ["DICOMDIR from the database", ms(directory.ours), ratio(directory.ours, directory.theirs)],
        ["cp and sync", ms(whole.copy), "1"],
        ["export, not read back, no previews", ms(whole.bare), ratio(whole.bare, whole.copy)],
        ["export, read back, no previews", ms(whole.verified), ratio(whole.verified, whole.copy)],
        ["export, read back, with previews", ms(whole.full), ratio(whole.full, whole.copy)],
        [`lateness of a ${TICK_MS} ms tick on the main loop meanwhile, p99`, ms(whole.lateP99), ""],
        ["the same, longest", ms(whole.lateMax), ""],
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureDirectory(
  storage: StoragePort,
  uids: readonly string[],
  folder: string,
  rounds: number,
): Promise<{ ours: number; theirs: number }> {
  const root = join(folder, "directory");
  mkdirSync(root);
  const { objects } = exportSelection(storage, uids, "UTC");
  const placed = objects.map((object, i) => ({
    sopInstanceUid: object.sopInstanceUid,
    fileId: objectId("E0000001", 1, i + 1),
    wasThere: false,
  }));
  for (const [i, object] of objects.entries()) {
    const path = join(root, pathOf(placed[i]?.fileId ?? []));
    if (i === 0) mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, readFileSync(object.path));
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  const file = join(root, "DICOMDIR");
  for (let n = 0; n < rounds + 1; n++) {
    rmSync(file, { force: true });
    const startMs = performance.now();
    await spawned(["dcmmkdir", "+r", "+id", root, "+D", file, "DICOM"]);
    const theirMs = performance.now() - startMs;
    const theirBytes = readFileSync(file);
    const ourStartMs = performance.now();
    const selection = exportSelection(storage, uids, "UTC");
    const bytes = writeDirectory(
      null,
      await directoryEntries(selection.objects, placed, openSource),
      {
        newUid: `${ROOT}.1`,
        fileSetId: "UDR10A",
        characterSet: "default-kanji",
        ...settings.identity,
      },
    );
    await Bun.write(file, bytes);
    const ourMs = performance.now() - ourStartMs;
    const records = readDirectory(bytes).records.length;
    if (records !== readDirectory(theirBytes).records.length)
      throw new Error(`${records} records, dcmmkdir wrote another number`);
    if (n === 0) continue;
    ours.push(ourMs);
    theirs.push(theirMs);
  }
  return { ours: median(ours), theirs: median(theirs) };
}

async function measureExport(
  storage: StoragePort,
  uids: readonly string[],
  folder: string,
  rounds: number,
) {
  const writer = new ExportClient();
  const renderer = new RenderClient();
  const pictures = new Pictures(storage);
  const copies: number[] = [];
  const bare: number[] = [];
  const verified: number[] = [];
  const full: number[] = [];
  const late: number[] = [];
  const stick = join(folder, "stick");
  const sources = exportSelection(storage, uids, "UTC").objects.map((object) => object.path);
  const exported = async (readBack: boolean, withPreviews: boolean) => {
    mkdirSync(stick);
    const executor = new ExportJobExecutor({
      storage: {
        reader: {
          ...readerOf(storage),
          jobItems: () => items(uids),
        } as unknown as StoragePort["reader"],
        filePath: (record) => storage.filePath(record),
        saveJob: async () => {},
        markOutput: async () => {},
      },
      writer,
      drives: {
        open: async () => ({
          kind: "open",
          drive: {
            root: stick,
            label: "stick",
            async release() {
              await spawned(["sync", "-f", stick]);
              return "";
            },
          },
        }),
      },
      burner: {
        state: async () => ({ kind: "unusable", reason: "" }),
        burn: async () => ({ kind: "interrupted" }),
      },
      staging: { make: () => "", remove: () => {}, clear: () => {}, freeBytes: () => 0 },
      clock: new SystemClock(),
      settings: () => ({ ...settings, readBack }),
      async preview(record) {
        const picture = withPreviews ? await pictures.of(record) : null;
        if (picture === null) return null;
        const invert = picture.photometric === "MONOCHROME1";
        return renderer.render({ ...picture, invert, frame: 0, width: PREVIEW_COLUMNS });
      },
      newUid: () => `${ROOT}.2`,
    });
    const startMs = performance.now();
    const outcome = await executor.run({
      job: {
        id: "1",
        type: "export",
        state: "active",
        createdMs: 0,
        progress: { done: 0, total: uids.length },
        attempts: 1,
        postponements: 0,
        log: [],
        parameters: {
          type: "export",
          target: { kind: "usb", device: stick },
          sopInstanceUids: uids,
        },
      },
      signal: new AbortController().signal,
      log: () => {},
      progress: () => {},
    });
    const tookMs = performance.now() - startMs;
    if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
    if (readdirSync(stick).length < 5) throw new Error("the export is not whole");
    rmSync(stick, { recursive: true });
    await spawned(["sync"]);
    return tookMs;
  };
  for (let n = 0; n < rounds + 1; n++) {
    mkdirSync(stick);
    const startMs = performance.now();
    await spawned(["cp", ...sources, stick]);
    await spawned(["sync", "-f", stick]);
    const copyMs = performance.now() - startMs;
    rmSync(stick, { recursive: true });
    await spawned(["sync"]);
    const bareMs = await exported(false, false);
    let running = true;
    const ticking = watchLoop(() => running, late);
    const verifiedMs = await exported(true, false);
    running = false;
    await ticking;
    const fullMs = await exported(true, true);
    if (n === 0) continue;
    copies.push(copyMs);
    bare.push(bareMs);
    verified.push(verifiedMs);
    full.push(fullMs);
  }
  writer.close();
  renderer.close();
  late.sort((a, b) => a - b);
  return {
    copy: median(copies),
    bare: median(bare),
    verified: median(verified),
    full: median(full),
    lateP99: late[Math.floor(late.length * 0.99)] ?? Number.NaN,
    lateMax: late.at(-1) ?? Number.NaN,
  };
}

async function watchLoop(running: () => boolean, late: number[]): Promise<void> {
  let last = performance.now();
  while (running()) {
    await Bun.sleep(TICK_MS);
    const now = performance.now();
    late.push(now - last - TICK_MS);
    last = now;
  }
}

function readerOf({ reader }: StoragePort) {
  return {
    instance: (uid: string) => reader.instance(uid),
    study: (uid: string) => reader.study(uid),
  };
}

const items = (uids: readonly string[]) =>
  uids.map((sopInstanceUid) => ({ sopInstanceUid, state: "pending" as const, refusals: 0 }));

/** Objects of one study in series of 50; answers their UIDs. */
async function fill(
  storage: StoragePort,
  study: string,
  count: number,
  side: number,
): Promise<string[]> {
  const uids: string[] = [];
  const byteLength = side * side * 2;
  for (let n = 0; n < count; n++) {
    const rows = rowsOf(`${ROOT}.5.${study}`, 1 + Math.floor(n / 50), 1 + (n % 50), side);
    const outcome = await storage.writeObject({
      ...rows,
      header: headerOf(rows, byteLength),
      pixels: { kind: "memory", offset: 0, byteLength },
    });
    if (outcome.kind !== "stored") throw new Error(`not stored: ${outcome.kind}`);
    uids.push(rows.instance.sopInstanceUid);
  }
  return uids;
}

function rowsOf(study: string, series: number, instance: number, side: number): ObjectRows {
  const seriesInstanceUid = `${study}.${series}`;
  return {
    instance: {
      sopInstanceUid: `${seriesInstanceUid}.${instance}`,
      sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      studyInstanceUid: study,
      seriesInstanceUid,
      modality: "DX",
      seriesNumber: series,
      instanceNumber: instance,
      numberOfFrames: 1,
      rows: side,
      columns: side,
      createdMs: 0,
      examId: null,
      irradiationEventUid: null,
      local: true,
    },
    series: {
      seriesInstanceUid,
      studyInstanceUid: study,
      modality: "DX",
      seriesNumber: series,
      description: "",
      bodyPart: "CHEST",
    },
    study: {
      studyInstanceUid: study,
      patientId: "BENCH",
      patientName: "Bench^Mark",
      birthDate: "",
      sex: "O",
      studyDate: "20260105",
      studyTime: "080000",
      studyId: "1",
      accessionNumber: "A1",
      description: "Chest",
    },
  };
}

function headerOf({ instance, study }: ObjectRows, byteLength: number): Uint8Array {
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", instance.sopClassUid)
    .text(Tag.SOPInstanceUID, "UI", instance.sopInstanceUid)
    .text(Tag.StudyDate, "DA", study.studyDate)
    .text(Tag.StudyTime, "TM", study.studyTime)
    .text(Tag.AccessionNumber, "SH", study.accessionNumber)
    .text(Tag.Modality, "CS", instance.modality)
    .text(Tag.StudyDescription, "LO", study.description)
    .text(Tag.PatientName, "PN", study.patientName)
    .text(Tag.PatientID, "LO", study.patientId)
    .text(Tag.StudyInstanceUID, "UI", instance.studyInstanceUid)
    .text(Tag.SeriesInstanceUID, "UI", instance.seriesInstanceUid)
    .text(Tag.StudyID, "SH", study.studyId)
    .text(Tag.SeriesNumber, "IS", String(instance.seriesNumber))
    .text(Tag.InstanceNumber, "IS", String(instance.instanceNumber))
    .numbers(Tag.SamplesPerPixel, "US", 1)
    .text(Tag.PhotometricInterpretation, "CS", "MONOCHROME2")
    .numbers(Tag.Rows, "US", instance.rows)
    .numbers(Tag.Columns, "US", instance.columns)
    .numbers(Tag.BitsAllocated, "US", 16)
    .numbers(Tag.BitsStored, "US", 14)
    .numbers(Tag.HighBit, "US", 13)
    .numbers(Tag.PixelRepresentation, "US", 0);
  return encodeObjectHeader({
    meta: {
      sopClassUid: instance.sopClassUid,
      sopInstanceUid: instance.sopInstanceUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      implementationClassUid: ROOT,
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: "OW", byteLength },
  });
}

async function spawned(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`${command[0]}: ${said}`);
}

const ms = (value: number) => value.toFixed(1);
const ratio = (value: number, base: number) => (value / base).toFixed(2);
