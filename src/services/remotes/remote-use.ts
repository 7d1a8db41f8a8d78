// What a remote is still needed for, so that whoever takes it away knows. Pure; whoever asks gathers the facts.

import type { Remote, Service } from "../../config/configuration.ts";
import type { JobType } from "../../model/job.ts";

export interface RemoteFacts {
  /** Jobs for it that are under way or wait, by type. */
  readonly jobs: Readonly<Record<Exclude<JobType, "export">, number>>;
  /** Images it was or will be asked to confirm, and has not. */
  readonly unconfirmed: number;
  readonly openExams: number;
  /** The remote that performed steps are told to. */
  readonly isStepServer: boolean;
  /** Messages about performed steps that were not taken yet. */
  readonly stepMessages: number;
  /** Film sizes and the like are configured for it. */
  readonly hasPrinterSettings: boolean;
}

const JOB_SERVICES = {
  send: "storage",
  print: "print",
  retrieve: "query-retrieve",
} as const satisfies Record<string, Service>;

const JOB_WORDS = { send: "send", print: "print", retrieve: "retrieve" } as const;

const count = (n: number, one: string): string => (n === 1 ? `1 ${one}` : `${n} ${one}s`);

/**
 * What goes without when a remote becomes `after` (null: is removed), a sentence each; none: nothing does.
 */
export function remoteUse(before: Remote, after: Remote | null, facts: RemoteFacts): string[] {
  const loses = (service: Service) =>
    before.services.includes(service) && after?.services.includes(service) !== true;
  const reasons: string[] = [];
  for (const type of ["send", "print", "retrieve"] as const)
    if (loses(JOB_SERVICES[type]) && facts.jobs[type] > 0)
      reasons.push(
        `${count(facts.jobs[type], `${JOB_WORDS[type]} job`)} for ${before.id} ${facts.jobs[type] === 1 ? "is" : "are"} not done: without it they fail, and can be tried again once ${before.id} is configured again.`,
      );
  if (before.archive && after?.archive !== true && facts.unconfirmed > 0)
    reasons.push(
      `${before.id} has not confirmed ${count(facts.unconfirmed, "image")}: the device would not wait for that any more before they may be deleted.`,
    );
  if (loses("mpps") && facts.isStepServer && facts.stepMessages > 0)
    reasons.push(
      `${count(facts.stepMessages, "message")} about performed steps ${facts.stepMessages === 1 ? "waits" : "wait"} for ${before.id}: they go to the next remote with the service mpps, or wait until there is one.`,
    );
  if (loses("print") && facts.hasPrinterSettings)
    reasons.push(
      `The printer settings of ${before.id} (printers.${before.id}: film sizes, densities) go with it.`,
    );
  const isForExam =
    (loses("mpps") && facts.isStepServer) || (loses("storage") && before.send !== "manual");
  if (isForExam && facts.openExams > 0)
    reasons.push(`An exam is open that is reported or sent to ${before.id}. Complete it first.`);
  return reasons;
}
