// Folders in which the content of a disc is put together before it is burned.

import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

export interface Staging {
  /** An empty folder of that name; what an earlier attempt left in it is gone. */
  make(name: string): string;
  remove(name: string): void;
  /** Removes all of them. */
  clear(): void;
  freeBytes(): number;
}

/** Below `root`, which is made when it is needed. */
export function staging(root: string): Staging {
  return {
    make(name) {
      const path = join(root, name);
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      return path;
    },
    remove: (name) => rmSync(join(root, name), { recursive: true, force: true }),
    clear: () => rmSync(root, { recursive: true, force: true }),
    freeBytes() {
      mkdirSync(root, { recursive: true });
      const { bavail, bsize } = statfsSync(root);
      return bavail * bsize;
    },
  };
}
