// Writes objects without end into the folder it is given and prints each UID once it is durable. The
// test kills it at any moment.

import { silentLog } from "../../../src/core/log.ts";
import { startStorage } from "../../../src/workers/storage/storage-client.ts";
import { CREATOR_UID, headerOf, objectOf, pixelsOf, rowsOf } from "../../store/objects.ts";

const [folder = "", prefix = "1"] = process.argv.slice(2);
const storage = await startStorage({ folder, nowMs: 0, reserveBytes: 0 }, silentLog, (error) => {
  throw error;
});
const PIXEL_BYTES = 300_000;
for (let n = 1; ; n++) {
  const sop = `${prefix}.${n}`;
  const study = `${prefix}.0.${n % 7}`;
  if (n % 3 === 0) {
    const begun = await storage.beginRun({ sopInstanceUid: sop, expectedBytes: 0 });
    if (begun.kind !== "begun") break;
    const bytes = pixelsOf(sop, PIXEL_BYTES);
    for (let at = 0; at < bytes.byteLength; at += 100_000)
      await storage.appendRun(begun.runId, {
        kind: "bytes",
        bytes: bytes.slice(at, at + 100_000),
      });
    const rows = rowsOf(sop, { study });
    const header = headerOf(rows, PIXEL_BYTES);
    await storage.finishRun({ ...rows, runId: begun.runId, header, creatorUid: CREATOR_UID });
  } else {
    await storage.writeObject(objectOf(sop, { study, pixelBytes: PIXEL_BYTES }));
  }
  process.stdout.write(`${sop}\n`);
}
