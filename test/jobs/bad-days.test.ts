// Seeded bad days: an archive that refuses, hangs up and vanishes, a device that loses its mains. At
// the end everything is in the archive, and nothing came twice that was durably acknowledged.

import { expect, test } from "bun:test";
import { Random } from "../../src/core/random.ts";
import { objectOf } from "../store/objects.ts";
import { boot, RETRY_MS, type Reply, send, siteWith } from "./scripted-archive.ts";

const SEEDS = 12;
const HOURS = 6;
const STUDIES = 10;

for (let seed = 1; seed <= SEEDS; seed++)
  test(`seed ${seed}: every instance arrives, none after it was acknowledged`, async () => {
    const random = new Random(seed);
    const site = await siteWith();
    const acknowledged = new Set<string>();
    const again: string[] = [];
    let bad = true;
    site.archive.onInstance = (uid) => {
      if (acknowledged.has(uid)) again.push(uid);
    };
    site.archive.reply = (): Reply => {
      if (!bad || random.chance(0.6)) return random.pick([0, 0, 0, 0xb000, 0x0111]);
      return random.pick<Reply>([0xa700, 0xa900, 0xc001, 0x0122, "timeout", "aborted"]);
    };
    site.archive.answerAssociation = () => {
      if (!bad || random.chance(0.5)) return null;
      return random.chance(0.5)
        ? { kind: "unreachable", text: "away" }
        : { kind: "rejected", result: random.int(1, 2), source: 3, reason: 2, text: "later" };
    };
    const recording = (storage: typeof site.storage): typeof site.storage => ({
      ...storage,
      async recordSend(result) {
        await storage.recordSend(result);
        if (result.item.state === "done") acknowledged.add(result.item.sopInstanceUid);
      },
    });
    Object.assign(site, await boot(site, recording));

    const all: string[] = [];
    for (let study = 1; study <= STUDIES; study++) {
      const sops = Array.from({ length: random.int(1, 5) }, (_, i) => `2.${study}.${i}`);
      for (const sop of sops)
        await site.storage.writeObject(objectOf(sop, { study: `2.${study}` }));
      all.push(...sops);
      await send(site, sops);
      await site.clock.advance(random.int(0, (HOURS * 3_600_000) / STUDIES));
      if (!random.chance(0.5)) continue;
      // The mains go: what was active ends, what was not synced is lost.
      await site.queue.stop();
      site.disk.powerCut();
      Object.assign(site, await boot(site, recording));
    }
    bad = false;
    await site.clock.advance(3 * 15 * RETRY_MS);
    for (const job of site.queue.list()) if (job.state === "failed") await site.queue.retry(job.id);
    await site.clock.advance(RETRY_MS);

    expect(site.queue.list().map((j) => j.state)).toEqual(Array(STUDIES).fill("done"));
    expect(all.filter((uid) => !site.storage.reader.isStoredAt(uid, "archive"))).toEqual([]);
    expect(all.filter((uid) => !site.archive.received.includes(uid))).toEqual([]);
    expect(again).toEqual([]);
  });
