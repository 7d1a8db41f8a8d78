// Plain connections on loopback.

import { describe, expect, test } from "bun:test";
import { SimulatedClock, SystemClock } from "../../../src/core/clock.ts";
import type { ConnectError, Connection, Listening } from "../../../src/core/connection.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Resolver } from "../../../src/hal/net/resolve.ts";
import { plainAddress } from "../../../src/hal/net/socket-connection.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";

const clock = new SystemClock();
const dial = tcpDial({ clock });
const listen = tcpListen({ clock, log: silentLog });

/** Both ends of a connection, and the port they met on. */
async function pair(): Promise<{ us: Connection; them: Connection; port: Listening }> {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const port = await listen({ host: "127.0.0.1", port: 0 }, resolve);
  const us = await dial({ host: "127.0.0.1", port: port.port }, 5000);
  return { us, them: await promise, port };
}

function closed(connection: Connection): Promise<Error | null> {
  return new Promise((resolve) => connection.onClose(resolve));
}

async function failure(promise: Promise<Connection>): Promise<ConnectError> {
  try {
    (await promise).destroy();
  } catch (error) {
    return error as ConnectError;
  }
  throw new Error("connected");
}

describe("connections", () => {
  test("bytes cross in order, whatever their sizes", async () => {
    const { us, them, port } = await pair();
    const received: Uint8Array[] = [];
    them.onData((chunk) => received.push(chunk));
    const parts = [1, 5, 70_000, 0, 12, 1_000_000, 3].map((n, i) => new Uint8Array(n).fill(i));
    await us.write(parts.slice(0, 5));
    await us.write(parts.slice(5));
    const done = closed(them);
    us.end();
    expect(await done).toBeNull();
    expect(Buffer.compare(Buffer.concat(received), Buffer.concat(parts))).toBe(0);
    await port.close();
  });

  test("chunks are plain byte arrays, whose slice is a copy", async () => {
    const { us, them, port } = await pair();
    const chunk = new Promise<Uint8Array>((resolve) => them.onData(resolve));
    await us.write([Uint8Array.of(1, 2, 3)]);
    const bytes = await chunk;
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(bytes.slice(0, 1).buffer).not.toBe(bytes.buffer);
    us.destroy();
    await port.close();
  });

  test("a write does not resolve while the peer reads nothing, and a paused peer loses nothing", async () => {
    const { us, them, port } = await pair();
    let received = 0;
    them.onData((chunk) => {
      received += chunk.byteLength;
    });
    them.pause();
    const total = 64 * 1024 * 1024;
    let written = false;
    const write = us.write([new Uint8Array(total)]).then(() => {
      written = true;
    });
    // a round trip on another connection: time enough for anything that would come at once
    const other = await dial({ host: "127.0.0.1", port: port.port }, 5000);
    other.destroy();
    expect(written).toBe(false);
    expect(received).toBeLessThan(total);
    them.resume();
    await write;
    const done = closed(them);
    us.end();
    await done;
    expect(received).toBe(total);
    await port.close();
  });

  test("a write that waits fails when the connection dies", async () => {
    const { us, them, port } = await pair();
    them.pause();
    const write = us.write([new Uint8Array(64 * 1024 * 1024)]).catch((error: unknown) => error);
    us.destroy();
    expect(await write).toBeInstanceOf(Error);
    await expect(us.write([Uint8Array.of(1)])).rejects.toThrow();
    them.destroy();
    await port.close();
  });

  test("the peer's address is numeric", async () => {
    const { us, them, port } = await pair();
    expect(us.remoteAddress).toBe("127.0.0.1");
    expect(us.remotePort).toBe(port.port);
    expect(them.remoteAddress).toBe("127.0.0.1");
    expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(plainAddress("2001:db8::1")).toBe("2001:db8::1");
    us.destroy();
    await port.close();
  });

  test("a close is told also to who asks late", async () => {
    const { us, them, port } = await pair();
    const first = closed(us);
    us.destroy();
    await first;
    expect(await closed(us)).toBeNull();
    them.destroy();
    await port.close();
  });
});

describe("dialling", () => {
  test("a port where nobody listens is refused, and says so", async () => {
    const port = await listen({ host: "127.0.0.1", port: 0 }, () => {});
    await port.close();
    const error = await failure(dial({ host: "127.0.0.1", port: port.port }, 5000));
    expect(error).toMatchObject({ kind: "refused" });
    expect(error.message).toContain(`127.0.0.1:${port.port} refuses the connection`);
  });

  test("an unknown name is told as such", async () => {
    const resolver = new Resolver(clock, () => Promise.reject(new Error("ENOTFOUND")));
    const error = await failure(
      tcpDial({ clock, resolver })({ host: "nobody.test", port: 104 }, 5000),
    );
    expect(error).toMatchObject({ kind: "unknown-host" });
    expect(error.message).toContain("nobody.test");
  });

  test("a name server that is silent ends with the connect time-out", async () => {
    const simulated = new SimulatedClock();
    const resolver = new Resolver(simulated, () => new Promise(() => {}));
    const dialling = failure(
      tcpDial({ clock: simulated, resolver })({ host: "slow.test", port: 104 }, 15_000),
    );
    await simulated.advance(15_000);
    expect(await dialling).toMatchObject({ kind: "timeout" });
    expect((await dialling).message).toContain("no connection within 15 s (resolving the name)");
  });

  test("an address that swallows everything ends with the time-out and leaves no socket", async () => {
    const simulated = new SimulatedClock();
    // the backlog of a listener that never accepts would do; a reserved address is simpler
    const dialling = failure(
      tcpDial({ clock: simulated })({ host: "192.0.2.1", port: 104 }, 15_000),
    );
    await simulated.advance(15_000);
    expect(["timeout", "unreachable"]).toContain((await dialling).kind);
    expect(simulated.nextDueMs()).toBeNull();
  });

  test("cancelling ends it at once, before and during", async () => {
    const target = { host: "slow.test", port: 104 };
    const resolver = new Resolver(clock, () => new Promise(() => {}));
    const slow = tcpDial({ clock, resolver });
    expect(await failure(slow(target, 60_000, AbortSignal.abort()))).toMatchObject({
      kind: "cancelled",
    });
    const cancel = new AbortController();
    const dialling = failure(slow(target, 60_000, cancel.signal));
    cancel.abort();
    expect(await dialling).toMatchObject({ kind: "cancelled" });
  });

  test("the next address is tried when one refuses", async () => {
    const port = await listen({ host: "127.0.0.1", port: 0 }, (connection) => connection.destroy());
    const resolver = new Resolver(clock, async () => ["127.0.0.2", "127.0.0.1"]);
    const target = { host: "both.test", port: port.port };
    const connection = await tcpDial({ clock, resolver })(target, 5000);
    expect(connection.remoteAddress).toBe("127.0.0.1");
    connection.destroy();
    // and the one that worked goes first from then on
    expect(await resolver.resolve("both.test")).toEqual(["127.0.0.1", "127.0.0.2"]);
    await port.close();
  });

  test("an address that swallows everything leaves time for the next one", async () => {
    const simulated = new SimulatedClock();
    const port = await listen({ host: "127.0.0.1", port: 0 }, () => {});
    const resolver = new Resolver(simulated, async () => ["192.0.2.1", "127.0.0.1"]);
    const dialling = tcpDial({ clock: simulated, resolver })(
      { host: "half-dead.test", port: port.port },
      15_000,
    );
    // Where the network says at once that there is no way there, the next address is on its way in real time.
    await Promise.race([dialling, Bun.sleep(250)]);
    await simulated.advance(7_500);
    const connection = await dialling;
    expect(connection.remoteAddress).toBe("127.0.0.1");
    connection.destroy();
    await port.close();
  });
});

describe("names", () => {
  test("literal addresses are never looked up", async () => {
    const resolver = new Resolver(clock, () => Promise.reject(new Error("asked")));
    expect(await resolver.resolve("192.0.2.1")).toEqual(["192.0.2.1"]);
    expect(await resolver.resolve("2001:DB8:0::1")).toEqual(["2001:db8::1"]);
  });

  test("the last good answer is used when the name server fails or is slow", async () => {
    const simulated = new SimulatedClock();
    let answer = (): Promise<readonly string[]> => Promise.resolve(["192.0.2.1"]);
    const resolver = new Resolver(simulated, () => answer());
    expect(await resolver.resolve("pacs.test")).toEqual(["192.0.2.1"]);
    answer = () => Promise.reject(new Error("SERVFAIL"));
    expect(await resolver.resolve("pacs.test")).toEqual(["192.0.2.1"]);
    answer = () => new Promise(() => {});
    const waiting = resolver.resolve("pacs.test");
    await simulated.advance(2000);
    expect(await waiting).toEqual(["192.0.2.1"]);
    answer = () => Promise.resolve(["192.0.2.2"]);
    expect(await resolver.resolve("pacs.test")).toEqual(["192.0.2.2"]);
  });
});

describe("listening", () => {
  test("a taken port is named, with what to do", async () => {
    const first = await listen({ host: "127.0.0.1", port: 0 }, () => {});
    await expect(listen({ host: "127.0.0.1", port: first.port }, () => {})).rejects.toThrow(
      `port ${first.port} on 127.0.0.1 is in use by another program`,
    );
    await first.close();
  });

  test("an address that is not ours is named", async () => {
    await expect(listen({ host: "192.0.2.77", port: 0 }, () => {})).rejects.toThrow(
      "this machine has no such address",
    );
  });

  test("a closed port can be listened on again while its connections live", async () => {
    const { us, them, port } = await pair();
    await port.close();
    const again = await listen({ host: "127.0.0.1", port: port.port }, () => {});
    const data = new Promise<Uint8Array>((resolve) => them.onData(resolve));
    await us.write([Uint8Array.of(7)]);
    expect([...(await data)]).toEqual([7]);
    us.destroy();
    await again.close();
  });
});
