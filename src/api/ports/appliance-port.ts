// The appliance as the API shows it.

import type {
  ApplianceAnswer,
  ApplianceService,
  ApplianceView,
} from "../../services/appliance/appliance-service.ts";
import type { LogToStick } from "../../services/appliance/log-to-stick.ts";
import type { Appliance, Configuration, Health } from "../contract.ts";
import type { AppliancePort } from "../device.ts";
import { answer } from "../problem.ts";

/** What a log bundle tells of the program: nothing of it names a patient or holds a secret. */
export interface Described {
  health(): Health;
  /** Redacted. */
  configuration(): Configuration;
}

/** @param logs null: there is no stick to write a bundle to */
export function appliancePort(
  service: ApplianceService,
  described: Described,
  logs: LogToStick | null,
): AppliancePort {
  const text = (name: string, value: unknown) => ({
    name,
    text: `${JSON.stringify(value, null, 2)}\n`,
  });
  const logBundle = async (): Promise<ApplianceAnswer<Uint8Array<ArrayBuffer>>> => {
    const view = await service.view();
    return service.logBundle([
      text("health.json", described.health()),
      text("configuration.json", described.configuration()),
      text("versions.json", view.ok ? applianceView(view.value) : view.refusal),
    ]);
  };
  return {
    logBundle,
    ...(logs === null
      ? {}
      : {
          async logBundleToStick(device: string) {
            const written = await logs.write(device, logBundle);
            return written.ok ? answer({ text: written.value }) : written;
          },
        }),
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
