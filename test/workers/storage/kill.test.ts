// A slice of the crash test: SIGKILL at ten seeded moments while objects are written.

import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import { Random } from "../../../src/core/random.ts";
import { startStorage } from "../../../src/workers/storage/storage-client.ts";
import { pixelsOf } from "../../store/objects.ts";

const KILLS = 10;
const SEED = 20260105;

test("after a kill at any moment every acknowledged instance is there and readable", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kill-"));
  const random = new Random(SEED);
  const acknowledged = new Set<string>();
  try {
    for (let round = 1; round <= KILLS; round++) {
      const killAfter = random.int(0, 12);
      const child = Bun.spawn({
        cmd: [process.execPath, join(import.meta.dir, "kill-writer.ts"), folder, `1.${round}`],
        stdout: "pipe",
        stderr: "inherit",
      });
      let lines = 0;
      let text = "";
      for await (const chunk of child.stdout) {
        text += new TextDecoder().decode(chunk);
        lines = text.split("\n").length - 1;
        if (lines >= killAfter && !child.killed) {
          // A little further into the next object, by a number of turns that the seed gives.
          for (let turns = random.int(0, 40); turns > 0; turns--)
            await new Promise((resolve) => setImmediate(resolve));
          child.kill("SIGKILL");
        }
      }
      await child.exited;
      for (const sop of text.split("\n").slice(0, -1)) acknowledged.add(sop);

      const storage = await startStorage(
        { folder, nowMs: 0, reserveBytes: 0 },
        silentLog,
        () => {},
      );
      expect(storage.reconciliation.missing).toEqual([]);
      expect(storage.reconciliation.quarantined).toEqual([]);
      const listed = new Set<string>();
      for (const study of storage.reader.studies())
        for (const record of storage.reader.instancesOfStudy(study.studyInstanceUid)) {
          listed.add(record.sopInstanceUid);
          const file = readFileSync(storage.filePath(record));
          expect(file.byteLength).toBe(record.fileBytes);
          const pixels = file.subarray(record.pixelOffset, record.pixelOffset + record.pixelBytes);
          expect(pixels.equals(pixelsOf(record.sopInstanceUid, 300_000))).toBe(true);
        }
      expect([...acknowledged].filter((sop) => !listed.has(sop))).toEqual([]);
      expect(readdirSync(join(folder, "incoming"))).toEqual([]);
      await storage.close();
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
