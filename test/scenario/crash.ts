// Kills the device at a seeded moment while it exposes and sends, starts it again, and looks for what
// must not be: an acknowledged instance missing or short, a half file listed, a job that does not go
// on, an instance sent again whose acknowledgement the device had recorded.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../src/core/byte-source.ts";
import { Random } from "../../src/core/random.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { type ScriptedPeer, scriptedPeer } from "../dicom/peer.ts";

export interface CrashCount {
  kills: number;
  /** Instances that a client had seen listed when the process died. */
  acknowledged: number;
  /** Exposures whose recorded event must be there after the restart. */
  exposures: number;
  /** Answered 0000 by the peer, the process dead before that was recorded: sent a second time. */
  inDoubt: number;
}

interface Listed {
  readonly sopInstanceUid: string;
  readonly fileBytes: number;
  readonly send: readonly { readonly state: string }[];
}

interface Seen {
  /** Listed to a client, with the length of the file. */
  readonly listed: Map<string, number>;
  /** Recorded by the device as stored at the archive. */
  readonly stored: Set<string>;
  /** Irradiation events answered to the client. */
  readonly events: Set<string>;
}

/** `kills` kills at moments drawn from the seed. @throws Error at the first thing that must not be */
export async function crashRun(options: {
  readonly kills: number;
  readonly seed: number;
  readonly onKill?: (n: number) => void;
}): Promise<CrashCount> {
  const random = new Random(options.seed);
  const dataFolder = await mkdtemp(join(tmpdir(), "udr-crash-"));
  const count: CrashCount = { kills: 0, acknowledged: 0, exposures: 0, inDoubt: 0 };
  const seen: Seen = { listed: new Map(), stored: new Set(), events: new Set() };
  const received = new Map<string, number>();
  const again: string[] = [];
  const archive = await startArchive(received, (uid) => {
    if (seen.stored.has(uid)) again.push(uid);
    else count.inDoubt++;
  });
  const start = () =>
    startDevice({
      dataFolder,
      configuration: {
        associationResponseTimeout: 30,
        storage: { retryDelay: 1 },
        remotes: [
          {
            id: "archive",
            aeTitle: "ARCHIVE",
            host: "127.0.0.1",
            port: archive.port,
            send: "on-acquisition",
          },
        ],
      },
    });
  try {
    for (; count.kills < options.kills; count.kills++) {
      options.onKill?.(count.kills);
      await using device = await start();
      await examine(device, seen);
      // Some way into the work, then anywhere within the next exposure and its sending.
      const exposures = random.int(0, 3);
      const thenMs = random.int(0, 600);
      const work = expose(device, seen);
      await Promise.race([work.done(exposures), work.failed, Bun.sleep(15_000)]);
      await Bun.sleep(thenMs);
      await look(device, seen).catch(() => {});
      count.acknowledged = seen.listed.size;
      count.exposures = seen.events.size;
      await device.stop("SIGKILL");
      work.stop();
      await work.ended;
    }
    await using device = await start();
    await examine(device, seen);
    await until(
      "every job is done",
      async () => {
        const { jobs } = { jobs: await device.get<{ state: string }[]>("jobs") };
        return jobs.every((j) => j.state === "done") ? true : undefined;
      },
      60_000,
    );
    for (const uid of seen.listed.keys())
      if (!received.has(uid)) throw new Error(`${uid} never reached the archive`);
    if (again.length > 0)
      throw new Error(`sent again although recorded as stored: ${again.join(", ")}`);
    return count;
  } finally {
    await archive[Symbol.asyncDispose]();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** What was acknowledged before must be there; what is listed must be whole. */
async function examine(device: DeviceProcess, seen: Seen): Promise<void> {
  const listed = new Map((await instances(device)).map((i) => [i.sopInstanceUid, i]));
  for (const [uid, bytes] of seen.listed) {
    const now = listed.get(uid);
    if (now === undefined) throw new Error(`acknowledged instance ${uid} is gone`);
    if (now.fileBytes !== bytes)
      throw new Error(`instance ${uid} has ${now.fileBytes} bytes, had ${bytes}`);
  }
  for (const uid of listed.keys()) if (!seen.listed.has(uid)) await readable(device, uid);
  for (const uid of [...seen.listed.keys()].slice(-2)) await readable(device, uid);
  for (const i of listed.values()) {
    seen.listed.set(i.sopInstanceUid, i.fileBytes);
    if (i.send.some((s) => s.state === "stored")) seen.stored.add(i.sopInstanceUid);
  }
  const exams = await device.get<{ exposures: { irradiationEventUid: string }[] }[]>("exams");
  const events = new Set(exams.flatMap((e) => e.exposures.map((x) => x.irradiationEventUid)));
  for (const uid of seen.events)
    if (!events.has(uid)) throw new Error(`irradiation event ${uid} is gone`);
}

/** The file is a whole object: its header says how many pixel bytes follow, and they do. */
async function readable(device: DeviceProcess, uid: string): Promise<void> {
  const answer = await fetch(`${device.http}/api/v1/instances/${uid}/file`);
  if (!answer.ok) throw new Error(`${uid} is listed and cannot be read: ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const { pixel, dataSet } = await readObjectHeader(memorySource(bytes));
  const end = pixel === null ? bytes.byteLength : pixel.offset + (pixel.byteLength ?? 0);
  if (end !== bytes.byteLength)
    throw new Error(`${uid} has ${bytes.byteLength} bytes, its header says ${end}`);
  if (dataSet.string(0x00080018) !== uid) throw new Error(`${uid} holds another instance`);
}

async function look(device: DeviceProcess, seen: Seen): Promise<void> {
  for (const i of await instances(device)) {
    seen.listed.set(i.sopInstanceUid, i.fileBytes);
    if (i.send.some((s) => s.state === "stored")) seen.stored.add(i.sopInstanceUid);
  }
}

async function instances(device: DeviceProcess): Promise<Listed[]> {
  const studies = await device.get<{ studyInstanceUid: string }[]>("studies");
  const all: Listed[] = [];
  for (const { studyInstanceUid } of studies) {
    const study = await device.get<{ series: { instances: Listed[] }[] }>(
      `studies/${studyInstanceUid}`,
    );
    all.push(...study.series.flatMap((s) => s.instances));
  }
  return all;
}

/** Opens an exam where none is open, and exposes and completes until the device is gone. */
function expose(device: DeviceProcess, seen: Seen) {
  let running = true;
  let exposed = 0;
  const failed = Promise.withResolvers<void>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const ended = (async () => {
    try {
      while (running) {
        const open = await device.get<{ id: string }[]>("exams?state=open");
        const exam =
          open[0] ??
          (await device.post<{ id: string }>("exams", { patient: { name: "Crash^Test" } }));
        for (let i = 0; i < 2 && running; i++) {
          const { irradiationEventUid } = await device.post<{ irradiationEventUid: string }>(
            "simulator/expose",
            { kind: "radiography" },
          );
          seen.events.add(irradiationEventUid);
          exposed++;
          for (const w of waiting) if (exposed >= w.count) w.resolve();
        }
        await device.post(`exams/${exam.id}/complete`);
      }
    } catch {
      failed.resolve();
    }
  })();
  return {
    ended,
    failed: failed.promise,
    /** Resolves when so many exposures of this run were answered. */
    done: (count: number) =>
      new Promise<void>((resolve) => {
        if (exposed >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    stop: () => {
      running = false;
    },
  };
}

/** A peer that takes everything and counts what it answered with 0000. */
function startArchive(
  received: Map<string, number>,
  onAgain: (uid: string) => void,
): Promise<ScriptedPeer> {
  return scriptedPeer({
    handlers: {
      "C-STORE-RQ": ({ command }, reply) => ({
        write() {},
        async end() {
          const uid = command.affectedSopInstanceUid;
          if (received.has(uid)) onAgain(uid);
          await reply.respond({ status: 0 });
          received.set(uid, (received.get(uid) ?? 0) + 1);
        },
      }),
    },
  });
}
