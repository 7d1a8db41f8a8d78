// Verification against a scripted peer: Tables 4.2-84 to 4.2-86 and 4.2-93.

import { describe, expect, test } from "bun:test";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import {
  VERIFICATION_ACCEPTED,
  VERIFICATION_PROPOSED,
} from "../../../src/dicom/ae/verification/presentation-contexts.ts";
import { serveVerification } from "../../../src/dicom/ae/verification/serve-verification.ts";
import { ECHO_STATUS } from "../../../src/dicom/ae/verification/status.ts";
import { verify } from "../../../src/dicom/ae/verification/verify.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import { row } from "../../coverage.ts";
import { answering, connect, type PeerScript, scriptedPeer } from "../peer.ts";
import { exampleStatus } from "./statuses.ts";

const TIMEOUT_MS = 5_000;
const CONTEXTS = proposedContexts(VERIFICATION_PROPOSED.rows);

async function echoTo(script: PeerScript, timeoutMs = TIMEOUT_MS) {
  await using peer = await scriptedPeer(script);
  const channel = await connect(peer.port, CONTEXTS);
  const outcome = await verify(channel, { timeoutMs });
  const { end } = channel.association;
  if (end === null) await channel.release();
  return { outcome, end, seen: await peer.seen(0) };
}

describe("C-ECHO response", () => {
  for (const line of ECHO_STATUS.rows)
    test(`${row("4.2-85", line.code)} ${line.meaning}`, async () => {
      const { outcome, end } = await echoTo({ handlers: answering(exampleStatus(line)) });
      if (line.code === "0000") {
        expect(outcome).toEqual({ kind: "success", actions: ["mark-remote-alive"] });
        expect(end).toBeNull();
        return;
      }
      expect(outcome).toMatchObject({ kind: "refused", status: exampleStatus(line) });
      expect(outcome).toMatchObject({ actions: line.actions });
      expect(end).toMatchObject({ kind: "aborted", by: "us" });
    });
});

describe("communication failures", () => {
  test(`${row("4.2-86", "timeout")} no answer aborts the association`, async () => {
    const silent: PeerScript = {
      handlers: { "C-ECHO-RQ": () => ({ end: () => new Promise(() => {}) }) },
    };
    const { outcome, end } = await echoTo(silent, 50);
    expect(outcome).toMatchObject({
      kind: "timeout",
      actions: ["abort-association", "mark-remote-failed", "log", "report-user"],
    });
    expect(end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test(`${row("4.2-86", "aborted")} the peer's abort marks it failed`, async () => {
    const { outcome } = await echoTo({
      handlers: (seen) => ({ "C-ECHO-RQ": () => ({ end: () => seen().association.abort() }) }),
    });
    expect(outcome).toMatchObject({
      kind: "aborted",
      end: { kind: "aborted", by: "peer" },
      actions: ["mark-remote-failed", "log", "report-user"],
    });
  });
});

describe("presentation contexts", () => {
  for (const line of VERIFICATION_PROPOSED.rows)
    test(`${row("4.2-84", line.abstractSyntax)} is what the A-ASSOCIATE-RQ proposes`, async () => {
      const { seen } = await echoTo({ handlers: answering(0) });
      expect(seen.request.contexts).toEqual([
        {
          id: 1,
          abstractSyntax: line.abstractSyntax,
          transferSyntaxes: ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
        },
      ]);
      expect(seen.request.userItems.map(({ type }) => type).sort()).toEqual([
        "implementation-class-uid",
        "implementation-version-name",
        "max-length",
      ]);
    });

  test("a peer that accepts no context is told as not supporting verification", async () => {
    const { outcome, end } = await echoTo({ answer: () => ({ result: 3 }) });
    expect(outcome).toMatchObject({ kind: "not-supported" });
    expect(end).toBeNull();
  });
});

describe("C-ECHO served", () => {
  test(`${row("4.2-93", SopClassUid.Verification)}${row("4.2-C-ECHO", "0000")} every echo is answered with success, then told`, async () => {
    let echoes = 0;
    await using us = await scriptedPeer({
      handlers: { "C-ECHO-RQ": serveVerification(() => echoes++) },
    });
    for (const { abstractSyntax, transferSyntaxes } of VERIFICATION_ACCEPTED.rows)
      for (const transferSyntax of transferSyntaxes) {
        const theirs = await connect(us.port, [
          { abstractSyntax, transferSyntaxes: [transferSyntax] },
        ]);
        expect(await verify(theirs, { timeoutMs: TIMEOUT_MS })).toMatchObject({ kind: "success" });
        await theirs.release();
      }
    expect(echoes).toBe(2);
  });
});
