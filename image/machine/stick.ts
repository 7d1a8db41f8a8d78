// A USB stick: a file with one FAT32 partition, plugged into a machine and pulled out again.

import { readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../tool/run.ts";
import type { Machine } from "./machine.ts";

const MIB = 1 << 20;
/** Where the partition begins. */
const START_MIB = 1;

let plugged = 0;

export class Stick {
  readonly file: string;
  private readonly name: string;
  private id: string | null = null;

  private constructor(folder: string, name: string) {
    this.name = name;
    this.file = join(folder, `${name}.img`);
  }

  /** A new, empty stick in the machine's folder. */
  static async make(folder: string, name: string, sizeMib = 512): Promise<Stick> {
    const stick = new Stick(folder, name);
    rmSync(stick.file, { force: true });
    await run(["truncate", "--size", `${sizeMib}M`, stick.file]);
    await writeFirstSector(stick.file, sizeMib);
    const kib = (sizeMib - START_MIB) * 1024;
    await run([
      ...["mkfs.vfat", "-F", "32", "-n", "UDRSTICK", `--offset=${(START_MIB * MIB) / 512}`],
      ...[stick.file, String(kib)],
    ]);
    return stick;
  }

  async plug(machine: Machine): Promise<void> {
    // Node and device names are used once: QEMU lets go of them late.
    const id = `${this.name}${++plugged}`;
    await machine.command("blockdev-add", {
      driver: "raw",
      "node-name": id,
      file: { driver: "file", filename: `/machine/${this.name}.img` },
    });
    await machine.command("device_add", {
      ...{ driver: "usb-storage", id: `usb-${id}`, drive: id, bus: "usb.0" },
      ...{ removable: true, serial: id.toUpperCase() },
    });
    this.id = id;
  }

  /** Pulls it out, whatever is being written. */
  async pull(machine: Machine): Promise<void> {
    if (this.id === null) return;
    const { id } = this;
    this.id = null;
    const gone = () => machine.events.filter((event) => event === "DEVICE_DELETED").length;
    const before = gone();
    await machine.command("device_del", { id: `usb-${id}` });
    // Until then QEMU keeps the file for itself, and it cannot be plugged in again.
    await machine.waitFor("the stick to be gone", () => gone() > before, 30_000);
    await machine.command("blockdev-del", { "node-name": id }).catch(() => undefined);
  }

  /** Partition as mtools names it. */
  private get image(): string {
    return `${this.file}@@${START_MIB}M`;
  }

  /** Copies a folder of this machine onto it. */
  async put(folder: string): Promise<void> {
    await run(["mcopy", "-s", "-n", "-o", "-i", this.image, folder, "::/"]);
  }

  /** Copies all of it into a folder of this machine. */
  async get(folder: string): Promise<readonly string[]> {
    await run(["mcopy", "-s", "-n", "-m", "-i", this.image, "::/", folder]);
    return readdirSync(folder);
  }

  /** What the file system checker says; nothing is mended. */
  async fsck(): Promise<string> {
    const partition = `${this.file}.part`;
    await run(["dd", `if=${this.file}`, `of=${partition}`, "bs=1M", `skip=${START_MIB}`]);
    try {
      return await run(["fsck.vfat", "-n", partition]).catch((error: Error) => error.message);
    } finally {
      rmSync(partition, { force: true });
    }
  }
}

/** A master boot record with one FAT32 (LBA) partition. */
async function writeFirstSector(file: string, sizeMib: number): Promise<void> {
  const sector = Buffer.alloc(512);
  const entry = sector.subarray(446);
  entry[4] = 0x0c;
  entry.writeUInt32LE((START_MIB * MIB) / 512, 8);
  entry.writeUInt32LE(((sizeMib - START_MIB) * MIB) / 512, 12);
  sector.writeUInt16BE(0x55aa, 510);
  await using handle = await open(file, "r+");
  await handle.write(sector, 0, sector.length, 0);
}
