import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import { inProcessStorage } from "../../../src/workers/storage/in-process-storage.ts";
import { startStorage } from "../../../src/workers/storage/storage-client.ts";
import { storageContract } from "../../contract/storage.ts";
import { MemoryDisk } from "../../store/memory-disk.ts";
import { memoryDatabase, openStore } from "../../store/objects.ts";

storageContract("in the same thread", async () => {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const open = async () => inProcessStorage(await openStore(db, disk), disk);
  return {
    storage: await open(),
    async restart() {
      disk.powerCut();
      return open();
    },
    end: async () => db.close(),
  };
});

storageContract("in a thread of its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "storage-"));
  const open = () =>
    startStorage({ folder, nowMs: 0, reserveBytes: 0 }, silentLog, (error) => {
      throw error;
    });
  let storage = await open();
  return {
    storage,
    async restart() {
      await storage.close();
      storage = await open();
      return storage;
    },
    async end() {
      await storage.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
