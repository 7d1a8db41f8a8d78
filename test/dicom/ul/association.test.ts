// Associations against a scripted peer on a connection in memory, time standing still.

import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { ConnectError } from "../../../src/core/connection.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Random } from "../../../src/core/random.ts";
import { type AcceptOptions, acceptAssociation } from "../../../src/dicom/ul/acceptor.ts";
import {
  type Association,
  AssociationEnded,
  type AssociationRequest,
  type Pdv,
  type RequestOutcome,
} from "../../../src/dicom/ul/association.ts";
import type { Pdu } from "../../../src/dicom/ul/pdu.ts";
import { requestAssociation } from "../../../src/dicom/ul/requestor.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import { MemoryConnection } from "./memory-connection.ts";
import {
  associateAccept,
  associateRequest,
  associationRequest,
  COMMITMENT,
  CR_STORAGE,
  EXPLICIT,
  IDENTITY,
  IMPLICIT,
  pData,
  readPdus,
  TIMEOUTS,
  userItems,
  VERIFICATION,
} from "./pdus.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const bytes = (...values: number[]) => Uint8Array.from(values);
const RELEASE_RQ: Pdu = { type: "release-rq" };
const RELEASE_RP: Pdu = { type: "release-rp" };

class Bench {
  readonly clock = new SimulatedClock();
  readonly connection = new MemoryConnection();

  /** The peer sends. */
  peer(...pdus: Pdu[]): void {
    for (const pdu of pdus) this.connection.receive(writePdu(pdu).slice());
  }

  /** What we sent since the last call. */
  sent(): Pdu[] {
    const pdus = readPdus(this.connection.bytes());
    this.connection.written.length = 0;
    return pdus;
  }
}

class RequestBench extends Bench {
  outcome: RequestOutcome | null = null;

  async request(change: Partial<AssociationRequest> = {}): Promise<void> {
    void requestAssociation(
      { dial: async () => this.connection, clock: this.clock, log: silentLog },
      associationRequest(change),
    ).then((outcome) => {
      this.outcome = outcome;
    });
    await settle();
  }

  /** An accepted association, the negotiation already out of the way. */
  async established(
    change: Partial<AssociationRequest> = {},
    answer: Parameters<typeof associateAccept>[0] = {},
  ): Promise<Association> {
    await this.request(change);
    this.sent();
    this.peer(associateAccept(answer));
    await settle();
    if (this.outcome?.kind !== "accepted") throw new Error(JSON.stringify(this.outcome));
    return this.outcome.association;
  }
}

class AcceptBench extends Bench {
  association: Association | null = null;

  start(change: Partial<AcceptOptions> = {}): void {
    acceptAssociation({ clock: this.clock, log: silentLog }, this.connection, {
      identity: IDENTITY,
      maxPduLength: 131_072,
      timeouts: TIMEOUTS,
      decide: (request) => ({
        kind: "accept",
        contexts: request.contexts.map(({ id }) => ({ id, result: 0, transferSyntax: IMPLICIT })),
      }),
      onAssociation: (association) => {
        this.association = association;
      },
      ...change,
    });
  }

  async established(change: Partial<AcceptOptions> = {}): Promise<Association> {
    this.start(change);
    this.peer(associateRequest());
    await settle();
    this.sent();
    if (this.association === null) throw new Error("not accepted");
    return this.association;
  }
}

describe("requesting", () => {
  test("the request names contexts, identity and our maximum, and never an asynchronous window", async () => {
    const bench = new RequestBench();
    await bench.request({
      contexts: [
        { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT, EXPLICIT] },
        {
          abstractSyntax: COMMITMENT,
          transferSyntaxes: [IMPLICIT],
          role: { scu: true, scp: true },
        },
      ],
    });
    expect(bench.sent()).toEqual([
      associateRequest({
        called: "THEM",
        calling: "US",
        contexts: [
          { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT, EXPLICIT] },
          { id: 3, abstractSyntax: COMMITMENT, transferSyntaxes: [IMPLICIT] },
        ],
        userItems: [
          { type: "max-length", bytes: 131_072 },
          { type: "implementation-class-uid", uid: "1.2.3.4" },
          { type: "implementation-version-name", name: "TEST" },
          { type: "role-selection", sopClassUid: COMMITMENT, scu: true, scp: true },
        ],
      }),
    ]);
  });

  test("an acceptance gives the accepted contexts, the roles agreed on and the peer's words", async () => {
    const bench = new RequestBench();
    const association = await bench.established(
      {
        contexts: [
          { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT, EXPLICIT] },
          {
            abstractSyntax: COMMITMENT,
            transferSyntaxes: [IMPLICIT],
            role: { scu: false, scp: true },
          },
          { abstractSyntax: CR_STORAGE, transferSyntaxes: [IMPLICIT] },
        ],
      },
      {
        // titles of the answer are not looked at
        called: "\u0001weird",
        calling: "",
        contexts: [
          { id: 1, result: 0, transferSyntax: EXPLICIT },
          { id: 3, result: 0, transferSyntax: IMPLICIT },
          { id: 5, result: 4, transferSyntax: "" },
          { id: 7, result: 0, transferSyntax: IMPLICIT },
        ],
        userItems: [
          ...userItems(4096),
          { type: "role-selection", sopClassUid: COMMITMENT, scu: true, scp: true },
        ],
      },
    );
    expect(association.contexts).toEqual([
      {
        id: 1,
        abstractSyntax: VERIFICATION,
        transferSyntax: EXPLICIT,
        role: { scu: true, scp: false },
      },
      {
        id: 3,
        abstractSyntax: COMMITMENT,
        transferSyntax: IMPLICIT,
        role: { scu: false, scp: true },
      },
    ]);
    expect(association.peer).toEqual({
      implementationClassUid: "1.2.9",
      implementationVersionName: "PEER",
      maxPduLength: 4096,
    });
    expect(association.requestor).toBe(true);
  });

  test("a transfer syntax that was not proposed is no acceptance", async () => {
    const association = await new RequestBench().established(
      {},
      { contexts: [{ id: 1, result: 0, transferSyntax: EXPLICIT }] },
    );
    expect(association.contexts).toEqual([]);
  });

  test("a role that was proposed and not answered stays the default", async () => {
    const association = await new RequestBench().established({
      contexts: [
        {
          abstractSyntax: COMMITMENT,
          transferSyntaxes: [IMPLICIT],
          role: { scu: true, scp: true },
        },
      ],
    });
    expect(association.contexts[0]?.role).toEqual({ scu: true, scp: false });
  });

  test("a rejection is told in words, unknown numbers as numbers", async () => {
    for (const [result, source, reason, text] of [
      [1, 1, 7, "rejected permanently by the service user: called AE title not recognized (1,1,7)"],
      [
        2,
        3,
        2,
        "rejected for the moment by the service provider (presentation): local limit exceeded (2,3,2)",
      ],
      [1, 1, 56, "rejected permanently by the service user: unknown reason 56 (1,1,56)"],
      [9, 8, 7, "rejected with unknown result 9 by the unknown source 8: unknown reason 7 (9,8,7)"],
    ] as const) {
      const bench = new RequestBench();
      await bench.request();
      bench.peer({ type: "associate-rj", result, source, reason });
      await settle();
      expect(bench.outcome).toEqual({ kind: "rejected", result, source, reason, text });
      expect(bench.connection.destroyed).toBe(true);
    }
  });

  test("an abort instead of an answer is told, reserved source 1 too", async () => {
    const bench = new RequestBench();
    await bench.request();
    bench.peer({ type: "abort", source: 1, reason: 0 });
    await settle();
    expect(bench.outcome).toEqual({ kind: "aborted", by: "peer", source: 1, reason: 0 });
  });

  test("silence ends after the association time-out with an A-ABORT", async () => {
    const bench = new RequestBench();
    await bench.request({ timeouts: { ...TIMEOUTS, associationMs: 1000 } });
    bench.sent();
    await bench.clock.advance(999);
    expect(bench.outcome).toBeNull();
    await bench.clock.advance(1);
    expect(bench.outcome).toMatchObject({ kind: "failed", cause: "association-timeout" });
    expect(JSON.stringify(bench.outcome)).toContain("associationResponseTimeout");
    expect(bench.sent()).toEqual([{ type: "abort", source: 0, reason: 0 }]);
    expect(bench.connection.destroyed).toBe(false);
    await bench.clock.advance(2000);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("a connection closed without an answer is lost", async () => {
    const bench = new RequestBench();
    await bench.request();
    bench.connection.close(null);
    await settle();
    expect(bench.outcome).toMatchObject({ kind: "failed", cause: "lost" });
  });

  test("anything that is no answer is a protocol failure and aborted", async () => {
    for (const pdu of [associateRequest(), RELEASE_RQ, pData(1, true, true, bytes(1, 2))]) {
      const bench = new RequestBench();
      await bench.request();
      bench.sent();
      bench.peer(pdu);
      await settle();
      expect(bench.outcome).toMatchObject({ kind: "failed", cause: "protocol" });
      expect(bench.sent()).toEqual([{ type: "abort", source: 2, reason: 2 }]);
    }
  });

  test("cancelling works before, during and after the connection", async () => {
    const dead = new RequestBench();
    await dead.request({ signal: AbortSignal.abort() });
    expect(dead.outcome).toMatchObject({ cause: "cancelled" });
    expect(dead.connection.written).toEqual([]);

    const bench = new RequestBench();
    const cancel = new AbortController();
    await bench.request({ signal: cancel.signal });
    bench.sent();
    cancel.abort();
    await settle();
    expect(bench.outcome).toMatchObject({ kind: "failed", cause: "cancelled" });
    expect(bench.sent()).toEqual([{ type: "abort", source: 0, reason: 0 }]);
  });

  test("each way not to connect has its cause", async () => {
    for (const [kind, cause] of [
      ["timeout", "connect-timeout"],
      ["refused", "connect-refused"],
      ["unreachable", "connect-refused"],
      ["unknown-host", "unknown-host"],
      ["tls", "tls"],
      ["cancelled", "cancelled"],
    ] as const) {
      const outcome = await requestAssociation(
        {
          dial: () => Promise.reject(new ConnectError(kind, "why")),
          clock: new SimulatedClock(),
          log: silentLog,
        },
        associationRequest(),
      );
      expect(outcome).toMatchObject({ kind: "failed", cause });
    }
  });
});

describe("accepting", () => {
  test("an accepted request is answered with its titles, our identity and maximum", async () => {
    const bench = new AcceptBench();
    bench.start({
      decide: () => ({
        kind: "accept",
        contexts: [
          { id: 1, result: 0, transferSyntax: IMPLICIT, role: { scu: false, scp: true } },
          { id: 3, result: 3, transferSyntax: "" },
        ],
      }),
    });
    bench.peer(
      associateRequest({
        contexts: [
          { id: 1, abstractSyntax: COMMITMENT, transferSyntaxes: [EXPLICIT, IMPLICIT] },
          { id: 3, abstractSyntax: "1.2.3", transferSyntaxes: [EXPLICIT] },
        ],
      }),
    );
    await settle();
    expect(bench.sent()).toEqual([
      associateAccept({
        called: "UDR10A",
        calling: "PEER",
        contexts: [
          { id: 1, result: 0, transferSyntax: IMPLICIT },
          { id: 3, result: 3, transferSyntax: "" },
        ],
        userItems: [
          { type: "max-length", bytes: 131_072 },
          { type: "implementation-class-uid", uid: "1.2.3.4" },
          { type: "implementation-version-name", name: "TEST" },
          { type: "role-selection", sopClassUid: COMMITMENT, scu: false, scp: true },
        ],
      }),
    ]);
    expect(bench.association).toMatchObject({
      calling: "PEER",
      called: "UDR10A",
      requestor: false,
      contexts: [{ id: 1, abstractSyntax: COMMITMENT, role: { scu: false, scp: true } }],
    });
  });

  test("a rejection is sent, and the socket goes when the peer does not close", async () => {
    const bench = new AcceptBench();
    bench.start({ decide: () => ({ kind: "reject", result: 1, source: 1, reason: 7 }) });
    bench.peer(associateRequest());
    await settle();
    expect(bench.sent()).toEqual([{ type: "associate-rj", result: 1, source: 1, reason: 7 }]);
    await bench.clock.advance(TIMEOUTS.artimMs - 1);
    expect(bench.connection.destroyed).toBe(false);
    await bench.clock.advance(1);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("a request that cannot be read is rejected for good", async () => {
    const bench = new AcceptBench();
    bench.start();
    const whole = writePdu(associateRequest()).slice();
    whole[77] = 0xff;
    bench.connection.receive(whole);
    await settle();
    expect(bench.sent()).toEqual([{ type: "associate-rj", result: 1, source: 2, reason: 1 }]);
  });

  test("a decision that throws is a passing internal cause", async () => {
    const bench = new AcceptBench();
    bench.start({
      decide: () => {
        throw new Error("defect");
      },
    });
    bench.peer(associateRequest());
    await settle();
    expect(bench.sent()).toEqual([{ type: "associate-rj", result: 2, source: 2, reason: 1 }]);
  });

  test("anything but a request is aborted", async () => {
    for (const pdu of [
      associateAccept(),
      RELEASE_RQ,
      RELEASE_RP,
      pData(1, true, true, bytes(1, 2)),
      { type: "associate-rj", result: 1, source: 1, reason: 1 },
    ] as const) {
      const bench = new AcceptBench();
      bench.start();
      bench.peer(pdu);
      await settle();
      expect(bench.sent()).toEqual([{ type: "abort", source: 0, reason: 0 }]);
    }
  });

  test("silence after connecting ends after ARTIM, also when bytes trickle in", async () => {
    const bench = new AcceptBench();
    bench.start();
    const request = writePdu(associateRequest()).slice();
    for (let i = 0; i < 9; i++) {
      bench.connection.receive(request.slice(i, i + 1));
      await bench.clock.advance(1000);
    }
    expect(bench.connection.destroyed).toBe(false);
    await bench.clock.advance(1000);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("an association on which nothing comes is given up", async () => {
    const bench = new AcceptBench();
    const association = await bench.established();
    await bench.clock.advance(TIMEOUTS.idleMs - 1000);
    bench.peer(pData(1, true, true, bytes(1, 2)));
    association.onPdv(() => {});
    await bench.clock.advance(TIMEOUTS.idleMs - 1000);
    expect(association.end).toBeNull();
    await bench.clock.advance(1000);
    expect(association.end).toEqual({
      kind: "timeout",
      what: "idle",
      afterMs: TIMEOUTS.idleMs,
    });
    expect(bench.sent()).toEqual([{ type: "abort", source: 0, reason: 0 }]);
    await bench.clock.advance(2000);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("while we are busy with what came, silence does not count", async () => {
    const bench = new AcceptBench();
    const association = await bench.established();
    const { promise, resolve } = Promise.withResolvers<void>();
    association.onPdv(() => promise);
    bench.peer(pData(1, true, true, bytes(1, 2)));
    await bench.clock.advance(3 * TIMEOUTS.idleMs);
    expect(association.end).toBeNull();
    resolve();
    await bench.clock.advance(TIMEOUTS.idleMs);
    expect(association.end).toMatchObject({ kind: "timeout", what: "idle" });
  });
});

describe("data", () => {
  test("several messages in one PDU are handed out one by one, in order", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const seen: Pdv[] = [];
    const values = [
      { contextId: 1, command: true, last: true, bytes: bytes(1, 2) },
      { contextId: 1, command: false, last: true, bytes: bytes(3, 4) },
      { contextId: 1, command: true, last: true, bytes: bytes(5, 6) },
    ];
    bench.peer({ type: "p-data", values });
    await settle();
    association.onPdv((pdv) => {
      seen.push(pdv);
    });
    expect(seen).toEqual(values);
  });

  test("while a handler is pending nothing more is delivered, and reading stops", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const releases: (() => void)[] = [];
    const seen: number[] = [];
    association.onPdv((pdv) => {
      seen.push(pdv.bytes[0] ?? -1);
      return new Promise((resolve) => releases.push(resolve));
    });
    bench.peer(pData(1, false, false, bytes(1, 0)), pData(1, false, true, bytes(2, 0)));
    await settle();
    expect(seen).toEqual([1]);
    for (let i = 0; i < 20; i++) bench.peer(pData(1, false, true, new Uint8Array(100_000)));
    expect(bench.connection.paused).toBe(true);
    releases.shift()?.();
    await settle();
    expect(seen).toEqual([1, 2]);
    while (releases.length > 0) {
      releases.shift()?.();
      await settle();
    }
    expect(bench.connection.paused).toBe(false);
    expect(seen).toHaveLength(22);
  });

  test("a handler that throws aborts the association", async () => {
    for (const handler of [
      () => {
        throw new Error("disk full");
      },
      () => Promise.reject(new Error("disk full")),
    ]) {
      const bench = new RequestBench();
      const association = await bench.established();
      association.onPdv(handler);
      bench.peer(pData(1, true, true, bytes(1, 2)));
      await settle();
      expect(bench.sent()).toEqual([{ type: "abort", source: 0, reason: 0 }]);
      expect(association.end).toMatchObject({ kind: "aborted", by: "us" });
    }
  });

  test("a value on a context that was not accepted aborts", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => {});
    bench.peer(pData(3, true, true, bytes(1, 2)));
    await settle();
    expect(bench.sent()).toEqual([{ type: "abort", source: 2, reason: 6 }]);
    expect(association.end).toMatchObject({ kind: "aborted", by: "us", source: 2 });
  });

  test("rubbish aborts with its reason", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.receive(bytes(0x47, 0x45, 0x54));
    await settle();
    expect(bench.sent()).toEqual([{ type: "abort", source: 2, reason: 1 }]);
    expect(await association.ended).toMatchObject({ by: "us", source: 2, reason: 1 });
  });

  test("messages are cut to the peer's maximum, commands too", async () => {
    const bench = new RequestBench();
    const association = await bench.established({}, { userItems: userItems(16) });
    await association.send(1, true, [bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)]);
    expect(bench.sent()).toEqual([
      pData(1, true, false, bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
      pData(1, true, true, bytes(11, 12)),
    ]);
  });

  test("sends are served in order", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    await Promise.all([
      association.send(1, true, [bytes(1)]),
      association.send(1, false, [bytes(2)]),
      association.send(1, true, [bytes(3)]),
    ]);
    expect(bench.sent().map((p) => p.type === "p-data" && p.values[0]?.bytes[0])).toEqual([
      1, 2, 3,
    ]);
  });

  test("a body that cannot be read aborts, for half a message is out", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const broken = {
      byteLength: 10,
      readInto: () => Promise.reject(new Error("file gone")),
      close: async () => {},
    };
    await expect(association.send(1, false, [broken])).rejects.toThrow("file gone");
    expect(association.end).toMatchObject({ kind: "aborted", by: "us" });
  });

  test("a message that stops half-way is given up after the data time-out", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => {});
    await bench.clock.advance(10 * TIMEOUTS.dataMs); // awaiting a response is not our affair
    expect(association.end).toBeNull();
    bench.peer(pData(1, false, false, bytes(1, 2)));
    await bench.clock.advance(TIMEOUTS.dataMs - 1);
    bench.peer(pData(1, false, false, bytes(1, 2)));
    await bench.clock.advance(TIMEOUTS.dataMs - 1);
    expect(association.end).toBeNull();
    await bench.clock.advance(1);
    expect(association.end).toEqual({ kind: "timeout", what: "data", afterMs: TIMEOUTS.dataMs });
  });

  test("a PDU that stops half-way is given up as well", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.receive(bytes(4, 0, 0));
    await bench.clock.advance(TIMEOUTS.dataMs);
    expect(association.end).toMatchObject({ kind: "timeout", what: "data" });
  });

  test("a blocked write is given up by destroying the socket", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.blocked = true;
    const send = association.send(1, false, [new Uint8Array(5_000_000)]);
    const failed = send.catch((error: unknown) => error);
    await bench.clock.advance(TIMEOUTS.writeMs);
    expect(association.end).toEqual({ kind: "timeout", what: "write", afterMs: TIMEOUTS.writeMs });
    expect(bench.connection.destroyed).toBe(true);
    expect(await failed).toBeInstanceOf(AssociationEnded);
  });
});

test("whatever bytes answer a request, there is an outcome, and no association hangs", async () => {
  const random = new Random(2026);
  const good = Buffer.concat(
    [
      associateAccept(),
      pData(1, true, true, new Uint8Array(60)),
      pData(1, false, true, new Uint8Array(300)),
      RELEASE_RQ,
    ].map((pdu) => writePdu(pdu).slice()),
  );
  const endings = new Set<string>();
  for (let run = 0; run < 500; run++) {
    const bench = new RequestBench();
    await bench.request();
    const answer = Uint8Array.from(good);
    for (let n = random.int(0, 4); n > 0; n--)
      answer[random.int(0, answer.byteLength - 1)] = random.int(0, 255);
    for (let at = 0; at < answer.byteLength; ) {
      const size = random.int(1, 400);
      bench.connection.receive(answer.slice(at, at + size));
      at += size;
    }
    await settle();
    if (bench.outcome?.kind === "accepted") bench.outcome.association.onPdv(() => {});
    await settle();
    bench.connection.close(null);
    await settle();
    const end =
      bench.outcome?.kind === "accepted" ? await bench.outcome.association.ended : bench.outcome;
    if (end === null) throw new Error(`run ${run}: no outcome`);
    endings.add(end.kind);
  }
  expect([...endings].sort()).toEqual(["aborted", "failed", "lost", "released"]);
});

describe("the end", () => {
  test("a release is asked for, confirmed, and closes the connection", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const released = association.release();
    await settle();
    expect(bench.sent()).toEqual([RELEASE_RQ]);
    bench.peer(RELEASE_RP);
    expect(await released).toEqual({ kind: "released" });
    expect(bench.connection.destroyed).toBe(true);
    await expect(association.send(1, true, [bytes(1)])).rejects.toBeInstanceOf(AssociationEnded);
  });

  test("what comes between release request and answer is still delivered", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const seen: Pdv[] = [];
    association.onPdv((pdv) => {
      seen.push(pdv);
    });
    const released = association.release();
    await settle();
    bench.peer(pData(1, true, true, bytes(9, 9)), RELEASE_RP);
    await released;
    expect(seen).toHaveLength(1);
  });

  test("an answer that is too late for our release does not break it off", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => association.send(1, true, [bytes(1)]));
    const released = association.release();
    await settle();
    bench.sent();
    bench.peer(pData(1, true, true, bytes(9, 9)));
    await settle();
    expect(bench.sent()).toEqual([]);
    bench.peer(RELEASE_RP);
    expect(await released).toEqual({ kind: "released" });
  });

  test("a release that is not answered ends after its time-out", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const released = association.release();
    await bench.clock.advance(TIMEOUTS.releaseMs);
    expect(await released).toEqual({
      kind: "timeout",
      what: "release",
      afterMs: TIMEOUTS.releaseMs,
    });
    await bench.clock.advance(2000);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("a release waits for what is being sent", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.blocked = true;
    const sending = association.send(1, true, [bytes(1)]);
    const released = association.release();
    await settle();
    expect(bench.sent().map((p) => p.type)).toEqual(["p-data"]);
    bench.connection.unblock();
    await sending;
    await settle();
    expect(bench.sent()).toEqual([RELEASE_RQ]);
    bench.peer(RELEASE_RP);
    await released;
  });

  test("the peer's release is answered after what is being sent, and the socket awaits its close", async () => {
    const bench = new AcceptBench();
    const association = await bench.established();
    bench.connection.blocked = true;
    const sending = association.send(1, true, [bytes(1)]);
    bench.peer(RELEASE_RQ);
    await settle();
    expect(bench.sent().map((p) => p.type)).toEqual(["p-data"]);
    bench.connection.unblock();
    await sending;
    await settle();
    expect(bench.sent()).toEqual([RELEASE_RP]);
    expect(association.end).toEqual({ kind: "released" });
    expect(bench.connection.destroyed).toBe(false);
    await bench.clock.advance(TIMEOUTS.artimMs);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("a release collision leaves both sides idle", async () => {
    const us = new RequestBench();
    const requestor = await us.established();
    const requested = requestor.release();
    await settle();
    us.sent();
    us.peer(RELEASE_RQ); // both asked at once: the requestor answers first
    await settle();
    expect(us.sent()).toEqual([RELEASE_RP]);
    expect(requestor.end).toBeNull();
    us.peer(RELEASE_RP);
    expect(await requested).toEqual({ kind: "released" });
    expect(us.connection.destroyed).toBe(true);

    const them = new AcceptBench();
    const acceptor = await them.established();
    const accepted = acceptor.release();
    await settle();
    expect(them.sent()).toEqual([RELEASE_RQ]);
    them.peer(RELEASE_RQ); // the acceptor waits for the answer before it gives its own
    await settle();
    expect(them.sent()).toEqual([]);
    them.peer(RELEASE_RP);
    expect(await accepted).toEqual({ kind: "released" });
    expect(them.sent()).toEqual([RELEASE_RP]);
  });

  test("an abort of ours is sent, and the socket goes soon although the peer reads nothing", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.blocked = true;
    const failed = association
      .send(1, false, [new Uint8Array(5_000_000)])
      .catch((error: unknown) => error);
    await settle();
    association.abort();
    expect(await association.ended).toEqual({ kind: "aborted", by: "us", source: 0, reason: 0 });
    await bench.clock.advance(2000);
    expect(bench.connection.destroyed).toBe(true);
    expect(await failed).toBeInstanceOf(AssociationEnded);
  });

  test("an abort of the peer is told with its numbers and closes at once", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.peer({ type: "abort", source: 1, reason: 5 });
    expect(await association.ended).toEqual({ kind: "aborted", by: "peer", source: 1, reason: 5 });
    expect(bench.connection.destroyed).toBe(true);
  });

  test("an abort that is followed by the close is still an abort", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.peer({ type: "abort", source: 0, reason: 0 });
    bench.connection.close(new Error("ECONNRESET"));
    expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
  });

  test("a connection that breaks is lost, with its cause", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    bench.connection.close(new Error("ECONNRESET"));
    expect(await association.ended).toMatchObject({
      kind: "lost",
      cause: { message: "ECONNRESET" },
    });
    expect(await association.release()).toMatchObject({ kind: "lost" });
  });

  test("what arrived before the connection broke is delivered first", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    const releases: (() => void)[] = [];
    let seen = 0;
    association.onPdv(() => {
      seen++;
      return new Promise((resolve) => releases.push(resolve));
    });
    bench.peer(pData(1, true, true, bytes(1, 2)), pData(1, true, true, bytes(3, 4)));
    bench.connection.close(null);
    await settle();
    expect([seen, association.end]).toEqual([1, null]);
    releases.shift()?.();
    await settle();
    releases.shift()?.();
    expect(await association.ended).toMatchObject({ kind: "lost" });
    expect(seen).toBe(2);
  });

  test("a handler that hangs does not keep a broken association for ever", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => new Promise(() => {}));
    bench.peer(pData(1, true, true, bytes(1, 2)));
    bench.connection.close(null);
    await bench.clock.advance(10_000);
    expect(association.end).toMatchObject({ kind: "lost" });
  });

  test("after an abort a peer that goes on sending fills no memory", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => new Promise(() => {}));
    bench.peer(pData(1, true, true, bytes(1, 2)));
    association.abort();
    for (let i = 0; i < 100; i++) bench.peer(pData(1, false, false, new Uint8Array(100_000)));
    expect(bench.connection.paused).toBe(false);
    await bench.clock.advance(2000);
    expect(bench.connection.destroyed).toBe(true);
  });

  test("no timer is left when an association is over", async () => {
    const bench = new RequestBench();
    const association = await bench.established();
    association.onPdv(() => {});
    bench.peer(pData(1, false, false, bytes(1, 2)));
    await association.send(1, true, [bytes(1)]);
    bench.peer(pData(1, false, true, bytes(1, 2)));
    const released = association.release();
    await settle();
    bench.peer(RELEASE_RP);
    await released;
    await settle();
    expect(bench.clock.nextDueMs()).toBeNull();
  });
});
