// What simulated archive and scheduler have in common: a host of the network with a DICOM port, served
// over our own upper layer, and the moods of its program.

import { type Clock, sleep } from "../../src/core/clock.ts";
import type { Connection } from "../../src/core/connection.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Random } from "../../src/core/random.ts";
import { DimseChannel } from "../../src/dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { acceptAssociation } from "../../src/dicom/ul/acceptor.ts";
import type { Association, UpperLayerTimeouts } from "../../src/dicom/ul/association.ts";
import { CONTEXT_RESULT } from "../../src/dicom/ul/pdu.ts";
import type { Host, SimNetwork } from "./network.ts";

export const PEER_IDENTITY = {
  implementationClassUid: "1.2.3.4",
  implementationVersionName: "SIM",
};
export const PEER_TIMEOUTS: UpperLayerTimeouts = {
  connectMs: 10_000,
  associationMs: 30_000,
  releaseMs: 10_000,
  dataMs: 120_000,
  artimMs: 30_000,
  idleMs: 120_000,
  writeMs: 60_000,
};
export const PEER_TEXT = { characterSet: "default-kanji" } as const;
const MAX_PDU_LENGTH = 65_536;
const SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

export interface PeerParts {
  readonly clock: Clock;
  readonly network: SimNetwork;
  readonly random: Random;
  readonly aeTitle: string;
  readonly hostName: string;
  readonly port: number;
  /** Chance of each small mishap, as a factor; 0: a peer without fault. */
  readonly trouble: () => number;
}

/** An association that the peer accepted. */
export interface Served {
  readonly association: Association;
  readonly channel: DimseChannel;
  readonly connection: Connection;
}

export abstract class SimPeer {
  readonly host: Host;
  protected readonly parts: PeerParts;
  protected abstract readonly accepted: ReadonlySet<string>;
  /** Abstract syntaxes of which we are SCP in role selection (E13). */
  protected readonly scpRole: ReadonlySet<string> = new Set();

  constructor(parts: PeerParts) {
    this.parts = parts;
    this.host = parts.network.host(parts.hostName);
  }

  async start(): Promise<void> {
    await this.host.listen({ host: "", port: this.parts.port }, (connection) =>
      this.#serve(connection),
    );
  }

  protected abstract handlers(served: () => Served): RequestHandlers;

  protected chance(probability: number): boolean {
    return this.parts.random.chance(probability * this.parts.trouble());
  }

  protected sleep(ms: number): Promise<void> {
    return sleep(this.parts.clock, ms);
  }

  #serve(connection: Connection): void {
    const { clock } = this.parts;
    acceptAssociation({ clock, log: silentLog }, connection, {
      identity: PEER_IDENTITY,
      maxPduLength: MAX_PDU_LENGTH,
      timeouts: PEER_TIMEOUTS,
      decide: (request) => {
        // PS3.8 §9.3.4: transient, presentation layer, local limit exceeded.
        if (this.chance(0.02)) return { kind: "reject", result: 2, source: 3, reason: 2 };
        return {
          kind: "accept",
          contexts: request.contexts.map((context) => {
            const transferSyntax = SYNTAXES.find((s) => context.transferSyntaxes.includes(s));
            if (!this.accepted.has(context.abstractSyntax) || transferSyntax === undefined)
              return {
                id: context.id,
                result: CONTEXT_RESULT.abstractSyntaxNotSupported,
                transferSyntax: "",
              };
            return {
              id: context.id,
              result: CONTEXT_RESULT.acceptance,
              transferSyntax,
              ...(this.scpRole.has(context.abstractSyntax)
                ? { role: { scu: false, scp: true } }
                : {}),
            };
          }),
        };
      },
      onAssociation: (association) => {
        const box: { served: Served | null } = { served: null };
        const channel = new DimseChannel(association, {
          clock,
          log: silentLog,
          handlers: this.handlers(() => {
            if (box.served === null) throw new Error("no association yet");
            return box.served;
          }),
        });
        box.served = { association, channel, connection };
      },
    });
  }
}
