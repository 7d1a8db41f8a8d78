// A device's services without exam room and hardware: a store in memory, a configuration with the
// remotes a test wants, and the log kept.

import { type Configuration, parseConfiguration } from "../../src/config/configuration.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Log } from "../../src/core/log.ts";
import { UidGenerator } from "../../src/dicom/iod/uid.ts";
import { tcpDial } from "../../src/hal/net/tcp-dial.ts";
import { RemoteStates } from "../../src/services/remotes/remote-states.ts";
import type { Database } from "../../src/store/database.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import { inProcessStorage } from "../../src/workers/storage/in-process-storage.ts";
import { clock as systemClock } from "../dicom/peer.ts";
import { MemoryDisk } from "../store/memory-disk.ts";
import { memoryDatabase, openStore } from "../store/objects.ts";

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Station {
  readonly clock: Clock;
  readonly log: Log;
  readonly lines: LogLine[];
  /** Lines of the log that somebody should look at. */
  warnings(): string[];
  readonly dial: ReturnType<typeof tcpDial>;
  readonly configuration: () => Configuration;
  configure(document: unknown): void;
  readonly storage: StoragePort;
  readonly states: RemoteStates;
  readonly uids: UidGenerator;
  /** Database and disk of a station that is started again. */
  readonly db: Database;
  readonly disk: MemoryDisk;
}

/** 2026-01-05, 9:30 in Tokyo. */
export const MORNING_MS = Date.UTC(2026, 0, 5, 0, 30, 0);
const openedMs = systemClock.monotonicMs();

/** Real time, but on a morning of the tests. */
export const morningClock: Clock = {
  nowMs: () => MORNING_MS + Math.round(systemClock.monotonicMs() - openedMs),
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, fire) => systemClock.after(delayMs, fire),
};

/** With `before` the station comes back with what that one had stored. */
export async function openStation(
  document: unknown,
  before?: Pick<Station, "db" | "disk">,
  clock: Clock = morningClock,
): Promise<Station> {
  const disk = before?.disk ?? new MemoryDisk();
  const db = before?.db ?? memoryDatabase();
  const lines: LogLine[] = [];
  let configuration = parsed(document);
  const storage = inProcessStorage(await openStore(db, disk), disk);
  const first = await storage.takeNumbers("uid", 1000);
  let used = first;
  return {
    clock,
    log: keptLog(lines),
    lines,
    warnings: () =>
      lines.filter((l) => l.level === "warn" || l.level === "error").map((l) => l.event),
    dial: tcpDial({ clock }),
    configuration: () => configuration,
    configure(next) {
      configuration = parsed(next);
    },
    storage,
    states: new RemoteStates(clock),
    uids: new UidGenerator({ root: "1.2.3.4", uidNumber: "1", timeZone: "Asia/Tokyo" }, clock, {
      next: () => used++,
    }),
    db,
    disk,
  };
}

/** A remote of the configuration on the loopback. */
export function remoteAt(port: number, services: readonly string[], more: object = {}) {
  return { id: "ris", aeTitle: "RIS", host: "127.0.0.1", port, services, ...more };
}

function parsed(document: unknown): Configuration {
  const result = parseConfiguration(document);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.configuration;
}

function keptLog(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (event: string, fields: Record<string, unknown> = {}) => {
      lines.push({ level, event, fields });
    };
  const log: Log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: () => log,
  };
  return log;
}
