import { expect, test } from "bun:test";
import {
  isValidUid,
  SopClassUid,
  TransferSyntaxUid,
  WellKnownInstanceUid,
} from "../../../src/dicom/dict/uids.ts";

test("the well-known UIDs are valid and differ", () => {
  const uids = [SopClassUid, TransferSyntaxUid, WellKnownInstanceUid].flatMap((table) =>
    Object.values<string>(table),
  );
  expect(new Set(uids).size).toBe(uids.length);
  expect(uids.filter((uid) => !isValidUid(uid))).toEqual([]);
});

test.each([
  ["1.2.840.10008.1.1", true],
  ["0", true],
  ["1.0.3", true],
  ["2.25.329800735698586629295641978511506172918", true],
  ["1".repeat(64), true],
  ["1".repeat(65), false],
  ["", false],
  ["1.02", false],
  ["1..2", false],
  [".1", false],
  ["1.2.", false],
  ["1.2 ", false],
  ["1.a", false],
])("isValidUid(%p) is %p", (text, valid) => {
  expect(isValidUid(text)).toBe(valid);
});
