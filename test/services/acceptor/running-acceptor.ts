// The acceptor on real sockets with a configuration of the test's choosing, and a raw peer that
// sends bytes and collects what comes back.

import { connect, type Socket } from "node:net";
import { type Configuration, parseConfiguration } from "../../../src/config/configuration.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import type { DialTarget, TlsServerOptions } from "../../../src/core/connection.ts";
import { jsonLog } from "../../../src/core/log.ts";
import { serveVerification } from "../../../src/dicom/ae/verification/serve-verification.ts";
import { DimseChannel } from "../../../src/dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../../src/dicom/dimse/message.ts";
import type { Association } from "../../../src/dicom/ul/association.ts";
import type { Pdu } from "../../../src/dicom/ul/pdu.ts";
import { requestAssociation } from "../../../src/dicom/ul/requestor.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { Acceptor } from "../../../src/services/acceptor/acceptor.ts";
import type { Purpose } from "../../../src/services/acceptor/purposes.ts";
import { associationRequest, readPdus } from "../../dicom/ul/pdus.ts";

export const clock = new SystemClock();

/** A remote of the configuration. */
export function remote(aeTitle: string, host = "127.0.0.1") {
  return { id: aeTitle, aeTitle, host, port: 104 };
}

export function configured(json: unknown): Configuration {
  const parsed = parseConfiguration(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

export class RunningAcceptor implements AsyncDisposable {
  configuration: Configuration;
  readonly acceptor: Acceptor;
  readonly associations: { association: Association; purposes: ReadonlySet<Purpose> }[] = [];
  readonly logged: string[] = [];
  /** Makes every decision fail for a reason of our own. */
  configurationFails = false;
  /** What is served on every association. */
  handlers: RequestHandlers = { "C-ECHO-RQ": serveVerification() };
  addresses: readonly string[] = ["127.0.0.1"];

  private constructor(json: unknown) {
    this.configuration = configured(json);
    const log = jsonLog(
      (line) => this.logged.push(line),
      () => 0,
    );
    this.acceptor = new Acceptor({
      clock,
      log,
      listen: tcpListen({ clock, log }),
      resolve: async () => this.addresses,
      configuration: () => {
        if (this.configurationFails) throw new Error("the configuration cannot be read");
        return this.configuration;
      },
      onAssociation: (association, purposes) => {
        this.associations.push({ association, purposes });
        new DimseChannel(association, { clock, log, handlers: this.handlers });
      },
    });
  }

  static async start(
    json: unknown = { remotes: [remote("PEER")] },
    tls?: TlsServerOptions,
  ): Promise<RunningAcceptor> {
    const running = new RunningAcceptor(json);
    await running.acceptor.listen({
      host: "127.0.0.1",
      port: 0,
      tls: tls === undefined ? undefined : { port: 0, ...tls },
    });
    return running;
  }

  get port(): number {
    return this.acceptor.port ?? 0;
  }

  /** Resolves once so many connections are being served. */
  async connected(count: number): Promise<void> {
    while (this.acceptor.connections < count)
      await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** A good peer asks for verification and leaves again; true when all went well. */
  async answersGoodPeer(change: Partial<DialTarget> = {}): Promise<boolean> {
    const log = jsonLog(
      () => {},
      () => 0,
    );
    const outcome = await requestAssociation(
      { dial: tcpDial({ clock }), clock, log },
      associationRequest({
        target: { host: "127.0.0.1", port: this.port, ...change },
        calling: "PEER",
        called: "UDR10A",
      }),
    );
    if (outcome.kind !== "accepted") return false;
    return (await outcome.association.release()).kind === "released";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.acceptor.close();
  }
}

/** A socket that does what no well-behaved peer does. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  #received = Buffer.alloc(0);
  readonly #waiters = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      for (const wake of this.#waiters) wake();
    });
    socket.on("close", () => {
      this.isClosed = true;
      for (const wake of this.#waiters) wake();
    });
  }

  static connect(port: number): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawPeer(socket)));
    });
  }

  send(...parts: readonly (Pdu | Uint8Array)[]): void {
    for (const part of parts)
      if (!this.socket.destroyed)
        this.socket.write(part instanceof Uint8Array ? part : writePdu(part).slice());
  }

  /** Whole PDUs received so far; bytes after them are left out. */
  pdus(): Pdu[] {
    let end = 0;
    while (end + 6 <= this.#received.length) {
      const next = end + 6 + this.#received.readUInt32BE(end + 2);
      if (next > this.#received.length) break;
      end = next;
    }
    return readPdus(new Uint8Array(this.#received.subarray(0, end)));
  }

  /** Resolves with the PDUs once there are `count`, or the connection is closed. */
  async answers(count: number): Promise<Pdu[]> {
    while (this.pdus().length < count && !this.isClosed)
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
      });
    return this.pdus();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
