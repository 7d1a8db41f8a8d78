// The appliance as the API shows it.

import type {
  ApplianceService,
  ApplianceView,
} from "../../services/appliance/appliance-service.ts";
import type { Appliance, Configuration, Health } from "../contract.ts";
import type { AppliancePort } from "../device.ts";
import { answer } from "../problem.ts";

/** What a log bundle tells of the program: nothing of it names a patient or holds a secret. */
export interface Described {
  health(): Health;
  /** Redacted. */
  configuration(): Configuration;
}

export function appliancePort(service: ApplianceService, described: Described): AppliancePort {
  const text = (name: string, value: unknown) => ({
    name,
    text: `${JSON.stringify(value, null, 2)}\n`,
  });
  return {
    async logBundle() {
      const view = await service.view();
      return service.logBundle([
        text("health.json", described.health()),
        text("configuration.json", described.configuration()),
        text("versions.json", view.ok ? applianceView(view.value) : view.refusal),
      ]);
    },
    async status() {
      const view = await service.view();
      return view.ok ? answer(applianceView(view.value)) : view;
    },
    updateFromStick: (device, force) => service.updateFromStick(device, force),
    updateFromUpload: (body, bytes, force) => service.updateFromUpload(body, bytes, force),
    restart: (force) => service.restart(force),
    powerOff: (force) => service.powerOff(force),
    factoryReset: (force) => service.factoryReset(force),
    async setNetwork(settings, force) {
      const view = await service.setNetwork(settings, force);
      return view.ok ? answer(applianceView(view.value)) : view;
    },
    async setTimeServers(servers) {
      const view = await service.setTimeServers(servers);
      return view.ok ? answer(applianceView(view.value)) : view;
    },
  };
}

function applianceView({ status, update }: ApplianceView): Appliance {
  return {
    version: status.version,
    slot: status.slot,
    triesLeft: status.triesLeft,
    good: status.good,
    otherVersion: status.otherVersion,
    failedUnits: [...status.failedUnits],
    timeServers: [...status.timeServers],
    addresses: status.addresses.map((address) => ({ ...address })),
    network: status.network.map(({ dns, ...rest }) => ({ ...rest, dns: [...dns] })),
    update,
  };
}
