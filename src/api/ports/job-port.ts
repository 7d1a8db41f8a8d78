// Jobs as the API makes and controls them.

import { unreachable } from "../../core/assert.ts";
import type { ControlOutcome, JobQueue } from "../../jobs/job-queue.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import type { JobParameters } from "../../model/job.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { NewJob } from "../contract.ts";
import type { JobsPort } from "../device.ts";
import { type Answer, answer, refuse } from "../problem.ts";
import { jobView } from "../views.ts";
import { freeToGo } from "./held-images.ts";

/** What becomes of a request: the job that is made of it. */
export interface PlannedJob {
  readonly parameters: JobParameters;
  /** Its instances, in order. */
  readonly items: readonly string[];
  /** Steps of a job that counts otherwise. */
  readonly total?: number | undefined;
}

/** Checks a request and makes a job of it; a type without a planner is refused. */
export type JobPlanners = {
  readonly [T in Exclude<NewJob["type"], "send">]?: (
    request: Extract<NewJob, { type: T }>,
  ) => Promise<Answer<PlannedJob>>;
};

export function jobPort(
  jobs: JobQueue,
  storage: StoragePort,
  hasRemote: (remoteId: string, service: string) => boolean,
  planners: JobPlanners = {},
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
  const planSend = (request: Extract<NewJob, { type: "send" }>): Answer<PlannedJob> => {
    const { remoteId } = request;
    if (!hasRemote(remoteId, "storage"))
      return refuse(
        "unknown-reference",
        `The configuration has no remote ${remoteId} with the service storage.`,
      );
    const chosen = instancesOf(storage, request);
    if (!chosen.ok) return chosen;
    const [first] = chosen.value;
    if (first === undefined) return refuse("unknown-reference", "There is nothing to send.");
    const free = freeToGo(storage.reader, chosen.value, request.sopInstanceUids !== undefined);
    if (!free.ok) return free;
    const sopInstanceUids = free.value.map((i) => i.sopInstanceUid);
    const { studyInstanceUid } = first;
    return answer({
      parameters: { type: "send", remoteId, studyInstanceUid, sopInstanceUids },
      items: sopInstanceUids,
    });
  };
  const plan = async (request: NewJob): Promise<Answer<PlannedJob>> => {
    switch (request.type) {
      case "send":
        return planSend(request);
      case "print":
        return (await planners.print?.(request)) ?? unsupported(request.type);
      case "export":
        return (await planners.export?.(request)) ?? unsupported(request.type);
      case "retrieve":
        return (await planners.retrieve?.(request)) ?? unsupported(request.type);
      default:
        return unreachable(request);
    }
  };
  return {
    async create(request) {
      const planned = await plan(request);
      if (!planned.ok) return planned;
      const { parameters, items, total } = planned.value;
      const outcome = await jobs.create(parameters, items, total);
      switch (outcome.kind) {
        case "created":
          return answer(jobView(outcome.job));
        case "unsupported":
          return unsupported(outcome.type);
        case "empty":
          return refuse("unknown-reference", `There is nothing to ${request.type}.`);
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
