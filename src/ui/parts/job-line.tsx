// A job in one line beside the study it belongs to; pressing it shows all jobs.

import type { Job } from "../../api/contract.ts";
import { go } from "../state.ts";
import { strings } from "../strings.ts";
import { Progress } from "./progress.tsx";

export function JobLine({ job }: { job: Job }) {
  return (
    <button type="button" class="job-line" data-job={job.id} onClick={() => go({ name: "jobs" })}>
      <span>
        {strings.jobTypes[job.type]} {job.remoteId ?? job.target} · {strings.jobStates[job.state]}
      </span>
      <Progress job={job} />
      {job.reason !== undefined && <span class="reason">{job.reason}</span>}
    </button>
  );
}
