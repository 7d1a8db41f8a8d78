// The configuration as the API reads and replaces it: the PIN never shown, problems by field.

import { protocolsOf, redact } from "../../config/configuration.ts";
import { mergePatch } from "../../config/edits.ts";
import type { Log } from "../../core/log.ts";
import type {
  ConfigurationHolder,
  ConfigurationOutcome,
} from "../../services/configuration-holder.ts";
import type { Configuration } from "../contract.ts";
import type { ConfigurationChange, ConfigurationPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";

export function configurationPort(
  holder: ConfigurationHolder,
  file: string,
  dicomPort: () => number,
): ConfigurationPort {
  const view = () => shown(holder);
  return {
    file,
    read: view,
    async replace(document) {
      return changed(await holder.replace(document), view);
    },
    async merge(patch) {
      return changed(await holder.update((current) => mergePatch(current, patch)), view);
    },
    pin: () => holder.current().http.pin,
    local: () => ({ aeTitle: holder.current().local.aeTitle, port: dicomPort() }),
    async setLocal(settings) {
      return changed(await holder.setLocal(settings), view);
    },
  };
}

/** For an appliance, on which nobody can write the first PIN into the file. */
export function firstPinPort(
  holder: ConfigurationHolder,
  log: Log,
): Required<Pick<ConfigurationPort, "setFirstPin">> {
  return {
    async setFirstPin(pin) {
      const outcome = await holder.setFirstPin(pin);
      switch (outcome.kind) {
        case "applied":
          log.warn("first-service-pin-set");
          return answer(null);
        case "has-pin":
          return refuse(
            "wrong-state",
            "A service PIN is set already. Change it (http.pin) through PUT config with the PIN.",
          );
        case "invalid":
          // Their messages show what was found, which may be the PIN.
          return refuse("invalid-field", "The configuration does not take this PIN.");
        case "failed":
          return refuse("device-fault", `No PIN was set: ${outcome.reason}.`);
        default:
          return outcome satisfies never;
      }
    },
  };
}

/** With the shipped protocols, so that the panel has all there are in one list. */
function shown(holder: ConfigurationHolder): Configuration {
  const configuration = holder.current();
  const { acquisition } = configuration;
  return structuredClone({
    ...redact(configuration),
    acquisition: { ...acquisition, protocols: protocolsOf(configuration) },
  }) as unknown as Configuration;
}

function changed(outcome: ConfigurationOutcome, view: () => Configuration): ConfigurationChange {
  return outcome.kind === "applied" ? { kind: "applied", configuration: view() } : outcome;
}
