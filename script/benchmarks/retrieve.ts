// Retrieve of a study beside DCMTK, in turns in one run: the whole device asking DCMTK's archive, and
// movescu with storescp asking the same one for the same study.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { startDevice, until } from "../../test/device-process.ts";
import { startDcmqrscp } from "../../test/peers/dcmqrscp.ts";
import { fillArchive, type MadeStudy, madeStudy } from "../../test/peers/fill-archive.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { startStorescp } from "../../test/peers/storescp.ts";
import { type BenchTable, median } from "./table.ts";

const BYTES_PER_PIXEL = 2;
const SYNC = ["--exec-sync", "--exec-on-reception", "sync #p/#f"];

type Way = "ours" | "theirs" | "synced";

/** Options: objects (200), sides (512,1024), rounds (3). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const objects = Number(options["objects"] ?? 200);
  const sides = (options["sides"] ?? "512,1024").split(",").map(Number);
  const rounds = Number(options["rounds"] ?? 3);
  const rows: string[][] = [];
  for (const side of sides) {
    const { ours, theirs, synced } = await compare(objects, side, rounds);
    rows.push([
      ((side * side * BYTES_PER_PIXEL) / 1e6).toFixed(1),
      theirs.toFixed(2),
      synced.toFixed(2),
      ours.toFixed(2),
      (theirs / ours).toFixed(2),
      (synced / ours).toFixed(2),
    ]);
  }
  return {
    title: "Retrieve beside DCMTK",
    note: `\`script/bench retrieve objects=${objects} sides=${sides.join(",")} rounds=${rounds}\`: ${objects} objects of one series from dcmqrscp over loopback, TCP_NODELAY=1 at every DCMTK end; median seconds of ${rounds} rounds taken in turns after one of warming up. Ours: the whole device as a process, from the request to the finished job, both its queries included, every object durable (file, folder and row synced) before it is answered. Theirs: movescu's run with storescp, which makes nothing durable; synced: storescp runs \`sync\` on each file before it goes on (--exec-sync), in a process of its own each time.`,
    columns: [
      "MB per object",
      "movescu + storescp s",
      "the same, synced s",
      "ours s",
      "of storescp",
      "of storescp, synced",
    ],
    rows,
  };
}

async function compare(
  objects: number,
  side: number,
  rounds: number,
): Promise<Record<Way, number>> {
  const devicePort = await freePort();
  await using scp = await startStorescp(["--max-pdu", "131072"]);
  await using syncing = await startStorescp([...SYNC, "--max-pdu", "131072"]);
  await using archive = await startDcmqrscp(
    { aeTitle: "UDR10A", port: devicePort },
    { aeTitle: "STORESCP", port: scp.port },
    { aeTitle: "SYNCING", port: syncing.port },
  );
  const study = madeStudy([objects], { rows: side, columns: side });
  await fillArchive(archive.port, archive.aeTitle, study);
  await using device = await startDevice({
    dicom: devicePort,
    configuration: {
      remotes: [
        {
          id: "archive",
          aeTitle: archive.aeTitle,
          host: "127.0.0.1",
          port: archive.port,
          services: ["query-retrieve"],
        },
      ],
    },
  });
  const ours = async () => {
    const job = await device.post<{ id: string }>("jobs", {
      type: "retrieve",
      remoteId: "archive",
      studyInstanceUid: study.studyInstanceUid,
    });
    const state = await until(
      "the retrieve",
      async () => {
        const { state } = await device.get<{ state: string }>(`jobs/${job.id}`);
        return state === "queued" || state === "active" ? undefined : state;
      },
      600_000,
    );
    if (state !== "done") throw new Error(`the retrieve is ${state}`);
  };
  const ways: readonly [Way, () => Promise<void>, () => Promise<void>][] = [
    ["theirs", () => theirs(archive.port, study, "STORESCP"), () => emptied(scp.folder, objects)],
    [
      "synced",
      () => theirs(archive.port, study, "SYNCING"),
      () => emptied(syncing.folder, objects),
    ],
    ["ours", ours, () => forget(device.http, study)],
  ];
  const times: Record<Way, number[]> = { ours: [], theirs: [], synced: [] };
  for (let round = 0; round <= rounds; round++)
    for (const [name, way, cleanUp] of ways) {
      const started = performance.now();
      await way();
      // The first round warms up.
      if (round > 0) times[name].push((performance.now() - started) / 1000);
      await cleanUp();
    }
  return {
    ours: median(times.ours),
    theirs: median(times.theirs),
    synced: median(times.synced),
  };
}

async function theirs(port: number, study: MadeStudy, destination: string): Promise<void> {
  const child = Bun.spawn(
    [
      "movescu",
      ...["--study", "--aetitle", "MODALITY", "--move", destination, "--call", "ARCHIVE"],
      ...["-k", "0008,0052=SERIES"],
      ...["-k", `0020,000d=${study.studyInstanceUid}`],
      ...["-k", `0020,000e=${study.seriesInstanceUids[0]}`],
      ...["127.0.0.1", String(port)],
    ],
    {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      env: { ...process.env, TCP_NODELAY: "1" },
    },
  );
  if ((await child.exited) !== 0) throw new Error("movescu failed");
}

async function emptied(folder: string, objects: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length !== objects) throw new Error(`storescp has ${names.length} of ${objects}`);
  await Promise.all(names.map((name) => rm(join(folder, name))));
}

async function forget(http: string, study: MadeStudy): Promise<void> {
  // The job's end may be told a moment before the database has it.
  await until("the study's deletion", async () => {
    const path = `${http}/api/v1/studies/${study.studyInstanceUid}`;
    const { ok } = await fetch(path, { method: "DELETE" });
    return ok ? true : undefined;
  });
}
