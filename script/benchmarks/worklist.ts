// A worklist of 1,000 items fetched and decoded, beside DCMTK's findscu from the same server: a process
// of our own that sends items encoded beforehand, so that the server costs both the same.

import { argv, stdout } from "node:process";
import { proposedContexts } from "../../src/dicom/ae/contexts.ts";
import { findWorklist } from "../../src/dicom/ae/worklist/find-worklist.ts";
import { WORKLIST_PROPOSED } from "../../src/dicom/ae/worklist/presentation-contexts.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { encodeDataSet } from "../../src/dicom/data/encode.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { clock, connect, scriptedPeer } from "../../test/dicom/peer.ts";
import { type BenchTable, median } from "./table.ts";

const TEXT = { characterSet: "default-kanji" } as const;

export async function run(options: {
  readonly items?: string;
  readonly rounds?: string;
}): Promise<BenchTable> {
  const items = Number(options.items ?? 1000);
  const rounds = Number(options.rounds ?? 7);
  const server = Bun.spawn([process.execPath, import.meta.path, "serve", String(items)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const { value } = await server.stdout.getReader().read();
    const port = Number(new TextDecoder().decode(value));
    const ways = [
      ["findscu", () => theirs(port)],
      ["ours", () => ours(port, items)],
    ] as const;
    const times: Record<string, number[]> = { findscu: [], ours: [] };
    for (let round = 0; round <= rounds; round++)
      for (const [name, way] of ways) {
        const started = performance.now();
        await way();
        // The first round warms up.
        if (round > 0) times[name]?.push(performance.now() - started);
      }
    const ms = (name: string) => median(times[name] ?? []);
    return {
      title: "Worklist of many items",
      note: `\`script/bench worklist items=${items} rounds=${rounds}\`: C-FIND with ${items} answers of 25 attributes, Kanji names, from one server process; association, query, decoding and release; median of ${rounds} rounds in turns. findscu's time holds its program start.`,
      columns: ["client", "ms", "of findscu"],
      rows: ways.map(([name]) => [
        name,
        ms(name).toFixed(0),
        (ms(name) / ms("findscu")).toFixed(2),
      ]),
    };
  } finally {
    server.kill();
    await server.exited;
  }
}

async function ours(port: number, items: number): Promise<void> {
  const channel = await connect(port, proposedContexts(WORKLIST_PROPOSED.rows));
  const outcome = await findWorklist(
    channel,
    { modality: "RF", scheduledStationAeTitle: "UDR10A", scheduledDate: "20260105" },
    { clock, text: TEXT, maxItems: items, timeoutMs: 60_000 },
  );
  await channel.release();
  if (outcome.kind !== "success" || outcome.items.length !== items)
    throw new Error(`worklist: ${outcome.kind}`);
}

async function theirs(port: number): Promise<void> {
  const child = Bun.spawn(
    ["findscu", "-W", "-k", "0010,0010", "-k", "0010,0020", "127.0.0.1", String(port)],
    {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      env: { ...process.env, TCP_NODELAY: "1" },
    },
  );
  if ((await child.exited) !== 0) throw new Error("findscu failed");
}

function item(n: number): Uint8Array {
  const code = new DataSet()
    .text(Tag.CodeValue, "SH", "C1")
    .text(Tag.CodingSchemeDesignator, "SH", "99X")
    .text(Tag.CodeMeaning, "LO", "Swallow");
  const dataSet = new DataSet()
    .text(Tag.AccessionNumber, "SH", `A${n}`)
    .text(Tag.ReferringPhysicianName, "PN", "Suzuki^Hanako=鈴木^花子")
    .text(Tag.PatientName, "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう")
    .text(Tag.PatientID, "LO", `P${n}`)
    .text(Tag.PatientBirthDate, "DA", "19700101")
    .text(Tag.PatientSex, "CS", "M")
    .text(Tag.MedicalAlerts, "LO", "")
    .text(Tag.StudyInstanceUID, "UI", `1.2.3.4.${n}`)
    .text(Tag.RequestedProcedureDescription, "LO", "Upper GI")
    .text(Tag.RequestedProcedureID, "SH", `R${n}`)
    .sequence(
      Tag.ScheduledProcedureStepSequence,
      new DataSet()
        .text(Tag.Modality, "CS", "RF")
        .text(Tag.ScheduledStationAETitle, "AE", "UDR10A")
        .text(Tag.ScheduledProcedureStepStartDate, "DA", "20260105")
        .text(Tag.ScheduledProcedureStepStartTime, "TM", "090000")
        .text(Tag.ScheduledPerformingPhysicianName, "PN", "Sato^Ichirou=佐藤^一郎")
        .text(Tag.ScheduledProcedureStepDescription, "LO", "Swallow")
        .text(Tag.ScheduledProcedureStepID, "SH", `S${n}`)
        .sequence(Tag.ScheduledProtocolCodeSequence, code),
    );
  return encodeDataSet(dataSet, { explicitVr: false, ...TEXT });
}

async function serve(items: number): Promise<void> {
  const bodies = Array.from({ length: items }, (_, n) => item(n));
  const peer = await scriptedPeer({
    answer: () => ({ transferSyntax: "1.2.840.10008.1.2" }),
    handlers: {
      "C-FIND-RQ": (_, reply) => ({
        async end() {
          for (const body of bodies) await reply.respond({ status: 0xff00 }, [body]);
          await reply.respond({ status: 0 });
        },
      }),
    },
  });
  stdout.write(String(peer.port));
}

if (import.meta.main && argv[2] === "serve") await serve(Number(argv[3]));
