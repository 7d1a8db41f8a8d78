// The machine the device runs on: mains, disk, database, panel, generator, network card. When the mains
// go, nothing that was not synced is left, and of the program nothing at all: what it still had in hand
// never ends, its timers never fire, its streams fall silent. Then it is started again on what is left.

import { Database } from "bun:sqlite";
import { type Assembled, assemble } from "../../src/assembly.ts";
import { type Configuration, parseConfiguration } from "../../src/config/configuration.ts";
import type { Clock, Timer } from "../../src/core/clock.ts";
import type { Connection, Dial, Listen } from "../../src/core/connection.ts";
import type { Log, LogFields, LogLevel } from "../../src/core/log.ts";
import type { Random } from "../../src/core/random.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { simulatedGenerator } from "../../src/hal/generator/sim/simulated-generator.ts";
import { simulatedPositioner } from "../../src/hal/generator/sim/simulated-positioner.ts";
import type { ExposureReport } from "../../src/model/exposure.ts";
import { ConfigurationHolder } from "../../src/services/configuration-holder.ts";
import { openDatabase } from "../../src/store/database.ts";
import { DiskError, type DiskFile, type DiskPort } from "../../src/store/disk.ts";
import {
  STORAGE_METHODS,
  type StorageMethod,
  type StoragePort,
} from "../../src/store/storage-port.ts";
import { Store } from "../../src/store/store.ts";
import { inProcessPanel } from "../../src/workers/acquisition/panel-port.ts";
import { inProcessStorage } from "../../src/workers/storage/in-process-storage.ts";
import { MemoryDisk } from "../store/memory-disk.ts";
import type { Host, StreamFate } from "./network.ts";
import { tinyPanel, tinyPixels } from "./tiny-panel.ts";

/** The mains went while somebody waited for an answer of the device. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

/** A stop that takes longer is a power cut (main.ts exits then). */
const STOP_MS_MAX = 4_500;

/** One run of the program, from a start to the end of the mains or a stop. */
export interface Run {
  readonly number: number;
  readonly assembled: Assembled;
  readonly storage: StoragePort;
  /** What the device answers, or PowerCut if the mains go first. */
  ask<T>(call: (device: Assembled["device"]) => Promise<T>): Promise<T>;
}

/** What somebody who looks over the machine's shoulder sees. */
export interface Observer {
  /** A call of the store has changed what it changes; whether the caller hears of it is another matter. */
  stored(method: StorageMethod, args: readonly unknown[], result: unknown): void;
  beam(report: ExposureReport): void;
  started(storage: StoragePort): void;
  cut(): void;
  stopped(): void;
}

export interface MachineParts {
  readonly clock: Clock;
  readonly host: Host;
  readonly random: Random;
  readonly log: Log;
  /** The document of the configuration file. */
  readonly configuration: unknown;
  readonly diskBytes: number;
  readonly dicomPort: number;
  readonly observer: Observer;
  /** The program threw, or could not start: the simulation is over. */
  readonly onDefect: (error: unknown) => void;
}

/** Mortal: shared by everything that belongs to one run. */
interface Life {
  alive: boolean;
}

export class Machine {
  readonly configuration: Configuration;
  readonly #parts: MachineParts;
  readonly #disk = new MemoryDisk();
  #database: Database;
  #life: Life = { alive: false };
  #run: Run | null = null;
  #waiting: ((run: Run) => void)[] = [];
  /** Rejects what waits for an answer when the mains go. */
  #cutOff: ((error: PowerCut) => void)[] = [];
  #runs = 0;
  #stamp = 0;
  /** The mains go when this many more things have happened. */
  #happeningsLeft = Number.POSITIVE_INFINITY;
  #cutHow: StreamFate["how"] = "reset";
  cuts = 0;
  /** Called when an armed cut has come. */
  onCut: () => void = () => {};

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.#disk.capacityBytes = parts.diskBytes;
    this.#database = openDatabase(":memory:");
    const parsed = parseConfiguration(parts.configuration);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    this.configuration = parsed.configuration;
  }

  /** The run under way, or null while there is none. */
  get run(): Run | null {
    return this.#run;
  }

  /** Resolves with the run under way, or with the next one. */
  running(): Promise<Run> {
    if (this.#run !== null) return Promise.resolve(this.#run);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get freeBytes(): number {
    return this.#disk.freeBytes();
  }

  /** Starts the program. Resolves when it is ready, or when the mains went meanwhile. */
  async start(): Promise<void> {
    const life: Life = { alive: true };
    this.#life = life;
    this.#parts.host.state = "up";
    const number = ++this.#runs;
    const dead = new Promise<null>((resolve) => this.#cutOff.push(() => resolve(null)));
    const run = await Promise.race([
      this.#assemble(life, number).catch((error: unknown) => {
        if (life.alive) this.#parts.onDefect(error);
        return null;
      }),
      dead,
    ]);
    if (run === null || !life.alive) return;
    this.#run = run;
    for (const resolve of this.#waiting.splice(0)) resolve(run);
  }

  /** Ends the program in good order, as the switch at the console does; cut off if that lasts. */
  async stop(): Promise<void> {
    const run = this.#run;
    const life = this.#life;
    if (run === null) return;
    this.#run = null;
    const late = new Promise<void>((resolve) =>
      this.#parts.clock.after(STOP_MS_MAX, () => {
        if (life.alive) this.#parts.onDefect(new Error(`a stop took more than ${STOP_MS_MAX} ms`));
        resolve();
      }),
    );
    await Promise.race([run.assembled.stop(), late]);
    if (!life.alive) return;
    this.#parts.host.losePower("reset");
    this.#parts.host.state = "silent";
    this.#end();
    this.#parts.observer.stopped();
    for (const cutOff of this.#cutOff.splice(0)) cutOff(new PowerCut("the device was stopped"));
  }

  /** The mains go, now. */
  cut(how: StreamFate["how"]): void {
    if (!this.#life.alive) return;
    this.cuts++;
    this.#happeningsLeft = Number.POSITIVE_INFINITY;
    if (this.#database.inTransaction) throw new Error("a cut within a transaction is SQLite's own");
    this.#parts.host.losePower(how);
    this.#parts.host.state = "silent";
    this.#end();
    this.#parts.observer.cut();
    for (const cutOff of this.#cutOff.splice(0)) cutOff(new PowerCut("the mains went"));
    this.onCut();
  }

  /** The mains go after so many more disk operations, calls of the store and pieces on the network. */
  cutAfter(happenings: number, how: StreamFate["how"]): void {
    this.#happeningsLeft = happenings;
    this.#cutHow = how;
  }

  /** Something happened in the machine at which it may fail. */
  happened(): void {
    if (this.#life.alive && this.#happeningsLeft-- <= 0) this.cut(this.#cutHow);
  }

  #end(): void {
    this.#life.alive = false;
    this.#run = null;
    // Every commit was synced, so the next run finds all of them; the old connection is left to itself.
    const left = this.#database.serialize();
    this.#database = Database.deserialize(left, { strict: true });
    this.#database.run("PRAGMA foreign_keys = ON");
    this.#disk.powerCut(() => this.#parts.random.chance(0.3));
    this.#disk.trace.length = 0;
  }

  async #assemble(life: Life, number: number): Promise<Run> {
    const { host, random, observer } = this.#parts;
    const log = mortalLog(this.#parts.log, life);
    const clock = mortalClock(this.#parts.clock, life);
    const disk = mortalDisk(this.#disk, life, () => this.happened());
    const pixels = tinyPixels();
    const store = await Store.open({
      db: this.#database,
      disk,
      readHeader: readObjectHeader,
      log,
      nowMs: clock.nowMs(),
      memory: pixels.memory.buffer,
      reserveBytes: 0,
    });
    const storage = this.#mortalStorage(inProcessStorage(store, disk), life);
    observer.started(storage);
    const positioner = simulatedPositioner();
    const generator = simulatedGenerator({ clock, geometry: () => positioner.now() });
    generator.onEvent((event) => {
      if (event.type === "report" && life.alive) observer.beam(event.report);
    });
    await generator.open();
    const assembled = await assemble({
      clock,
      log,
      random: random.fork(),
      holder: new ConfigurationHolder(this.configuration, async () => {}),
      configFile: "config.json",
      panelPort: inProcessPanel(tinyPanel(clock, () => ++this.#stamp)),
      detectorDriver: "simulated",
      generator,
      positioner,
      pixels,
      storage,
      disk: async () => ({
        freeBytes: this.#disk.freeBytes(),
        totalBytes: this.#disk.capacityBytes,
      }),
      renderer: {
        render: () => Promise.reject(new Error("nobody looks at pictures here")),
        page: () => Promise.reject(new Error("nobody looks at pages here")),
        decode: () => Promise.reject(new Error("nobody captures screens here")),
        filmBox: () => Promise.reject(new Error("nobody prints here")),
      },
      dial: mortalDial(host.dial, life),
      listen: mortalListen(host.listen, life),
      resolve: async (name) => [name],
      dicomPort: this.#parts.dicomPort,
    });
    await assembled.start();
    const ask: Run["ask"] = (call) => {
      if (!life.alive) return Promise.reject(new PowerCut("the mains are off"));
      return new Promise((resolve, reject) => {
        this.#cutOff.push(reject);
        const forget = () => {
          this.#cutOff = this.#cutOff.filter((other) => other !== reject);
        };
        call(assembled.device).then(resolve, reject).finally(forget);
      });
    };
    return { number, assembled, storage, ask };
  }

  /** The store, whose answers nobody hears once the mains are off. */
  #mortalStorage(storage: StoragePort, life: Life): StoragePort {
    const { observer } = this.#parts;
    const calls = Object.fromEntries(
      STORAGE_METHODS.map((method) => [
        method,
        (...args: readonly unknown[]) =>
          new Promise((resolve, reject) => {
            this.happened();
            if (!life.alive) return;
            const call = storage[method] as (...a: readonly unknown[]) => Promise<unknown>;
            call(...args).then(
              (result) => {
                // A cut during the call: what was committed by then counts, and the start finds it.
                if (!life.alive) return;
                observer.stored(method, args, result);
                this.happened();
                if (life.alive) resolve(result);
              },
              (error: unknown) => {
                if (life.alive) reject(error as Error);
              },
            );
          }),
      ]),
    ) as unknown as Pick<StoragePort, StorageMethod>;
    return { ...storage, ...calls };
  }
}

function mortalLog(log: Log, life: Life): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields?: LogFields): void => {
      if (life.alive) log[level](event, fields);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => mortalLog(log.with(fields), life),
  };
}

function mortalClock(clock: Clock, life: Life): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, fire): Timer =>
      clock.after(delayMs, () => {
        if (life.alive) fire();
      }),
  };
}

/** `happened` comes before each operation that changes something. */
function mortalDisk(disk: DiskPort, life: Life, happened: () => void): DiskPort {
  const check = (change: boolean) => {
    if (change) happened();
    if (!life.alive) throw new DiskError("the mains are off", false);
  };
  const file = (inner: DiskFile): DiskFile => ({
    write(views, at) {
      check(true);
      inner.write(views, at);
    },
    truncate(byteLength) {
      check(true);
      inner.truncate(byteLength);
    },
    startSync: () => inner.startSync(),
    async sync() {
      check(true);
      await inner.sync();
    },
    close: () => inner.close(),
  });
  return {
    create(path) {
      check(true);
      return file(disk.create(path));
    },
    open(path) {
      check(false);
      return file(disk.open(path));
    },
    rename(from, to) {
      check(true);
      disk.rename(from, to);
    },
    syncFolder(path) {
      check(true);
      disk.syncFolder(path);
    },
    makeFolder(path) {
      check(true);
      disk.makeFolder(path);
    },
    remove(path) {
      check(true);
      disk.remove(path);
    },
    removeEmptyFolder(path) {
      check(true);
      disk.removeEmptyFolder(path);
    },
    list(path) {
      check(false);
      return disk.list(path);
    },
    size(path) {
      check(false);
      return disk.size(path);
    },
    read(path, into, at) {
      check(false);
      disk.read(path, into, at);
    },
    freeBytes: () => disk.freeBytes(),
  };
}

function mortalDial(dial: Dial, life: Life): Dial {
  return (...args) =>
    new Promise<Connection>((resolve, reject) => {
      if (!life.alive) return;
      dial(...args).then(
        (connection) => {
          if (life.alive) resolve(connection);
          else connection.destroy();
        },
        (error: unknown) => {
          if (life.alive) reject(error as Error);
        },
      );
    });
}

function mortalListen(listen: Listen, life: Life): Listen {
  return (options, onConnection) =>
    listen(options, (connection) => {
      if (life.alive) onConnection(connection);
    });
}
