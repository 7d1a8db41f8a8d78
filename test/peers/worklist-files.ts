// Worklist files as wlmscpfs and Orthanc's plugin serve them, made by DCMTK's dump2dcm.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./program.ts";

export interface WorklistOrder {
  readonly name: string;
  readonly id: string;
  readonly modality?: string;
  readonly station?: string;
  /** YYYYMMDD. */
  readonly date?: string;
  readonly studyUid?: string;
}

/** One file an order. @throws Error with what dump2dcm says */
export async function worklistFiles(orders: readonly WorklistOrder[]): Promise<Uint8Array[]> {
  const folder = await mkdtemp(join(tmpdir(), "udr-worklist-"));
  try {
    return await Promise.all(
      orders.map(async (order) => {
        const dump = join(folder, `${order.id}.dump`);
        const file = join(folder, `${order.id}.wl`);
        await Bun.write(dump, dumpOf(order));
        const { code, said } = await run(["dump2dcm", dump, file]);
        if (code !== 0) throw new Error(said);
        return Bun.file(file).bytes();
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A worklist file's dump: what both servers want of one, sequences of zero items among it. */
const dumpOf = (o: WorklistOrder) =>
  [
    `(0002,0010) UI =LittleEndianExplicit`,
    `(0008,0005) CS [\\ISO 2022 IR 87]`,
    `(0008,0050) SH [A-${o.id}]`,
    `(0008,0090) PN [Sato^Jiro]`,
    `(0008,1110) SQ`,
    `(fffe,e0dd) na`,
    `(0010,0010) PN [${o.name}]`,
    `(0010,0020) LO [${o.id}]`,
    `(0010,0030) DA [19700131]`,
    `(0010,0040) CS [F]`,
    `(0010,2000) LO [Pacemaker]`,
    `(0010,2110) LO [Iodine\\Latex]`,
    `(0020,000d) UI [${o.studyUid ?? `1.2.826.0.1.${o.id.length}.${o.id.charCodeAt(1)}`}]`,
    `(0032,1032) PN [Ito^Keiko]`,
    `(0032,1060) LO [Upper GI]`,
    `(0040,0100) SQ`,
    `(fffe,e000) na`,
    `(0008,0060) CS [${o.modality ?? "RF"}]`,
    `(0040,0001) AE [${o.station ?? "UDR10A"}]`,
    `(0040,0002) DA [${o.date ?? "20260105"}]`,
    `(0040,0003) TM [091500]`,
    `(0040,0006) PN [Suzuki^Hanako]`,
    `(0040,0007) LO [Swallow]`,
    `(0040,0009) SH [SPS-${o.id}]`,
    `(fffe,e00d) na`,
    `(fffe,e0dd) na`,
    `(0040,1001) SH [RP-${o.id}]`,
    `(0040,1003) SH [LOW]`,
    "",
  ].join("\n");
