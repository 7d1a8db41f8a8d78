// Makers of PDUs and a reader of byte streams, for scripted peers.

import type { AssociationRequest, UpperLayerTimeouts } from "../../../src/dicom/ul/association.ts";
import type {
  AssociateAccept,
  AssociateRequest,
  Pdu,
  UserItem,
} from "../../../src/dicom/ul/pdu.ts";
import { readPdu } from "../../../src/dicom/ul/read-pdu.ts";

export const IMPLICIT = "1.2.840.10008.1.2";
export const EXPLICIT = "1.2.840.10008.1.2.1";
export const VERIFICATION = "1.2.840.10008.1.1";
export const COMMITMENT = "1.2.840.10008.1.20.1";
export const CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1";
export const APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1";

export const TIMEOUTS: UpperLayerTimeouts = {
  connectMs: 5_000,
  associationMs: 5_000,
  releaseMs: 5_000,
  dataMs: 60_000,
  artimMs: 10_000,
  idleMs: 60_000,
  writeMs: 30_000,
};

export const IDENTITY = { implementationClassUid: "1.2.3.4", implementationVersionName: "TEST" };

export function userItems(maxLength = 16_384): UserItem[] {
  return [
    { type: "max-length", bytes: maxLength },
    { type: "implementation-class-uid", uid: "1.2.9" },
    { type: "implementation-version-name", name: "PEER" },
  ];
}

export function associateRequest(change: Partial<AssociateRequest> = {}): AssociateRequest {
  return {
    type: "associate-rq",
    protocolVersion: 1,
    called: "UDR10A",
    calling: "PEER",
    applicationContext: APPLICATION_CONTEXT,
    contexts: [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
    userItems: userItems(),
    unknownItems: [],
    ...change,
  };
}

export function associateAccept(change: Partial<AssociateAccept> = {}): AssociateAccept {
  return {
    type: "associate-ac",
    protocolVersion: 1,
    called: "THEM",
    calling: "US",
    applicationContext: APPLICATION_CONTEXT,
    contexts: [{ id: 1, result: 0, transferSyntax: IMPLICIT }],
    userItems: userItems(),
    unknownItems: [],
    ...change,
  };
}

export function associationRequest(change: Partial<AssociationRequest> = {}): AssociationRequest {
  return {
    target: { host: "127.0.0.1", port: 104 },
    calling: "US",
    called: "THEM",
    contexts: [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
    identity: IDENTITY,
    maxPduLength: 131_072,
    timeouts: TIMEOUTS,
    ...change,
  };
}

/** One P-DATA-TF PDU of one PDV. */
export function pData(contextId: number, command: boolean, last: boolean, bytes: Uint8Array): Pdu {
  return { type: "p-data", values: [{ contextId, command, last, bytes }] };
}

/** Cuts whole PDUs off a byte stream; what is left over is an error of the test. */
export function readPdus(stream: Uint8Array): Pdu[] {
  const pdus: Pdu[] = [];
  let at = 0;
  while (at < stream.byteLength) {
    const view = new DataView(stream.buffer, stream.byteOffset + at);
    const length = view.getUint32(2);
    const end = at + 6 + length;
    if (end > stream.byteLength) throw new Error("half a PDU at the end of the stream");
    pdus.push(readPdu(view.getUint8(0), stream.subarray(at + 6, end)));
    at = end;
  }
  return pdus;
}
