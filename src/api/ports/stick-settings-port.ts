// Settings on a stick as the API shows them.

import type { SettingsChange } from "../../config/settings-document.ts";
import type { StickSettings } from "../../services/settings/stick-settings.ts";
import type { SettingsChange as ShownChange } from "../contract.ts";
import type { StickSettingsPort } from "../device.ts";
import { answer } from "../problem.ts";

export function stickSettingsPort(settings: StickSettings): StickSettingsPort {
  return {
    async preview(device) {
      const looked = await settings.preview(device);
      if (!looked.ok) return looked;
      const { changes, files, warnings, ticket } = looked.value;
      return answer({
        changes: changes.map(shown),
        files: [...files],
        warnings: [...warnings],
        ticket,
      });
    },
    async apply(device, ticket) {
      const applied = await settings.apply(device, ticket);
      return applied.ok ? answer({ changes: applied.value.map(shown) }) : applied;
    },
    async write(device) {
      const written = await settings.write(device);
      return written.ok ? answer({ text: written.value }) : written;
    },
  };
}

/** JSON has no undefined. */
function shown({ key, from, to }: SettingsChange): ShownChange {
  return {
    key,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
