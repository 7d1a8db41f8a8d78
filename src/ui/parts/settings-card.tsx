// What every installation sets on the device itself. AE title and port need no PIN.

import { useSignal } from "@preact/signals";
import type { LocalSettings } from "../../api/contract.ts";
import { canChangeSettings, canUseStick, readLocal } from "../settings-actions.ts";
import { configuration } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { ChangePinDialog } from "./change-pin-dialog.tsx";
import { DeviceForm } from "./device-form.tsx";
import { LocalForm } from "./local-form.tsx";
import { StickSettings } from "./stick-settings.tsx";

const words = strings.settings;

type Asked =
  | { readonly do: "device" | "pin" }
  | { readonly do: "local"; readonly settings: LocalSettings };

export function SettingsCard() {
  const asked = useSignal<Asked | null>(null);
  if (!canChangeSettings()) return null;
  const close = () => {
    asked.value = null;
  };
  return (
    <section class="card list-card settings">
      <header>
        <h2>{words.title}</h2>
        <span class="row-buttons">
          {configuration.value?.http.pin != null && (
            <Button
              label={strings.changePin.open}
              onPress={() => {
                asked.value = { do: "pin" };
              }}
            />
          )}
          <Button
            label={words.local}
            onPress={async () => {
              const settings = await readLocal();
              if (settings !== null) asked.value = { do: "local", settings };
            }}
          />
          <Button
            label={words.device}
            onPress={() => {
              asked.value = { do: "device" };
            }}
          />
        </span>
      </header>
      <div class="rows">
        <p class="about">{words.about}</p>
        {canUseStick() && <StickSettings />}
      </div>
      {asked.value?.do === "pin" && <ChangePinDialog onClose={close} />}
      {asked.value?.do === "device" && <DeviceForm onClose={close} />}
      {asked.value?.do === "local" && <LocalForm settings={asked.value.settings} onClose={close} />}
    </section>
  );
}
