// Studies at image servers: asked for by patient, looked into by series, brought here.

import { type Signal, signal } from "@preact/signals";
import type { Job, QueryResult } from "../../api/contract.ts";
import { apiPath, fetchApi, ProblemAnswer } from "../client.ts";
import { patientLine, personName, typedDate } from "../format.ts";
import { Icon } from "../icons.tsx";
import { Button } from "../parts/button.tsx";
import { stopTyping, TextField } from "../parts/keyboard.tsx";
import { Progress } from "../parts/progress.tsx";
import { attempt, go, jobs, queryServers, retrieve } from "../state.ts";
import { strings } from "../strings.ts";

const words = strings.archive;
type Match = QueryResult["matches"][number];

const chosen = signal<string | null>(null);
const name = signal("");
const id = signal("");
const date = signal("");
const studies = signal<QueryResult | null>(null);
const opened = signal<string | null>(null);
const series = signal<QueryResult | null>(null);
/** The query under way; cancelled by its end. */
const asking = signal<AbortController | null>(null);

const text = (match: Match, keyword: string): string => {
  const value = match[keyword];
  return typeof value === "string" ? value : (value ?? []).join(" ");
};

const serverId = () => chosen.value ?? queryServers.value[0]?.id ?? null;

/** Asks the archive; null when it was refused or cancelled. */
async function ask(
  level: "STUDY" | "SERIES",
  keys: Record<string, string>,
): Promise<QueryResult | null> {
  const remoteId = serverId();
  if (remoteId === null || asking.value !== null) return null;
  const cancel = new AbortController();
  asking.value = cancel;
  try {
    return await attempt(async () => {
      try {
        const response = await fetchApi(apiPath("query"), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ remoteId, level, keys }),
          signal: cancel.signal,
        });
        return (await response.json()) as QueryResult;
      } catch (error) {
        if (cancel.signal.aborted) return null;
        throw error instanceof ProblemAnswer ? error : new Error(String(error), { cause: error });
      }
    });
  } finally {
    asking.value = null;
  }
}

async function findStudies(): Promise<void> {
  stopTyping();
  opened.value = null;
  const wanted = name.value.trim();
  const found = await ask("STUDY", {
    ...(id.value.trim() === "" ? {} : { PatientID: id.value.trim() }),
    // Who types a part of a name means every name that begins so.
    ...(wanted === "" ? {} : { PatientName: /[*?]/.test(wanted) ? wanted : `${wanted}*` }),
    ...(date.value.length === 10 ? { StudyDate: date.value } : {}),
  });
  if (found !== null) studies.value = found;
}

async function open(studyInstanceUid: string): Promise<void> {
  if (opened.value === studyInstanceUid) {
    opened.value = null;
    return;
  }
  const found = await ask("SERIES", { StudyInstanceUID: studyInstanceUid });
  if (found === null) return;
  series.value = found;
  opened.value = studyInstanceUid;
}

export function ArchiveScreen() {
  const servers = queryServers.value;
  if (servers.length === 0)
    return (
      <div class="screen blank">
        <Icon name="retrieve" size={72} />
        <h2>{words.none}</h2>
        <p>{words.noneHint}</p>
      </div>
    );
  const busy = asking.value !== null;
  return (
    <div class="screen studies archive">
      <div class="servers">
        {servers.map((server) => (
          <Button
            key={server.id}
            label={server.id}
            pressed={serverId() === server.id}
            disabled={busy}
            onPress={() => {
              chosen.value = server.id;
              studies.value = null;
              opened.value = null;
            }}
          />
        ))}
      </div>
      <div class="filter">
        <TextField label={strings.studies.filterName} value={name} />
        <TextField label={strings.studies.filterId} value={id} />
        <TextField
          label={strings.studies.filterDate}
          value={date}
          hint={strings.patient.birthDateHint}
          layout="digits"
          shape={typedDate}
          maxLength={10}
        />
        {busy ? (
          <Button label={strings.cancel} icon="close" onPress={() => asking.value?.abort()} />
        ) : (
          <Button label={words.find} icon="refresh" kind="primary" onPress={findStudies} />
        )}
      </div>
      {studies.value?.reason !== undefined && <p class="reason">{studies.value.reason}</p>}
      <section class="card list-card">
        <div class="rows">
          {studies.value === null && <p class="empty">{words.ask}</p>}
          {studies.value?.matches.length === 0 && <p class="empty">{strings.studies.empty}</p>}
          {studies.value?.matches.map((match) => (
            <StudyAtArchive key={text(match, "StudyInstanceUID")} match={match} opened={opened} />
          ))}
        </div>
      </section>
    </div>
  );
}

function StudyAtArchive({ match, opened }: { match: Match; opened: Signal<string | null> }) {
  const uid = text(match, "StudyInstanceUID");
  const running = jobs.value.find((job) => job.type === "retrieve" && job.studyInstanceUid === uid);
  const bring = (seriesInstanceUids?: readonly string[]) => {
    const remoteId = serverId();
    if (remoteId !== null) void retrieve(remoteId, uid, seriesInstanceUids);
  };
  const shown = opened.value === uid;
  return (
    <div class="study-at-archive" data-study={uid}>
      <div class="row static">
        <button
          type="button"
          class="row-main plain"
          aria-expanded={shown}
          onClick={() => open(uid)}
        >
          <b>{personName(text(match, "PatientName"))}</b>
          <span>{patientLine({ id: text(match, "PatientID"), name: "" })}</span>
        </button>
        <span class="row-what">
          <b>{typedDate(text(match, "StudyDate"))}</b>
          <span>{[text(match, "AccessionNumber"), text(match, "StudyID")].join(" ")}</span>
        </span>
        <span class="marks">{running !== undefined && <RetrieveState job={running} />}</span>
        <Button label={words.retrieve} icon="retrieve" onPress={() => bring()} />
      </div>
      {shown && (
        <div class="series-at-archive">
          {series.value?.reason !== undefined && <p class="reason">{series.value.reason}</p>}
          {series.value?.matches.map((one) => {
            const seriesUid = text(one, "SeriesInstanceUID");
            const count = text(one, "NumberOfSeriesRelatedInstances");
            return (
              <div key={seriesUid} class="row static" data-series={seriesUid}>
                <span class="row-main">
                  <b>
                    {text(one, "Modality")} {text(one, "SeriesNumber")}
                  </b>
                  <span>{text(one, "ProtocolName")}</span>
                </span>
                <span class="row-what">
                  <span>{count === "" ? "" : strings.studies.objects(Number(count))}</span>
                </span>
                <Button label={words.retrieveSeries} onPress={() => bring([seriesUid])} />
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function RetrieveState({ job }: { job: Job }) {
  const toJob = () =>
    job.state === "done" && job.studyInstanceUid !== undefined
      ? go({ name: "study", studyInstanceUid: job.studyInstanceUid })
      : go({ name: "jobs" });
  return (
    <button type="button" class="job-line" data-job={job.id} onClick={toJob}>
      <span>{strings.jobStates[job.state]}</span>
      <Progress job={job} />
    </button>
  );
}
