// Our own Storage and Verification SCP over the real upper layer, with instances kept in memory.

import { silentLog } from "../../src/core/log.ts";
import { STORAGE_ACCEPTED } from "../../src/dicom/ae/storage/presentation-contexts.ts";
import { serveStorage } from "../../src/dicom/ae/storage/serve-storage.ts";
import { serveVerification } from "../../src/dicom/ae/verification/serve-verification.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import type { RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { CONTEXT_RESULT } from "../../src/dicom/ul/pdu.ts";
import { IDENTITY, type ScriptedPeer, scriptedPeer } from "./peer.ts";

export interface MemoryScp extends AsyncDisposable {
  readonly port: number;
  readonly peer: ScriptedPeer;
  /** Part 10 files by SOP Instance UID. */
  readonly files: Map<string, Uint8Array>;
  echoes: number;
  /** Called for each instance kept. */
  onKept: () => void;
}

const ACCEPTED = new Set([
  SopClassUid.Verification,
  SopClassUid.StorageCommitmentPushModel,
  ...STORAGE_ACCEPTED.rows.map(({ abstractSyntax }) => abstractSyntax),
]);
const SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

/** Accepts the device's classes in its two transfer syntaxes; `more` serves other requests. */
export async function memoryScp(more: RequestHandlers = {}): Promise<MemoryScp> {
  const files = new Map<string, Uint8Array>();
  const state = { echoes: 0, onKept: () => {} };
  const peer = await scriptedPeer({
    answer: ({ abstractSyntax, transferSyntaxes }) => {
      const transferSyntax = transferSyntaxes.find((syntax) => SYNTAXES.includes(syntax));
      if (!ACCEPTED.has(abstractSyntax))
        return { result: CONTEXT_RESULT.abstractSyntaxNotSupported, transferSyntax: "" };
      if (transferSyntax === undefined)
        return { result: CONTEXT_RESULT.transferSyntaxesNotSupported, transferSyntax: "" };
      // E13: the archive that reports is SCP of the service.
      return abstractSyntax === SopClassUid.StorageCommitmentPushModel
        ? { transferSyntax, role: { scu: false, scp: true } }
        : { transferSyntax };
    },
    handlers: (seen) => ({
      ...more,
      "C-ECHO-RQ": serveVerification(() => state.echoes++),
      "C-STORE-RQ": (request, reply) =>
        serveStorage({
          log: silentLog,
          identity: IDENTITY,
          callingAeTitle: seen().association.calling,
          open({ sopInstanceUid }) {
            const chunks: Uint8Array[] = [];
            return {
              write: (bytes) => void chunks.push(bytes.slice()),
              commit: async () => {
                files.set(sopInstanceUid, new Uint8Array(Buffer.concat(chunks)));
                state.onKept();
              },
              discard() {},
            };
          },
        })(request, reply),
    }),
  });
  return Object.assign(state, {
    port: peer.port,
    peer,
    files,
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  });
}
