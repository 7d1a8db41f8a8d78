// Seeded mutations of recorded associations, thrown at a running acceptor over real sockets. Each
// case must end in well-formed PDUs and a closed connection; the acceptor must be as before after.

import { connect } from "node:net";
import { SystemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Random } from "../../../src/core/random.ts";
import { serveEventReports } from "../../../src/dicom/ae/event-reports.ts";
import { serveStorage } from "../../../src/dicom/ae/storage/serve-storage.ts";
import { serveVerification } from "../../../src/dicom/ae/verification/serve-verification.ts";
import { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import { writeCommand } from "../../../src/dicom/dimse/command.ts";
import type { Pdu } from "../../../src/dicom/ul/pdu.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { Acceptor } from "../../../src/services/acceptor/acceptor.ts";
import {
  associateRequest,
  COMMITMENT,
  CR_STORAGE,
  EXPLICIT,
  IDENTITY,
  IMPLICIT,
  pData,
  readPdus,
  userItems,
  VERIFICATION,
} from "../../dicom/ul/pdus.ts";
import { configured, remote } from "./running-acceptor.ts";

/** Associations at a time; below every quota. */
const PARALLEL = 8;
/** Where an answer may come, it is waited for this long. */
const PATIENCE_MS = 5;
/** A case that is not over by then hangs. */
export const HANG_MS = 1_000;

export interface FuzzResult {
  readonly cases: number;
  /** How the cases ended, by the last PDU that came back. */
  readonly endings: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Largest memory of the process seen, bytes. */
  readonly rssMaxBytes: number;
}

/** @throws Error naming seed and case when a case hangs, or an answer is no PDU. */
export async function fuzzAssociations(options: {
  readonly cases: number;
  readonly seed: number;
}): Promise<FuzzResult> {
  const { cases, seed } = options;
  const clock = new SystemClock();
  const acceptor = new Acceptor({
    clock,
    log: silentLog,
    listen: tcpListen({ clock, log: silentLog }),
    resolve: async () => [],
    configuration: () => CONFIGURATION,
    onAssociation: (association) => {
      new DimseChannel(association, { clock, log: silentLog, handlers: HANDLERS });
    },
  });
  await acceptor.listen({ host: "127.0.0.1", port: 0 });
  const port = acceptor.port ?? 0;
  const endings: Record<string, number> = {};
  let slowestMs = 0;
  let rssMaxBytes = 0;
  let next = 0;
  const worker = async () => {
    while (next < cases) {
      const number = next++;
      const random = new Random((seed ^ Math.imul(number + 1, 0x9e3779b1)) >>> 0);
      const started = clock.monotonicMs();
      let ending: string;
      try {
        ending = await runCase(port, random);
      } catch (cause) {
        throw new Error(`seed ${seed}, case ${number}: ${String(cause)}`, { cause });
      }
      endings[ending] = (endings[ending] ?? 0) + 1;
      slowestMs = Math.max(slowestMs, clock.monotonicMs() - started);
      if (number % 1000 === 0) rssMaxBytes = Math.max(rssMaxBytes, process.memoryUsage.rss());
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    for (const until = clock.monotonicMs() + HANG_MS; acceptor.connections > 0; ) {
      if (clock.monotonicMs() > until)
        throw new Error(`seed ${seed}: ${acceptor.connections} connections are left over`);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const { storage, commitment, verification } = acceptor.inUse;
    if (storage + commitment + verification > 0)
      throw new Error(`seed ${seed}: places are still taken: ${JSON.stringify(acceptor.inUse)}`);
    // and it still answers
    const last = await exchange(port, RECORDINGS[0] ?? [], () => HANG_MS / 4);
    if (last.map(({ type }) => type).join() !== "associate-ac,p-data,release-rp")
      throw new Error(`seed ${seed}: a good peer got ${JSON.stringify(last)}`);
  } finally {
    await acceptor.close();
  }
  return { cases, endings, slowestMs, rssMaxBytes };
}

async function runCase(port: number, random: Random): Promise<string> {
  const bytes = mutate(random.pick(RECORDINGS), random);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const size = random.chance(0.5) ? bytes.byteLength : random.int(1, 300);
    packets.push(bytes.subarray(at, at + size));
    at += size;
  }
  const pdus = await exchange(port, packets, () => (random.chance(0.3) ? PATIENCE_MS : 0));
  return pdus.at(-1)?.type ?? "closed";
}

/**
 * Sends, half-closes, and collects PDUs until the peer has closed. Before the next packet goes, an
 * answer is waited for as long as `waitMs` says.
 */
function exchange(
  port: number,
  packets: readonly Uint8Array[],
  waitMs: () => number,
): Promise<Pdu[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    const received: Uint8Array[] = [];
    const hang = setTimeout(() => {
      reject(new Error(`no end within ${HANG_MS} ms`));
      socket.destroy();
    }, HANG_MS);
    socket.on("error", () => {});
    let onAnswer = () => {};
    socket.on("data", (chunk: Buffer) => {
      received.push(chunk);
      onAnswer();
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(hang);
      try {
        resolve(readPdus(new Uint8Array(Buffer.concat(received))));
      } catch (error) {
        reject(error);
      }
    });
    const answered = (patienceMs: number) =>
      new Promise<void>((go) => {
        onAnswer = go;
        const patience = setTimeout(go, patienceMs);
        socket.once("close", () => {
          clearTimeout(patience);
          go();
        });
      });
    socket.on("connect", async () => {
      for (const packet of packets) {
        if (socket.destroyed) return;
        socket.write(packet);
        const patienceMs = waitMs();
        if (patienceMs > 0) await answered(patienceMs);
      }
      socket.end();
    });
  });
}

/** A recording with one to four things wrong. */
function mutate(recording: readonly Uint8Array[], random: Random): Uint8Array {
  let pdus = recording.map((pdu) => pdu.slice());
  for (let n = random.int(1, 4); n > 0; n--) {
    const at = random.int(0, pdus.length - 1);
    const pdu = pdus[at] ?? new Uint8Array(0);
    switch (random.int(0, 9)) {
      case 0: // a PDU twice
        pdus.splice(at, 0, pdu.slice());
        break;
      case 1: // a PDU too few
        if (pdus.length > 1) pdus.splice(at, 1);
        break;
      case 2: // two PDUs in the wrong order
        pdus = [...pdus.slice(at), ...pdus.slice(0, at)];
        break;
      case 3: // a PDU cut short
        pdus[at] = pdu.slice(0, random.int(0, pdu.byteLength));
        break;
      case 4: // bytes too many
        pdus[at] = new Uint8Array([
          ...pdu.subarray(0, random.int(0, pdu.byteLength)),
          ...Array.from({ length: random.int(1, 40) }, () => random.int(0, 255)),
          ...pdu.subarray(random.int(0, pdu.byteLength)),
        ]);
        break;
      case 5: // a length that lies
        if (pdu.byteLength >= 6)
          new DataView(pdu.buffer).setUint32(2, random.pick([0, 1, 3, 5, 0x7fffffff, 0xffffffff]));
        break;
      case 6: // a PDU of another type
        pdu[0] = random.int(0, 9);
        break;
      default: // bytes that are wrong
        for (let k = random.int(1, 6); k > 0 && pdu.byteLength > 0; k--)
          pdu[random.int(0, pdu.byteLength - 1)] = random.chance(0.5)
            ? random.pick([0, 1, 2, 0x7f, 0x80, 0xff])
            : random.int(0, 255);
    }
  }
  return new Uint8Array(Buffer.concat(pdus));
}

const CONFIGURATION = configured({
  remotes: [remote("PEER")],
  storageScp: { maxAssociations: 16 },
  listener: { maxAssociationsPerPurpose: 16 },
});

const HANDLERS = {
  "C-ECHO-RQ": serveVerification(),
  "C-STORE-RQ": serveStorage({
    log: silentLog,
    identity: IDENTITY,
    callingAeTitle: "PEER",
    open: () => ({ write: () => {}, commit: async () => {}, discard: () => {} }),
  }),
  "N-EVENT-REPORT-RQ": serveEventReports([
    { sopClassUid: COMMITMENT, take: async () => ({ status: 0 }) },
  ]),
};

const context = (id: number, abstractSyntax: string) => ({
  id,
  abstractSyntax,
  transferSyntaxes: [EXPLICIT, IMPLICIT],
});

const record = (...pdus: readonly Pdu[]) => pdus.map((pdu) => writePdu(pdu).slice());
const RELEASE: Pdu = { type: "release-rq" };

/** A few elements in Explicit VR Little Endian: SOP class and instance, name, a sequence, pixels. */
const DATA_SET = (() => {
  const element = (group: number, number: number, vr: string, value: Uint8Array) => {
    const long = vr === "SQ" || vr === "OW";
    const header = Buffer.alloc(long ? 12 : 8);
    header.writeUInt16LE(group, 0);
    header.writeUInt16LE(number, 2);
    header.write(vr, 4, "latin1");
    if (long) header.writeUInt32LE(value.byteLength, 8);
    else header.writeUInt16LE(value.byteLength, 6);
    return Buffer.concat([header, value]);
  };
  const item = (...elements: Buffer[]) => {
    const body = Buffer.concat(elements);
    const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    header.writeUInt32LE(body.byteLength, 4);
    return Buffer.concat([header, body]);
  };
  return new Uint8Array(
    Buffer.concat([
      element(0x0008, 0x0016, "UI", Buffer.from(`${CR_STORAGE}\0`)),
      element(0x0008, 0x0018, "UI", Buffer.from("1.2.3.4.5\0")),
      element(0x0008, 0x1110, "SQ", item(element(0x0008, 0x1155, "UI", Buffer.from("1.2.3\0")))),
      element(0x0010, 0x0010, "PN", Buffer.from("DOE^JANE")),
      element(0x7fe0, 0x0010, "OW", new Uint8Array(2000)),
    ]),
  );
})();

/** Whole associations as a well-behaved peer has them. */
const RECORDINGS: readonly (readonly Uint8Array[])[] = [
  record(
    associateRequest({ contexts: [context(1, VERIFICATION)] }),
    pData(
      1,
      true,
      true,
      writeCommand({ kind: "C-ECHO-RQ", messageId: 1, affectedSopClassUid: VERIFICATION }, false),
    ),
    RELEASE,
  ),
  record(
    associateRequest({ contexts: [context(1, CR_STORAGE), context(3, VERIFICATION)] }),
    pData(
      1,
      true,
      true,
      writeCommand(
        {
          kind: "C-STORE-RQ",
          messageId: 1,
          affectedSopClassUid: CR_STORAGE,
          affectedSopInstanceUid: "1.2.3.4.5",
          priority: 0,
        },
        true,
      ),
    ),
    pData(1, false, false, DATA_SET.subarray(0, 1000)),
    pData(1, false, true, DATA_SET.subarray(1000)),
    RELEASE,
  ),
  record(
    associateRequest({
      contexts: [context(1, COMMITMENT)],
      userItems: [
        ...userItems(),
        { type: "role-selection", sopClassUid: COMMITMENT, scu: false, scp: true },
      ],
    }),
    {
      type: "p-data",
      values: [
        {
          contextId: 1,
          command: true,
          last: true,
          bytes: writeCommand(
            {
              kind: "N-EVENT-REPORT-RQ",
              messageId: 7,
              affectedSopClassUid: COMMITMENT,
              affectedSopInstanceUid: "1.2.840.10008.1.20.1.1",
              eventTypeId: 1,
            },
            true,
          ),
        },
        { contextId: 1, command: false, last: true, bytes: DATA_SET.subarray(0, 60) },
      ],
    },
    RELEASE,
  ),
  record(
    associateRequest({
      contexts: Array.from({ length: 20 }, (_, i) => context(2 * i + 1, VERIFICATION)),
      userItems: [
        ...userItems(),
        { type: "async-window", invoked: 0, performed: 0 },
        { type: "extended-negotiation", sopClassUid: CR_STORAGE, information: Uint8Array.of(1, 0) },
        {
          type: "user-identity",
          identityType: 2,
          responseRequested: true,
          primary: Uint8Array.of(1, 2, 3),
          secondary: Uint8Array.of(4),
        },
      ],
    }),
    { type: "abort", source: 0, reason: 0 },
  ),
];
