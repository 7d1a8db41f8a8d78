// An MPPS server as the standard has it (PS3.4 §F.7.2), with the faults a test wants.

import type { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import { type ScriptedPeer, type SeenAssociation, scriptedPeer } from "../../dicom/peer.ts";

/** A status instead of the server's own; abort and silence before or after doing what was asked. */
export type Fault =
  | number
  | "abort"
  | "silence"
  /** Does it, then hangs up instead of answering. */
  | "abort-after"
  | { readonly status: number; readonly errorId: number };

export interface Received {
  readonly message: "create" | "set";
  readonly uid: string;
  readonly dataSet: DataSet;
  /** Of the association, in the order they came. */
  readonly association: number;
}

export interface StepScp extends AsyncDisposable {
  readonly peer: ScriptedPeer;
  readonly port: number;
  readonly received: Received[];
  /** Status (0040,0252) of the steps the server has. */
  readonly steps: Map<string, string>;
  /** For the next messages, one each; undefined: none for this one. */
  readonly faults: (Fault | undefined)[];
  /** For every message that has no fault in the list. */
  always: Fault | undefined;
  /** Most associations that stood at once. */
  most: number;
  /** Resolves when the n-th message has come (from 1). */
  came(count: number): Promise<void>;
}

export async function startStepScp(
  answer?: (abstractSyntax: string) => { readonly result: 3 } | undefined,
): Promise<StepScp> {
  const received: Received[] = [];
  const steps = new Map<string, string>();
  const faults: (Fault | undefined)[] = [];
  let standing = 0;
  let arrivals: (() => void)[] = [];
  const scp = { received, steps, faults, most: 0, always: undefined as Fault | undefined };

  const judge = (message: "create" | "set", uid: string, status: string) => {
    if (message === "create") {
      if (steps.has(uid)) return { status: 0x0111 };
      steps.set(uid, status);
      return { status: 0 };
    }
    const now = steps.get(uid);
    if (now === undefined) return { status: 0x0112 };
    if (now !== "IN PROGRESS") return { status: 0x0110, errorId: 0xa710 };
    steps.set(uid, status);
    return { status: 0 };
  };

  const handle = async (
    seen: SeenAssociation,
    message: "create" | "set",
    uid: string,
    data: Uint8Array | null,
    respond: (fields: { status: number; errorId?: number }) => Promise<void>,
  ): Promise<void> => {
    const { dataSet } = decodeDataSet(data ?? new Uint8Array(), { explicitVr: false });
    const association = peer.associations.indexOf(seen);
    received.push({ message, uid, dataSet, association });
    const fault = faults.length > 0 ? faults.shift() : scp.always;
    for (const arrived of arrivals.splice(0)) arrived();
    if (typeof fault === "number") return respond({ status: fault });
    if (typeof fault === "object") return respond(fault);
    if (fault === "silence") return new Promise<void>(() => {});
    const own =
      fault === "abort"
        ? null
        : judge(message, uid, dataSet.string(Tag.PerformedProcedureStepStatus) ?? "");
    if (own === null || fault === "abort-after") return seen.association.abort();
    return respond(own);
  };

  const peer = await scriptedPeer({
    ...(answer === undefined
      ? {}
      : { answer: ({ abstractSyntax }) => answer(abstractSyntax) ?? {} }),
    onAssociation({ association }) {
      scp.most = Math.max(scp.most, ++standing);
      void association.ended.then(() => standing--);
    },
    handlers: (seen): RequestHandlers => ({
      "N-CREATE-RQ": ({ command }, reply) => ({
        end: (data) =>
          handle(seen(), "create", command.affectedSopInstanceUid ?? "", data, (f) =>
            reply.respond(f),
          ),
      }),
      "N-SET-RQ": ({ command }, reply) => ({
        end: (data) =>
          handle(seen(), "set", command.requestedSopInstanceUid, data, (f) => reply.respond(f)),
      }),
    }),
  });
  return Object.assign(scp, {
    peer,
    port: peer.port,
    async came(count: number) {
      while (received.length < count)
        await new Promise<void>((resolve) => {
          arrivals.push(resolve);
        });
    },
    async [Symbol.asyncDispose]() {
      arrivals = [];
      await peer[Symbol.asyncDispose]();
    },
  });
}
