// Which version lies in which slot. A kernel's name carries its version and, until it has proved itself,
// the starts it has left ("Automatic Boot Assessment" of systemd): udr-10a_0.2.0+3-0.efi.

import { z } from "zod";

export interface BootEntry {
  readonly version: string;
  /** Null once it is marked good. */
  readonly triesLeft: number | null;
}

const KERNEL = /^udr-10a_(\d+\.\d+\.\d+)(?:\+(\d+)(?:-\d+)?)?\.efi$/i;

export function bootEntries(names: readonly string[]): BootEntry[] {
  return names.flatMap((name) => {
    const [, version, tries] = KERNEL.exec(name) ?? [];
    if (version === undefined) return [];
    return [{ version, triesLeft: tries === undefined ? null : Number(tries) }];
  });
}

/** Root file system on x86-64 (Discoverable Partitions Specification). */
const ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";

interface Block {
  readonly name: string;
  readonly parttype?: string | null | undefined;
  readonly mountpoints?: (string | null)[] | undefined;
  readonly children?: Block[] | undefined;
}

const blockSchema: z.ZodType<Block> = z.object({
  name: z.string(),
  parttype: z.string().nullable().optional(),
  mountpoints: z.array(z.string().nullable()).optional(),
  children: z.lazy(() => z.array(blockSchema)).optional(),
});
const lsblkSchema = z.object({ blockdevices: z.array(blockSchema) });

/**
 * The slot whose root is mounted: the first root partition of the disc is A, the second B.
 * @param lsblk answer of `lsblk --json` as a tree: what stands on a partition is below it
 */
export function slotOf(lsblk: string): "A" | "B" | null {
  const parsed = lsblkSchema.safeParse(JSON.parse(lsblk));
  if (!parsed.success) return null;
  const slots = parsed.data.blockdevices
    .flatMap((disc) => disc.children ?? [])
    .filter((part) => part.parttype === ROOT_TYPE)
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const at = slots.findIndex(holdsRoot);
  return at === 0 ? "A" : at === 1 ? "B" : null;
}

function holdsRoot(block: Block): boolean {
  return block.mountpoints?.includes("/") === true || (block.children ?? []).some(holdsRoot);
}
