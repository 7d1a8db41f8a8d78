// The worklist from real servers: DCMTK's wlmscpfs over worklist files made by dump2dcm, and Orthanc's
// worklist plugin.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WorklistService } from "../../../src/services/worklist/worklist-service.ts";
import { hasOrthanc, startOrthanc } from "../../peers/orthanc.ts";
import { installed, run } from "../../peers/program.ts";
import { startWlmscpfs } from "../../peers/wlmscpfs.ts";
import { openStation, remoteAt } from "../station.ts";

const ORTHANC_PLUGIN = "/usr/share/orthanc/plugins/libModalityWorklists.so";
const hasDcmtk = installed("wlmscpfs", "dump2dcm");
const hasPlugin = hasOrthanc && existsSync(ORTHANC_PLUGIN) && installed("dump2dcm");

interface Order {
  readonly name: string;
  readonly id: string;
  readonly modality?: string;
  readonly station?: string;
  readonly date?: string;
  readonly studyUid?: string;
}

/** A worklist file's dump: what both servers want of one, sequences of zero items among it. */
const dumpOf = (o: Order) =>
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

let folder = "";
let files: Uint8Array[] = [];
const ORDERS: readonly Order[] = [
  { name: "Doe^Jane", id: "P1" },
  { name: "Miller^Ann", id: "P22" },
  { name: "Other^Modality", id: "P333", modality: "CT" },
  { name: "Other^Station", id: "P4444", station: "ROOM9" },
  { name: "Other^Day", id: "P55555", date: "20260106" },
];

beforeAll(async () => {
  if (!hasDcmtk && !hasPlugin) return;
  folder = await mkdtemp(join(tmpdir(), "udr-worklist-"));
  for (const order of ORDERS) {
    const dump = join(folder, `${order.id}.dump`);
    const file = join(folder, `${order.id}.wl`);
    await Bun.write(dump, dumpOf(order));
    const { code, said } = await run(["dump2dcm", dump, file]);
    if (code !== 0) throw new Error(said);
  }
  files = await Promise.all(ORDERS.map((o) => Bun.file(join(folder, `${o.id}.wl`)).bytes()));
});
afterAll(async () => {
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

async function serviceFor(port: number, worklist: object = {}) {
  const station = await openStation({
    remotes: [remoteAt(port, ["worklist"])],
    worklist,
    device: { timeZone: "Asia/Tokyo" },
    associationResponseTimeout: 10,
  });
  const service = new WorklistService(station);
  return async (request = {}) => {
    const outcome = await service.query(request);
    if (outcome.kind !== "result") throw new Error(outcome.kind);
    return outcome.result;
  };
}

const names = (result: { items: readonly { patient: { patientName: string } }[] }) =>
  result.items.map((i) => i.patient.patientName).toSorted();

for (const switches of [[], ["--no-sq-expansion"]])
  test.skipIf(!hasDcmtk)(
    `wlmscpfs ${switches.join(" ")}: today's items of our station, a bar code, every day, the limit`,
    async () => {
      await using server = await startWlmscpfs("RIS", files, switches);
      const ask = await serviceFor(server.port);
      const today = await ask();
      expect(today).toMatchObject({ complete: true, leftOut: 0 });
      expect(names(today)).toEqual(["Doe^Jane", "Miller^Ann"]);
      const jane = today.items.find((i) => i.patient.patientName === "Doe^Jane");
      expect(jane).toMatchObject({
        accessionNumber: "A-P1",
        requestedProcedureId: "RP-P1",
        scheduledProcedureStepId: "SPS-P1",
        scheduledProcedureStepDescription: "Swallow",
        scheduledDate: "20260105",
        scheduledTime: "091500",
        patient: { patientId: "P1", sex: "F", birthDate: "19700131" },
        referencedStudy: [],
        scheduledProtocolCodes: [],
      });
      expect(names(await ask({ accessionNumber: "A-P22" }))).toEqual(["Miller^Ann"]);
      expect(names(await ask({ patientId: "P1" }))).toEqual(["Doe^Jane"]);
      expect(names(await ask({ scheduledDate: "", modality: "" }))).toEqual([
        "Doe^Jane",
        "Miller^Ann",
        "Other^Day",
        "Other^Modality",
      ]);
      const limited = await serviceFor(server.port, { maxItems: 1 });
      const first = await limited();
      expect([first.items.length, first.complete]).toEqual([1, false]);
    },
    20_000,
  );

describe.skipIf(!hasPlugin)("Orthanc's worklist plugin", () => {
  test("today's items of our station, a bar code, every day", async () => {
    await using orthanc = await startOrthanc({
      Plugins: [ORTHANC_PLUGIN],
      Worklists: { Enable: true, Database: folder },
      DicomAlwaysAllowFindWorklist: true,
    });
    const ask = await serviceFor(orthanc.dicomPort);
    const today = await ask();
    expect(today).toMatchObject({ complete: true });
    expect(names(today)).toEqual(["Doe^Jane", "Miller^Ann"]);
    expect(today.items.every((i) => i.allergies?.join() === "Iodine,Latex")).toBe(true);
    expect(names(await ask({ requestedProcedureId: "RP-P22" }))).toEqual(["Miller^Ann"]);
    expect(names(await ask({ scheduledDate: "20260106" }))).toEqual(["Other^Day"]);
  }, 40_000);
});
