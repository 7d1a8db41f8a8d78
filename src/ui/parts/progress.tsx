// A job's progress as a bar and a count.

import type { Job } from "../../api/contract.ts";

export function Progress({ job }: { job: Job }) {
  const { done, total } = job.progress;
  const share = total === 0 ? 0 : done / total;
  return (
    <div class={`progress ${job.state}`}>
      <div class="progress-bar">
        <div style={{ width: `${(100 * share).toFixed(1)}%` }} />
      </div>
      <span>
        {done}/{total}
      </span>
    </div>
  );
}
