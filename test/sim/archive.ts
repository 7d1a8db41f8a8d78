// The archive of the simulated day: stores what comes, keeps count of how often, commits to what it
// has, hours later if need be, and fails in all the ways archives do. It never loses what it stored.

import { silentLog } from "../../src/core/log.ts";
import { decodeFrom, encodeFor, isExplicit } from "../../src/dicom/ae/data-sets.ts";
import { STORAGE_PROPOSED } from "../../src/dicom/ae/storage/presentation-contexts.ts";
import { ReceivedHeader } from "../../src/dicom/ae/storage/received-header.ts";
import { serveVerification } from "../../src/dicom/ae/verification/serve-verification.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid, WellKnownInstanceUid } from "../../src/dicom/dict/uids.ts";
import { DimseChannel } from "../../src/dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { requestAssociation } from "../../src/dicom/ul/requestor.ts";
import { SimNetwork, type Stream } from "./network.ts";
import {
  PEER_IDENTITY,
  PEER_TEXT,
  PEER_TIMEOUTS,
  type PeerParts,
  type Served,
  SimPeer,
} from "./peer.ts";

/** A C-STORE that the archive received whole. */
export interface Receipt {
  readonly sopInstanceUid: string;
  readonly atMs: number;
  /** Stored, be it with a warning or once more; not refused. */
  success: boolean;
  readonly stream: Stream;
  /** The answer was written to the stream, and taken from it. */
  answered: boolean;
}

export interface Kept {
  readonly dataSet: DataSet;
  /** Bytes of the data set with its pixels, for comparison. */
  readonly digest: string;
}

interface Transaction {
  readonly uid: string;
  readonly instances: readonly { readonly sopClassUid: string; readonly sopInstanceUid: string }[];
  attempts: number;
}

/** An archive tries to bring a report so often before it gives up. */
const REPORT_RETRY_MS = 300_000;
const DEVICE_PORT = 11_104;
const DEVICE_AE = "UDR10A";
const DEVICE_HOST = "device";

export class SimArchive extends SimPeer {
  protected readonly accepted: ReadonlySet<string> = new Set([
    SopClassUid.Verification,
    SopClassUid.StorageCommitmentPushModel,
    ...STORAGE_PROPOSED.rows.map((row) => row.abstractSyntax),
  ]);
  protected override readonly scpRole: ReadonlySet<string> = new Set([
    SopClassUid.StorageCommitmentPushModel,
  ]);
  /** By SOP Instance UID. */
  readonly kept = new Map<string, Kept>();
  readonly receipts: Receipt[] = [];
  /** Instances that a report called committed, whether it arrived or not. */
  readonly committed = new Set<string>();
  /** Transactions by UID, with how many instances each named. */
  readonly transactions = new Map<string, number>();
  /** What should never have come. */
  readonly complaints: string[] = [];
  onReceipt: (receipt: Receipt) => void = () => {};
  /** Reports still to be brought. */
  openReports = 0;

  protected handlers(served: () => Served): RequestHandlers {
    return {
      "C-ECHO-RQ": serveVerification(),
      "C-STORE-RQ": ({ command, context }, reply) => {
        const header = new ReceivedHeader(isExplicit(context));
        const hash = new Bun.CryptoHasher("sha1");
        return {
          write: (bytes) => {
            header.push(bytes);
            hash.update(bytes);
          },
          end: async () => {
            const uid = command.affectedSopInstanceUid;
            const stream = SimNetwork.streamOf(served().connection);
            const receipt: Receipt = {
              sopInstanceUid: uid,
              atMs: this.parts.clock.nowMs(),
              stream,
              success: false,
              answered: false,
            };
            this.receipts.push(receipt);
            this.onReceipt(receipt);
            const check = header.check(command.affectedSopClassUid, uid);
            if (check.kind !== "ok") {
              this.complaints.push(`${uid}: ${check.reason}`);
              return reply.respond({ status: 0xa900 });
            }
            if (this.chance(0.02)) {
              const status = this.parts.random.pick([0xa700, 0xa700, 0x0122, 0xc001]);
              return reply.respond({ status });
            }
            if (this.chance(0.02)) await this.sleep(this.parts.random.int(1_000, 200_000));
            const had = this.kept.get(uid);
            const digest = hash.digest("hex");
            if (had !== undefined && had.digest !== digest)
              this.complaints.push(`${uid}: came again with other content`);
            this.kept.set(uid, { dataSet: check.dataSet, digest });
            receipt.success = true;
            // Durable; the answer may still be lost.
            if (this.chance(0.015)) {
              served().association.abort();
              return;
            }
            const status =
              had !== undefined && this.parts.random.chance(0.5)
                ? 0x0111
                : this.chance(0.03)
                  ? 0xb000
                  : 0;
            await reply.respond({ status });
            receipt.answered = true;
          },
        };
      },
      "N-ACTION-RQ": ({ context }, reply) => ({
        end: async (data) => {
          if (this.chance(0.03)) return reply.respond({ status: 0x0110 });
          const dataSet = data === null ? new DataSet() : decodeFrom(context, data, {});
          const uid = dataSet.string(Tag.TransactionUID);
          const instances = dataSet.items(Tag.ReferencedSOPSequence).map((item) => ({
            sopClassUid: item.string(Tag.ReferencedSOPClassUID) ?? "",
            sopInstanceUid: item.string(Tag.ReferencedSOPInstanceUID) ?? "",
          }));
          if (uid === undefined || instances.length === 0) {
            this.complaints.push("a commitment request without transaction or instances");
            return reply.respond({ status: 0x0110 });
          }
          for (const { sopInstanceUid } of instances)
            if (!this.kept.has(sopInstanceUid))
              this.complaints.push(`asked to commit ${sopInstanceUid}, which never came`);
          const known = this.transactions.has(uid);
          this.transactions.set(uid, instances.length);
          if (this.chance(0.02)) {
            served().association.abort();
            if (!known) void this.#report({ uid, instances, attempts: 0 });
            return;
          }
          const transaction = { uid, instances, attempts: 0 };
          const atOnce = !known && this.parts.random.chance(0.1);
          // The result may overtake the response (S1).
          if (atOnce && this.parts.random.chance(0.5)) {
            this.openReports++;
            await this.#tell(served().channel, transaction).finally(() => this.openReports--);
          }
          await reply.respond({ status: 0 });
          if (!known) void this.#report(transaction, atOnce ? served().channel : undefined);
        },
      }),
    };
  }

  /** Brings a result, on `first` if that still stands, else on associations of our own. */
  async #report(transaction: Transaction, first?: DimseChannel): Promise<void> {
    const { random } = this.parts;
    this.openReports++;
    try {
      if (first !== undefined && (await this.#tell(first, transaction))) return;
      await this.sleep(
        random.chance(0.5) ? random.int(1_000, 60_000) : random.int(60_000, 7_200_000),
      );
      for (;;) {
        transaction.attempts++;
        const told = this.host.state === "up" && (await this.#connectAndTell(transaction));
        if (told) {
          if (!this.chance(0.1)) return;
          // Once more, to be on the safe side (S9).
          await this.sleep(random.int(1_000, 600_000));
          await this.#connectAndTell(transaction);
          return;
        }
        // Some never come back to it: the device has to ask again.
        if (this.chance(0.05)) return;
        await this.sleep(REPORT_RETRY_MS + random.int(0, 60_000));
      }
    } finally {
      this.openReports--;
    }
  }

  async #connectAndTell(transaction: Transaction): Promise<boolean> {
    const { clock, aeTitle, random } = this.parts;
    const withRole = random.chance(0.5);
    const outcome = await requestAssociation(
      { dial: this.host.dial, clock, log: silentLog },
      {
        target: { host: DEVICE_HOST, port: DEVICE_PORT },
        calling: aeTitle,
        called: DEVICE_AE,
        contexts: [
          {
            abstractSyntax: SopClassUid.StorageCommitmentPushModel,
            transferSyntaxes: ["1.2.840.10008.1.2"],
            ...(withRole ? { role: { scu: false, scp: true } } : {}),
          },
        ],
        identity: PEER_IDENTITY,
        maxPduLength: 65_536,
        timeouts: PEER_TIMEOUTS,
      },
    );
    if (outcome.kind !== "accepted") return false;
    const channel = new DimseChannel(outcome.association, { clock, log: silentLog });
    const told = await this.#tell(channel, transaction);
    if (outcome.association.end === null) await outcome.association.release();
    return told;
  }

  /** True when the device answered with success. */
  async #tell(channel: DimseChannel, { uid, instances }: Transaction): Promise<boolean> {
    const context = channel.context(SopClassUid.StorageCommitmentPushModel);
    if (context === undefined || channel.association.end !== null) return false;
    const failed = new Set(
      instances.filter((i) => !this.kept.has(i.sopInstanceUid) || this.chance(0.01)),
    );
    const reference = (i: (typeof instances)[number]) =>
      new DataSet()
        .text(Tag.ReferencedSOPClassUID, "UI", i.sopClassUid)
        .text(Tag.ReferencedSOPInstanceUID, "UI", i.sopInstanceUid);
    // A report may pass over an instance: it stays open.
    const good = instances.filter((i) => !failed.has(i) && !this.chance(0.01));
    if (good.length + failed.size === 0) return false;
    const dataSet = new DataSet().text(Tag.TransactionUID, "UI", uid);
    if (good.length > 0) dataSet.sequence(Tag.ReferencedSOPSequence, ...good.map(reference));
    if (failed.size > 0)
      dataSet.sequence(
        Tag.FailedSOPSequence,
        ...[...failed].map((i) => reference(i).numbers(Tag.FailureReason, "US", 0x0110)),
      );
    for (const i of good) this.committed.add(i.sopInstanceUid);
    const exchange = channel.request(
      context,
      {
        kind: "N-EVENT-REPORT-RQ",
        affectedSopClassUid: SopClassUid.StorageCommitmentPushModel,
        affectedSopInstanceUid: WellKnownInstanceUid.StorageCommitmentPushModel,
        eventTypeId: failed.size > 0 ? 2 : 1,
      },
      encodeFor(context, dataSet, PEER_TEXT),
    );
    const step = await exchange.next(30_000);
    exchange.close();
    return step.kind === "response" && step.response.status === 0;
  }
}

export type ArchiveParts = PeerParts;
