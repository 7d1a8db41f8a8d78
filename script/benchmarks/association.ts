// Sending bodies of 14.5 MB to a process that discards them: a bare socket, our association from
// memory and from a file, and both our ends; in one run, in turns.

import { type FileHandle, open, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteSource, memorySource } from "../../src/core/byte-source.ts";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { requestAssociation } from "../../src/dicom/ul/requestor.ts";
import { tcpDial } from "../../src/hal/net/tcp-dial.ts";
import { type BenchTable, median } from "./table.ts";

const BODY_BYTES = 14_500_000;
/** A bare sender writes as much at once as our association does. */
const WRITE_BYTES = 1 << 20;
const TIMEOUT_MS = 60_000;

interface Measured {
  readonly mbPerS: number;
  readonly cpuSPerGb: number;
  /** Most memory of the process above that before the round. */
  readonly memoryBytes: number;
}

export async function run(options: {
  readonly bodies?: string;
  readonly rounds?: string;
}): Promise<BenchTable> {
  const bodies = Number(options.bodies ?? 100);
  const rounds = Number(options.rounds ?? 5);
  const sink = Bun.spawn([process.execPath, join(import.meta.dir, "../discarding-sink.ts")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const path = join(tmpdir(), `udr-bench-${process.pid}.bin`);
  await Bun.write(path, new Uint8Array(BODY_BYTES).fill(7));
  const file = await open(path);
  try {
    const line = await firstLine(sink.stdout);
    const ports = JSON.parse(line) as { bare: number; canned: number; own: number };
    const memory = memorySource(new Uint8Array(BODY_BYTES).fill(7));
    const ways: [string, () => Promise<void>][] = [
      ["bare socket", () => sendBare(ports.bare, bodies)],
      ["association, from memory", () => sendAssociation(ports.canned, memory, bodies)],
      ["association, from a file", () => sendAssociation(ports.canned, fileRange(file), bodies)],
      ["association to our acceptor", () => sendAssociation(ports.own, memory, bodies)],
    ];
    const measured = new Map<string, Measured[]>(ways.map(([name]) => [name, []]));
    for (let round = 0; round <= rounds; round++)
      for (const [name, send] of ways) {
        const figure = await measure(send, bodies * BODY_BYTES);
        // the first round warms up
        if (round > 0) measured.get(name)?.push(figure);
      }
    const mbPerS = (name: string) => median((measured.get(name) ?? []).map((m) => m.mbPerS));
    return {
      title: "Sending over an association",
      note: `\`script/bench association bodies=${bodies} rounds=${rounds}\`: ${bodies} bodies of 14.5 MB over loopback to a discarding process, PDUs of 131072 bytes; median of ${rounds} rounds taken in turns. CPU of the sending process only.`,
      columns: ["way", "MB/s", "of the bare socket", "CPU s per GB", "memory above idle, MB"],
      rows: ways.map(([name]) => [
        name,
        mbPerS(name).toFixed(0),
        (mbPerS(name) / mbPerS("bare socket")).toFixed(2),
        median((measured.get(name) ?? []).map((m) => m.cpuSPerGb)).toFixed(2),
        (Math.max(...(measured.get(name) ?? []).map((m) => m.memoryBytes)) / 1e6).toFixed(0),
      ]),
    };
  } finally {
    await file.close();
    await rm(path, { force: true });
    sink.kill();
    await sink.exited;
  }
}

async function measure(send: () => Promise<void>, bytes: number): Promise<Measured> {
  Bun.gc(true);
  const idle = process.memoryUsage.rss();
  let most = idle;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await send();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  return {
    mbPerS: bytes / seconds / 1e6,
    cpuSPerGb: (user + system) / 1e6 / (bytes / 1e9),
    memoryBytes: most - idle,
  };
}

async function sendBare(port: number, bodies: number): Promise<void> {
  const body = new Uint8Array(BODY_BYTES).fill(7);
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  for (let i = 0; i < bodies; i++)
    for (let at = 0; at < BODY_BYTES; at += WRITE_BYTES)
      await new Promise<void>((resolve) => {
        socket.write(body.subarray(at, at + WRITE_BYTES), () => resolve());
      });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.end();
  await closed;
}

async function sendAssociation(port: number, body: ByteSource, bodies: number): Promise<void> {
  const clock = new SystemClock();
  const outcome = await requestAssociation(
    { dial: tcpDial({ clock }), clock, log: silentLog },
    {
      target: { host: "127.0.0.1", port },
      calling: "BENCH",
      called: "SINK",
      contexts: [
        {
          abstractSyntax: "1.2.840.10008.5.1.4.1.1.1.1",
          transferSyntaxes: ["1.2.840.10008.1.2.1"],
        },
      ],
      identity: { implementationClassUid: "1.2.3", implementationVersionName: "BENCH" },
      maxPduLength: 131_072,
      timeouts: {
        connectMs: TIMEOUT_MS,
        associationMs: TIMEOUT_MS,
        releaseMs: TIMEOUT_MS,
        dataMs: TIMEOUT_MS,
        artimMs: TIMEOUT_MS,
        idleMs: TIMEOUT_MS,
        writeMs: TIMEOUT_MS,
      },
    },
  );
  if (outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  const { association } = outcome;
  const header = new Uint8Array(1500);
  for (let i = 0; i < bodies; i++) {
    await association.send(1, true, [header.subarray(0, 120)]);
    await association.send(1, false, [header, body]);
  }
  const end = await association.release();
  if (end.kind !== "released") throw new Error(JSON.stringify(end));
}

function fileRange(file: FileHandle): ByteSource {
  return {
    byteLength: BODY_BYTES,
    async readInto(into, offset) {
      const { bytesRead } = await file.readv([...into], offset);
      if (bytesRead !== into.reduce((sum, view) => sum + view.byteLength, 0))
        throw new Error("short read");
    },
    async close() {},
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
