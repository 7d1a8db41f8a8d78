// Bytes of one PDU → its record, PS3.8 §9.3. Lengths inside are never trusted: each item is read
// within the bounds of the one around it. Reserved fields are not looked at.

import { ByteReader, EndOfBytes } from "../../core/bytes.ts";
import {
  ABORT_REASON,
  type AssociateAccept,
  type AssociateRequest,
  ITEM_TYPE,
  PDU_TYPE,
  type Pdu,
  type PresentationContextProposal,
  type PresentationContextResult,
  type PresentationDataValue,
  type UnknownItem,
  type UserItem,
} from "./pdu.ts";

/** A PDU that cannot be read; `reason` is one of PS3.8 table 9-26 for the A-ABORT. */
export class MalformedPdu extends Error {
  override readonly name = "MalformedPdu";
  readonly pduType: number;
  readonly reason: number;

  constructor(pduType: number, reason: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.pduType = pduType;
    this.reason = reason;
  }
}

/**
 * Reads the body (without the six header bytes) of a PDU. Byte fields are views into `body`.
 * @throws MalformedPdu
 */
export function readPdu(pduType: number, body: Uint8Array): Pdu {
  const reader = new ByteReader(body, false);
  try {
    switch (pduType) {
      case PDU_TYPE["associate-rq"]:
        return readRequest(reader);
      case PDU_TYPE["associate-ac"]:
        return readAccept(reader);
      case PDU_TYPE["associate-rj"]: {
        reader.skip(1);
        const [result, source, reason] = [reader.uint8(), reader.uint8(), reader.uint8()];
        return { type: "associate-rj", result, source, reason };
      }
      case PDU_TYPE["p-data"]:
        return { type: "p-data", values: readValues(reader) };
      case PDU_TYPE["release-rq"]:
        reader.skip(4);
        return { type: "release-rq" };
      case PDU_TYPE["release-rp"]:
        reader.skip(4);
        return { type: "release-rp" };
      case PDU_TYPE.abort: {
        reader.skip(2);
        const [source, reason] = [reader.uint8(), reader.uint8()];
        return { type: "abort", source, reason };
      }
      default:
        return { type: "unknown", pduType, bytes: body };
    }
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new MalformedPdu(
      pduType,
      ABORT_REASON.invalidPduParameterValue,
      `PDU type ${pduType}: an item is longer than what holds it`,
      error,
    );
  }
}

/** What both A-ASSOCIATE-RQ and -AC hold, the contexts still as bytes. */
interface AssociateBody {
  readonly protocolVersion: number;
  readonly called: string;
  readonly calling: string;
  readonly applicationContext: string;
  readonly contexts: readonly ByteReader[];
  readonly userItems: readonly UserItem[];
  readonly unknownItems: readonly UnknownItem[];
}

function readAssociate(reader: ByteReader, contextItemType: number): AssociateBody {
  const protocolVersion = reader.uint16();
  reader.skip(2);
  const called = text(reader.take(16));
  const calling = text(reader.take(16));
  reader.skip(32);
  let applicationContext = "";
  const contexts: ByteReader[] = [];
  const userItems: UserItem[] = [];
  const unknownItems: UnknownItem[] = [];
  while (reader.left > 0) {
    const { itemType, item } = readItem(reader);
    if (itemType === ITEM_TYPE.applicationContext) applicationContext = text(rest(item));
    else if (itemType === contextItemType) contexts.push(item);
    else if (itemType === ITEM_TYPE.userInformation) {
      while (item.left > 0) {
        const sub = readItem(item);
        userItems.push(readUserItem(sub.itemType, sub.item));
      }
    } else unknownItems.push({ itemType, bytes: rest(item) });
  }
  return {
    protocolVersion,
    called,
    calling,
    applicationContext,
    contexts,
    userItems,
    unknownItems,
  };
}

function readRequest(reader: ByteReader): AssociateRequest {
  const { contexts: items, ...common } = readAssociate(reader, ITEM_TYPE.contextProposal);
  const seen = new Set<number>();
  const contexts = items.map((item): PresentationContextProposal => {
    const id = item.uint8();
    item.skip(3);
    let abstractSyntax = "";
    const transferSyntaxes: string[] = [];
    while (item.left > 0) {
      const { itemType, item: sub } = readItem(item);
      if (itemType === ITEM_TYPE.abstractSyntax) abstractSyntax = text(rest(sub));
      if (itemType === ITEM_TYPE.transferSyntax) transferSyntaxes.push(text(rest(sub)));
    }
    // PS3.8 §9.3.2.2: odd, and one of a kind
    if (id % 2 === 0) throw malformedRequest(`presentation context id ${id} is even`);
    if (seen.has(id)) throw malformedRequest(`presentation context id ${id} comes twice`);
    if (abstractSyntax === "") throw malformedRequest(`context ${id} names no abstract syntax`);
    seen.add(id);
    return { id, abstractSyntax, transferSyntaxes };
  });
  return { type: "associate-rq", ...common, contexts };
}

function readAccept(reader: ByteReader): AssociateAccept {
  const { contexts: items, ...common } = readAssociate(reader, ITEM_TYPE.contextResult);
  const contexts = items.map((item): PresentationContextResult => {
    const id = item.uint8();
    item.skip(1);
    const result = item.uint8();
    item.skip(1);
    // a transfer syntax counts with result 0 only: some peers leave it out, or leave it empty (B1)
    let transferSyntax = "";
    while (result === 0 && item.left > 0) {
      const { itemType, item: sub } = readItem(item);
      if (itemType === ITEM_TYPE.transferSyntax) transferSyntax = text(rest(sub));
    }
    return { id, result, transferSyntax };
  });
  return { type: "associate-ac", ...common, contexts };
}

function readUserItem(itemType: number, item: ByteReader): UserItem {
  switch (itemType) {
    case ITEM_TYPE.maxLength:
      return { type: "max-length", bytes: item.uint32() };
    case ITEM_TYPE.implementationClassUid:
      return { type: "implementation-class-uid", uid: text(rest(item)) };
    case ITEM_TYPE.implementationVersionName:
      return { type: "implementation-version-name", name: text(rest(item)) };
    case ITEM_TYPE.asyncWindow: {
      const [invoked, performed] = [item.uint16(), item.uint16()];
      return { type: "async-window", invoked, performed };
    }
    case ITEM_TYPE.roleSelection: {
      const sopClassUid = text(counted(item));
      const [scu, scp] = [item.uint8(), item.uint8()];
      return { type: "role-selection", sopClassUid, scu: scu !== 0, scp: scp !== 0 };
    }
    case ITEM_TYPE.extendedNegotiation:
      return {
        type: "extended-negotiation",
        sopClassUid: text(counted(item)),
        information: rest(item),
      };
    case ITEM_TYPE.commonExtendedNegotiation: {
      const sopClassUid = text(counted(item));
      const serviceClassUid = text(counted(item));
      const related = new ByteReader(counted(item), false);
      const relatedSopClassUids: string[] = [];
      while (related.left > 0) relatedSopClassUids.push(text(counted(related)));
      return {
        type: "common-extended-negotiation",
        sopClassUid,
        serviceClassUid,
        relatedSopClassUids,
      };
    }
    case ITEM_TYPE.userIdentity: {
      const [identityType, wanted] = [item.uint8(), item.uint8()];
      return {
        type: "user-identity",
        identityType,
        responseRequested: wanted !== 0,
        primary: counted(item),
        secondary: counted(item),
      };
    }
    case ITEM_TYPE.userIdentityResponse:
      return { type: "user-identity-response", response: counted(item) };
    default:
      return { type: "unknown", itemType, bytes: rest(item) };
  }
}

function readValues(reader: ByteReader): PresentationDataValue[] {
  const values: PresentationDataValue[] = [];
  while (reader.left > 0) {
    const value = new ByteReader(reader.take(reader.uint32()), false);
    const contextId = value.uint8();
    const control = value.uint8();
    values.push({
      contextId,
      command: (control & 1) !== 0,
      last: (control & 2) !== 0,
      bytes: rest(value),
    });
  }
  return values;
}

/** Type, reserved byte, 16-bit length, then the item's own bytes. */
function readItem(reader: ByteReader): { itemType: number; item: ByteReader } {
  const itemType = reader.uint8();
  reader.skip(1);
  return { itemType, item: new ByteReader(counted(reader), false) };
}

function counted(reader: ByteReader): Uint8Array {
  return reader.take(reader.uint16());
}

function rest(reader: ByteReader): Uint8Array {
  return reader.take(reader.left);
}

/** Peers pad AE titles and UIDs with blanks or NULs, on either side (B2). */
function text(bytes: Uint8Array): string {
  let [start, end] = [0, bytes.byteLength];
  while (start < end && isPadding(bytes[start])) start++;
  while (end > start && isPadding(bytes[end - 1])) end--;
  let result = "";
  for (const byte of bytes.subarray(start, end)) result += String.fromCharCode(byte);
  return result;
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0x00 || byte === 0x20;
}

function malformedRequest(message: string): MalformedPdu {
  return new MalformedPdu(
    PDU_TYPE["associate-rq"],
    ABORT_REASON.invalidPduParameterValue,
    `A-ASSOCIATE-RQ: ${message}`,
  );
}
