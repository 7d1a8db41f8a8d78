// Steps that several scenarios share: an exam over the API, its jobs, what became of its objects.

import { type DeviceProcess, until } from "../device-process.ts";

export interface ExamAnswer {
  readonly id: string;
  readonly state: string;
  readonly held?: boolean;
  readonly studyInstanceUid: string;
  readonly instances: readonly { readonly sopInstanceUid: string; readonly modality: string }[];
}

export interface InstanceAnswer {
  readonly sopInstanceUid: string;
  readonly held?: boolean;
  readonly send: readonly { readonly remoteId: string; readonly state: string }[];
  readonly commit: readonly {
    readonly remoteId: string;
    readonly state: string;
    readonly at: string;
    readonly reason?: string;
  }[];
}

export interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly attempts: number;
  readonly progress: { readonly done: number; readonly total: number };
}

export interface HealthAnswer {
  readonly problems: readonly string[];
  readonly remotes: readonly {
    readonly id: string;
    readonly commitment?: {
      readonly supported: boolean;
      readonly pending: number;
      readonly failed: number;
      readonly oldestAt?: string;
    };
  }[];
}

/** An unscheduled exam with one radiograph, ended as told: an image and a dose report. */
export async function examine(
  device: DeviceProcess,
  end: "complete" | { readonly reasonCode: string } = "complete",
): Promise<ExamAnswer> {
  const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "Commit^Test" } });
  await device.post("simulator/expose", { kind: "radiography" });
  return end === "complete"
    ? device.post<ExamAnswer>(`exams/${id}/complete`)
    : device.post<ExamAnswer>(`exams/${id}/discontinue`, end);
}

export const instance = (device: DeviceProcess, uid: string): Promise<InstanceAnswer> =>
  device.get<InstanceAnswer>(`instances/${uid}`);

/** Resolves when every object of the exam is in that commitment state at the remote. */
export function commitState(
  device: DeviceProcess,
  exam: ExamAnswer,
  state: string,
  remoteId = "archive",
): Promise<readonly InstanceAnswer[]> {
  return until(`every object ${state}`, async () => {
    const all = await Promise.all(
      exam.instances.map(({ sopInstanceUid }) => instance(device, sopInstanceUid)),
    );
    const there = all.every((i) =>
      i.commit.some((c) => c.remoteId === remoteId && c.state === state),
    );
    return there ? all : undefined;
  });
}

export const jobInState = (
  device: DeviceProcess,
  id: string,
  ...states: readonly string[]
): Promise<JobAnswer> =>
  until(`job ${id} ${states.join(" or ")}`, async () => {
    const job = await device.get<JobAnswer>(`jobs/${id}`);
    return states.includes(job.state) ? job : undefined;
  });

/** HTTP status of deleting the study, and what the device says. */
export async function deleteStudy(
  device: DeviceProcess,
  studyInstanceUid: string,
): Promise<{ readonly status: number; readonly detail: string }> {
  const answer = await fetch(`${device.http}/api/v1/studies/${studyInstanceUid}`, {
    method: "DELETE",
  });
  const text = await answer.text();
  const { detail = "" } = text === "" ? {} : (JSON.parse(text) as { detail?: string });
  return { status: answer.status, detail };
}
