// Health of the parts, the remotes and the settings, and what service does with the device.

import { useSignal } from "@preact/signals";
import { isAppliance } from "../appliance-actions.ts";
import { byteSize, dateTime } from "../format.ts";
import { ApplianceCard } from "../parts/appliance-card.tsx";
import { BackupCard } from "../parts/backup-card.tsx";
import { Button } from "../parts/button.tsx";
import { CalibrationCard } from "../parts/calibration-card.tsx";
import { FirstPinCard } from "../parts/first-pin-card.tsx";
import { RemotesCard } from "../parts/remotes-card.tsx";
import { ServiceCard } from "../parts/service-card.tsx";
import { SettingsCard } from "../parts/settings-card.tsx";
import { configuration, health, offered, protocols, worklist } from "../state.ts";
import { strings } from "../strings.ts";

const words = strings.system;

type Fact = readonly [label: string, value: string | number | undefined];

export function SystemScreen() {
  const state = health.value;
  const showing = useSignal(false);
  if (state === null) return <div class="screen" />;
  const { detector, generator, disk, device } = state;
  const percent = (value: number | undefined) =>
    value === undefined ? undefined : `${value.toFixed(1)} %`;
  return (
    <div class="screen system">
      {state.problems.length > 0 && (
        <section class="card problems">
          <h2>{words.problems}</h2>
          <ul>
            {state.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </section>
      )}
      <FirstPinCard />
      <div class="cards">
        <Facts
          title={words.panel}
          facts={[
            [words.model, detector.model],
            [words.driver, detector.driver],
            [words.state, detector.reason ?? detector.state],
            [words.temperature, detector.temperatureC.map((t) => `${t.toFixed(1)} °C`).join("  ")],
            [words.lost, detector.lost],
            [words.resent, detector.resent],
            [words.overruns, detector.overruns],
          ]}
        />
        <Facts
          title={words.generator}
          facts={[
            [words.driver, generator.driver],
            [words.state, generator.reason ?? generator.state],
            [words.anode, percent(generator.anodePercent)],
            [words.housing, percent(generator.housingPercent)],
          ]}
        />
        <Facts
          title={words.disk}
          facts={[
            [
              words.free,
              disk.totalBytes === undefined
                ? byteSize(disk.freeBytes)
                : `${byteSize(disk.freeBytes)} ${words.of} ${byteSize(disk.totalBytes)}`,
            ],
            [words.state, disk.state],
          ]}
        />
        {offered("GET", "/worklist") && <WorklistFacts />}
        <Facts
          title={words.settings}
          facts={[
            [words.aeTitle, device.aeTitle],
            [words.port, device.dicomPort],
            [words.station, device.stationName],
            [words.institution, device.institutionName],
            [words.model, `${device.manufacturer} ${device.modelName}`],
            [words.serial, device.serialNumber],
            [words.software, device.softwareVersions],
            [words.protocols, protocols.value.length],
          ]}
        />
      </div>
      <RemotesCard />
      <CalibrationCard />
      {isAppliance() && <ApplianceCard />}
      <BackupCard />
      {isAppliance() && <ServiceCard />}
      <SettingsCard />
      <section class="card configuration">
        <header>
          <h2>{words.configuration}</h2>
          <Button
            label={showing.value ? words.hide : words.show}
            onPress={() => {
              showing.value = !showing.value;
            }}
          />
        </header>
        {showing.value && <pre>{JSON.stringify(configuration.value, null, 2)}</pre>}
      </section>
    </div>
  );
}

function Facts({ title, facts }: { title: string; facts: readonly Fact[] }) {
  return (
    <section class="card facts">
      <h2>{title}</h2>
      <dl>
        {facts
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function WorklistFacts() {
  const result = worklist.value;
  if (result?.queriedAt === undefined)
    return <Facts title={words.worklist} facts={[[words.worklistAsked, words.worklistNever]]} />;
  return (
    <Facts
      title={words.worklist}
      facts={[
        [words.worklistAsked, dateTime(result.queriedAt)],
        [words.worklistItems, result.items.length],
        [words.state, result.complete ? words.worklistComplete : words.worklistIncomplete],
        [words.worklistReason, result.reason],
        [words.worklistLeftOut, result.leftOut || undefined],
      ]}
    />
  );
}
