// DCMTK as the peer: echoscu against our acceptor, plain and TLS, and our requestor against storescp.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "bun";
import type { DialTarget, Listening, TlsServerOptions } from "../../../src/core/connection.ts";
import { silentLog } from "../../../src/core/log.ts";
import { serveStorage } from "../../../src/dicom/ae/storage/serve-storage.ts";
import { verify } from "../../../src/dicom/ae/verification/verify.ts";
import { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import { requestAssociation } from "../../../src/dicom/ul/requestor.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import {
  associationRequest,
  CR_STORAGE,
  IDENTITY,
  IMPLICIT,
  VERIFICATION,
} from "../../dicom/ul/pdus.ts";
import { Authority, opensslMissing } from "../../hal/net/certificates.ts";
import { clock, RunningAcceptor, remote } from "./running-acceptor.ts";

const dcmtkMissing = which("echoscu") === null || which("storescp") === null;

const echoscu = (port: number, ...options: readonly string[]) => run("echoscu", port, ...options);

/** Runs a DCMTK program against the acceptor to its end. */
async function run(
  name: "echoscu" | "storescu",
  port: number,
  ...options: readonly (string | { readonly file: string })[]
) {
  const program = Bun.spawn(
    [
      name,
      ...["-v", "-aet", "PEER", "-aec", "UDR10A"],
      ...options.filter((option) => typeof option === "string"),
      ...["127.0.0.1", String(port)],
      ...options.flatMap((option) => (typeof option === "string" ? [] : [option.file])),
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, TCP_NODELAY: "1" } },
  );
  const [out, error, code] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { code, said: out + error };
}

/** A CR image with these pixels, made by dump2dcm. */
async function crFile(folder: string, pixels: Uint8Array): Promise<string> {
  const [raw, dump, file] = ["pixels.raw", "image.dump", "image.dcm"].map((f) => join(folder, f));
  if (raw === undefined || dump === undefined || file === undefined) throw new Error("no paths");
  await Bun.write(raw, pixels);
  await Bun.write(
    dump,
    [
      `(0008,0016) UI [${CR_STORAGE}]`,
      "(0008,0018) UI [1.2.3.4.5]",
      "(0010,0010) PN [DOE^JANE]",
      "(0020,000d) UI [1.2.3.4.6]",
      "(0020,000e) UI [1.2.3.4.7]",
      `(7fe0,0010) OW =${raw}`,
    ].join("\n"),
  );
  const made = Bun.spawn(["dump2dcm", "+te", dump, file], { stdout: "ignore", stderr: "pipe" });
  const said = await new Response(made.stderr).text();
  if ((await made.exited) !== 0) throw new Error(said);
  return file;
}

/** storescp on a free port; resolves once it answers connections. */
async function storescp(...options: readonly string[]) {
  const free = await tcpListen({ clock, log: silentLog })({ host: "127.0.0.1", port: 0 }, () => {});
  const { port }: Listening = free;
  await free.close();
  const program = Bun.spawn(["storescp", ...options, "--ignore", String(port)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const dial = tcpDial({ clock });
  for (;;) {
    const connection = await dial({ host: "127.0.0.1", port }, 5000).catch(() => null);
    connection?.destroy();
    if (connection !== null || program.exitCode !== null) break;
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      program.kill();
      await program.exited;
    },
  };
}

/** C-ECHO to a peer over our requestor. */
async function echo(target: DialTarget) {
  const outcome = await requestAssociation(
    { dial: tcpDial({ clock }), clock, log: silentLog },
    associationRequest({
      target,
      called: "ANY-SCP",
      contexts: [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
    }),
  );
  if (outcome.kind !== "accepted") return outcome;
  const channel = new DimseChannel(outcome.association, { clock, log: silentLog });
  const verified = await verify(channel, { timeoutMs: 5000 });
  return { ...verified, end: await outcome.association.release() };
}

describe.skipIf(dcmtkMissing)("DCMTK (needs echoscu and storescp)", () => {
  for (const options of [[], ["-pdu", "4096"], ["-pts", "3"], ["-ppc", "128"], ["--repeat", "20"]])
    test(`echoscu ${options.join(" ")} is answered`, async () => {
      await using running = await RunningAcceptor.start();
      const { code, said } = await echoscu(running.port, ...options);
      expect(said).toContain("Received Echo Response (Success)");
      expect(code).toBe(0);
      expect(await running.associations[0]?.association.ended).toEqual({ kind: "released" });
    });

  test("echoscu --abort ends in its abort", async () => {
    await using running = await RunningAcceptor.start();
    await echoscu(running.port, "--abort");
    expect(await running.associations[0]?.association.ended).toMatchObject({
      kind: "aborted",
      by: "peer",
    });
  });

  test("echoscu understands our rejections", async () => {
    await using running = await RunningAcceptor.start({ remotes: [remote("OTHER")] });
    const { code, said } = await echoscu(running.port);
    expect(code).not.toBe(0);
    expect(said).toContain("Calling AE Title Not Recognized");
  });

  for (const pdu of [4096, 131_072])
    test(`storescu in PDUs of ${pdu} bytes delivers every byte`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "udr-storescu-"));
      try {
        const pixels = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * 7) % 253);
        const file = await crFile(folder, pixels);
        await using running = await RunningAcceptor.start();
        const stored: Uint8Array[] = [];
        running.handlers = {
          "C-STORE-RQ": serveStorage({
            log: silentLog,
            identity: IDENTITY,
            callingAeTitle: "PEER",
            open: () => ({
              // a copy in the next turn: views must stay valid, and reading waits meanwhile
              write: async (bytes) => {
                await new Promise<void>((resolve) => setImmediate(resolve));
                stored.push(bytes);
              },
              commit: async () => {},
              discard: () => {},
            }),
          }),
        };
        const { code } = await run("storescu", running.port, "-pdu", String(pdu), { file });
        expect(code).toBe(0);
        const bytes = Buffer.concat(stored);
        expect(Buffer.compare(bytes.subarray(-pixels.byteLength), pixels)).toBe(0);
        expect(await running.associations[0]?.association.ended).toEqual({ kind: "released" });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

  test("storescp answers our C-ECHO and our release", async () => {
    await using peer = await storescp();
    expect(await echo({ host: "127.0.0.1", port: peer.port })).toMatchObject({
      kind: "success",
      end: { kind: "released" },
    });
  });

  test("storescp with the smallest PDU it knows is served", async () => {
    await using peer = await storescp("-pdu", "4096");
    expect(await echo({ host: "127.0.0.1", port: peer.port })).toMatchObject({
      end: { kind: "released" },
    });
  });

  describe.skipIf(opensslMissing)("over TLS (needs openssl)", () => {
    const site = new Authority();
    const device = site.issue("device");
    const peer = site.issue("peer");
    afterAll(() => site[Symbol.dispose]());
    const server: TlsServerOptions = { ...device, caFile: site.caFile };

    test("echoscu +tls is answered on the TLS port", async () => {
      await using running = await RunningAcceptor.start(undefined, server);
      const tlsPort = running.acceptor.tlsPort ?? 0;
      const { code, said } = await echoscu(
        tlsPort,
        ...["+tls", peer.keyFile, peer.certFile, "+cf", site.caFile],
      );
      expect(said).toContain("Received Echo Response (Success)");
      expect(code).toBe(0);
    });

    test("echoscu without a certificate is refused, and the next one is served", async () => {
      await using running = await RunningAcceptor.start(undefined, server);
      const tlsPort = running.acceptor.tlsPort ?? 0;
      const { code } = await echoscu(tlsPort, "+tla", "+cf", site.caFile);
      expect(code).not.toBe(0);
      const tls = { ...peer, caFile: site.caFile, verify: true };
      expect(await running.answersGoodPeer({ port: tlsPort, tls })).toBe(true);
      expect(running.logged.join("\n")).toContain("tls-refused");
    });

    test("a renewed certificate counts from the next connection on, and a bad one is told", async () => {
      await using running = await RunningAcceptor.start(undefined, server);
      const { port, tlsPort } = running.acceptor;
      const listen = (tls: TlsServerOptions) =>
        running.acceptor.listen({
          host: "127.0.0.1",
          port: port ?? 0,
          tls: { port: tlsPort ?? 0, ...tls },
        });
      const good = { ...peer, caFile: site.caFile, verify: true };
      await listen({ ...site.issue("renewed"), caFile: site.caFile });
      expect(running.acceptor.tlsPort).toBe(tlsPort);
      expect(await running.answersGoodPeer({ port: tlsPort ?? 0, tls: good })).toBe(true);
      await expect(listen({ ...server, keyFile: "/nowhere.pem" })).rejects.toThrow("/nowhere.pem");
      expect(running.acceptor.tlsPort).toBe(tlsPort);
      expect(await running.answersGoodPeer({ port: tlsPort ?? 0, tls: good })).toBe(true);
      expect(await running.answersGoodPeer()).toBe(true);
      await listen(server);
      expect(await running.answersGoodPeer({ port: tlsPort ?? 0, tls: good })).toBe(true);
    });

    test("storescp +tls answers our C-ECHO", async () => {
      await using scp = await storescp("+tls", peer.keyFile, peer.certFile, "+cf", site.caFile);
      const tls = { ...device, caFile: site.caFile, verify: true };
      expect(await echo({ host: "127.0.0.1", port: scp.port, tls })).toMatchObject({
        end: { kind: "released" },
      });
    });

    test("storescp +tls refuses us without a certificate, and we say why", async () => {
      await using scp = await storescp("+tls", peer.keyFile, peer.certFile, "+cf", site.caFile);
      const outcome = await echo({
        host: "127.0.0.1",
        port: scp.port,
        tls: { caFile: site.caFile, verify: true },
      });
      expect(outcome).toMatchObject({ kind: "failed", cause: "tls" });
      expect(JSON.stringify(outcome)).toContain("certificate");
    });
  });
});
