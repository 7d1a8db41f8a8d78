// The Storage SCP over real associations: Tables 4.2-57 and 4.2-58, and what is done with instances that
// nobody asked for.

import { describe, expect, test } from "bun:test";
import { STORAGE_ACCEPTED } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { ActiveRetrieve } from "../../../src/services/query-retrieve/retrieves.ts";
import { UNASKED_COUNT_MAX, UnaskedFiles } from "../../../src/store/unasked-files.ts";
import { row } from "../../coverage.ts";
import { type TestInstance, testInstance, testUid } from "../../dicom/instances.ts";
import { clock, connect } from "../../dicom/peer.ts";
import { MemoryDisk } from "../../store/memory-disk.ts";
import { objectOf, openStore } from "../../store/objects.ts";
import {
  DX,
  push,
  type RetrievingStation,
  retrievingStation,
  storageLink,
} from "./retrieving-station.ts";

const STUDY = testUid();
const SERIES = testUid();
const OURS = { moveOriginatorAeTitle: "UDR10A", moveOriginatorMessageId: 1 };
/** Nothing of these tests connects to the archive. */
const NO_ARCHIVE = 1;

const image = (more: Partial<Parameters<typeof testInstance>[0]> = {}) =>
  testInstance({ sopClassUid: DX, studyInstanceUid: STUDY, seriesInstanceUid: SERIES, ...more });

/** A station in the middle of a retrieve of STUDY, SERIES. */
async function retrieving(): Promise<{ device: RetrievingStation; active: ActiveRetrieve }> {
  const device = await retrievingStation(NO_ARCHIVE);
  const active = device.retrieves.begin({
    studyInstanceUid: STUDY,
    seriesInstanceUids: [SERIES],
    aeTitle: "UDR10A",
  });
  active.addMove(1);
  return { device, active };
}

async function sendOne(
  device: RetrievingStation,
  instance: TestInstance,
  origin: object = OURS,
): Promise<number> {
  const channel = await storageLink(device.port);
  const status = await push(channel, instance, origin);
  await channel.release();
  return status;
}

const reader = (device: RetrievingStation) => device.station.storage.reader;

describe("accepted classes", () => {
  for (const line of STORAGE_ACCEPTED.rows)
    for (const syntax of line.transferSyntaxes)
      test(`${row("4.2-57", line.abstractSyntax)} ${line.name} in ${syntax} is stored and listed`, async () => {
        const { device, active } = await retrieving();
        await using _ = device;
        const instance = image({ sopClassUid: line.abstractSyntax, transferSyntaxUid: syntax });
        const channel = await connect(
          device.port,
          [{ abstractSyntax: line.abstractSyntax, transferSyntaxes: [syntax] }],
          { calling: "ARCHIVE", called: "UDR10A" },
        );
        expect(await push(channel, instance, OURS)).toBe(0);
        await channel.release();
        expect(reader(device).instance(instance.sopInstanceUid)).toMatchObject({
          sopClassUid: line.abstractSyntax,
          transferSyntaxUid: syntax,
          local: false,
          rows: 8,
          columns: 8,
          pixelBytes: 128,
        });
        expect(active.receivedOf(SERIES)).toBe(1);
      });
});

describe("C-STORE response sent", () => {
  test(`${row("4.2-58", "0000")} what was answered survives a power cut, byte for byte`, async () => {
    const { device } = await retrieving();
    const instance = image({ patientName: "Yamada^Tarou=山田^太郎" });
    const { disk, db } = device.station;
    expect(await sendOne(device, instance)).toBe(0);
    disk.powerCut();
    const store = await openStore(db, disk);
    const record = store.reader.instance(instance.sopInstanceUid);
    if (record === null) throw new Error("the instance is lost");
    const file = new Uint8Array(record.fileBytes);
    disk.read(`objects/${record.path}`, file, 0);
    const { pixelOffset: at, pixelBytes } = record;
    expect(Buffer.from(file.subarray(at, at + pixelBytes))).toEqual(Buffer.from(instance.pixels));
    expect(store.reader.study(STUDY)?.patientName).toBe("Yamada^Tarou=山田^太郎");
    await device[Symbol.asyncDispose]();
  });

  for (const [size, side] of [
    ["small", 8],
    ["large", 1200],
  ] as const)
    test(`${row("4.2-58", "A700")} no room for a ${size} one: nothing is kept, and the next one may be`, async () => {
      const { device, active } = await retrieving();
      await using _ = device;
      const { disk } = device.station;
      const before = disk.capacityBytes;
      disk.capacityBytes = before - disk.freeBytes() + 100;
      const instance = image({ rows: side, columns: side });
      expect(await sendOne(device, instance)).toBe(0xa700);
      expect(reader(device).instance(instance.sopInstanceUid)).toBeNull();
      expect([disk.list("incoming"), active.receivedOf(SERIES)]).toEqual([[], 0]);
      disk.capacityBytes = before;
      expect(await sendOne(device, instance)).toBe(0);
      const record = reader(device).instance(instance.sopInstanceUid);
      const file = new Uint8Array(record?.fileBytes ?? 0);
      disk.read(`objects/${record?.path}`, file, 0);
      const pixels = file.subarray(record?.pixelOffset);
      expect(Buffer.compare(pixels, instance.pixels)).toBe(0);
    });

  test(`${row("4.2-58", "A700")} the disk fails: nothing is kept`, async () => {
    const { device } = await retrieving();
    await using _ = device;
    const { disk } = device.station;
    const instance = image();
    disk.failAt = disk.operations + 3;
    expect(await sendOne(device, instance)).toBe(0xa700);
    expect(reader(device).instance(instance.sopInstanceUid)).toBeNull();
    disk.failAt = Number.POSITIVE_INFINITY;
    expect(await sendOne(device, instance)).toBe(0);
    expect(device.scp.arriving).toBe(0);
  });

  const faulty: readonly [string, (instance: TestInstance) => TestInstance][] = [
    ["without rows", (i) => ({ ...i, ...rebuilt(i, Tag.Rows) })],
    ["without columns", (i) => ({ ...i, ...rebuilt(i, Tag.Columns) })],
    ["that names another class", (i) => ({ ...i, sopClassUid: "1.2.840.10008.5.1.4.1.1.1" })],
    ["that names another instance", (i) => ({ ...i, sopInstanceUid: testUid() })],
  ];
  for (const [what, spoil] of faulty)
    test(`${row("4.2-58", "A900")} an instance ${what}`, async () => {
      const { device } = await retrieving();
      await using _ = device;
      const instance = spoil(image());
      expect(await sendOne(device, instance)).toBe(0xa900);
      expect(reader(device).studies()).toEqual([]);
      expect(device.station.disk.list("incoming")).toEqual([]);
    });

  test(`${row("4.2-58", "A900")} a UID that is another instance's here`, async () => {
    const { device } = await retrieving();
    await using _ = device;
    const { storage } = device.station;
    await storage.writeObject(objectOf("1.2.3.9", { study: "1.2.3" }));
    expect(await sendOne(device, image({ sopInstanceUid: "1.2.3.9" }))).toBe(0xa900);
    expect(reader(device).instance("1.2.3.9")?.studyInstanceUid).toBe("1.2.3");
  });

  test(`${row("4.2-58", "C000")} bytes that make no data set`, async () => {
    const { device } = await retrieving();
    await using _ = device;
    const instance = image();
    const garbage = new Uint8Array(400).fill(0x41);
    const spoiled: TestInstance = {
      ...instance,
      open: async () => ({
        transferSyntaxUid: "1.2.840.10008.1.2",
        header: garbage,
        pixels: null,
        close: async () => {},
      }),
    };
    const channel = await connect(
      device.port,
      [{ abstractSyntax: DX, transferSyntaxes: ["1.2.840.10008.1.2"] }],
      { calling: "ARCHIVE", called: "UDR10A" },
    );
    expect(await push(channel, spoiled, OURS)).toBe(0xc000);
    await channel.release();
    expect(device.station.disk.list("incoming")).toEqual([]);
  });

  test("an association lost in the middle of an instance leaves nothing behind", async () => {
    const { device, active } = await retrieving();
    await using _ = device;
    const channel = await storageLink(device.port);
    const begun = new Promise<void>((resolve) => {
      active.arrivals.add(resolve);
    });
    const instance = image({ rows: 2000, columns: 2000 });
    let arriving = 0;
    const half: TestInstance = {
      ...instance,
      async open() {
        const body = await instance.open();
        return {
          ...body,
          pixels: {
            byteLength: instance.pixels.byteLength,
            readInto: async () => {
              await begun;
              arriving = device.scp.arriving;
              channel.association.abort();
            },
            close: async () => {},
          },
        };
      },
    };
    expect(await push(channel, half, OURS)).toBe(-1);
    await active.idle(new AbortController().signal);
    expect([arriving, device.scp.arriving]).toEqual([1, 0]);
    expect(reader(device).studies()).toEqual([]);
    while (device.station.disk.list("incoming").length > 0)
      await new Promise<void>((resolve) => clock.after(5, resolve));
  });
});

describe("what nobody asked for", () => {
  test("is answered with success and kept out of sight, durably", async () => {
    await using device = await retrievingStation(NO_ARCHIVE);
    device.station.disk.capacityBytes = 2 ** 40;
    const instance = image();
    expect(await sendOne(device, instance, {})).toBe(0);
    expect(await sendOne(device, instance, {})).toBe(0);
    expect(reader(device).studies()).toEqual([]);
    expect(reader(device).instance(instance.sopInstanceUid)).toBeNull();
    const kept = device.station.disk.list("unasked");
    expect(kept.length).toBe(1);
    device.station.disk.powerCut();
    expect(new UnaskedFiles(device.station.disk).count).toBe(1);
    expect(device.station.warnings()).toContain("instance-not-asked-for");
  });

  test("is listed once a retrieve brings it", async () => {
    const { device } = await retrieving();
    await using _ = device;
    const instance = image();
    expect(await sendOne(device, instance, { moveOriginatorAeTitle: "OTHER" })).toBe(0);
    expect(reader(device).study(STUDY)).toBeNull();
    expect(await sendOne(device, instance)).toBe(0);
    expect(reader(device).study(STUDY)?.numberOfInstances).toBe(1);
  });

  test("is the first to go when space is wanted, the oldest before the newer", async () => {
    await using device = await retrievingStation(NO_ARCHIVE);
    const { storage, disk } = device.station;
    disk.capacityBytes = 2 ** 40;
    await storage.writeObject(objectOf("1.2.3.9", { study: "1.2.3", local: false }));
    for (let n = 0; n < 3; n++) await sendOne(device, image(), {});
    const before = disk.list("unasked").map((e) => e.name);
    expect(await storage.deleteCommitted([])).toMatchObject({ kind: "unasked" });
    expect(disk.list("unasked").map((e) => e.name)).toEqual(before.slice(1));
    // An exposure that needs the space gets it.
    disk.capacityBytes = disk.capacityBytes - disk.freeBytes() + 100;
    expect(await storage.canStore(500)).toBeNull();
    expect(disk.list("unasked").length).toBeLessThan(2);
    expect(reader(device).study("1.2.3")).not.toBeNull();
  });

  test("has a bound, whatever peers send", () => {
    expect(UNASKED_COUNT_MAX).toBeLessThanOrEqual(10_000);
    const disk = new MemoryDisk();
    disk.capacityBytes = 2 ** 40;
    const unasked = new UnaskedFiles(disk);
    expect([unasked.count, unasked.bytes, unasked.dropOldest()]).toEqual([0, 0, null]);
  });
});

/** The instance without one attribute. */
function rebuilt(instance: TestInstance, without: number): Pick<TestInstance, "open"> {
  return {
    async open() {
      const body = await instance.open();
      return { ...body, header: dropped(body.header, without) };
    },
  };
}

/** Explicit VR US elements are ten bytes long. */
function dropped(header: Uint8Array, tag: number): Uint8Array {
  const wanted = [(tag >>> 16) & 255, tag >>> 24, tag & 255, (tag >>> 8) & 255, 0x55, 0x53];
  const at = header.findIndex((_, i) => wanted.every((byte, k) => header[i + k] === byte));
  if (at < 0) throw new Error("the attribute is not there");
  const rest = new Uint8Array(header.byteLength - 10);
  rest.set(header.subarray(0, at));
  rest.set(header.subarray(at + 10), at);
  return rest;
}
