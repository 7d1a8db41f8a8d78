// The configuration as the API reads and replaces it: the PIN never shown, problems by field.

import { protocolsOf, redact } from "../../config/configuration.ts";
import type {
  ConfigurationHolder,
  ConfigurationOutcome,
} from "../../services/configuration-holder.ts";
import type { Configuration } from "../contract.ts";
import type { ConfigurationChange, ConfigurationPort } from "../device.ts";

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
    pin: () => holder.current().http.pin,
    local: () => ({ aeTitle: holder.current().local.aeTitle, port: dicomPort() }),
    async setLocal(settings) {
      return changed(await holder.setLocal(settings), view);
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
