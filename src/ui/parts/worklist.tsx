// The worklist: asked anew, searched by a scanned or typed number, and the start of an exam from it.

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem, WorklistItem, WorklistKeys, WorklistResult } from "../../api/contract.ts";
import { apiPath, isProblem, send } from "../client.ts";
import { clockTime, patientLine, personName } from "../format.ts";
import { Icon } from "../icons.tsx";
import { openExamWith } from "../service-actions.ts";
import { attempt, tell, worklist } from "../state.ts";
import { strings } from "../strings.ts";
import { keysOfCode, type SearchKind } from "../worklist-search.ts";
import { Button, IconButton } from "./button.tsx";
import { stopTyping, TextField } from "./keyboard.tsx";
import { PinDialog } from "./pin-pad.tsx";
import { followScanner } from "./scanner.ts";

const words = strings.start;

// Kept while the user looks at another screen.
const code = signal("");
/** The list on the screen is the answer to this search; a later one is not. */
const search = signal<{ readonly code: string; readonly queriedAt: string | undefined } | null>(
  null,
);
const asking = signal(false);

/** Null when the device refused; its words are shown. */
async function query(keys: WorklistKeys): Promise<WorklistResult | null> {
  const fresh = await attempt(() =>
    send<WorklistResult>("POST", apiPath("worklist", "query"), keys),
  );
  if (fresh !== null) worklist.value = fresh;
  return fresh;
}

/** One query at a time, however often a button is pressed. */
async function ask(work: () => Promise<void>): Promise<void> {
  if (asking.value) return;
  asking.value = true;
  try {
    await work();
  } finally {
    asking.value = false;
  }
}

const refresh = (keys: WorklistKeys = {}) =>
  ask(async () => {
    search.value = null;
    await query(keys);
  });

const find = (text: string, kind: SearchKind) =>
  ask(async () => {
    const wanted = text.trim();
    stopTyping();
    if (wanted === "") {
      tell("problem", words.findNothing);
      return;
    }
    for (const keys of keysOfCode(wanted, kind)) {
      const found = await query(keys);
      if (found === null) return;
      search.value = { code: wanted, queriedAt: found.queriedAt };
      // A scheduler that does not answer would not answer the next question either.
      if (found.items.length > 0 || !found.complete) break;
    }
    code.value = "";
  });

export function Worklist() {
  const refusedItem = useSignal<{ item: WorklistItem; problem: Problem } | null>(null);
  useEffect(() => followScanner((scanned) => void find(scanned, "any")), []);
  const result = worklist.value;
  const searched =
    search.value !== null && search.value.queriedAt === result?.queriedAt ? search.value : null;

  const begin = async (item: WorklistItem) => {
    const opened = await openExamWith({ worklistItemId: item.id });
    if (opened.ok) return;
    if (isProblem(opened.problem, "wrong-modality"))
      refusedItem.value = { item, problem: opened.problem };
    else tell("problem", opened.problem.detail, opened.problem.title);
  };

  return (
    <section class="card list-card worklist">
      <header>
        <h2>{words.worklist}</h2>
        <span>
          {asking.value
            ? words.worklistAsking
            : result?.queriedAt !== undefined && clockTime(result.queriedAt)}
        </span>
        <IconButton
          label={words.refresh}
          icon="refresh"
          disabled={asking.value}
          onPress={() => refresh()}
        />
      </header>
      <div class="worklist-search">
        <TextField label={words.find} value={code} onEnter={() => void find(code.value, "any")} />
        <Button
          label={words.byCode}
          kind="primary"
          disabled={asking.value}
          onPress={() => find(code.value, "any")}
        />
        <Button
          label={words.byPatient}
          disabled={asking.value}
          onPress={() => find(code.value, "patient")}
        />
        <Button
          label={words.byAccession}
          disabled={asking.value}
          onPress={() => find(code.value, "accession")}
        />
      </div>
      {searched !== null && (
        <div class="list-remark">
          <p>
            {result?.items.length === 0 && result.complete
              ? words.notFound(searched.code)
              : words.found(searched.code)}
          </p>
          <Button label={words.showAll} disabled={asking.value} onPress={() => refresh()} />
        </div>
      )}
      {result !== null && !result.complete && (
        <p class="warning-line">
          {words.worklistIncomplete}. {result.reason}
        </p>
      )}
      {result?.leftOut !== undefined && result.leftOut > 0 && (
        <div class="list-remark">
          <p>{words.leftOut(result.leftOut)}</p>
          <Button
            label={words.showOthers}
            disabled={asking.value}
            onPress={() => refresh({ includeOthers: true })}
          />
        </div>
      )}
      <div class="rows">
        {searched === null && (result?.items ?? []).length === 0 && (
          <p class="empty">{words.worklistEmpty}</p>
        )}
        {result?.items.map((item) => (
          <WorklistRow key={item.id} item={item} onPress={() => begin(item)} />
        ))}
      </div>
      {refusedItem.value !== null && (
        <PinDialog
          title={words.otherModalityTitle}
          text={`${refusedItem.value.problem.detail} ${words.otherModality}`}
          action={words.override}
          onEnter={async (pin) => {
            const { item } = refusedItem.value ?? {};
            if (item === undefined) return null;
            const request = { worklistItemId: item.id, overrideModality: true };
            const opened = await openExamWith(request, pin);
            if (!opened.ok) return opened.problem;
            refusedItem.value = null;
            return null;
          }}
          onClose={() => {
            refusedItem.value = null;
          }}
        />
      )}
    </section>
  );
}

function WorklistRow({ item, onPress }: { item: WorklistItem; onPress: () => void }) {
  const [date = "", time = ""] = item.scheduledAt?.split("T") ?? [];
  const today = worklist.value?.queriedAt?.slice(0, 10);
  const cautions = [
    ...(item.medicalAlerts ?? []),
    ...(item.allergies ?? []),
    words.pregnancy[item.pregnancyStatus ?? 1] ?? "",
    item.specialNeeds ?? "",
  ].filter((caution) => caution !== "");
  return (
    <button type="button" class="row" onClick={onPress}>
      <span class="row-time">
        {time.slice(0, 5)}
        {date !== "" && (time === "" || date !== today) && <small>{date.slice(5)}</small>}
      </span>
      <span class="row-main">
        <b>{personName(item.patient.name)}</b>
        <span>{patientLine(item.patient)}</span>
        {cautions.map((caution) => (
          <span key={caution} class="bad-text">
            {caution}
          </span>
        ))}
        {item.remarks?.map((remark) => (
          <small key={remark} class="reason">
            {remark}
          </small>
        ))}
      </span>
      <span class="row-what">
        <b>{item.scheduledProcedureStepDescription || item.requestedProcedureDescription}</b>
        <span>
          {item.modality} {item.accessionNumber}
        </span>
        {item.examId !== undefined && <small>{words.examMade}</small>}
      </span>
      <Icon name="forward" />
    </button>
  );
}
