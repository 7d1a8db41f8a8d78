// The worklist as the API asks for it.

import type { WorklistItem as ItemRecord } from "../../model/worklist-item.ts";
import { stepIdentity } from "../../services/worklist/known-items.ts";
import type {
  WorklistResult as ResultRecord,
  WorklistService,
} from "../../services/worklist/worklist-service.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { WorklistKeys, WorklistResult } from "../contract.ts";
import type { WorklistPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";
import { isoTime, worklistItemView } from "../views.ts";

type Reader = Pick<StoragePort, "reader">;

export function worklistPort(worklist: WorklistService, storage: Reader): WorklistPort {
  return {
    async query(keys) {
      const { date, ...rest } = keys;
      const outcome = await worklist.query({ ...rest, scheduledDate: dicomDateKey(date) });
      switch (outcome.kind) {
        case "result":
          return answer(worklistResultOf(storage, outcome.result));
        case "no-server":
          return refuse(
            "wrong-state",
            "The configuration has no remote with the service worklist; add one.",
          );
        case "busy":
          return refuse("busy", "Too many worklist queries are waiting; ask again in a moment.");
        default:
          return outcome satisfies never;
      }
    },
    async last() {
      return worklistResultOf(storage, worklist.last());
    },
  };
}

/** A result with the exams that were opened from its items. */
export function worklistResultOf(storage: Reader, result: ResultRecord): WorklistResult {
  return {
    items: result.items.map((item) => worklistItemView(item, examOf(storage, item))),
    complete: result.complete,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(result.leftOut === 0 ? {} : { leftOut: result.leftOut }),
    ...(result.queriedMs === undefined ? {} : { queriedAt: isoTime(result.queriedMs) }),
  };
}

/** The newest exam of the item's step. */
function examOf({ reader }: Reader, item: ItemRecord): string | undefined {
  const identity = stepIdentity(item);
  return reader
    .exams({ studyInstanceUid: item.studyInstanceUid })
    .find((e) => e.worklistItem !== undefined && stepIdentity(e.worklistItem) === identity)?.id;
}

/** 2026-01-31 or a range of two dates → DA or a range of DA; both ends may be open. */
export function dicomDateKey(date: WorklistKeys["date"]): string | undefined {
  if (date === undefined) return undefined;
  const days = [...date.matchAll(/\d{4}-?\d{2}-?\d{2}/g)].map(([day]) => day.replaceAll("-", ""));
  const [from = "", to = ""] = days;
  if (days.length === 2) return `${from}-${to}`;
  if (/^[/-]/.test(date)) return `-${from}`;
  return /[/-]$/.test(date) ? `${from}-` : from;
}
