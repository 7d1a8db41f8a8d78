// Backup and restore as the API shows them.

import type {
  BackupOutcome,
  BackupService,
  BackupState,
} from "../../services/backup/backup-service.ts";
import type { Backup } from "../contract.ts";
import type { BackupPort } from "../device.ts";
import { type Answer, answer } from "../problem.ts";
import { isoTime } from "../views.ts";

export function backupPort(service: BackupService, restartsByItself: boolean): BackupPort {
  const view = (): Backup => backupView(service, restartsByItself);
  const begun = (outcome: BackupOutcome<BackupState>): Answer<Backup> =>
    outcome.ok ? answer(view()) : outcome;
  return {
    state: view,
    async list(device) {
      const listed = await service.list(device);
      return listed.ok ? answer(listed.value.map(withoutUndefined)) : listed;
    },
    backUp: async (device) => begun(await service.backUp(device)),
    restore: async (device, name) => begun(await service.restore(device, name)),
    undoRestore: async () => begun(await service.undoRestore()),
    ...(service.isUnfit ? { beginAnew: async () => begun(await service.beginAnew()) } : {}),
  };
}

export function backupView(service: BackupService, restartsByItself: boolean): Backup {
  const note = service.lastRestore();
  return {
    now: service.state(),
    restartsByItself,
    ...(note === null
      ? {}
      : { lastRestore: { restoredAt: isoTime(note.restoredMs), madeAt: note.madeAt } }),
  };
}

/** JSON has no undefined; the contract's optional fields are left out. */
function withoutUndefined<T extends object>(record: T) {
  type Defined = { [K in keyof T]: Exclude<T[K], undefined> };
  return Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as Defined;
}
