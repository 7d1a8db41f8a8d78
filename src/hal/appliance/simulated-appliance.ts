// An appliance in memory, for tests and demonstrations: does at once what it is told and remembers it.

import { type Appliance, ApplianceError, type ApplianceStatus } from "./appliance.ts";

export interface SimulatedAppliance extends Appliance {
  /** What was asked, in order: "restart", "release /run/media/udr/sdb1" ... */
  readonly asked: readonly string[];
  /** The next request is refused in these words. */
  refuseNext(reason: string): void;
  /** Resolves an installation that waits; set before it begins. */
  holdInstallation(until: Promise<void>): void;
}

export function simulatedAppliance(
  start: Partial<ApplianceStatus> = {},
  journalPath = "/dev/null",
): SimulatedAppliance {
  let status: ApplianceStatus = {
    version: "0.1.0",
    slot: "A",
    triesLeft: null,
    good: true,
    otherVersion: null,
    failedUnits: [],
    timeServers: [],
    addresses: [{ interface: "hospital", address: "192.0.2.10/24" }],
    network: [],
    ...start,
  };
  const asked: string[] = [];
  let refusal: string | null = null;
  let held: Promise<void> = Promise.resolve();
  const take = (what: string) => {
    asked.push(what);
    if (refusal === null) return;
    const reason = refusal;
    refusal = null;
    throw new ApplianceError(reason);
  };
  return {
    asked,
    refuseNext(reason) {
      refusal = reason;
    },
    holdInstallation(until) {
      held = until;
    },
    async status() {
      return status;
    },
    async release(mountPoint) {
      take(`release ${mountPoint}`);
    },
    async installUpdate(folder, progress) {
      take(`install-update ${folder}`);
      progress({ share: 0.5, step: "copying" });
      await held;
      status = { ...status, otherVersion: "0.2.0" };
      return "0.2.0";
    },
    async restart() {
      take("restart");
    },
    async powerOff() {
      take("power-off");
    },
    async factoryReset() {
      take("factory-reset");
    },
    async journal(sinceMs) {
      take(`journal ${sinceMs}`);
      return journalPath;
    },
    async setTimeServers(servers) {
      take(`set-time-servers ${servers.join(" ")}`);
      status = { ...status, timeServers: servers };
    },
    async setNetwork(settings) {
      take(`set-network ${settings.interface} ${settings.address}`);
      const others = status.network.filter((n) => n.interface !== settings.interface);
      status = { ...status, network: [...others, settings] };
    },
  };
}
