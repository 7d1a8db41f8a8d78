// Two associations joined in memory, for tests of what lies above the upper layer: message parts go
// across in PDVs of a chosen size; pauses and endings behave as dicom/ul/association.ts says.

import type { ByteSource } from "../../src/core/byte-source.ts";
import {
  type AcceptedContext,
  type Association,
  type AssociationEnd,
  AssociationEnded,
  DEFAULT_ROLE,
  type Pdv,
} from "../../src/dicom/ul/association.ts";

export class PairedAssociation implements Association {
  readonly calling = "US";
  readonly called = "THEM";
  readonly remoteAddress = "192.0.2.1";
  readonly peer = {
    implementationClassUid: "1.2.3",
    implementationVersionName: "PAIR",
    maxPduLength: 16_384,
  };
  readonly requestor: boolean;
  readonly contexts: readonly AcceptedContext[];
  readonly ended: Promise<AssociationEnd>;
  end: AssociationEnd | null = null;
  /** True while the handler's promise keeps the peer's PDVs back. */
  paused = false;
  /** Bytes of every part sent, for tests that look at the wire. */
  readonly sent: { command: boolean; bytes: number; pdvs: number }[] = [];
  #other: PairedAssociation | null = null;
  readonly #pdvBytesMax: number;
  #settle: (end: AssociationEnd) => void = () => {};
  #handler: ((pdv: Pdv) => void | Promise<void>) | null = null;
  readonly #queue: Pdv[] = [];

  constructor(requestor: boolean, contexts: readonly AcceptedContext[], pdvBytesMax: number) {
    this.requestor = requestor;
    this.contexts = contexts;
    this.#pdvBytesMax = pdvBytesMax;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  static join(a: PairedAssociation, b: PairedAssociation): void {
    a.#other = b;
    b.#other = a;
  }

  async send(
    contextId: number,
    command: boolean,
    body: readonly (Uint8Array | ByteSource)[],
  ): Promise<void> {
    if (this.end !== null) throw new AssociationEnded(this.end);
    const whole = await gather(body);
    const pdvs: Pdv[] = [];
    let at = 0;
    do {
      const bytes = whole.slice(at, at + this.#pdvBytesMax);
      at += bytes.byteLength;
      pdvs.push({ contextId, command, last: at >= whole.byteLength, bytes });
    } while (at < whole.byteLength);
    this.sent.push({ command, bytes: whole.byteLength, pdvs: pdvs.length });
    for (const pdv of pdvs) this.inject(pdv);
  }

  /** Puts a PDV on the wire as it is, sensible or not. */
  inject(pdv: Pdv): void {
    this.#other?.receive(pdv);
  }

  receive(pdv: Pdv): void {
    this.#queue.push(pdv);
    this.#pump();
  }

  onPdv(handler: (pdv: Pdv) => void | Promise<void>): void {
    this.#handler = handler;
    this.#pump();
  }

  #pump(): void {
    if (this.#handler === null) return;
    while (!this.paused && this.end === null) {
      const pdv = this.#queue.shift();
      if (pdv === undefined) return;
      const waiting = this.#handler(pdv);
      if (waiting === undefined) continue;
      this.paused = true;
      void waiting.then(
        () => {
          this.paused = false;
          this.#pump();
        },
        () => this.abort(),
      );
    }
  }

  async release(): Promise<AssociationEnd> {
    this.finish({ kind: "released" });
    this.#other?.finish({ kind: "released" });
    return this.ended;
  }

  abort(): void {
    this.finish({ kind: "aborted", by: "us", source: 0, reason: 0 });
    this.#other?.finish({ kind: "aborted", by: "peer", source: 0, reason: 0 });
  }

  /** The connection breaks under both. */
  lose(): void {
    this.finish({ kind: "lost", cause: null });
    this.#other?.finish({ kind: "lost", cause: null });
  }

  finish(end: AssociationEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.#settle(end);
  }
}

async function gather(body: readonly (Uint8Array | ByteSource)[]): Promise<Uint8Array> {
  const total = body.reduce((sum, part) => sum + part.byteLength, 0);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of body) {
    const into = whole.subarray(at, at + part.byteLength);
    if (part instanceof Uint8Array) into.set(part);
    else await part.readInto([into], 0);
    at += part.byteLength;
  }
  return whole;
}

/** An accepted context, Implicit VR Little Endian unless said otherwise. */
export function context(
  id: number,
  abstractSyntax: string,
  transferSyntax = "1.2.840.10008.1.2",
): AcceptedContext {
  return { id, abstractSyntax, transferSyntax, role: DEFAULT_ROLE };
}

/** Both ends of one association; the first is the requestor's. */
export function associationPair(
  contexts: readonly AcceptedContext[],
  pdvBytesMax = 16_378,
): [PairedAssociation, PairedAssociation] {
  const us = new PairedAssociation(true, contexts, pdvBytesMax);
  const them = new PairedAssociation(false, contexts, pdvBytesMax);
  PairedAssociation.join(us, them);
  return [us, them];
}
