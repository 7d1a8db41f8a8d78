// Jobs as the API makes and controls them.

import { unreachable } from "../../core/assert.ts";
import type { ControlOutcome, JobQueue } from "../../jobs/job-queue.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { NewJob } from "../contract.ts";
import type { JobsPort } from "../device.ts";
import { type Answer, answer, refuse } from "../problem.ts";
import { jobView } from "../views.ts";

export function jobPort(
  jobs: JobQueue,
  storage: StoragePort,
  hasRemote: (remoteId: string, service: string) => boolean,
): JobsPort {
  const controlled = (id: string, verb: string, outcome: ControlOutcome) => {
    switch (outcome.kind) {
      case "ok":
        return answer(jobView(outcome.job));
      case "unknown-job":
        return refuse("not-found", `There is no job ${id}.`);
      case "not-possible":
        return refuse("wrong-state", `The job is ${outcome.state} and cannot be ${verb}.`);
      default:
        return unreachable(outcome);
    }
  };
  return {
    async create(request) {
      if (request.type !== "send") return unsupported(request.type);
      if (!hasRemote(request.remoteId, "storage"))
        return refuse(
          "unknown-reference",
          `The configuration has no remote ${request.remoteId} with the service storage.`,
        );
      const chosen = instancesOf(storage, request);
      if (!chosen.ok) return chosen;
      const [first] = chosen.value;
      if (first === undefined) return refuse("unknown-reference", "There is nothing to send.");
      const outcome = await jobs.create(
        {
          type: "send",
          remoteId: request.remoteId,
          studyInstanceUid: first.studyInstanceUid,
          sopInstanceUids: chosen.value.map((i) => i.sopInstanceUid),
        },
        chosen.value.map((i) => i.sopInstanceUid),
      );
      switch (outcome.kind) {
        case "created":
          return answer(jobView(outcome.job));
        case "unsupported":
          return unsupported(outcome.type);
        case "empty":
          return refuse("unknown-reference", "There is nothing to send.");
        case "too-many":
          return refuse("busy", `${outcome.limit} jobs wait already; cancel some of them.`);
        default:
          return unreachable(outcome);
      }
    },
    async list(filter) {
      return jobs
        .list()
        .filter((j) => (filter.state ?? j.state) === j.state && (filter.type ?? j.type) === j.type)
        .slice(0, filter.limit)
        .map(jobView);
    },
    async get(id) {
      const job = jobs.job(id);
      return job === null ? refuse("not-found", `There is no job ${id}.`) : answer(jobView(job));
    },
    cancel: async (id) => controlled(id, "cancelled", await jobs.cancel(id)),
    retry: async (id) => controlled(id, "tried again", await jobs.retry(id)),
  };
}

const unsupported = (type: string) =>
  refuse("unsupported", `This device cannot do ${type} jobs yet.`);

/** The instances of a send request, all of one study (S17). */
function instancesOf(
  storage: StoragePort,
  request: Extract<NewJob, { type: "send" }>,
): Answer<readonly InstanceRecord[]> {
  if (request.studyInstanceUid !== undefined) {
    const records = storage.reader.instancesOfStudy(request.studyInstanceUid);
    return records.length > 0
      ? answer(records)
      : refuse("unknown-reference", `There is no study ${request.studyInstanceUid}.`);
  }
  const records: InstanceRecord[] = [];
  for (const uid of request.sopInstanceUids ?? []) {
    const record = storage.reader.instance(uid);
    if (record === null)
      return refuse("unknown-reference", `There is no instance ${uid}, or its file is missing.`);
    records.push(record);
  }
  if (new Set(records.map((r) => r.studyInstanceUid)).size > 1)
    return refuse("invalid-field", "A send job takes instances of one study; make one for each.");
  return answer(records);
}
