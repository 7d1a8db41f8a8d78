// The worklist from real servers: DCMTK's wlmscpfs over worklist files made by dump2dcm, and Orthanc's
// worklist plugin.

import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WorklistService } from "../../../src/services/worklist/worklist-service.ts";
import { hasOrthanc, startOrthanc } from "../../peers/orthanc.ts";
import { installed } from "../../peers/program.ts";
import { startWlmscpfs } from "../../peers/wlmscpfs.ts";
import { type WorklistOrder, worklistFiles } from "../../peers/worklist-files.ts";
import { openStation, remoteAt } from "../station.ts";

const ORTHANC_PLUGIN = "/usr/share/orthanc/plugins/libModalityWorklists.so";
const hasDcmtk = installed("wlmscpfs", "dump2dcm");
const hasPlugin = hasOrthanc && existsSync(ORTHANC_PLUGIN) && installed("dump2dcm");

let files: Uint8Array[] = [];
const ORDERS: readonly WorklistOrder[] = [
  { name: "Doe^Jane", id: "P1" },
  { name: "Miller^Ann", id: "P22" },
  { name: "Other^Modality", id: "P333", modality: "CT" },
  { name: "Other^Station", id: "P4444", station: "ROOM9" },
  { name: "Other^Day", id: "P55555", date: "20260106" },
];

beforeAll(async () => {
  if (!hasDcmtk && !hasPlugin) return;
  files = await worklistFiles(ORDERS);
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
    const folder = await mkdtemp(join(tmpdir(), "udr-worklist-"));
    await using _made = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    for (const [i, file] of files.entries()) await Bun.write(join(folder, `${i}.wl`), file);
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
