// TLS: our two ends against each other, with certificates made on the spot.

import { afterAll, describe, expect, test } from "bun:test";
import { SystemClock } from "../../../src/core/clock.ts";
import type {
  ConnectError,
  Connection,
  TlsClientOptions,
  TlsServerOptions,
} from "../../../src/core/connection.ts";
import { jsonLog } from "../../../src/core/log.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { Authority, opensslMissing } from "./certificates.ts";

const clock = new SystemClock();
const dial = tcpDial({ clock });
const logged: string[] = [];
const log = jsonLog(
  (line) => logged.push(line),
  () => 0,
);

interface Met {
  readonly echoed: boolean;
  readonly error: Error | null;
  readonly subject: string | null;
}

describe.skipIf(opensslMissing)("TLS (needs openssl)", () => {
  const site = new Authority("Site");
  const elsewhere = new Authority("Elsewhere");
  const server = site.issue("device");
  const client = site.issue("archive");
  const stranger = elsewhere.issue("stranger");
  const expired = site.issue("old", { days: -1 });
  afterAll(() => {
    site[Symbol.dispose]();
    elsewhere[Symbol.dispose]();
  });

  const mutual: TlsServerOptions = { ...server, caFile: site.caFile };

  /** Connects, sends a byte, and answers how it ended. */
  async function meet(ours: TlsClientOptions, theirs: TlsServerOptions): Promise<Met> {
    let subject: string | null = null;
    const port = await tcpListen({ clock, log })(
      { host: "127.0.0.1", port: 0, tls: theirs },
      (connection) => {
        subject = connection.peerCertificate;
        connection.onData((chunk) => void connection.write([chunk]).catch(() => {}));
      },
    );
    try {
      const connection = await dial({ host: "127.0.0.1", port: port.port, tls: ours }, 5000);
      return await echoOf(connection, () => subject);
    } catch (error) {
      return { echoed: false, error: error as ConnectError, subject };
    } finally {
      await port.close();
    }
  }

  function echoOf(connection: Connection, subject: () => string | null): Promise<Met> {
    return new Promise((resolve) => {
      connection.onClose((error) => resolve({ echoed: false, error, subject: subject() }));
      connection.onData(() => {
        resolve({ echoed: true, error: null, subject: subject() });
        connection.destroy();
      });
      connection.write([Uint8Array.of(1)]).catch(() => {});
    });
  }

  test("certificates of one authority on both sides work, and the peer is known by name", async () => {
    const result = await meet({ ...client, caFile: site.caFile, verify: true }, mutual);
    expect(result).toEqual({ echoed: true, error: null, subject: "archive" });
  });

  test("a listener without authority wants no certificate", async () => {
    const result = await meet({ caFile: site.caFile, verify: true }, server);
    expect(result).toEqual({ echoed: true, error: null, subject: null });
  });

  test("without verification any certificate of the peer is taken", async () => {
    expect(await meet({ verify: false }, stranger)).toMatchObject({ echoed: true });
  });

  const refused: [string, TlsClientOptions, TlsServerOptions, RegExp][] = [
    [
      "a peer of another authority",
      { caFile: site.caFile, verify: true },
      stranger,
      /not issued by the authority in the ca file/,
    ],
    [
      "a peer whose certificate has expired",
      { caFile: site.caFile, verify: true },
      expired,
      /expired/,
    ],
    [
      "a peer that no public authority vouches for",
      { verify: true },
      server,
      /not issued by the authority/,
    ],
    [
      "our missing certificate",
      { caFile: site.caFile, verify: true },
      mutual,
      /wants a client certificate; set cert and key/,
    ],
    [
      "our certificate of another authority",
      { ...stranger, caFile: site.caFile, verify: true },
      mutual,
      /does not know the authority that issued our certificate|refused our certificate/,
    ],
    [
      "a key file that is missing",
      { certFile: client.certFile, keyFile: "/nowhere/key.pem", verify: true },
      mutual,
      /the key file \/nowhere\/key.pem cannot be read/,
    ],
    [
      "a certificate without its key",
      { certFile: client.certFile, verify: true },
      mutual,
      /set both cert and key/,
    ],
    [
      "a file that holds something else",
      {
        certFile: site.write("note.txt", "hello"),
        keyFile: client.keyFile,
        verify: true,
      },
      mutual,
      /note.txt holds no PEM block "CERTIFICATE"/,
    ],
    [
      "a key of another certificate",
      { certFile: client.certFile, keyFile: server.keyFile, verify: true },
      mutual,
      /key does not belong to the certificate/,
    ],
  ];
  for (const [what, ours, theirs, message] of refused)
    test(`${what} fails with a text that says so`, async () => {
      const { echoed, error } = await meet(ours, theirs);
      expect(echoed).toBe(false);
      expect(error).toMatchObject({ name: "ConnectError", kind: "tls" });
      expect(error?.message).toMatch(message);
    });

  test("a plain peer behind a TLS remote is told as such", async () => {
    const plain = await tcpListen({ clock, log })({ host: "127.0.0.1", port: 0 }, (connection) => {
      connection.onData(() => void connection.write([new Uint8Array(64)]).catch(() => {}));
    });
    const dialling = dial({ host: "127.0.0.1", port: plain.port, tls: { verify: false } }, 5000);
    await expect(dialling).rejects.toThrow(/does not speak TLS on this port/);
    await plain.close();
  });

  test("a write does not resolve while the peer reads nothing, and nothing is lost", async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    const port = await tcpListen({ clock, log })(
      { host: "127.0.0.1", port: 0, tls: server },
      resolve,
    );
    const tls = { caFile: site.caFile, verify: true };
    const us = await dial({ host: "127.0.0.1", port: port.port, tls }, 5000);
    const them = await promise;
    const total = 48 * 1024 * 1024;
    const part = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => i % 251);
    let received = 0;
    let wrong = 0;
    them.onData((chunk) => {
      for (let i = 0; i < chunk.byteLength; i += 997)
        if (chunk[i] !== ((received + i) % part.byteLength) % 251) wrong++;
      received += chunk.byteLength;
    });
    them.pause();
    let written = 0;
    const write = (async () => {
      for (; written < total; written += part.byteLength) await us.write([part]);
    })();
    // round trips on other connections: time enough for what would come at once
    for (let i = 0; i < 3; i++)
      (await dial({ host: "127.0.0.1", port: port.port, tls }, 5000)).destroy();
    expect(written).toBeLessThan(total);
    const done = new Promise<Error | null>((closed) => them.onClose(closed));
    them.resume();
    await write;
    us.end();
    expect(await done).toBeNull();
    expect([received, wrong]).toEqual([total, 0]);
    await port.close();
  });

  test("files of the listener that do not fit are named when it starts", async () => {
    const start = (tls: TlsServerOptions) =>
      tcpListen({ clock, log })({ host: "127.0.0.1", port: 0, tls }, () => {});
    await expect(start({ ...server, keyFile: "/nowhere.pem" })).rejects.toThrow("/nowhere.pem");
    await expect(start({ ...server, keyFile: client.keyFile })).rejects.toThrow(
      /key does not belong to the certificate/,
    );
  });

  test("peers that hang in the handshake do not keep others out", async () => {
    const port = await tcpListen({ clock, log })(
      { host: "127.0.0.1", port: 0, tls: mutual },
      (connection) => connection.onData((chunk) => void connection.write([chunk])),
    );
    const silent = await Promise.all(
      Array.from({ length: 200 }, () => dial({ host: "127.0.0.1", port: port.port }, 5000)),
    );
    const good = await dial(
      { host: "127.0.0.1", port: port.port, tls: { ...client, caFile: site.caFile, verify: true } },
      5000,
    );
    const echo = new Promise<Uint8Array>((resolve) => good.onData(resolve));
    await good.write([Uint8Array.of(42)]);
    expect([...(await echo)]).toEqual([42]);
    for (const connection of [...silent, good]) connection.destroy();
    await port.close();
  });

  // the profile, against a client that offers just one thing
  const offers: [string, string[], boolean][] = [
    ["TLS 1.3", ["-tls1_3"], true],
    ["TLS 1.2 with ECDHE and GCM", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], true],
    ["TLS 1.2 with CBC", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], false],
    ["TLS 1.1", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], false],
  ];
  for (const [what, args, agreed] of offers)
    test(`${what} is ${agreed ? "agreed on" : "refused"}`, async () => {
      const port = await tcpListen({ clock, log })(
        { host: "127.0.0.1", port: 0, tls: server },
        (connection) => connection.end(),
      );
      const client = Bun.spawn(
        ["openssl", "s_client", "-connect", `127.0.0.1:${port.port}`, "-brief", ...args],
        { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
      );
      const said = await new Response(client.stderr).text();
      await client.exited;
      expect(said.includes("CONNECTION ESTABLISHED")).toBe(agreed);
      await port.close();
    });
});
