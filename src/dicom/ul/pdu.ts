// The seven PDUs of PS3.8 §9.3 and their items as plain records. Items that the device never sends
// (extended negotiation, user identity, asynchronous window) can still be read and written, and
// what nobody knows is kept as bytes.

/** PS3.7 A.2.1: the only application context there is. */
export const DICOM_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1";

/** PS3.8 §9.3.2: bit 0 of the protocol version. */
export const PROTOCOL_VERSION = 1;

/** A proposed presentation context, PS3.8 §9.3.2.2. */
export interface PresentationContextProposal {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** Result 0 … 4 of PS3.8 table 9-18. */
export const CONTEXT_RESULT = {
  acceptance: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const;

/** An answered presentation context, PS3.8 §9.3.3.2; the transfer syntax means something with result 0 only. */
export interface PresentationContextResult {
  readonly id: number;
  readonly result: number;
  readonly transferSyntax: string;
}

/** Sub-items of the user information item, PS3.8 annex D and PS3.7 annex D.3. */
export type UserItem =
  | { readonly type: "max-length"; readonly bytes: number }
  | { readonly type: "implementation-class-uid"; readonly uid: string }
  | { readonly type: "implementation-version-name"; readonly name: string }
  | { readonly type: "async-window"; readonly invoked: number; readonly performed: number }
  | {
      readonly type: "role-selection";
      readonly sopClassUid: string;
      readonly scu: boolean;
      readonly scp: boolean;
    }
  | {
      readonly type: "extended-negotiation";
      readonly sopClassUid: string;
      readonly information: Uint8Array;
    }
  | {
      readonly type: "common-extended-negotiation";
      readonly sopClassUid: string;
      readonly serviceClassUid: string;
      readonly relatedSopClassUids: readonly string[];
    }
  | {
      readonly type: "user-identity";
      readonly identityType: number;
      readonly responseRequested: boolean;
      readonly primary: Uint8Array;
      readonly secondary: Uint8Array;
    }
  | { readonly type: "user-identity-response"; readonly response: Uint8Array }
  | { readonly type: "unknown"; readonly itemType: number; readonly bytes: Uint8Array };

/** An item of an A-ASSOCIATE PDU that PS3.8 does not know. */
export interface UnknownItem {
  readonly itemType: number;
  readonly bytes: Uint8Array;
}

interface AssociateFields {
  /** Bit field; bit 0 is the only version there is. */
  readonly protocolVersion: number;
  /** Without padding. */
  readonly called: string;
  readonly calling: string;
  /** Empty when the item is missing. */
  readonly applicationContext: string;
  readonly userItems: readonly UserItem[];
  readonly unknownItems: readonly UnknownItem[];
}

/** A-ASSOCIATE-RQ, PS3.8 §9.3.2. */
export interface AssociateRequest extends AssociateFields {
  readonly type: "associate-rq";
  readonly contexts: readonly PresentationContextProposal[];
}

/** A-ASSOCIATE-AC, PS3.8 §9.3.3. */
export interface AssociateAccept extends AssociateFields {
  readonly type: "associate-ac";
  readonly contexts: readonly PresentationContextResult[];
}

/** A-ASSOCIATE-RJ, PS3.8 §9.3.4. */
export interface AssociateReject {
  readonly type: "associate-rj";
  readonly result: number;
  readonly source: number;
  readonly reason: number;
}

/** One presentation data value, PS3.8 §9.3.5.1 and annex E. */
export interface PresentationDataValue {
  readonly contextId: number;
  /** Command fragment, else data set fragment. */
  readonly command: boolean;
  readonly last: boolean;
  readonly bytes: Uint8Array;
}

export type Pdu =
  | AssociateRequest
  | AssociateAccept
  | AssociateReject
  | { readonly type: "p-data"; readonly values: readonly PresentationDataValue[] }
  | { readonly type: "release-rq" }
  | { readonly type: "release-rp" }
  | { readonly type: "abort"; readonly source: number; readonly reason: number }
  | { readonly type: "unknown"; readonly pduType: number; readonly bytes: Uint8Array };

/** First byte of each PDU. */
export const PDU_TYPE = {
  "associate-rq": 0x01,
  "associate-ac": 0x02,
  "associate-rj": 0x03,
  "p-data": 0x04,
  "release-rq": 0x05,
  "release-rp": 0x06,
  abort: 0x07,
} as const;

/** First byte of each item and sub-item of an A-ASSOCIATE PDU. */
export const ITEM_TYPE = {
  applicationContext: 0x10,
  contextProposal: 0x20,
  contextResult: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maxLength: 0x51,
  implementationClassUid: 0x52,
  asyncWindow: 0x53,
  roleSelection: 0x54,
  implementationVersionName: 0x55,
  extendedNegotiation: 0x56,
  commonExtendedNegotiation: 0x57,
  userIdentity: 0x58,
  userIdentityResponse: 0x59,
} as const;

/** Type, reserved byte and 32-bit length in front of every PDU. */
export const PDU_HEADER_BYTES = 6;
/** Item length, context id and message control header in front of every PDV's bytes. */
export const PDV_HEADER_BYTES = 6;

/** PS3.8 table 9-26: who aborted. Source 1 is reserved and read as it comes. */
export const ABORT_SOURCE = { user: 0, provider: 2 } as const;
export const ABORT_REASON = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedPduParameter: 4,
  unexpectedPduParameter: 5,
  invalidPduParameterValue: 6,
} as const;
