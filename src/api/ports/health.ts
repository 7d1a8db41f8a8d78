// The health of the whole device in one record, with sentences for what is wrong.

import type { Configuration } from "../../config/configuration.ts";
import type { AcquisitionStatus } from "../../exam/acquisition.ts";
import type { PipelineFigures } from "../../exam/pipeline-meter.ts";
import type { ArchiveCommitment } from "../../services/commitment/commitment-service.ts";
import type { RemoteState } from "../../services/remotes/remote-states.ts";
import type { Health } from "../contract.ts";
import { isoTime } from "../views.ts";

export interface HealthFacts {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly configuration: Configuration;
  readonly dicomPort: number;
  readonly acquisition: AcquisitionStatus;
  readonly detector: Omit<Health["detector"], "reason"> & { readonly reason?: string | undefined };
  readonly generator: Omit<Health["generator"], "reason"> & {
    readonly reason?: string | undefined;
  };
  /** Undefined before the first exposure. */
  readonly pipeline?: PipelineFigures | undefined;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly remote: (remoteId: string) => RemoteState | undefined;
  /** Undefined for a remote that is no archive. */
  readonly commitment: (remoteId: string) => ArchiveCommitment | undefined;
  /** Instances whose file is missing or short, less what a restore left to the archives. */
  readonly missing: number;
  /** Calibration maps that are damaged or do not hold any more, in words. */
  readonly calibration: readonly string[];
  /** Exposures that left no image although one was wanted. */
  readonly lostImages: number;
}

/** Below this a warning is shown: about thirty large radiographs. */
export const DISK_LOW_BYTES = 512 * 1024 * 1024;
/** An archive that owes an answer for longer is shown as a problem. */
export const COMMITMENT_LATE_MS = 24 * 3_600_000;
/** Below this nothing is exposed. */
export const DISK_FULL_BYTES = 64 * 1024 * 1024;

export function healthOf(facts: HealthFacts): Health {
  const { configuration, acquisition } = facts;
  const { device } = configuration;
  const disk =
    facts.freeBytes < DISK_FULL_BYTES ? "full" : facts.freeBytes < DISK_LOW_BYTES ? "low" : "ok";
  const faults = [
    ...(acquisition.state === "fault"
      ? [`Panel or generator failed: ${acquisition.reason ?? "no reason given"}.`]
      : []),
    ...(facts.detector.state === "disconnected" ? ["The panel is not connected."] : []),
    ...(disk === "full" ? ["The disk is full: send and delete studies."] : []),
  ];
  const worries = [
    ...(disk === "low" ? ["The disk is nearly full: send and delete studies."] : []),
    ...(facts.missing > 0
      ? [`${facts.missing} stored object(s) are missing from the disk; call service.`]
      : []),
    ...facts.calibration.map((text) => `${text[0]?.toUpperCase()}${text.slice(1)}.`),
    ...(facts.lostImages > 0
      ? [`${facts.lostImages} exposure(s) left no image since the start; see the log.`]
      : []),
    ...configuration.remotes.flatMap((r) => {
      const state = facts.remote(r.id);
      return state?.reachable === false ? [`${state.reason ?? `${r.id} cannot be reached`}.`] : [];
    }),
    ...configuration.remotes.flatMap((r) => commitmentWorries(r.id, facts)),
  ];
  return {
    status: faults.length > 0 ? "fault" : worries.length > 0 ? "degraded" : "ok",
    problems: [...faults, ...worries],
    time: isoTime(facts.nowMs),
    startedAt: isoTime(facts.startedMs),
    device: {
      manufacturer: device.manufacturer,
      modelName: device.modelName,
      serialNumber: device.serialNumber,
      softwareVersions: device.softwareVersions,
      stationName: device.stationName,
      institutionName: device.institutionName,
      aeTitle: configuration.local.aeTitle,
      dicomPort: facts.dicomPort,
    },
    acquisition: withoutUndefined(acquisition),
    detector: withoutUndefined(facts.detector),
    generator: withoutUndefined(facts.generator),
    ...(facts.pipeline === undefined ? {} : { pipeline: facts.pipeline }),
    disk: { freeBytes: facts.freeBytes, totalBytes: facts.totalBytes, state: disk },
    remotes: configuration.remotes.map((r) => {
      const state = facts.remote(r.id);
      return {
        id: r.id,
        reachable: state?.reachable ?? null,
        checkedAt: state === undefined ? null : isoTime(state.checkedMs),
        ...(state?.reason === undefined ? {} : { reason: state.reason }),
        ...commitmentOf(facts.commitment(r.id)),
      };
    }),
  };
}

function commitmentOf(state: ArchiveCommitment | undefined) {
  if (state === undefined) return {};
  const { oldestMs, ...rest } = state;
  return {
    commitment: withoutUndefined({
      ...rest,
      oldestAt: oldestMs === undefined ? undefined : isoTime(oldestMs),
    }),
  };
}

function commitmentWorries(remoteId: string, facts: HealthFacts): string[] {
  const state = facts.commitment(remoteId);
  if (state === undefined) return [];
  if (!state.supported)
    return [
      `${remoteId} does not support storage commitment: studies cannot be deleted without the service PIN. Give its right address, or switch its setting archive off.`,
    ];
  const { pending, oldestMs, failed, reason } = state;
  const ageMs = oldestMs === undefined ? 0 : facts.nowMs - oldestMs;
  return [
    ...(failed > 0
      ? [
          `${remoteId} did not commit ${failed} object(s)${reason === undefined ? "" : ` (${reason})`}; they are asked for again at the next start.`,
        ]
      : []),
    ...(ageMs > COMMITMENT_LATE_MS
      ? [
          `${remoteId} has not answered for ${pending} object(s), the first asked for ${Math.floor(ageMs / 3_600_000)} hours ago; ask its administrator.`,
        ]
      : []),
  ];
}

/** JSON has no undefined; the contract's optional fields are left out. */
function withoutUndefined<T extends object>(record: T) {
  type Defined = { [K in keyof T]: Exclude<T[K], undefined> };
  return Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as Defined;
}
