// The machine as an appliance: what only its system may do. Where the program runs on a plain PC there is
// none of it.

/** Seconds to minutes of work, in words and as a share. */
export interface ApplianceProgress {
  /** 0 to 1. */
  readonly share: number;
  readonly step: string;
}

export interface ApplianceStatus {
  readonly version: string;
  readonly slot: "A" | "B" | null;
  /** Starts left before the other slot is taken again; null once the version has proved itself. */
  readonly triesLeft: number | null;
  /** The running version has proved itself. */
  readonly good: boolean;
  /** The version in the other slot. */
  readonly otherVersion: string | null;
  /** What of the system failed since its start, in words. */
  readonly failedUnits: readonly string[];
  readonly timeServers: readonly string[];
  /** In use now, with their prefix. */
  readonly addresses: readonly { readonly interface: string; readonly address: string }[];
  /** As they were set; a card that is not here is as the system comes. */
  readonly network: readonly NetworkSettings[];
}

export interface NetworkSettings {
  readonly interface: string;
  /** "192.0.2.10/24", or "dhcp". */
  readonly address: string;
  readonly gateway: string | null;
  readonly dns: readonly string[];
}

export interface Appliance {
  /** @throws ApplianceError, as every call */
  status(): Promise<ApplianceStatus>;
  /** Flushes and unmounts a stick: it may be pulled. */
  release(mountPoint: string): Promise<void>;
  /** Checks the update set in a folder and writes it to the free slot. Resolves to its version. */
  installUpdate(folder: string, progress: (now: ApplianceProgress) => void): Promise<string>;
  restart(): Promise<void>;
  powerOff(): Promise<void>;
  /** Restarts, and at the next start nothing of patients and settings is left. */
  factoryReset(): Promise<void>;
  /** A file with the system's journal since then (epoch ms), or all that is kept. */
  journal(sinceMs: number | null): Promise<string>;
  /** None: those that the network's DHCP server names. */
  setTimeServers(servers: readonly string[]): Promise<void>;
  setNetwork(settings: NetworkSettings): Promise<void>;
}

/** The system did not do what was asked; the message is for the technician. */
export class ApplianceError extends Error {
  override readonly name = "ApplianceError";
}
