// A scripted peer over the real upper layer on loopback: serves what its script says, remembers what
// it saw, hangs up when told. Also opens associations to us or to others, as any SCU would.

import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { DimseChannel } from "../../src/dicom/dimse/channel.ts";
import type { Command } from "../../src/dicom/dimse/command.ts";
import type { RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { acceptAssociation, type ContextAnswer } from "../../src/dicom/ul/acceptor.ts";
import type {
  Association,
  ProposedContext,
  UpperLayerTimeouts,
} from "../../src/dicom/ul/association.ts";
import { type AssociateRequest, CONTEXT_RESULT } from "../../src/dicom/ul/pdu.ts";
import { requestAssociation } from "../../src/dicom/ul/requestor.ts";
import { tcpDial } from "../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../src/hal/net/tcp-listen.ts";

export const clock = new SystemClock();
export const IDENTITY = {
  implementationClassUid: "1.2.392.200036.9116.32.5",
  implementationVersionName: "UDR10A",
};
export const TIMEOUTS: UpperLayerTimeouts = {
  connectMs: 5_000,
  associationMs: 10_000,
  releaseMs: 5_000,
  dataMs: 60_000,
  artimMs: 10_000,
  idleMs: 60_000,
  writeMs: 60_000,
};
const MAX_PDU_LENGTH = 131_072;

/** One association that a scripted peer accepted. */
export interface SeenAssociation {
  readonly request: AssociateRequest;
  readonly association: Association;
  readonly channel: DimseChannel;
}

export interface ScriptedPeer extends AsyncDisposable {
  readonly port: number;
  /** In the order they came. */
  readonly associations: readonly SeenAssociation[];
  /** Resolves once the n-th association (from 0) is there. */
  seen(index: number): Promise<SeenAssociation>;
}

export interface PeerScript {
  /** Requests served on each association. */
  readonly handlers?: RequestHandlers | ((seen: () => SeenAssociation) => RequestHandlers);
  /** Answers to proposed contexts; default: all, with the first transfer syntax. */
  readonly answer?: (context: AssociateRequest["contexts"][number]) => Partial<ContextAnswer>;
  /** Answers every request with A-ASSOCIATE-RJ. */
  readonly reject?: { readonly result: 1 | 2; readonly source: 1 | 2 | 3; readonly reason: number };
  /** Called when an association stands: the place to hang up or to send unasked. */
  readonly onAssociation?: (seen: SeenAssociation) => void;
  /** Largest PDU the peer takes. */
  readonly maxPduLength?: number;
  readonly collectedBytesMax?: number;
}

/** Listens on a free port of the loopback. */
export async function scriptedPeer(script: PeerScript = {}): Promise<ScriptedPeer> {
  const associations: SeenAssociation[] = [];
  let arrivals: (() => void)[] = [];
  const listening = await tcpListen({ clock, log: silentLog })(
    { host: "127.0.0.1", port: 0 },
    (connection) => {
      let request: AssociateRequest | null = null;
      acceptAssociation({ clock, log: silentLog }, connection, {
        identity: { implementationClassUid: "1.2.3.4", implementationVersionName: "PEER" },
        maxPduLength: script.maxPduLength ?? MAX_PDU_LENGTH,
        timeouts: TIMEOUTS,
        decide(rq) {
          request = rq;
          if (script.reject !== undefined) return { kind: "reject", ...script.reject };
          const contexts = rq.contexts.map((context) => ({
            id: context.id,
            result: CONTEXT_RESULT.acceptance,
            transferSyntax: context.transferSyntaxes[0] ?? "",
            ...script.answer?.(context),
          }));
          return { kind: "accept", contexts };
        },
        onAssociation(association) {
          if (request === null) return;
          const box: { seen: SeenAssociation | null } = { seen: null };
          const it = () => {
            if (box.seen === null) throw new Error("no association yet");
            return box.seen;
          };
          const handlers =
            typeof script.handlers === "function" ? script.handlers(it) : script.handlers;
          const channel = new DimseChannel(association, {
            clock,
            log: silentLog,
            handlers,
            collectedBytesMax: script.collectedBytesMax,
          });
          box.seen = { request, association, channel };
          associations.push(box.seen);
          script.onAssociation?.(box.seen);
          for (const arrived of arrivals.splice(0)) arrived();
        },
      });
    },
  );
  return {
    port: listening.port,
    associations,
    async seen(index) {
      for (;;) {
        const found = associations[index];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => arrivals.push(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      arrivals = [];
      for (const { association } of associations) if (association.end === null) association.abort();
      await listening.close();
    },
  };
}

export interface ConnectOptions {
  readonly calling?: string;
  readonly called?: string;
  readonly handlers?: RequestHandlers;
  readonly maxPduLength?: number;
}

/** Opens an association as SCU; throws with the outcome where the peer does not accept. */
export async function connect(
  port: number,
  contexts: readonly ProposedContext[],
  options: ConnectOptions = {},
): Promise<DimseChannel> {
  const outcome = await requestAssociation(
    { dial: tcpDial({ clock }), clock, log: silentLog },
    {
      target: { host: "127.0.0.1", port },
      calling: options.calling ?? "UDR10A",
      called: options.called ?? "PEER",
      contexts,
      identity: IDENTITY,
      maxPduLength: options.maxPduLength ?? MAX_PDU_LENGTH,
      timeouts: TIMEOUTS,
    },
  );
  if (outcome.kind !== "accepted")
    throw new Error(`association not accepted: ${JSON.stringify(outcome)}`);
  return new DimseChannel(outcome.association, {
    clock,
    log: silentLog,
    handlers: options.handlers,
  });
}

/** Handlers that answer every request with one status and remember what was asked. */
export function answering(
  status: number,
  seen: { command: Command; data: Uint8Array | null }[] = [],
): RequestHandlers {
  const serve = (
    request: { command: Command },
    reply: { respond(fields: { status: number }): Promise<void> },
  ) => ({
    end(data: Uint8Array | null) {
      seen.push({ command: request.command, data });
      return reply.respond({ status });
    },
  });
  return {
    "C-ECHO-RQ": serve,
    "C-STORE-RQ": serve,
    "C-FIND-RQ": serve,
    "C-MOVE-RQ": serve,
    "N-CREATE-RQ": serve,
    "N-SET-RQ": serve,
    "N-GET-RQ": serve,
    "N-ACTION-RQ": serve,
    "N-DELETE-RQ": serve,
    "N-EVENT-REPORT-RQ": serve,
  };
}
