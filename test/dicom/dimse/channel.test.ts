// The channel over an association in memory, with a clock that is moved by hand.

import { describe, expect, test } from "bun:test";
import { memorySource } from "../../../src/core/byte-source.ts";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import { type Command, writeCommand } from "../../../src/dicom/dimse/command.ts";
import type { ExchangeStep, RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import { associationPair, context } from "../association-pair.ts";

const VERIFICATION = "1.2.840.10008.1.1";
const FIND = "1.2.840.10008.5.1.4.31";
const CONTEXTS = [context(1, VERIFICATION), context(3, FIND)];
const TIMEOUT_MS = 20_000;

/** Our channel with a raw peer behind it. */
function rawPeer(handlers: RequestHandlers = {}, pdvBytesMax?: number, collectedBytesMax?: number) {
  const [us, them] = associationPair(CONTEXTS, pdvBytesMax);
  const clock = new SimulatedClock();
  const channel = new DimseChannel(us, { clock, log: silentLog, handlers, collectedBytesMax });
  return { channel, us, them, clock };
}

/** Our channel and a channel at the peer with these handlers. */
function pair(peer: RequestHandlers, handlers: RequestHandlers = {}, pdvBytesMax?: number) {
  const { channel, us, them, clock } = rawPeer(handlers, pdvBytesMax);
  const theirs = new DimseChannel(them, { clock, log: silentLog, handlers: peer });
  return { channel, theirs, us, them, clock };
}

const verification = (channel: DimseChannel) => {
  const accepted = channel.context(VERIFICATION);
  if (accepted === undefined) throw new Error("no context");
  return accepted;
};

const echo = (channel: DimseChannel) =>
  channel.request(verification(channel), {
    kind: "C-ECHO-RQ",
    affectedSopClassUid: VERIFICATION,
  });

const find = (channel: DimseChannel, data = new Uint8Array([1, 2])) =>
  channel.request(
    CONTEXTS[1] ?? context(3, FIND),
    { kind: "C-FIND-RQ", affectedSopClassUid: FIND, priority: 0 },
    [data],
  );

const pdv = (contextId: number, command: boolean, bytes: Uint8Array, last = true) => ({
  contextId,
  command,
  last,
  bytes,
});

const statusOf = (step: ExchangeStep<"C-ECHO-RQ"> | ExchangeStep<"C-FIND-RQ">) =>
  step.kind === "response" ? step.response.status : step.kind;

const answerEcho: RequestHandlers = {
  "C-ECHO-RQ": (_, reply) => ({ end: () => reply.respond({ status: 0 }) }),
};

describe("exchanges we begin", () => {
  test("a C-ECHO is answered", async () => {
    const { channel } = pair(answerEcho);
    expect(await echo(channel).next(TIMEOUT_MS)).toEqual({
      kind: "response",
      response: {
        kind: "C-ECHO-RSP",
        messageIdBeingRespondedTo: 1,
        status: 0,
        affectedSopClassUid: VERIFICATION,
      },
      data: null,
    });
  });

  test("a command fragmented to 10 bytes a PDV and a body of several sources arrive whole", async () => {
    const received: (Uint8Array | null)[] = [];
    const { channel, us } = pair(
      {
        "C-FIND-RQ": (_, reply) => ({
          end: (data) => {
            received.push(data);
            return reply.respond({ status: 0 });
          },
        }),
      },
      {},
      10,
    );
    const exchange = channel.request(
      CONTEXTS[1] ?? context(3, FIND),
      { kind: "C-FIND-RQ", affectedSopClassUid: FIND },
      [new Uint8Array([1, 2, 3]), memorySource(new Uint8Array(30).fill(9))],
    );
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0);
    expect(received).toEqual([Uint8Array.from([1, 2, 3, ...new Array<number>(30).fill(9)])]);
    expect(us.sent.map((part) => part.pdvs > 1)).toEqual([true, true]);
  });

  test("C10: message ids run from 1 to 65535, never are 0, and skip one still in use", () => {
    const { channel } = rawPeer();
    const numbers = (count: number) =>
      Array.from({ length: count }, () => {
        const exchange = echo(channel);
        exchange.close();
        return exchange.messageId;
      });
    expect(numbers(2)).toEqual([1, 2]);
    expect(echo(channel).messageId).toBe(3);
    const rest = numbers(65_532);
    expect(rest.at(-1)).toBe(65_535);
    expect(numbers(3)).toEqual([1, 2, 4]);
    expect(rest).not.toContain(0);
  });

  test("pending responses come one by one, then the final one", async () => {
    const { channel } = pair({
      "C-FIND-RQ": (_, reply) => ({
        async end() {
          for (const [status, byte] of [
            [0xff00, 1],
            [0xff01, 2],
          ] as const)
            await reply.respond({ status }, [new Uint8Array([byte])]);
          await reply.respond({ status: 0 });
        },
      }),
    });
    const exchange = find(channel);
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const step = await exchange.next(TIMEOUT_MS);
      seen.push([statusOf(step), step.kind === "response" ? step.data?.[0] : null]);
    }
    expect(seen).toEqual([
      [0xff00, 1],
      [0xff01, 2],
      [0, undefined],
    ]);
  });

  test("a peer that streams without end is held back until the answers are looked at", async () => {
    let sent = 0;
    const { channel, us } = pair({
      "C-FIND-RQ": (_, reply) => ({
        async end() {
          for (; sent < 500; sent++)
            await reply.respond({ status: 0xff00 }, [new Uint8Array([1, 2])]);
          await reply.respond({ status: 0 });
        },
      }),
    });
    const exchange = find(channel);
    const held = () => us.paused;
    while (!held()) await Promise.resolve();
    let pending = 0;
    for (;;) {
      const step = await exchange.next(TIMEOUT_MS);
      if (statusOf(step) === 0) break;
      pending++;
    }
    expect(pending).toBe(500);
    expect(held()).toBe(false);
  });

  test("C-CANCEL reaches the peer, responses still follow", async () => {
    const { channel, clock } = pair({
      "C-FIND-RQ": (_, reply) => ({
        async end() {
          while (!reply.cancelled) {
            await reply.respond({ status: 0xff00 }, [new Uint8Array(2)]);
            await new Promise<void>((resolve) => clock.after(1, resolve));
          }
          await reply.respond({ status: 0xfe00 });
        },
      }),
    });
    const exchange = find(channel);
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0xff00);
    await exchange.cancel();
    await clock.advance(1);
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0xfe00);
  });

  test("a response in the place of another kind aborts", async () => {
    const { channel, them } = rawPeer();
    const exchange = echo(channel);
    them.inject(
      pdv(
        1,
        true,
        writeCommand({ kind: "N-GET-RSP", messageIdBeingRespondedTo: 1, status: 0 }, false),
      ),
    );
    expect(await exchange.next(TIMEOUT_MS)).toMatchObject({
      kind: "ended",
      end: { kind: "aborted", by: "us" },
    });
  });

  test("a response nobody waits for is passed over, its data set too", async () => {
    const { channel, them } = rawPeer();
    const exchange = echo(channel);
    const stray: Command = { kind: "C-FIND-RSP", messageIdBeingRespondedTo: 77, status: 0xff00 };
    them.inject(pdv(3, true, writeCommand(stray, true)));
    them.inject(pdv(3, false, new Uint8Array(10)));
    const answer: Command = { kind: "C-ECHO-RSP", messageIdBeingRespondedTo: 1, status: 0 };
    them.inject(pdv(1, true, writeCommand(answer, false)));
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0);
  });
});

describe("time", () => {
  test("no response within the time-out is told, and the association still stands", async () => {
    const { channel, clock, us } = rawPeer();
    const step = echo(channel).next(TIMEOUT_MS);
    await clock.advance(TIMEOUT_MS - 1);
    expect(us.end).toBeNull();
    await clock.advance(1);
    expect(await step).toEqual({ kind: "timeout", afterMs: TIMEOUT_MS });
    expect(us.end).toBeNull();
  });

  test("the timer starts again at each piece of a response", async () => {
    const { channel, clock, them } = rawPeer();
    const step = find(channel).next(TIMEOUT_MS);
    await clock.advance(TIMEOUT_MS - 1);
    const pending: Command = { kind: "C-FIND-RSP", messageIdBeingRespondedTo: 1, status: 0xff00 };
    them.inject(pdv(3, true, writeCommand(pending, true)));
    await clock.advance(TIMEOUT_MS - 1);
    them.inject(pdv(3, false, new Uint8Array(4), false));
    await clock.advance(TIMEOUT_MS - 1);
    them.inject(pdv(3, false, new Uint8Array(4)));
    expect(statusOf(await step)).toBe(0xff00);
  });

  test("Q5: touch() starts the timer again, as a sign of life from elsewhere", async () => {
    const { channel, clock } = rawPeer();
    const exchange = echo(channel);
    const step = exchange.next(TIMEOUT_MS);
    await clock.advance(TIMEOUT_MS - 1);
    exchange.touch();
    await clock.advance(TIMEOUT_MS - 1);
    exchange.touch();
    await clock.advance(TIMEOUT_MS);
    expect((await step).kind).toBe("timeout");
    expect(clock.monotonicMs()).toBe(3 * TIMEOUT_MS - 2);
  });

  test("W11: answers that came before the end are delivered, then the end", async () => {
    const { channel, them, us } = rawPeer();
    const exchange = find(channel);
    const pending: Command = { kind: "C-FIND-RSP", messageIdBeingRespondedTo: 1, status: 0xff00 };
    for (let i = 0; i < 2; i++) {
      them.inject(pdv(3, true, writeCommand(pending, true)));
      them.inject(pdv(3, false, new Uint8Array([i, 0])));
    }
    them.abort();
    await us.ended;
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0xff00);
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe(0xff00);
    expect(statusOf(await exchange.next(TIMEOUT_MS))).toBe("ended");
  });
});

describe("requests of the peer", () => {
  test("S1: an N-EVENT-REPORT that comes while a response is awaited is answered first", async () => {
    const reports: number[] = [];
    const { channel, theirs } = pair(
      {
        "C-ECHO-RQ": (_, reply) => ({
          async end() {
            const report = theirs.request(
              verification(theirs),
              {
                kind: "N-EVENT-REPORT-RQ",
                affectedSopClassUid: "1.2",
                affectedSopInstanceUid: "1.2.3",
                eventTypeId: 1,
              },
              [new Uint8Array([5, 5])],
            );
            const answer = await report.next(TIMEOUT_MS);
            expect(answer).toMatchObject({
              response: {
                kind: "N-EVENT-REPORT-RSP",
                status: 0,
                affectedSopClassUid: "1.2",
                affectedSopInstanceUid: "1.2.3",
                eventTypeId: 1,
              },
            });
            await reply.respond({ status: 0 });
          },
        }),
      },
      {
        "N-EVENT-REPORT-RQ": (request, reply) => ({
          end(data) {
            reports.push(request.command.eventTypeId ?? 0, data?.byteLength ?? 0);
            return reply.respond({ status: 0 });
          },
        }),
      },
    );
    expect(statusOf(await echo(channel).next(TIMEOUT_MS))).toBe(0);
    expect(reports).toEqual([1, 2]);
  });

  test("a data set with a sink is never collected, and a slow sink stops the reading", async () => {
    const pieces: number[] = [];
    let goOn: () => void = () => {};
    const { theirs, them, us } = pair(
      {},
      {
        "C-STORE-RQ": (_, reply) => ({
          write(bytes) {
            pieces.push(bytes.byteLength);
            return new Promise((resolve) => {
              goOn = resolve;
            });
          },
          end(data) {
            expect(data).toBeNull();
            return reply.respond({ status: 0 });
          },
        }),
      },
      100,
    );
    const exchange = theirs.request(
      verification(theirs),
      { kind: "C-STORE-RQ", affectedSopClassUid: "1.2", affectedSopInstanceUid: "1.2.3" },
      [new Uint8Array(250)],
    );
    const step = exchange.next(TIMEOUT_MS);
    for (const expected of [[100], [100, 100], [100, 100, 50]]) {
      while (!us.paused || pieces.length < expected.length) await Promise.resolve();
      expect(pieces).toEqual(expected);
      goOn();
      while (us.paused && pieces.length === expected.length && expected.length < 3)
        await Promise.resolve();
    }
    expect(await step).toMatchObject({ response: { status: 0 } });
    expect(them.end).toBeNull();
  });

  test("a data set that is cut off tells its receiver so", async () => {
    const { them, us } = rawPeer({
      "C-STORE-RQ": () => ({
        write: () => {},
        end: () => {
          throw new Error("never complete");
        },
        lost: (end) => lost.push(end.kind),
      }),
    });
    const lost: string[] = [];
    const store: Command = {
      kind: "C-STORE-RQ",
      affectedSopClassUid: "1.2",
      messageId: 1,
      affectedSopInstanceUid: "1.2.3",
    };
    them.inject(pdv(1, true, writeCommand(store, true)));
    them.inject(pdv(1, false, new Uint8Array(10), false));
    them.lose();
    await us.ended;
    expect(lost).toEqual(["lost"]);
  });

  test("what nobody serves is answered 0211, its data set passed over", async () => {
    const { channel } = pair({});
    const step = await find(channel).next(TIMEOUT_MS);
    expect(statusOf(step)).toBe(0x0211);
  });

  test("an unknown Command Field is answered 0211, and the next request is served", async () => {
    const { them } = rawPeer(answerEcho);
    const theirs: Uint8Array[] = [];
    them.onPdv((p) => void theirs.push(p.bytes));
    const bytes = writeCommand({ kind: "C-ECHO-RQ", messageId: 5 }, true);
    bytes[20] = 0x70; // Command Field 0070H
    them.inject(pdv(1, true, bytes));
    them.inject(pdv(1, false, new Uint8Array(6)));
    them.inject(pdv(1, true, writeCommand({ kind: "C-ECHO-RQ", messageId: 6 }, false)));
    while (theirs.length < 2) await Promise.resolve();
    expect(theirs.map((b) => [b[20], b[21], b[30]])).toEqual([
      [0x70, 0x80, 5],
      [0x30, 0x80, 6],
    ]);
  });

  test("an incomplete request is answered with a failure", async () => {
    const { them } = rawPeer();
    const theirs: Uint8Array[] = [];
    them.onPdv((p) => void theirs.push(p.bytes));
    const noInstance = { kind: "C-STORE-RQ", affectedSopClassUid: "1.2", messageId: 9 };
    them.inject(pdv(1, true, writeCommand(noInstance as Command, true)));
    them.inject(pdv(1, false, new Uint8Array(6)));
    while (theirs.length < 1) await Promise.resolve();
    expect(theirs[0]?.slice(-2)).toEqual(new Uint8Array([0x00, 0xc0]));
  });

  test("a handler that throws or forgets to answer leaves no peer waiting", async () => {
    const { channel } = pair({
      "C-ECHO-RQ": () => ({
        end() {
          throw new Error("broken");
        },
      }),
      "C-FIND-RQ": () => ({ end() {} }),
    });
    expect(statusOf(await echo(channel).next(TIMEOUT_MS))).toBe(0x0110);
    expect(statusOf(await find(channel).next(TIMEOUT_MS))).toBe(0x0110);
  });

  test("a flood of requests stops the reading while eight are being served", async () => {
    let served = 0;
    const finish: (() => void)[] = [];
    const { them, us } = rawPeer({
      "C-ECHO-RQ": (_, reply) => ({
        async end() {
          served++;
          await new Promise<void>((resolve) => finish.push(resolve));
          await reply.respond({ status: 0 });
        },
      }),
    });
    for (let messageId = 1; messageId <= 100; messageId++)
      them.inject(pdv(1, true, writeCommand({ kind: "C-ECHO-RQ", messageId }, false)));
    expect([served, us.paused]).toEqual([8, true]);
    while (served < 100 || finish.length > 0) {
      finish.shift()?.();
      await Promise.resolve();
    }
    expect(served).toBe(100);
  });

  test("release waits until the peer's requests are answered", async () => {
    const idle = () => {};
    let answer: () => void = idle;
    const { channel, theirs, us } = pair(
      {},
      {
        "C-ECHO-RQ": (_, reply) => ({
          async end() {
            await new Promise<void>((resolve) => {
              answer = resolve;
            });
            await reply.respond({ status: 0 });
          },
        }),
      },
    );
    const step = echo(theirs).next(TIMEOUT_MS);
    while (answer === idle) await Promise.resolve();
    const released = channel.release();
    await Promise.resolve();
    expect(us.end).toBeNull();
    answer();
    expect(statusOf(await step)).toBe(0);
    expect(await released).toEqual({ kind: "released" });
  });
});

describe("what breaks the protocol ends in an abort", () => {
  const store: Command = {
    kind: "C-STORE-RQ",
    affectedSopClassUid: "1.2",
    messageId: 1,
    affectedSopInstanceUid: "1.2.3",
  };
  const cases: Record<string, (them: ReturnType<typeof rawPeer>["them"]) => void> = {
    "a data set without a command": (them) => them.inject(pdv(1, false, new Uint8Array(4))),
    "a context that was not accepted": (them) =>
      them.inject(pdv(9, true, writeCommand({ kind: "C-ECHO-RQ", messageId: 1 }, false))),
    "a command set that is none": (them) => them.inject(pdv(1, true, new Uint8Array(5))),
    "a command without end": (them) => {
      for (let i = 0; i < 70; i++) them.inject(pdv(1, true, new Uint8Array(1024), false));
    },
    "a command inside a data set": (them) => {
      them.inject(pdv(1, true, writeCommand(store, true)));
      them.inject(pdv(1, false, new Uint8Array(4), false));
      them.inject(pdv(1, true, writeCommand(store, true)));
    },
    "fragments of two messages mixed": (them) => {
      them.inject(pdv(1, true, writeCommand(store, true)));
      them.inject(pdv(3, false, new Uint8Array(4), false));
    },
    "a data set larger than is collected": (them) => {
      them.inject(pdv(1, true, writeCommand({ ...store, kind: "C-STORE-RQ" }, true)));
      for (let i = 0; i < 5; i++) them.inject(pdv(1, false, new Uint8Array(1024), false));
    },
    "a response without a status": (them) => {
      const broken = { kind: "C-ECHO-RSP", messageIdBeingRespondedTo: 1 };
      them.inject(pdv(1, true, writeCommand(broken as Command, false)));
    },
  };
  for (const [name, misbehave] of Object.entries(cases))
    test(name, async () => {
      const collect: RequestHandlers = {
        "C-STORE-RQ": (_, reply) => ({ end: () => reply.respond({ status: 0 }) }),
      };
      const { them, us } = rawPeer(collect, undefined, 4096);
      misbehave(them);
      expect(await us.ended).toMatchObject({ kind: "aborted", by: "us" });
    });

  test("C4: a body that cannot be read to its end aborts the association", async () => {
    const { channel, us } = rawPeer();
    const broken = {
      byteLength: 100,
      readInto: () => Promise.reject(new Error("file gone")),
      close: async () => {},
    };
    const exchange = channel.request(
      verification(channel),
      { kind: "C-STORE-RQ", affectedSopClassUid: "1.2", affectedSopInstanceUid: "1.2.3" },
      [broken],
    );
    await expect(exchange.next(TIMEOUT_MS)).rejects.toThrow("file gone");
    expect(us.end).toMatchObject({ kind: "aborted", by: "us" });
  });
});
