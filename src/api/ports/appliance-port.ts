// The appliance as the API shows it.

import type {
  ApplianceService,
  ApplianceView,
} from "../../services/appliance/appliance-service.ts";
import type { Appliance } from "../contract.ts";
import type { AppliancePort } from "../device.ts";
import { answer } from "../problem.ts";

export function appliancePort(service: ApplianceService): AppliancePort {
  return {
    async status() {
      const view = await service.view();
      return view.ok ? answer(applianceView(view.value)) : view;
    },
    updateFromStick: (device, force) => service.updateFromStick(device, force),
    updateFromUpload: (body, bytes, force) => service.updateFromUpload(body, bytes, force),
    restart: (force) => service.restart(force),
    powerOff: (force) => service.powerOff(force),
    factoryReset: (force) => service.factoryReset(force),
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
    timeServers: [...status.timeServers],
    addresses: status.addresses.map((address) => ({ ...address })),
    update,
  };
}
