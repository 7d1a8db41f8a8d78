// A PC for the image to run on: QEMU from the tools root, UEFI, no acceleration needed. Driven by its
// monitor (QMP) and, in lab editions, by the guest agent; what the system says goes to a serial log.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../tool/run.ts";
import {
  type JsonLineSocket,
  type Message,
  openJsonLines,
  SocketError,
} from "./json-line-socket.ts";

/** Of a start until the system is up: half a minute on a quiet machine, minutes on a busy one. */
export const BOOT_TIMEOUT_MS = 900_000;
const POLL_MS = 500;
const QMP_TIMEOUT_MS = 60_000;
const AGENT_TIMEOUT_MS = 60_000;
const MEMORY_MIB = 3072;
/** What the serial log says when nothing more will come. */
const DEAD = /emergency mode|Kernel panic|end Kernel panic/;
/** Where the machine's folder and the sticks lie inside the tools root. */
const INSIDE = "/machine";

/** The virtual machine or the system in it did not do what it was asked. */
export class MachineError extends Error {
  override readonly name = "MachineError";
}

export interface MachineOptions {
  readonly toolsRoot: string;
  /** Holds the disk `disk.raw`, sockets, logs and sticks. */
  readonly folder: string;
  /** Host port on loopback → guest port. */
  readonly forwards: readonly (readonly [host: number, guest: number])[];
  readonly withScreen?: boolean;
  readonly extra?: readonly string[];
}

export interface Done {
  readonly code: number;
  readonly out: string;
}

export class Machine {
  readonly folder: string;
  readonly startedMs = performance.now();
  private readonly child: ReturnType<typeof spawn>;
  private exited = false;
  /** What the serial log said before it counts no more. */
  private judgedFrom = 0;
  private monitor: JsonLineSocket | null = null;
  /** Names of the events the monitor told, in order. */
  readonly events: string[] = [];

  private constructor(options: MachineOptions, child: ReturnType<typeof spawn>) {
    this.folder = options.folder;
    this.child = child;
    child.on("exit", () => {
      this.exited = true;
    });
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const { toolsRoot, folder } = options;
    for (const name of ["qmp.sock", "agent.sock", "serial.log", "qemu.log"])
      rmSync(join(folder, name), { force: true });
    if (!existsSync(join(folder, "vars.fd")))
      await run(["cp", join(toolsRoot, "usr/share/OVMF/OVMF_VARS_4M.fd"), join(folder, "vars.fd")]);
    const forwards = options.forwards.map(([h, g]) => `hostfwd=tcp:127.0.0.1:${h}-:${g}`);
    const command = [
      "qemu-system-x86_64",
      ...["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "max"],
      ...["-smp", "2", "-m", String(MEMORY_MIB), "-nodefaults", "-no-user-config"],
      ...["-display", "none", "-uuid", "6e7c0a52-5a2e-4b8e-9a39-2f2a1d3c4b5e"],
      ...["-rtc", "base=utc", "-global", "ICH9-LPC.noreboot=off", "-action", "watchdog=reset"],
      ...["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"],
      ...["-drive", `if=pflash,format=raw,file=${INSIDE}/vars.fd`],
      ...["-blockdev", `driver=file,filename=${INSIDE}/disk.raw,node-name=disk-file,discard=unmap`],
      ...["-blockdev", "driver=raw,file=disk-file,node-name=disk,discard=unmap"],
      ...["-device", "virtio-blk-pci,drive=disk,bootindex=1"],
      ...[
        "-object",
        "rng-random,id=rng,filename=/dev/urandom",
        "-device",
        "virtio-rng-pci,rng=rng",
      ],
      // The panel's card sits in the first PCI Express slot, the hospital's on the board.
      ...["-device", "pcie-root-port,id=slot1,chassis=1,slot=1,addr=0x10"],
      ...["-netdev", "user,id=panel,restrict=on,net=169.254.0.0/16,host=169.254.0.2"],
      ...["-device", "virtio-net-pci,netdev=panel,bus=slot1,romfile=,host_mtu=9000"],
      ...["-netdev", ["user,id=hospital", ...forwards].join(",")],
      ...["-device", "virtio-net-pci,netdev=hospital,romfile="],
      ...["-qmp", `unix:${INSIDE}/qmp.sock,server=on,wait=off`],
      ...["-serial", `file:${INSIDE}/serial.log`],
      ...["-device", "virtio-serial-pci"],
      ...["-chardev", `socket,id=agent,path=${INSIDE}/agent.sock,server=on,wait=off`],
      ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
      ...["-device", "qemu-xhci,id=usb"],
      ...(options.withScreen === true ? ["-device", "VGA", "-device", "usb-tablet,bus=usb.0"] : []),
      ...(options.extra ?? []),
    ];
    const child = inTools(toolsRoot, folder, command);
    const machine = new Machine(options, child);
    await machine.openMonitor();
    return machine;
  }

  private async openMonitor(): Promise<void> {
    const path = join(this.folder, "qmp.sock");
    await until(() => this.exited || existsSync(path), 30_000);
    if (this.exited) throw new MachineError(`QEMU did not start: ${this.read("qemu.log")}`);
    // The socket's file is there a moment before anybody listens.
    await until(async () => {
      this.monitor = await openJsonLines(path, (message) => {
        if (typeof message["event"] === "string") this.events.push(message["event"]);
      }).catch(() => null);
      return this.monitor !== null;
    }, 30_000);
    if (this.monitor === null) throw new MachineError("QEMU's monitor does not answer");
    await this.monitor.receive((m) => "QMP" in m, QMP_TIMEOUT_MS);
    await this.command("qmp_capabilities");
  }

  get running(): boolean {
    return !this.exited;
  }

  read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, "latin1") : "";
  }

  /** One command to the monitor. */
  async command(execute: string, args: Message = {}): Promise<unknown> {
    if (this.monitor === null) throw new MachineError("the monitor is not open");
    this.monitor.send({ execute, arguments: args });
    const answer = await this.monitor.receive((m) => "return" in m || "error" in m, QMP_TIMEOUT_MS);
    if ("error" in answer) throw new MachineError(`${execute}: ${JSON.stringify(answer["error"])}`);
    return answer["return"];
  }

  /** Runs a shell command as root in the system (lab editions). */
  async shell(command: string, timeoutMs = 120_000): Promise<Done> {
    return await this.exec(["/bin/sh", "-c", command], timeoutMs);
  }

  async exec([path = "", ...arg]: readonly string[], timeoutMs = 120_000): Promise<Done> {
    const { pid } = (await this.agent("guest-exec", {
      ...{ path, arg, "capture-output": true },
    })) as { pid: number };
    for (const endMs = performance.now() + timeoutMs; performance.now() < endMs; ) {
      const status = (await this.agent("guest-exec-status", { pid })) as Message;
      if (status["exited"] === true) {
        const bytes = (key: string) =>
          Buffer.from(String(status[key] ?? ""), "base64").toString("utf8");
        return {
          code: Number(status["exitcode"] ?? 128 + Number(status["signal"] ?? 0)),
          out: bytes("out-data") + bytes("err-data"),
        };
      }
      await Bun.sleep(150);
    }
    throw new MachineError(
      `not done within ${timeoutMs / 1000} s in the guest: ${path} ${arg.join(" ")}`,
    );
  }

  /** As {@link shell}, and must end with 0. */
  async must(command: string, timeoutMs?: number): Promise<string> {
    const { code, out } = await this.shell(command, timeoutMs);
    if (code !== 0) throw new MachineError(`ended with ${code} in the guest: ${command}\n${out}`);
    return out.trim();
  }

  private async agent(execute: string, args: Message): Promise<unknown> {
    const socket = await openJsonLines(join(this.folder, "agent.sock"));
    try {
      const id = Math.floor(performance.now() * 1000);
      socket.sendByte(0xff);
      socket.send({ execute: "guest-sync-delimited", arguments: { id } });
      await socket.receive((m) => m["return"] === id, AGENT_TIMEOUT_MS);
      // The agent complains of the byte that brought it into step.
      socket.forget();
      socket.send({ execute, arguments: args });
      const answer = await socket.receive((m) => "return" in m || "error" in m, AGENT_TIMEOUT_MS);
      if ("error" in answer)
        throw new MachineError(`${execute}: ${JSON.stringify(answer["error"])}`);
      return answer["return"];
    } finally {
      socket.close();
    }
  }

  /** What the system has said until now is no reason to give it up: it was brought down on purpose. */
  passOver(): void {
    this.judgedFrom = this.read("serial.log").length;
  }

  /**
   * Waits for something to become true of a system that starts; a system that gave up is not waited for.
   * @returns milliseconds waited
   */
  async waitFor(
    what: string,
    isTrue: () => Promise<boolean> | boolean,
    timeoutMs = BOOT_TIMEOUT_MS,
    onDead: "fail" | "wait" = "fail",
  ): Promise<number> {
    const fromMs = performance.now();
    for (;;) {
      if (await tried(isTrue)) return performance.now() - fromMs;
      if (this.exited) throw new MachineError(`the machine stopped while waiting for ${what}`);
      const log = this.read("serial.log").slice(this.judgedFrom);
      if (onDead === "fail" && DEAD.test(log))
        throw new MachineError(`the system gave up (${DEAD.exec(log)?.[0]}) before ${what}`);
      if (performance.now() - fromMs > timeoutMs)
        throw new MachineError(`${what} did not come within ${timeoutMs / 1000} s`);
      await Bun.sleep(POLL_MS);
    }
  }

  /** The system is up, the program answers and the slot counts as good (lab editions). */
  async waitForHealth(
    timeoutMs = BOOT_TIMEOUT_MS,
    onDead: "fail" | "wait" = "fail",
  ): Promise<number> {
    return await this.waitFor(
      "the program's health",
      async () =>
        (await this.shell("systemctl is-active udr-health.service", 10_000)).out.trim() ===
        "active",
      timeoutMs,
      onDead,
    );
  }

  /** As when the mains go: nothing is told, nothing is written any more. */
  async cutPower(): Promise<void> {
    if (this.exited) return;
    const gone = new Promise<void>((resolve) => this.child.on("exit", () => resolve()));
    this.child.kill("SIGKILL");
    await gone;
    this.monitor?.close();
  }
}

/**
 * Runs a program of the tools root, with the folder as /machine. The mounts live in a namespace of the
 * program's own, so nothing is left of them when it ends, however it ends.
 */
export function inTools(
  toolsRoot: string,
  folder: string,
  command: readonly string[],
): ReturnType<typeof spawn> {
  mkdirSync(join(toolsRoot, INSIDE), { recursive: true });
  const mounts = [
    `mount --bind ${folder} ${toolsRoot}${INSIDE}`,
    `mount --rbind /dev ${toolsRoot}/dev`,
    `mount -t proc proc ${toolsRoot}/proc`,
  ].join(" && ");
  const log = Bun.file(join(folder, "qemu.log"));
  return spawn(
    "setpriv",
    [
      // A test that is killed leaves no machine behind.
      ...["--pdeathsig", "KILL", "unshare"],
      ...["--mount", "--propagation", "private", "sh", "-c"],
      `${mounts} && exec chroot ${toolsRoot} "$@" >${log.name} 2>&1`,
      "sh",
      ...command,
    ],
    { stdio: "ignore" },
  );
}

async function tried(isTrue: () => Promise<boolean> | boolean): Promise<boolean> {
  try {
    return await isTrue();
  } catch (error) {
    if (error instanceof SocketError || error instanceof MachineError) return false;
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await isTrue()) && performance.now() < endMs) await Bun.sleep(50);
}
