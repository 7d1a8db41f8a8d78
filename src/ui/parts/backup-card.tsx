// Backup to a stick and restore from one, for the service engineer.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Backup, ListedBackup, Medium } from "../../api/contract.ts";
import { byteSize, dateTime } from "../format.ts";
import {
  backUp,
  beginAnew,
  canBackUp,
  canBeginAnew,
  listBackups,
  readBackup,
  restoreBackup,
  undoRestore,
} from "../service-actions.ts";
import { backup, link, readMedia } from "../state.ts";
import { strings } from "../strings.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { StickRows } from "./stick-rows.tsx";

const words = strings.backup;

type Asked =
  | { readonly do: "backup"; readonly medium: Medium }
  | { readonly do: "choose"; readonly medium: Medium; readonly found: readonly ListedBackup[] }
  | { readonly do: "restore"; readonly medium: Medium; readonly chosen: ListedBackup }
  | { readonly do: "undo" }
  | { readonly do: "anew" };

export function BackupCard() {
  const asked = useSignal<Asked | null>(null);
  // Read again when the device is back after a restore.
  useEffect(() => {
    if (link.value !== "up") return;
    void readBackup();
    void readMedia();
  }, [link.value]);
  const state = backup.value;
  if (!canBackUp() || state === null) return null;
  const isBusy = state.now.state === "working";
  const ask = (next: Asked | null) => {
    asked.value = next;
  };
  return (
    <section class="card list-card backup">
      <header>
        <h2>{words.title}</h2>
        {state.lastRestore !== undefined && (
          <Button label={words.undo} disabled={isBusy} onPress={() => ask({ do: "undo" })} />
        )}
        {canBeginAnew() && (
          <Button label={words.anew} disabled={isBusy} onPress={() => ask({ do: "anew" })} />
        )}
      </header>
      <div class="rows">
        <p class="about">
          {words.about}
          {state.lastRestore !== undefined &&
            ` ${words.lastRestore(
              dateTime(state.lastRestore.restoredAt),
              dateTime(state.lastRestore.madeAt),
            )}`}
        </p>
        <BackupWords state={state} />
        <StickRows none={words.noStick}>
          {(medium) => (
            <>
              <Button
                label={words.backUp}
                disabled={isBusy || !medium.usable}
                onPress={() => ask({ do: "backup", medium })}
              />
              <Button
                label={words.restore}
                disabled={isBusy || !medium.usable}
                onPress={async () => {
                  const found = await listBackups(medium);
                  if (found !== null) ask({ do: "choose", medium, found });
                }}
              />
            </>
          )}
        </StickRows>
      </div>
      {asked.value !== null && (
        <BackupDialog asked={asked.value} onAsk={ask} onClose={() => ask(null)} />
      )}
    </section>
  );
}

function BackupDialog({
  asked,
  onAsk,
  onClose,
}: {
  asked: Asked;
  onAsk: (next: Asked) => void;
  onClose: () => void;
}) {
  if (asked.do === "choose")
    return (
      <ChooseDialog
        found={asked.found}
        onChoose={(chosen) => onAsk({ do: "restore", medium: asked.medium, chosen })}
        onClose={onClose}
      />
    );
  const texts = {
    backup: { title: words.backUpTitle, text: words.backUpText, action: words.backUp },
    restore: {
      title: words.restoreTitle,
      text: words.restoreText(asked.do === "restore" ? titleOf(asked.chosen) : ""),
      action: words.replace,
    },
    undo: {
      title: words.undoTitle,
      text: words.undoText(dateTime(backup.value?.lastRestore?.restoredAt ?? "")),
      action: words.replace,
    },
    anew: { title: words.anewTitle, text: words.anewText, action: words.anew },
  };
  return (
    <PinDialog
      {...texts[asked.do]}
      onEnter={async (pin) => {
        const outcome = await begin(asked, pin);
        if (!outcome.ok) return outcome.problem;
        onClose();
        return null;
      }}
      onClose={onClose}
    />
  );
}

function begin(asked: Exclude<Asked, { readonly do: "choose" }>, pin: string) {
  switch (asked.do) {
    case "backup":
      return backUp(asked.medium, pin);
    case "restore":
      return restoreBackup(asked.medium, asked.chosen, pin);
    case "undo":
      return undoRestore(pin);
    case "anew":
      return beginAnew(pin);
    default:
      return asked satisfies never;
  }
}

function ChooseDialog({
  found,
  onChoose,
  onClose,
}: {
  found: readonly ListedBackup[];
  onChoose: (chosen: ListedBackup) => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={words.chooseTitle} wide onClose={onClose}>
      {found.length === 0 && <p>{words.none}</p>}
      <div class="rows">
        {found.map((one) => (
          <div key={one.name} class="row static" data-backup={one.name}>
            <span class="row-main">
              <b>{titleOf(one)}</b>
              <span>{one.reason ?? factsOf(one)}</span>
            </span>
            <Button label={words.choose} disabled={!one.usable} onPress={() => onChoose(one)} />
          </div>
        ))}
      </div>
    </Dialog>
  );
}

function BackupWords({ state }: { state: Backup }) {
  const { now, restartsByItself } = state;
  switch (now.state) {
    case "none":
      return null;
    case "working":
      return (
        <p class="row static" role="status">
          <b>
            {now.step === "restarting"
              ? words.restarting(restartsByItself)
              : words.working(words.steps[now.step], Math.round(now.share * 100))}
          </b>
        </p>
      );
    case "done":
      return (
        <p class="row static good-text" role="status">
          {now.text}
        </p>
      );
    case "failed":
      return (
        <p class="row static bad-text" role="alert">
          {now.reason}
        </p>
      );
    default:
      return now satisfies never;
  }
}

const titleOf = ({ madeAt, name }: ListedBackup): string =>
  madeAt === undefined ? name : dateTime(madeAt);

function factsOf({ version, stationName, serialNumber, bytes }: ListedBackup): string {
  return [
    version === undefined ? "" : words.version(version),
    stationName ?? "",
    serialNumber ?? "",
    bytes === undefined ? "" : byteSize(bytes),
  ]
    .filter((fact) => fact !== "")
    .join(" · ");
}
