// What the checks share: a machine that can be started again, its ports on this side, an archive.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort, freshMachine } from "../machine/disk.ts";
import { Machine } from "../machine/machine.ts";

const DICOM_PORT = 104;
const HTTP_PORT = 8080;
/** This machine as the guest sees it. */
export const HOST_FROM_GUEST = "10.0.2.2";
export const ARCHIVE_AE = "ARCHIVE";

export interface RigOptions {
  readonly workFolder: string;
  readonly toolsRoot: string;
  readonly name: string;
  /** Disk image the machine begins with. */
  readonly image: string;
  readonly withScreen?: boolean;
}

/** A disk, and the machine that runs from it now. */
export class Rig {
  readonly folder: string;
  /** Forwarded to the guest's DICOM port. */
  readonly dicomPort: number;
  /** Forwarded to the guest's HTTP port, which must not answer. */
  readonly httpPort: number;
  private readonly options: RigOptions;
  private running: Machine;

  private constructor(
    options: RigOptions,
    folder: string,
    [dicomPort, httpPort]: readonly [number, number],
    running: Machine,
  ) {
    this.options = options;
    this.folder = folder;
    this.dicomPort = dicomPort;
    this.httpPort = httpPort;
    this.running = running;
  }

  static async start(options: RigOptions): Promise<Rig> {
    const folder = await freshMachine(options.workFolder, options.name, options.image);
    const ports = [await freePort(), await freePort()] as const;
    return new Rig(options, folder, ports, await startMachine(options, folder, ports));
  }

  get machine(): Machine {
    return this.running;
  }

  /** Mains off, mains on. */
  async powerCycle(): Promise<void> {
    await this.running.cutPower();
    const ports = [this.dicomPort, this.httpPort] as const;
    this.running = await startMachine(this.options, this.folder, ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.cutPower();
    rmSync(join(this.folder, "disk.raw"), { force: true });
  }
}

function startMachine(
  options: RigOptions,
  folder: string,
  [dicom, http]: readonly [number, number],
): Promise<Machine> {
  return Machine.start({
    toolsRoot: options.toolsRoot,
    folder,
    forwards: [
      [dicom, DICOM_PORT],
      [http, HTTP_PORT],
    ],
    withScreen: options.withScreen === true,
  });
}

/** DCMTK's storescp on loopback, keeping what it is sent. */
export class Archive {
  readonly port: number;
  readonly folder: string;
  private readonly child: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.folder = folder;
    this.child = child;
  }

  static async start(workFolder: string): Promise<Archive> {
    const folder = join(workFolder, "archive");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const child = spawn("storescp", ["-aet", ARCHIVE_AE, "+B", "-od", folder, String(port)], {
      stdio: "ignore",
      env: { ...process.env, TCP_NODELAY: "1" },
    });
    return new Archive(port, folder, child);
  }

  files(): readonly string[] {
    return readdirSync(this.folder).map((name) => join(this.folder, name));
  }

  [Symbol.dispose](): void {
    this.child.kill();
  }
}
