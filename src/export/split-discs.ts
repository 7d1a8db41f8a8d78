// Several discs for one selection: split at the borders of studies; a study that no disc holds is split
// between its objects; an object that no disc holds is refused.

import { sizeText } from "./space.ts";

const SECTOR_BYTES = 2048;
/** File system, pages and DICOMDIR of a disc, and what one object adds to them. */
export const DISC_FIXED_BYTES = 2 * 1024 * 1024;
export const DISC_OBJECT_BYTES = 8 * 1024;

interface Sized {
  readonly sopInstanceUid: string;
  readonly fileBytes: number;
  readonly facts: { readonly studyInstanceUid: string };
}

export type DiscPlan<T> =
  | { readonly kind: "plan"; readonly discs: readonly (readonly T[])[] }
  | { readonly kind: "too-large"; readonly object: T; readonly reason: string };

/** Objects in their order onto as few discs as that allows. */
export function splitDiscs<T extends Sized>(
  objects: readonly T[],
  capacityBytes: number,
): DiscPlan<T> {
  const room = capacityBytes - DISC_FIXED_BYTES;
  const tooLarge = objects.find((object) => bytesOnDisc(object) > room);
  if (tooLarge !== undefined)
    return {
      kind: "too-large",
      object: tooLarge,
      reason: `Object ${tooLarge.sopInstanceUid} has ${sizeText(tooLarge.fileBytes)}; a disc holds ${sizeText(Math.max(0, room))}. Export it to a USB stick.`,
    };
  const discs: T[][] = [];
  let used = room + 1;
  const put = (object: T) => {
    const bytes = bytesOnDisc(object);
    if (used + bytes > room) {
      discs.push([]);
      used = 0;
    }
    discs.at(-1)?.push(object);
    used += bytes;
  };
  for (const study of byStudy(objects)) {
    const bytes = study.reduce((sum, object) => sum + bytesOnDisc(object), 0);
    // A study that fits on a disc of its own is not torn apart.
    if (bytes <= room && used + bytes > room) used = room + 1;
    for (const object of study) put(object);
  }
  return { kind: "plan", discs };
}

export function bytesOnDisc({ fileBytes }: { readonly fileBytes: number }): number {
  return Math.ceil((fileBytes + DISC_OBJECT_BYTES) / SECTOR_BYTES) * SECTOR_BYTES;
}

function byStudy<T extends Sized>(objects: readonly T[]): T[][] {
  const studies = new Map<string, T[]>();
  for (const object of objects) {
    const uid = object.facts.studyInstanceUid;
    const study = studies.get(uid);
    if (study === undefined) studies.set(uid, [object]);
    else study.push(object);
  }
  return [...studies.values()];
}
