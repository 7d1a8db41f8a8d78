// Work that goes on in the background: what, how far, and why it waits.

import { useSignal } from "@preact/signals";
import type { Job } from "../../api/contract.ts";
import { clockTime } from "../format.ts";
import { Icon } from "../icons.tsx";
import { Button } from "../parts/button.tsx";
import { Progress } from "../parts/progress.tsx";
import { changeJob, jobs } from "../state.ts";
import { strings } from "../strings.ts";

const words = strings.jobs;

export function JobsScreen() {
  if (jobs.value.length === 0)
    return (
      <div class="screen blank">
        <Icon name="jobs" size={72} />
        <h2>{words.empty}</h2>
        <p>{words.emptyHint}</p>
      </div>
    );
  return (
    <div class="screen jobs">
      {jobs.value.map((job) => (
        <JobCard key={job.id} job={job} />
      ))}
    </div>
  );
}

function JobCard({ job }: { job: Job }) {
  const open = useSignal(false);
  const ended = job.state === "done" || job.state === "failed" || job.state === "cancelled";
  return (
    <article class={`card job ${job.state}`} data-job={job.id}>
      <span class={`pill ${job.state}`}>{strings.jobStates[job.state]}</span>
      <div class="job-what">
        <b>
          {strings.jobTypes[job.type]} {words.to} {job.remoteId ?? job.target}
        </b>
        <span>
          {clockTime(job.createdAt)}
          {job.attempts > 1 && ` · ${words.attempt(job.attempts)}`}
          {job.nextAttemptAt !== undefined && ` · ${words.next(clockTime(job.nextAttemptAt))}`}
        </span>
        {job.reason !== undefined && <p class="reason">{job.reason}</p>}
      </div>
      <Progress job={job} />
      <div class="job-buttons">
        <Button
          label={words.log}
          pressed={open.value}
          onPress={() => {
            open.value = !open.value;
          }}
        />
        {job.state !== "done" && job.state !== "active" && (
          <Button
            label={words.retry}
            icon="refresh"
            disabled={job.state === "queued"}
            onPress={() => changeJob(job.id, "retry")}
          />
        )}
        {!ended && (
          <Button
            label={words.cancel}
            icon="close"
            kind="danger"
            onPress={() => changeJob(job.id, "cancel")}
          />
        )}
      </div>
      {open.value && (
        <ol class="job-log">
          {job.log.map((line) => (
            <li key={`${line.at} ${line.text}`}>
              <time>{clockTime(line.at)}</time> {line.text}
            </li>
          ))}
        </ol>
      )}
    </article>
  );
}
