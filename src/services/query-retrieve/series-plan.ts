// Which series of a study are moved, and how many instances each shall bring (E31, Q3): the archive is
// asked at SERIES level, and at IMAGE level where that leaves something open.

import type { Remote } from "../../config/configuration.ts";
import { STORAGE_ACCEPTED } from "../../dicom/ae/storage/presentation-contexts.ts";
import type { DataSet } from "../../dicom/data/data-set.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import type { DimseChannel } from "../../dicom/dimse/channel.ts";
import { type ArchiveLinkParts, askArchive, nameOf } from "./archive-link.ts";

/** Modalities whose objects are of a class that the Storage SCP takes. */
export const TAKEN_MODALITIES: ReadonlySet<string> = new Set(["CR", "DX", "RF", "XA"]);
/** Modalities whose objects never are; of all others the images themselves are looked at. */
export const LEFT_OUT_MODALITIES: ReadonlySet<string> = new Set([
  ...["SR", "PR", "KO", "DOC", "AU", "ECG", "REG", "SEG", "PLAN", "FID"],
  ...["RTPLAN", "RTSTRUCT", "RTDOSE", "RTRECORD"],
]);

const TAKEN_CLASSES = new Set(STORAGE_ACCEPTED.rows.map((row) => row.abstractSyntax));

export interface PlannedSeries {
  readonly seriesInstanceUid: string;
  /** Instances it shall bring; null: the archive does not tell. */
  readonly expected: number | null;
}

export type SeriesPlan =
  | {
      readonly kind: "plan";
      readonly series: readonly PlannedSeries[];
      /** Lines for the operator: what was left out, and why. */
      readonly remarks: readonly string[];
    }
  | { readonly kind: "failed"; readonly reason: string };

export interface PlanRequest {
  readonly studyInstanceUid: string;
  /** Undefined: every series that can be taken. */
  readonly seriesInstanceUids?: readonly string[] | undefined;
}

/** Plans on an association that stands; it may be over afterwards (Tables 4.2-46, 4.2-47). */
export async function planSeries(
  parts: ArchiveLinkParts,
  remote: Remote,
  channel: DimseChannel,
  { studyInstanceUid, seriesInstanceUids }: PlanRequest,
  signal: AbortSignal,
): Promise<SeriesPlan> {
  const filter = { studyInstanceUid };
  const found = await askArchive(parts, remote, channel, { level: "SERIES", filter }, signal);
  if (found.kind !== "success")
    return { kind: "failed", reason: `${nameOf(remote)}: ${found.text}` };
  if (!found.complete)
    return { kind: "failed", reason: `${nameOf(remote)}: ${found.reason ?? "too many series"}` };
  const answers = new Map<string, DataSet>();
  for (const item of found.items) {
    const uid = item.string(Tag.SeriesInstanceUID);
    if (uid !== undefined) answers.set(uid, item);
  }
  const wanted = seriesInstanceUids ?? [...answers.keys()];
  const named = seriesInstanceUids !== undefined;
  const series: PlannedSeries[] = [];
  const remarks: string[] = [];
  for (const seriesInstanceUid of new Set(wanted)) {
    const answer = answers.get(seriesInstanceUid);
    if (answer === undefined) {
      remarks.push(`series ${seriesInstanceUid} is not there any more`);
      // A series that was asked for by name is tried; its move tells what is wrong.
      series.push({ seriesInstanceUid, expected: null });
      continue;
    }
    const modality = answer.string(Tag.Modality)?.trim() ?? "";
    const told = answer.number(Tag.NumberOfSeriesRelatedInstances);
    const count = told !== undefined && told > 0 ? Math.trunc(told) : null;
    if (LEFT_OUT_MODALITIES.has(modality) && !named) {
      remarks.push(`series ${seriesInstanceUid} (${modality}) is left out: it holds no images`);
      continue;
    }
    if (TAKEN_MODALITIES.has(modality) && count !== null) {
      series.push({ seriesInstanceUid, expected: count });
      continue;
    }
    const looked = await lookInto(
      parts,
      remote,
      channel,
      studyInstanceUid,
      seriesInstanceUid,
      signal,
    );
    if (looked.kind === "failed") return looked;
    if (looked.taken === 0 && looked.other > 0) {
      remarks.push(
        `series ${seriesInstanceUid} (${modality || "no modality"}) is left out: this device takes no objects of its classes`,
      );
      continue;
    }
    if (looked.other > 0)
      remarks.push(
        `series ${seriesInstanceUid}: ${looked.other} objects are of classes that this device does not take`,
      );
    const images = looked.other > 0 ? looked.taken : looked.taken + looked.unknown;
    series.push({
      seriesInstanceUid,
      expected: count === null || looked.other > 0 ? images || null : count,
    });
  }
  return { kind: "plan", series, remarks };
}

type LookedInto =
  | {
      readonly kind: "counted";
      /** Of a class that we take, of another, and without a word about the class. */
      readonly taken: number;
      readonly other: number;
      readonly unknown: number;
    }
  | { readonly kind: "failed"; readonly reason: string };

async function lookInto(
  parts: ArchiveLinkParts,
  remote: Remote,
  channel: DimseChannel,
  studyInstanceUid: string,
  seriesInstanceUid: string,
  signal: AbortSignal,
): Promise<LookedInto> {
  const filter = { studyInstanceUid, seriesInstanceUid };
  const found = await askArchive(parts, remote, channel, { level: "IMAGE", filter }, signal);
  if (found.kind !== "success")
    return { kind: "failed", reason: `${nameOf(remote)}: ${found.text}` };
  const classes = new Map<string, string | undefined>();
  for (const item of found.items) {
    const uid = item.string(Tag.SOPInstanceUID);
    if (uid !== undefined) classes.set(uid, item.string(Tag.SOPClassUID));
  }
  const all = [...classes.values()];
  const unknown = all.filter((uid) => uid === undefined).length;
  const taken = all.filter((uid) => uid !== undefined && TAKEN_CLASSES.has(uid)).length;
  return { kind: "counted", taken, unknown, other: all.length - taken - unknown };
}
