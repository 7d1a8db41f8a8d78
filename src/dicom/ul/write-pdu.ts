// Record of a PDU → its bytes, PS3.8 §9.3. Reserved fields are sent as zero (an A-ASSOCIATE-AC
// repeats the titles of the request, §9.3.3).

import { assert, unreachable } from "../../core/assert.ts";
import { ByteWriter } from "../../core/bytes.ts";
import { AE_TITLE_CHARACTERS } from "./limits.ts";
import {
  type AssociateAccept,
  type AssociateRequest,
  ITEM_TYPE,
  PDU_HEADER_BYTES,
  PDU_TYPE,
  PDV_HEADER_BYTES,
  type Pdu,
  type UserItem,
} from "./pdu.ts";

/** The whole PDU with its header. Text outside Latin-1 or too long for its field is a defect. */
export function writePdu(pdu: Pdu): Uint8Array {
  const writer = new ByteWriter(false, 256);
  writer.uint8(pdu.type === "unknown" ? pdu.pduType : PDU_TYPE[pdu.type]);
  writer.uint8(0);
  writer.uint32(0);
  writeBody(writer, pdu);
  writer.patchUint32(2, writer.length - PDU_HEADER_BYTES);
  return writer.done();
}

function writeBody(writer: ByteWriter, pdu: Pdu): void {
  switch (pdu.type) {
    case "associate-rq":
    case "associate-ac":
      writeAssociate(writer, pdu);
      return;
    case "associate-rj":
      writer.uint8(0);
      writer.uint8(pdu.result);
      writer.uint8(pdu.source);
      writer.uint8(pdu.reason);
      return;
    case "p-data":
      for (const value of pdu.values) {
        writer.pad(PDV_HEADER_BYTES);
        const at = writer.length - PDV_HEADER_BYTES;
        writer.put(value.bytes);
        const header = writer.done().subarray(at, at + PDV_HEADER_BYTES);
        putPdvHeader(header, 0, value.bytes.byteLength, value);
      }
      return;
    case "release-rq":
    case "release-rp":
      writer.pad(4);
      return;
    case "abort":
      writer.pad(2);
      writer.uint8(pdu.source);
      writer.uint8(pdu.reason);
      return;
    case "unknown":
      writer.put(pdu.bytes);
      return;
    default:
      unreachable(pdu);
  }
}

function writeAssociate(writer: ByteWriter, pdu: AssociateRequest | AssociateAccept): void {
  writer.uint16(pdu.protocolVersion);
  writer.pad(2);
  writer.put(aeTitle(pdu.called));
  writer.put(aeTitle(pdu.calling));
  writer.pad(32);
  textItem(writer, ITEM_TYPE.applicationContext, pdu.applicationContext);
  if (pdu.type === "associate-rq") {
    for (const context of pdu.contexts)
      item(writer, ITEM_TYPE.contextProposal, () => {
        writer.uint8(context.id);
        writer.pad(3);
        textItem(writer, ITEM_TYPE.abstractSyntax, context.abstractSyntax);
        for (const uid of context.transferSyntaxes) textItem(writer, ITEM_TYPE.transferSyntax, uid);
      });
  } else {
    for (const context of pdu.contexts)
      item(writer, ITEM_TYPE.contextResult, () => {
        writer.uint8(context.id);
        writer.pad(1);
        writer.uint8(context.result);
        writer.pad(1);
        // PS3.8 §9.3.3.2: one sub-item always; not significant when the result is not 0
        textItem(writer, ITEM_TYPE.transferSyntax, context.transferSyntax);
      });
  }
  for (const { itemType, bytes } of pdu.unknownItems)
    item(writer, itemType, () => writer.put(bytes));
  item(writer, ITEM_TYPE.userInformation, () => {
    for (const userItem of pdu.userItems) writeUserItem(writer, userItem);
  });
}

function writeUserItem(writer: ByteWriter, value: UserItem): void {
  switch (value.type) {
    case "max-length":
      item(writer, ITEM_TYPE.maxLength, () => writer.uint32(value.bytes));
      return;
    case "implementation-class-uid":
      textItem(writer, ITEM_TYPE.implementationClassUid, value.uid);
      return;
    case "implementation-version-name":
      textItem(writer, ITEM_TYPE.implementationVersionName, value.name);
      return;
    case "async-window":
      item(writer, ITEM_TYPE.asyncWindow, () => {
        writer.uint16(value.invoked);
        writer.uint16(value.performed);
      });
      return;
    case "role-selection":
      item(writer, ITEM_TYPE.roleSelection, () => {
        counted(writer, latin1(value.sopClassUid));
        writer.uint8(value.scu ? 1 : 0);
        writer.uint8(value.scp ? 1 : 0);
      });
      return;
    case "extended-negotiation":
      item(writer, ITEM_TYPE.extendedNegotiation, () => {
        counted(writer, latin1(value.sopClassUid));
        writer.put(value.information);
      });
      return;
    case "common-extended-negotiation":
      item(writer, ITEM_TYPE.commonExtendedNegotiation, () => {
        counted(writer, latin1(value.sopClassUid));
        counted(writer, latin1(value.serviceClassUid));
        const related = new ByteWriter(false, 256);
        for (const uid of value.relatedSopClassUids) counted(related, latin1(uid));
        counted(writer, related.done());
      });
      return;
    case "user-identity":
      item(writer, ITEM_TYPE.userIdentity, () => {
        writer.uint8(value.identityType);
        writer.uint8(value.responseRequested ? 1 : 0);
        counted(writer, value.primary);
        counted(writer, value.secondary);
      });
      return;
    case "user-identity-response":
      item(writer, ITEM_TYPE.userIdentityResponse, () => counted(writer, value.response));
      return;
    case "unknown":
      item(writer, value.itemType, () => writer.put(value.bytes));
      return;
    default:
      unreachable(value);
  }
}

/** Writes the header of one P-DATA-TF PDU that holds a single PDV: twelve bytes at `at`. */
export function putSinglePdvHeader(
  into: Uint8Array,
  at: number,
  dataBytes: number,
  flags: { readonly contextId: number; readonly command: boolean; readonly last: boolean },
): void {
  into[at] = PDU_TYPE["p-data"];
  into[at + 1] = 0;
  putUint32(into, at + 2, dataBytes + PDV_HEADER_BYTES);
  putPdvHeader(into, at + PDU_HEADER_BYTES, dataBytes, flags);
}

function putPdvHeader(
  into: Uint8Array,
  at: number,
  dataBytes: number,
  flags: { readonly contextId: number; readonly command: boolean; readonly last: boolean },
): void {
  putUint32(into, at, dataBytes + 2);
  into[at + 4] = flags.contextId;
  into[at + 5] = (flags.command ? 1 : 0) | (flags.last ? 2 : 0);
}

function putUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

function item(writer: ByteWriter, itemType: number, body: () => void): void {
  writer.uint8(itemType);
  writer.uint8(0);
  const at = writer.length;
  writer.uint16(0);
  body();
  const length = writer.length - at - 2;
  assert(length <= 0xffff, `item ${itemType} of ${length} bytes`);
  writer.patchUint16(at, length);
}

function textItem(writer: ByteWriter, itemType: number, value: string): void {
  item(writer, itemType, () => writer.put(latin1(value)));
}

function counted(writer: ByteWriter, bytes: Uint8Array): void {
  assert(bytes.byteLength <= 0xffff, `field of ${bytes.byteLength} bytes`);
  writer.uint16(bytes.byteLength);
  writer.put(bytes);
}

/** Exactly sixteen bytes, padded with blanks, PS3.8 §9.3.2. */
function aeTitle(title: string): Uint8Array {
  assert(title.length <= AE_TITLE_CHARACTERS, `AE title "${title}" is longer than 16 characters`);
  return latin1(title.padEnd(AE_TITLE_CHARACTERS, " "));
}

function latin1(value: string): Uint8Array {
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    assert(code <= 0xff, `"${value}" holds a character that DICOM titles and UIDs cannot`);
    bytes[i] = code;
  }
  return bytes;
}
