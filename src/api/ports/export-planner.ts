// An export request to an export job: the objects and the kind of target checked before it waits.

import type { ExportParameters } from "../../model/job.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { NewJob } from "../contract.ts";
import { type Answer, answer, refuse } from "../problem.ts";
import { freeToGo } from "./held-images.ts";
import type { PlannedJob } from "./job-port.ts";

type ExportRequest = Extract<NewJob, { type: "export" }>;

export function exportPlanner(
  storage: Pick<StoragePort, "reader">,
  allowPaths: () => boolean,
): (request: ExportRequest) => Promise<Answer<PlannedJob>> {
  return async (request) => {
    const { target } = request;
    if (!target.device.startsWith("/dev/") && !allowPaths())
      return refuse(
        "not-allowed",
        "Folders and files are no export targets here (http.allowPathTargets); choose one of GET media.",
      );
    const isPath = target.device.startsWith("/");
    if (target.kind === "usb" ? !isPath : !isPath && !target.device.startsWith("stdio:/"))
      return refuse(
        "invalid-field",
        `${target.device} is no ${target.kind === "usb" ? "drive" : "disc writer"}; choose one of GET media.`,
      );
    const uids: string[] = [];
    for (const study of request.studyInstanceUids ?? []) {
      const records = storage.reader.instancesOfStudy(study);
      if (records.length === 0) return refuse("unknown-reference", `There is no study ${study}.`);
      const free = freeToGo(storage.reader, records, false);
      if (!free.ok) return free;
      uids.push(...free.value.map((r) => r.sopInstanceUid));
    }
    for (const uid of request.sopInstanceUids ?? []) {
      const record = storage.reader.instance(uid);
      if (record === null)
        return refuse("unknown-reference", `There is no instance ${uid}, or its file is missing.`);
      const free = freeToGo(storage.reader, [record], true);
      if (!free.ok) return free;
      uids.push(uid);
    }
    const sopInstanceUids = [...new Set(uids)];
    const parameters: ExportParameters = { type: "export", target, sopInstanceUids };
    return answer({ parameters, items: sopInstanceUids });
  };
}
