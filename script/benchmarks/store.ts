// C-STORE of 14.5 MB objects beside DCMTK, in turns in one run: our sender and storescu to the same
// storescp (files discarded, files kept), storescu to our receiver and to storescp.

import { closeSync, openSync, writev } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/core/log.ts";
import {
  openInstanceFile,
  type StorableInstance,
} from "../../src/dicom/ae/storage/instance-body.ts";
import { storageContexts } from "../../src/dicom/ae/storage/presentation-contexts.ts";
import { serveStorage } from "../../src/dicom/ae/storage/serve-storage.ts";
import { storeInstances } from "../../src/dicom/ae/storage/store-instances.ts";
import { writeBehind } from "../../src/dicom/ae/storage/write-behind.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import { fileSource } from "../../src/store/file-source.ts";
import { testInstance, testUid } from "../../test/dicom/instances.ts";
import { connect, IDENTITY, scriptedPeer } from "../../test/dicom/peer.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { listening } from "../../test/peers/storescp.ts";
import { type BenchTable, median } from "./table.ts";

const SIDE = 2692;
const OBJECT_BYTES = SIDE * SIDE * 2;
const ENVIRONMENT = { ...process.env, TCP_NODELAY: "1" };

/** Objects sent by the process whose memory is looked at. */
const MEMORY_OBJECTS = 200;

interface Figure {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Way {
  readonly name: string;
  /** The way it is compared with. */
  readonly beside?: string;
  run(): Promise<Figure>;
}

export async function run(options: {
  readonly objects?: string;
  readonly rounds?: string;
}): Promise<BenchTable> {
  const objects = Number(options.objects ?? 20);
  const rounds = Number(options.rounds ?? 3);
  const folder = await mkdtemp(join(tmpdir(), "udr-bench-store-"));
  try {
    const files = await writeObjects(folder, objects);
    await using discarding = await storescp(["--ignore"]);
    const kept = join(folder, "kept");
    await mkdir(kept);
    await using keeping = await storescp(["--output-directory", kept]);
    await using ours = await ourReceiver(kept);
    const emptied = async (way: () => Promise<Figure>) => {
      await Promise.all((await readdir(kept)).map((name) => rm(join(kept, name))));
      return way();
    };
    const storescu = (port: number) => () => emptied(() => theirSender(port, files));
    const us = (port: number) => () => emptied(() => ourSender(port, files));
    const ways: Way[] = [
      { name: "storescu → storescp --ignore", run: storescu(discarding.port) },
      {
        name: "ours → storescp --ignore",
        beside: "storescu → storescp --ignore",
        run: us(discarding.port),
      },
      { name: "storescu → storescp, files", run: storescu(keeping.port) },
      {
        name: "ours → storescp, files",
        beside: "storescu → storescp, files",
        run: us(keeping.port),
      },
      {
        name: "storescu → ours, files",
        beside: "storescu → storescp, files",
        run: storescu(ours.port),
      },
      { name: "ours → ours, files (one process)", run: us(ours.port) },
    ];
    const figures = new Map<string, Figure[]>(ways.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round++)
      for (const way of ways) {
        const figure = await way.run();
        // The first round warms up.
        if (round > 0) figures.get(way.name)?.push(figure);
      }
    const memory = await memoryOfSender(discarding.port, files[0]);
    const bytes = objects * OBJECT_BYTES;
    const mbPerS = (name: string) =>
      median((figures.get(name) ?? []).map(({ seconds }) => bytes / seconds / 1e6));
    const cpu = (name: string) =>
      median((figures.get(name) ?? []).map(({ cpuSeconds }) => cpuSeconds / (bytes / 1e9)));
    const mb = (OBJECT_BYTES / 1e6).toFixed(1);
    return {
      title: "C-STORE beside DCMTK",
      note: `\`script/bench store objects=${objects} rounds=${rounds}\`: ${objects} objects of ${mb} MB on one association over loopback, read from cached files, TCP_NODELAY=1 at every DCMTK end; median of ${rounds} rounds taken in turns. Files are written but made durable by neither side. storescu's time holds its program start (about 0.02 s). CPU of the sender; for "storescu → ours" of storescu. A process of ours that sends ${MEMORY_OBJECTS} such objects takes at most ${memory} MB more than idle.`,
      columns: ["way", "MB/s", "ratio", "sender's CPU s per GB"],
      rows: ways.map(({ name, beside }) => [
        name,
        mbPerS(name).toFixed(0),
        beside === undefined ? "" : (mbPerS(name) / mbPerS(beside)).toFixed(2),
        cpu(name).toFixed(2),
      ]),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeObjects(folder: string, objects: number): Promise<readonly ObjectFile[]> {
  const files: ObjectFile[] = [];
  const sopClassUid = SopClassUid.DigitalXRayImageStorageForPresentation;
  const studyInstanceUid = testUid();
  for (let i = 0; i < objects; i++) {
    const { file, sopInstanceUid } = testInstance({
      sopClassUid,
      studyInstanceUid,
      rows: SIDE,
      columns: SIDE,
    });
    const path = join(folder, `${i}.dcm`);
    await Bun.write(path, file);
    files.push({ path, bytes: file.byteLength, sopClassUid, sopInstanceUid });
  }
  return files;
}

interface ObjectFile {
  readonly path: string;
  readonly bytes: number;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

async function ourSender(
  port: number,
  files: readonly ObjectFile[],
  onStored: () => void = () => {},
): Promise<Figure> {
  const instances: StorableInstance[] = files.map(({ path, bytes, ...uids }) => ({
    ...uids,
    open: () => openInstanceFile(fileSource(path, 0, bytes)),
  }));
  const cpu = process.cpuUsage();
  const started = performance.now();
  const channel = await connect(port, storageContexts([files[0]?.sopClassUid ?? ""]));
  let stored = 0;
  const job = await storeInstances(channel, instances, {
    timeoutMs: 60_000,
    warningPolicy: "accept",
    onOutcome: (_, { kind }) => {
      if (kind === "stored") stored++;
      onStored();
    },
  });
  await channel.release();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (job.kind !== "done" || stored !== files.length)
    throw new Error(`store: ${stored} of ${files.length} stored`);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

async function theirSender(port: number, files: readonly ObjectFile[]): Promise<Figure> {
  const started = performance.now();
  const child = Bun.spawn(
    ["storescu", "-xe", "127.0.0.1", String(port), ...files.map(({ path }) => path)],
    { stdin: "ignore", stdout: "ignore", stderr: "inherit", env: ENVIRONMENT },
  );
  const code = await child.exited;
  if (code !== 0) throw new Error(`storescu ended with ${code}`);
  const seconds = (performance.now() - started) / 1000;
  const usage = child.resourceUsage();
  return { seconds, cpuSeconds: Number(usage?.cpuTime.total ?? 0) / 1e6 };
}

async function storescp(options: readonly string[]) {
  const port = await freePort();
  const child = Bun.spawn(["storescp", "+xe", "--max-pdu", "131072", ...options, String(port)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    env: ENVIRONMENT,
  });
  await listening(port, () => child.exitCode !== null);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

function writeFully(file: number, pieces: readonly Uint8Array[]): Promise<void> {
  const wanted = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return new Promise((resolve, reject) => {
    writev(file, [...pieces], (error, bytes) => {
      if (error !== null) reject(error);
      else if (bytes !== wanted) reject(new Error(`wrote ${bytes} of ${wanted} bytes`));
      else resolve();
    });
  });
}

/** Our Storage SCP in this process, into files of a folder. */
async function ourReceiver(folder: string) {
  return scriptedPeer({
    answer: () => ({ transferSyntax: "1.2.840.10008.1.2.1" }),
    handlers: {
      "C-STORE-RQ": serveStorage({
        log: silentLog,
        identity: IDENTITY,
        callingAeTitle: "BENCH",
        open({ sopInstanceUid }) {
          const file = openSync(join(folder, sopInstanceUid), "w");
          const closed = async () => closeSync(file);
          return writeBehind({
            writeAll: (pieces) => writeFully(file, pieces),
            commit: closed,
            discard: closed,
          });
        },
      }),
    },
  });
}

/** Largest resident memory above idle of a process that sends one file many times, MB. */
async function memoryOfSender(port: number, file: ObjectFile | undefined): Promise<string> {
  if (file === undefined) throw new Error("no object to send");
  const child = Bun.spawn(
    [process.execPath, import.meta.path, "send", String(port), JSON.stringify(file)],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  return (await new Response(child.stdout).text()).trim();
}

async function sendAndWatch(port: number, file: ObjectFile): Promise<void> {
  Bun.gc(true);
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const files = Array.from({ length: MEMORY_OBJECTS }, () => file);
  await ourSender(port, files, () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  process.stdout.write(((peak - idle) / 1e6).toFixed(0));
}

if (import.meta.main && process.argv[2] === "send")
  await sendAndWatch(Number(process.argv[3]), JSON.parse(process.argv[4] ?? "") as ObjectFile);
