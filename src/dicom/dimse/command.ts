// DIMSE command sets (PS3.7 §9.3, §10.3, Annex E) as a tagged union. The table below says which
// elements each command carries; the record types are derived from it. A command set is always
// Implicit VR Little Endian (PS3.7 §6.3.1).

import { ByteReader, ByteWriter, EndOfBytes } from "../../core/bytes.ts";
import type { Tag } from "../data/data-set.ts";

type CommandVr = "UI" | "AE" | "LO" | "US" | "AT";

/** PS3.7 Annex E, in the order of the wire. */
const FIELDS = {
  affectedSopClassUid: { element: 0x0002, vr: "UI" },
  requestedSopClassUid: { element: 0x0003, vr: "UI" },
  commandField: { element: 0x0100, vr: "US" },
  messageId: { element: 0x0110, vr: "US" },
  messageIdBeingRespondedTo: { element: 0x0120, vr: "US" },
  moveDestination: { element: 0x0600, vr: "AE" },
  priority: { element: 0x0700, vr: "US" },
  commandDataSetType: { element: 0x0800, vr: "US" },
  status: { element: 0x0900, vr: "US" },
  offendingElement: { element: 0x0901, vr: "AT" },
  errorComment: { element: 0x0902, vr: "LO" },
  errorId: { element: 0x0903, vr: "US" },
  affectedSopInstanceUid: { element: 0x1000, vr: "UI" },
  requestedSopInstanceUid: { element: 0x1001, vr: "UI" },
  eventTypeId: { element: 0x1002, vr: "US" },
  attributeIdentifierList: { element: 0x1005, vr: "AT" },
  actionTypeId: { element: 0x1008, vr: "US" },
  remainingSubOperations: { element: 0x1020, vr: "US" },
  completedSubOperations: { element: 0x1021, vr: "US" },
  failedSubOperations: { element: 0x1022, vr: "US" },
  warningSubOperations: { element: 0x1023, vr: "US" },
  moveOriginatorAeTitle: { element: 0x1030, vr: "AE" },
  moveOriginatorMessageId: { element: 0x1031, vr: "US" },
} as const satisfies Record<string, { element: number; vr: CommandVr }>;

type FieldName = keyof typeof FIELDS;

/** Optional in every response: the details of a failure (PS3.7 Annex C). */
const DETAILS = ["offendingElement", "errorComment", "errorId"] as const;
const AFFECTED = ["affectedSopClassUid", "affectedSopInstanceUid"] as const;

/**
 * The commands. `required` is what we cannot act without; what the standard demands beyond that is
 * written always but may be missing on reading (C8, C9).
 */
const COMMANDS = {
  "C-STORE-RQ": {
    field: 0x0001,
    table: "PS3.7 9.3-1",
    required: ["affectedSopClassUid", "messageId", "affectedSopInstanceUid"],
    optional: ["priority", "moveOriginatorAeTitle", "moveOriginatorMessageId"],
  },
  "C-STORE-RSP": {
    field: 0x8001,
    table: "PS3.7 9.3-2",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, ...DETAILS],
  },
  "C-FIND-RQ": {
    field: 0x0020,
    table: "PS3.7 9.3-3",
    required: ["affectedSopClassUid", "messageId"],
    optional: ["priority"],
  },
  "C-FIND-RSP": {
    field: 0x8020,
    table: "PS3.7 9.3-4",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: ["affectedSopClassUid", ...DETAILS],
  },
  "C-CANCEL-RQ": {
    field: 0x0fff,
    table: "PS3.7 9.3-5",
    required: ["messageIdBeingRespondedTo"],
    optional: [],
  },
  "C-MOVE-RQ": {
    field: 0x0021,
    table: "PS3.7 9.3-9",
    required: ["affectedSopClassUid", "messageId", "moveDestination"],
    optional: ["priority"],
  },
  "C-MOVE-RSP": {
    field: 0x8021,
    table: "PS3.7 9.3-10",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [
      "affectedSopClassUid",
      "remainingSubOperations",
      "completedSubOperations",
      "failedSubOperations",
      "warningSubOperations",
      ...DETAILS,
    ],
  },
  "C-ECHO-RQ": {
    field: 0x0030,
    table: "PS3.7 9.3-12",
    required: ["messageId"],
    optional: ["affectedSopClassUid"],
  },
  "C-ECHO-RSP": {
    field: 0x8030,
    table: "PS3.7 9.3-13",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: ["affectedSopClassUid", ...DETAILS],
  },
  "N-EVENT-REPORT-RQ": {
    field: 0x0100,
    table: "PS3.7 10.3-1",
    required: ["affectedSopClassUid", "messageId", "affectedSopInstanceUid"],
    optional: ["eventTypeId"],
  },
  "N-EVENT-REPORT-RSP": {
    field: 0x8100,
    table: "PS3.7 10.3-2",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, "eventTypeId", ...DETAILS],
  },
  "N-GET-RQ": {
    field: 0x0110,
    table: "PS3.7 10.3-3",
    required: ["requestedSopClassUid", "messageId", "requestedSopInstanceUid"],
    optional: ["attributeIdentifierList"],
  },
  "N-GET-RSP": {
    field: 0x8110,
    table: "PS3.7 10.3-4",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, "attributeIdentifierList", ...DETAILS],
  },
  "N-SET-RQ": {
    field: 0x0120,
    table: "PS3.7 10.3-5",
    required: ["requestedSopClassUid", "messageId", "requestedSopInstanceUid"],
    optional: [],
  },
  "N-SET-RSP": {
    field: 0x8120,
    table: "PS3.7 10.3-6",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, "attributeIdentifierList", ...DETAILS],
  },
  "N-ACTION-RQ": {
    field: 0x0130,
    table: "PS3.7 10.3-7",
    required: ["requestedSopClassUid", "messageId", "requestedSopInstanceUid", "actionTypeId"],
    optional: [],
  },
  "N-ACTION-RSP": {
    field: 0x8130,
    table: "PS3.7 10.3-8",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, "actionTypeId", ...DETAILS],
  },
  "N-CREATE-RQ": {
    field: 0x0140,
    table: "PS3.7 10.3-9",
    required: ["affectedSopClassUid", "messageId"],
    optional: ["affectedSopInstanceUid"],
  },
  "N-CREATE-RSP": {
    field: 0x8140,
    table: "PS3.7 10.3-10",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, "attributeIdentifierList", ...DETAILS],
  },
  "N-DELETE-RQ": {
    field: 0x0150,
    table: "PS3.7 10.3-11",
    required: ["requestedSopClassUid", "messageId", "requestedSopInstanceUid"],
    optional: [],
  },
  "N-DELETE-RSP": {
    field: 0x8150,
    table: "PS3.7 10.3-12",
    required: ["messageIdBeingRespondedTo", "status"],
    optional: [...AFFECTED, ...DETAILS],
  },
} as const satisfies Record<
  string,
  {
    field: number;
    table: string;
    required: readonly FieldName[];
    optional: readonly FieldName[];
  }
>;

export type CommandKind = keyof typeof COMMANDS;

type ValueOf<V extends CommandVr> = V extends "US"
  ? number
  : V extends "AT"
    ? readonly Tag[]
    : string;
type FieldValue<N extends FieldName> = ValueOf<(typeof FIELDS)[N]["vr"]>;
type Flat<T> = { [P in keyof T]: T[P] };

/** The record of one command. */
export type CommandOf<K extends CommandKind> = K extends CommandKind
  ? Flat<
      { readonly kind: K } & {
        readonly [N in (typeof COMMANDS)[K]["required"][number]]: FieldValue<N>;
      } & {
        readonly [N in (typeof COMMANDS)[K]["optional"][number]]?: FieldValue<N> | undefined;
      }
    >
  : never;

export type Command = CommandOf<CommandKind>;

/** A command that expects responses; C-CANCEL expects none. */
export type RequestKind = Exclude<Extract<CommandKind, `${string}-RQ`>, "C-CANCEL-RQ">;
export type RequestCommand = CommandOf<RequestKind>;
export type ResponseKind = Extract<CommandKind, `${string}-RSP`>;
export type ResponseCommand = CommandOf<ResponseKind>;
/** The response that belongs to a request. */
export type ResponseKindOf<K extends RequestKind> = K extends `${infer Service}-RQ`
  ? Extract<ResponseKind, `${Service}-RSP`>
  : never;
export type ResponseOf<K extends RequestKind> = CommandOf<ResponseKindOf<K>>;

/** What was read: a command, one nobody knows, or bytes that make none. */
export type ReadCommand =
  | { readonly kind: "command"; readonly command: Command; readonly dataSet: boolean }
  | {
      /** A Command Field without meaning to us; answered 0211 where it is a request. */
      readonly kind: "unknown";
      readonly commandField: number;
      readonly messageId: number | undefined;
      readonly dataSet: boolean;
    }
  | {
      /** A known request without something it cannot do without; answered with a failure. */
      readonly kind: "incomplete";
      readonly command: CommandKind;
      readonly messageId: number | undefined;
      readonly dataSet: boolean;
      readonly reason: string;
    }
  /** Not a command set: nobody can say what follows. */
  | { readonly kind: "malformed"; readonly reason: string };

/** (0000,0800): 0101H says that no data set follows; every other value that one does. */
const NO_DATA_SET = 0x0101;
const DATA_SET = 0x0001;
/** Bit of Command Field that tells a response (PS3.7 §E.1). */
const RESPONSE_BIT = 0x8000;

export const PRIORITY = { medium: 0, high: 1, low: 2 } as const;

const kindByField = new Map<number, CommandKind>(
  (Object.keys(COMMANDS) as CommandKind[]).map((kind) => [COMMANDS[kind].field, kind]),
);
const fieldsByElement = new Map<number, { name: FieldName; vr: CommandVr }>(
  (Object.keys(FIELDS) as FieldName[]).map((name) => [
    FIELDS[name].element,
    { name, vr: FIELDS[name].vr },
  ]),
);

/** The kind of response a request is answered with. */
export function responseKind<K extends RequestKind>(kind: K): ResponseKindOf<K> {
  return kind.replace(/RQ$/, "RSP") as ResponseKindOf<K>;
}

export function isRequest(command: Command): command is RequestCommand {
  return command.kind.endsWith("-RQ") && command.kind !== "C-CANCEL-RQ";
}

export function isResponse(command: Command): command is ResponseCommand {
  return command.kind.endsWith("-RSP");
}

/** True for the Command Field of a request. */
export function isRequestField(commandField: number): boolean {
  return (commandField & RESPONSE_BIT) === 0;
}

/**
 * Encodes a command set, group length included. Elements without a value are left out; a text
 * longer than its VR allows is cut (Error Comment 64, AE titles 16 characters).
 */
export function writeCommand(command: Command, dataSet: boolean): Uint8Array {
  const values: Partial<Record<FieldName, unknown>> = {
    ...command,
    commandField: COMMANDS[command.kind].field,
    commandDataSetType: dataSet ? DATA_SET : NO_DATA_SET,
  };
  return writeFields(values);
}

/** A bare failure response to a request we don't know (PS3.7 §C.5: 0211 unrecognized operation). */
export function writeUnrecognized(
  commandField: number,
  messageId: number,
  status: number,
): Uint8Array {
  return writeFields({
    commandField: commandField | RESPONSE_BIT,
    messageIdBeingRespondedTo: messageId,
    commandDataSetType: NO_DATA_SET,
    status,
  });
}

function writeFields(values: Partial<Record<FieldName, unknown>>): Uint8Array {
  const writer = new ByteWriter(true, 256);
  writer.uint32(0);
  writer.uint32(4);
  writer.uint32(0); // group length, patched below
  for (const name of Object.keys(FIELDS) as FieldName[]) {
    const value = values[name];
    if (value === undefined) continue;
    const { element, vr } = FIELDS[name];
    writer.uint16(0x0000);
    writer.uint16(element);
    writeValue(writer, vr, value);
  }
  writer.patchUint32(8, writer.length - 12);
  return writer.done();
}

/** Characters of one command element that are looked at. */
const TEXT_READ_MAX = 1024;
const TEXT_LENGTH_MAX = { UI: 64, AE: 16, LO: 64 } as const;

function writeValue(writer: ByteWriter, vr: CommandVr, value: unknown): void {
  if (vr === "US") {
    writer.uint32(2);
    writer.uint16(Number(value));
    return;
  }
  if (vr === "AT") {
    const tags = value as readonly Tag[];
    writer.uint32(tags.length * 4);
    for (const tag of tags) {
      writer.uint16(Math.floor(tag / 0x10000));
      writer.uint16(tag % 0x10000);
    }
    return;
  }
  const text = String(value);
  // PS3.5 §9: a UID is carried as it is, a too long one included (D9).
  const cut = vr === "UI" ? text : text.slice(0, TEXT_LENGTH_MAX[vr]);
  writer.uint32(cut.length + (cut.length & 1));
  for (let i = 0; i < cut.length; i++) {
    const code = cut.charCodeAt(i);
    writer.uint8(code < 0x80 ? code : 0x3f);
  }
  if (cut.length & 1) writer.uint8(vr === "UI" ? 0x00 : 0x20);
}

/** Reads one command set. Never throws: what cannot be read is a variant of the result. */
export function readCommand(bytes: Uint8Array): ReadCommand {
  const values: Partial<Record<FieldName, string | number | readonly Tag[]>> = {};
  const reader = new ByteReader(bytes, true);
  try {
    while (reader.left > 0) {
      const group = reader.uint16();
      const element = reader.uint16();
      const value = reader.take(reader.uint32());
      const field = group === 0 ? fieldsByElement.get(element) : undefined;
      if (field === undefined) continue;
      const read = readValue(field.vr, value);
      if (read !== undefined) values[field.name] = read;
    }
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    return { kind: "malformed", reason: `command set cut short: ${error.message}` };
  }

  const { commandField, commandDataSetType, messageId, messageIdBeingRespondedTo } = values;
  if (typeof commandField !== "number")
    return { kind: "malformed", reason: "Command Field (0000,0100) is missing" };
  if (typeof commandDataSetType !== "number")
    return { kind: "malformed", reason: "Command Data Set Type (0000,0800) is missing" };
  const dataSet = commandDataSetType !== NO_DATA_SET;
  const id = isRequestField(commandField) ? messageId : messageIdBeingRespondedTo;
  const numericId = typeof id === "number" ? id : undefined;

  const kind = kindByField.get(commandField);
  if (kind === undefined) return { kind: "unknown", commandField, messageId: numericId, dataSet };
  const { required, optional } = COMMANDS[kind];
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) {
    const reason = `${kind} without ${missing}`;
    return { kind: "incomplete", command: kind, messageId: numericId, dataSet, reason };
  }
  const record: Record<string, unknown> = { kind };
  for (const name of [...required, ...optional])
    if (values[name] !== undefined) record[name] = values[name];
  return { kind: "command", command: record as Command, dataSet };
}

/** A value, or undefined where the bytes hold none of that VR (C8). */
function readValue(vr: CommandVr, bytes: Uint8Array): string | number | Tag[] | undefined {
  switch (vr) {
    case "US":
      if (bytes.byteLength < 2) return undefined;
      return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
    case "AT": {
      if (bytes.byteLength % 4 !== 0 || bytes.byteLength === 0) return undefined;
      const reader = new ByteReader(bytes, true);
      const tags: Tag[] = [];
      while (reader.left > 0) tags.push(reader.uint16() * 0x10000 + reader.uint16());
      return tags;
    }
    case "UI":
    case "AE":
    case "LO": {
      const text = trimmed(bytes);
      if (text === "") return undefined;
      // Several values where one belongs: the first counts.
      const [first] = vr === "LO" ? [text] : text.split("\\");
      if (vr === "AE" && (first ?? "").length > TEXT_LENGTH_MAX.AE) return undefined;
      return first;
    }
  }
}

/** Bytes as Latin-1 text without padding at both ends (NUL and space). */
function trimmed(bytes: Uint8Array): string {
  const padding = (byte: number | undefined) => byte === 0x20 || byte === 0x00;
  let start = 0;
  let end = bytes.byteLength;
  while (start < end && padding(bytes[start])) start++;
  while (end > start && padding(bytes[end - 1])) end--;
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + TEXT_READ_MAX)));
}
