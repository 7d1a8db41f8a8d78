// The network in memory behaves as networks do, well and badly.

import { expect, test } from "bun:test";
import { SimulatedClock } from "../../src/core/clock.ts";
import { ConnectError, type Connection } from "../../src/core/connection.ts";
import { type NetworkOptions, SimNetwork } from "./network.ts";

async function pair(options: Partial<NetworkOptions> = {}) {
  const clock = new SimulatedClock();
  const network = new SimNetwork({ clock, latencyMs: 5, ...options });
  const server = network.host("server");
  const client = network.host("client");
  const there: Connection[] = [];
  await server.listen({ host: "", port: 104 }, (connection) => there.push(connection));
  const dialled = client.dial({ host: "server", port: 104 }, 1_000);
  await clock.advance(20);
  const here = await dialled;
  const [peer] = there;
  if (peer === undefined) throw new Error("nobody was connected");
  const heard = { text: "", closed: [] as (string | null)[] };
  peer.onData((chunk) => {
    heard.text += new TextDecoder().decode(chunk);
  });
  peer.onClose((cause) => heard.closed.push(cause?.message ?? null));
  const mine: (string | null)[] = [];
  here.onClose((cause) => mine.push(cause?.message ?? null));
  return { clock, network, server, client, here, peer, heard, mine };
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("bytes arrive in order after the latency, and what is queued comes before the end", async () => {
  const { clock, here, heard, mine } = await pair();
  const written = here.write([bytes("a"), bytes("b")]);
  void here.write([bytes("c")]);
  here.end();
  await clock.advance(4);
  expect(heard.text).toBe("");
  await clock.advance(20);
  await written;
  expect(heard).toEqual({ text: "abc", closed: [null] });
  expect(mine).toEqual([null]);
});

test("a write waits for a peer that does not read", async () => {
  const { clock, here, peer, heard } = await pair();
  peer.pause();
  let taken = false;
  void here.write([bytes("x")]).then(() => {
    taken = true;
  });
  await clock.advance(1_000);
  expect(taken).toBe(false);
  peer.resume();
  await clock.advance(0);
  expect([taken, heard.text]).toEqual([true, "x"]);
});

test("a host whose program is away refuses and resets; one without a cable is silent", async () => {
  for (const [state, kind, told] of [
    ["refusing", "refused", 1],
    ["silent", "timeout", 0],
  ] as const) {
    const { clock, server, client, heard, mine } = await pair();
    server.state = state;
    const dialled = client.dial({ host: "server", port: 104 }, 1_000).catch((e: unknown) => e);
    await clock.advance(2_000);
    const error = await dialled;
    expect(error instanceof ConnectError ? error.kind : error).toBe(kind);
    expect([heard.closed.length, mine.length]).toEqual([told, told]);
  }
});

test("a machine without mains hears nothing; its peer hears of it only where told so", async () => {
  for (const [how, told] of [
    ["reset", 1],
    ["silent", 0],
  ] as const) {
    const { clock, client, here, heard, mine } = await pair();
    client.losePower(how);
    void here.write([bytes("x")]).catch(() => {});
    await clock.advance(1_000);
    expect([heard.closed.length, mine.length, heard.text]).toEqual([told, 0, ""]);
  }
});

test("a stream breaks after as many pieces as its fate says", async () => {
  const fate = () => ({ afterChunks: 2, how: "reset" }) as const;
  const { clock, here, heard } = await pair({ fate, latencyMs: 0 });
  for (const text of ["a", "b", "c"]) {
    void here.write([bytes(text)]).catch(() => {});
    await clock.advance(1);
  }
  expect(heard.text).toBe("ab");
  expect(heard.closed).toEqual(["the connection with client was reset"]);
});
