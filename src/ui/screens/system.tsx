// Health of the parts, the remotes with their echo, and the settings, read-only.

import { useSignal } from "@preact/signals";
import type { EchoResult, RemoteHealth, RemoteView } from "../../api/contract.ts";
import { isAppliance } from "../appliance-actions.ts";
import { apiPath, send } from "../client.ts";
import { byteSize, clockTime, dateTime } from "../format.ts";
import { ApplianceCard } from "../parts/appliance-card.tsx";
import { BackupCard } from "../parts/backup-card.tsx";
import { Button } from "../parts/button.tsx";
import { CalibrationCard } from "../parts/calibration-card.tsx";
import { FirstPinCard } from "../parts/first-pin-card.tsx";
import { ServiceCard } from "../parts/service-card.tsx";
import { attempt, configuration, health, offered, protocols, remotes, worklist } from "../state.ts";
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
      <CalibrationCard />
      {isAppliance() && <ApplianceCard />}
      <BackupCard />
      {isAppliance() && <ServiceCard />}
      <section class="card list-card">
        <header>
          <h2>{words.remotes}</h2>
        </header>
        <div class="rows">
          {remotes.value.length === 0 && <p class="empty">{words.noRemotes}</p>}
          {remotes.value.map((remote) => (
            <RemoteRow key={remote.id} remote={remote} />
          ))}
        </div>
      </section>
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

function Commitment({ commitment }: { commitment: NonNullable<RemoteHealth["commitment"]> }) {
  const { supported, pending, oldestAt, failed, reason } = commitment;
  const facts = [
    supported ? "" : words.commitmentUnsupported,
    supported && pending === 0 && failed === 0 ? words.commitmentClear : "",
    pending > 0 ? words.commitmentPending(pending) : "",
    pending > 0 && oldestAt !== undefined ? words.commitmentOldest(dateTime(oldestAt)) : "",
    failed > 0 ? words.commitmentFailed(failed) : "",
    reason ?? "",
  ].filter((fact) => fact !== "");
  const well = supported && failed === 0;
  return (
    <span class={`commitment ${well ? "" : "bad-text"}`}>
      {words.commitment}: {facts.join(" · ")}
    </span>
  );
}

function RemoteRow({ remote }: { remote: RemoteView }) {
  const asking = useSignal(false);
  const result = useSignal<EchoResult | null>(null);
  const known = health.value?.remotes.find((r) => r.id === remote.id);
  const reachable = result.value?.ok ?? known?.reachable ?? null;
  const echo = async () => {
    asking.value = true;
    result.value = await attempt(() =>
      send<EchoResult>("POST", apiPath("remotes", remote.id, "echo")),
    );
    asking.value = false;
  };
  const said =
    result.value === null
      ? (known?.reason ?? (known?.checkedAt ? clockTime(known.checkedAt) : ""))
      : result.value.ok
        ? words.echoOk(Math.round(result.value.elapsedMs))
        : (result.value.reason ?? "");
  return (
    <div class="row static" data-remote={remote.id}>
      <span class="row-main">
        <b>{remote.id}</b>
        <span>
          {remote.aeTitle} · {remote.host}:{remote.port}
        </span>
        {known?.commitment !== undefined && <Commitment commitment={known.commitment} />}
      </span>
      <span class="row-what">
        <b class={reachable === null ? "" : reachable ? "good-text" : "bad-text"}>
          {reachable === null ? words.notChecked : reachable ? words.reachable : words.notReachable}
        </b>
        <span>{said}</span>
      </span>
      <span class="marks">
        {remote.services.map((service) => (
          <i key={service} class="mark">
            {service}
          </i>
        ))}
      </span>
      <Button
        label={asking.value ? words.echoing : words.echo}
        disabled={asking.value}
        onPress={echo}
      />
    </div>
  );
}
