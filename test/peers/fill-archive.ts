// Fills an archive with studies of small images over C-STORE, as a modality would.

import { storageContexts } from "../../src/dicom/ae/storage/presentation-contexts.ts";
import { storeInstances } from "../../src/dicom/ae/storage/store-instances.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import {
  type InstanceOptions,
  type TestInstance,
  testInstance,
  testUid,
} from "../dicom/instances.ts";
import { connect } from "../dicom/peer.ts";

export interface MadeStudy {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUids: readonly string[];
  readonly instances: readonly TestInstance[];
}

/** A study with so many images in each series. */
export function madeStudy(counts: readonly number[], more: InstanceOptions = {}): MadeStudy {
  const studyInstanceUid = testUid();
  const seriesInstanceUids = counts.map(() => testUid());
  const instances = counts.flatMap((count, at) =>
    Array.from({ length: count }, () =>
      testInstance({
        sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
        modality: "DX",
        ...more,
        studyInstanceUid,
        seriesInstanceUid: seriesInstanceUids[at] ?? testUid(),
      }),
    ),
  );
  return { studyInstanceUid, seriesInstanceUids, instances };
}

/** Sends the study to a port; throws unless everything was taken. */
export async function fillArchive(
  port: number,
  called: string,
  { instances }: Pick<MadeStudy, "instances">,
): Promise<void> {
  const contexts = storageContexts(new Set(instances.map((i) => i.sopClassUid)));
  const channel = await connect(port, contexts, { calling: "MODALITY", called });
  let stored = 0;
  await storeInstances(channel, instances, {
    timeoutMs: 60_000,
    warningPolicy: "accept",
    onOutcome: (_, { kind }) => {
      if (kind === "stored") stored++;
    },
  });
  await channel.release();
  if (stored !== instances.length) throw new Error(`${stored} of ${instances.length} stored`);
}
