// The acceptor on the wire: contexts, quotas, hostile peers, its ports.

import { describe, expect, test } from "bun:test";
import { WAITING_PER_ADDRESS_MAX } from "../../../src/services/acceptor/connection-table.ts";
import { ACCEPTED_CONTEXTS, PURPOSES } from "../../../src/services/acceptor/purposes.ts";
import {
  associateRequest,
  COMMITMENT,
  CR_STORAGE,
  IMPLICIT,
  userItems,
  VERIFICATION,
} from "../../dicom/ul/pdus.ts";
import { configured, RawPeer, RunningAcceptor, remote } from "./running-acceptor.ts";

const asks = (...uids: string[]) =>
  associateRequest({
    contexts: uids.map((abstractSyntax, i) => ({
      id: 2 * i + 1,
      abstractSyntax,
      transferSyntaxes: [IMPLICIT],
    })),
  });

describe("contexts on the wire", () => {
  for (const purpose of PURPOSES)
    for (const row of ACCEPTED_CONTEXTS[purpose].rows)
      test(`${row.name}, table ${ACCEPTED_CONTEXTS[purpose].table}`, async () => {
        await using running = await RunningAcceptor.start();
        using peer = await RawPeer.connect(running.port);
        peer.send(
          associateRequest({
            contexts: [
              ...row.transferSyntaxes.map((uid, i) => ({
                id: 2 * i + 1,
                abstractSyntax: row.abstractSyntax,
                transferSyntaxes: [uid],
              })),
              { id: 101, abstractSyntax: row.abstractSyntax, transferSyntaxes: ["1.2.3"] },
              { id: 103, abstractSyntax: "1.2.3", transferSyntaxes: [IMPLICIT] },
            ],
          }),
        );
        expect(await peer.answers(1)).toMatchObject([
          {
            type: "associate-ac",
            called: "UDR10A",
            calling: "PEER",
            contexts: [
              ...row.transferSyntaxes.map((transferSyntax, i) => ({
                id: 2 * i + 1,
                result: 0,
                transferSyntax,
              })),
              { id: 101, result: 4 },
              { id: 103, result: 3 },
            ],
          },
        ]);
        expect(running.associations[0]?.purposes).toEqual(new Set([purpose]));
      });

  test("identity, maximum and the role for commitment are answered, an asynchronous window is not", async () => {
    await using running = await RunningAcceptor.start();
    using peer = await RawPeer.connect(running.port);
    peer.send({
      ...asks(COMMITMENT),
      userItems: [
        ...userItems(),
        { type: "async-window", invoked: 0, performed: 0 },
        { type: "role-selection", sopClassUid: COMMITMENT, scu: true, scp: true },
        {
          type: "user-identity",
          identityType: 1,
          responseRequested: true,
          primary: Uint8Array.of(65),
          secondary: new Uint8Array(0),
        },
      ],
    });
    expect(await peer.answers(1)).toMatchObject([
      {
        userItems: [
          { type: "max-length", bytes: 131_072 },
          { type: "implementation-class-uid", uid: "1.2.392.200036.9116.32.5" },
          { type: "implementation-version-name", name: "UDR10A" },
          { type: "role-selection", sopClassUid: COMMITMENT, scu: false, scp: true },
        ],
      },
    ]);
  });
});

describe("quotas on the wire", () => {
  test("a retrieve does not keep a commitment result out, and a place is free again after the end", async () => {
    await using running = await RunningAcceptor.start();
    using storage = await RawPeer.connect(running.port);
    storage.send(asks(CR_STORAGE));
    expect(await storage.answers(1)).toMatchObject([{ type: "associate-ac" }]);
    using second = await RawPeer.connect(running.port);
    second.send(asks(CR_STORAGE));
    expect(await second.answers(1)).toMatchObject([{ type: "associate-rj", reason: 2 }]);
    using result = await RawPeer.connect(running.port);
    result.send(asks(COMMITMENT));
    expect(await result.answers(1)).toMatchObject([{ type: "associate-ac" }]);
    expect(running.acceptor.inUse).toEqual({ storage: 1, commitment: 1, verification: 0 });

    storage.send({ type: "release-rq" });
    expect(await storage.answers(2)).toMatchObject([{}, { type: "release-rp" }]);
    using third = await RawPeer.connect(running.port);
    third.send(asks(CR_STORAGE));
    expect(await third.answers(1)).toMatchObject([{ type: "associate-ac" }]);
  });

  test("a configured quota applies at once", async () => {
    await using running = await RunningAcceptor.start();
    using first = await RawPeer.connect(running.port);
    first.send(asks(VERIFICATION));
    await first.answers(1);
    running.configuration = configured({
      remotes: [remote("PEER")],
      listener: { maxAssociationsPerPurpose: 2 },
    });
    expect(await running.answersGoodPeer()).toBe(true);
  });
});

describe("hostile peers", () => {
  test("500 connections that say nothing do not keep a good peer out", async () => {
    await using running = await RunningAcceptor.start();
    const silent = await Promise.all(
      Array.from({ length: 500 }, () => RawPeer.connect(running.port)),
    );
    expect(await running.answersGoodPeer()).toBe(true);
    expect(running.acceptor.connections).toBeLessThanOrEqual(WAITING_PER_ADDRESS_MAX + 1);
    for (const peer of silent) peer.socket.destroy();
  });

  test("bytes that trickle do not either", async () => {
    await using running = await RunningAcceptor.start();
    const slow = await Promise.all(Array.from({ length: 50 }, () => RawPeer.connect(running.port)));
    for (const peer of slow) peer.send(Uint8Array.of(1, 0, 0));
    expect(await running.answersGoodPeer()).toBe(true);
    for (const peer of slow) peer.socket.destroy();
  });

  const wrong: [string, Uint8Array][] = [
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["TLS", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)],
    ["a P-DATA-TF of four gigabytes", Uint8Array.of(4, 0, 255, 255, 255, 255, 0, 0, 0, 4, 1, 3)],
    ["a release of four gigabytes", Uint8Array.of(5, 0, 255, 255, 255, 255)],
    ["nothing but zeros", new Uint8Array(1000)],
  ];
  for (const [what, bytes] of wrong)
    test(`${what} is answered with A-ABORT, and the next peer is served`, async () => {
      await using running = await RunningAcceptor.start();
      using peer = await RawPeer.connect(running.port);
      peer.send(bytes);
      expect(await peer.answers(1)).toMatchObject([{ type: "abort" }]);
      expect(await running.answersGoodPeer()).toBe(true);
    });

  test("a request of four gigabytes is rejected as malformed", async () => {
    await using running = await RunningAcceptor.start();
    using peer = await RawPeer.connect(running.port);
    peer.send(Uint8Array.of(1, 0, 255, 255, 255, 255, 0, 1, 0, 0));
    expect(await peer.answers(1)).toMatchObject([{ type: "associate-rj", result: 1, source: 2 }]);
  });

  test("a value of four gigabytes in an association is aborted", async () => {
    await using running = await RunningAcceptor.start();
    using peer = await RawPeer.connect(running.port);
    peer.send(asks(VERIFICATION));
    await peer.answers(1);
    peer.send(Uint8Array.of(4, 0, 0, 0, 0, 20, 255, 255, 255, 255, 1, 3));
    expect(await peer.answers(2)).toMatchObject([{}, { type: "abort", source: 2, reason: 6 }]);
    expect(await running.answersGoodPeer()).toBe(true);
  });

  test("a peer that hangs up in the middle of everything frees its place", async () => {
    await using running = await RunningAcceptor.start();
    for (let i = 0; i < 5; i++) {
      const peer = await RawPeer.connect(running.port);
      peer.send(asks(VERIFICATION));
      await peer.answers(1);
      peer.socket.resetAndDestroy();
      await running.associations[i]?.association.ended;
    }
    expect(await running.answersGoodPeer()).toBe(true);
  });
});

describe("ports", () => {
  test("a taken port is named with what to do", async () => {
    await using first = await RunningAcceptor.start();
    await using second = await RunningAcceptor.start();
    const taken = { host: "127.0.0.1", port: first.port };
    await expect(second.acceptor.listen(taken)).rejects.toThrow(
      new RegExp(`port ${first.port} on 127.0.0.1 is in use.*another DICOM port`),
    );
    expect(await second.answersGoodPeer()).toBe(true);
  });

  test("moving to another port leaves associations alone", async () => {
    await using running = await RunningAcceptor.start();
    using peer = await RawPeer.connect(running.port);
    peer.send(asks(CR_STORAGE));
    await peer.answers(1);
    const before = running.port;
    await running.acceptor.listen({ host: "127.0.0.1", port: 0 });
    expect(running.port).not.toBe(before);
    await expect(RawPeer.connect(before)).rejects.toThrow();
    expect(await running.answersGoodPeer()).toBe(true);
    peer.send({ type: "release-rq" });
    expect(await peer.answers(2)).toMatchObject([{}, { type: "release-rp" }]);
  });

  test("closing aborts what is under way and closes every connection", async () => {
    const running = await RunningAcceptor.start();
    using peer = await RawPeer.connect(running.port);
    using silent = await RawPeer.connect(running.port);
    peer.send(asks(CR_STORAGE));
    await peer.answers(1);
    await running.connected(2);
    await running.acceptor.close();
    await Promise.all([peer.closed, silent.closed]);
    expect(peer.pdus()).toMatchObject([{}, { type: "abort", source: 0 }]);
  });
});
