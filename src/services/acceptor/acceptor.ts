// The one listener of the device: verification, storage and commitment results on one AE title and
// port (E05), plain and TLS. Decides who may, counts what is under way, and hands associations on.

import type { Configuration } from "../../config/configuration.ts";
import type { Clock } from "../../core/clock.ts";
import type { Connection, Listen, Listening, TlsServerOptions } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import { acceptAssociation } from "../../dicom/ul/acceptor.ts";
import type { Association } from "../../dicom/ul/association.ts";
import type { AssociateRequest } from "../../dicom/ul/pdu.ts";
import { upperLayerTimeouts } from "../remotes/connect.ts";
import { ConnectionTable } from "./connection-table.ts";
import { type AcceptorPolicy, decideAssociation, type KnownCaller } from "./decide-association.ts";
import { PURPOSES, type Purpose } from "./purposes.ts";

export interface AcceptorDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly listen: Listen;
  /** Addresses of a host name, for the host filter; empty when unknown. Never rejects. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Asked anew for every association, so that a change applies at once. */
  readonly configuration: () => Configuration;
  /** Takes over an accepted association; what it throws aborts the association. */
  readonly onAssociation: (association: Association, purposes: ReadonlySet<Purpose>) => void;
}

export interface AcceptorPorts {
  /** Address to listen on: "::" or "0.0.0.0" for all. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly tls?: ({ readonly port: number } & TlsServerOptions) | undefined;
}

export class Acceptor {
  readonly #deps: AcceptorDependencies;
  readonly #connections = new ConnectionTable();
  readonly #associations = new Set<Association>();
  readonly #inUse: Record<Purpose, number> = { storage: 0, commitment: 0, verification: 0 };
  #plain: Listening | null = null;
  #tls: Listening | null = null;
  /** What the TLS port is listened on with. */
  #tlsOptions: AcceptorPorts["tls"];
  #open = true;

  constructor(deps: AcceptorDependencies) {
    this.#deps = deps;
  }

  /**
   * Listens, or moves to other ports; associations that stand are left alone.
   * @throws Error naming the port that is taken or the certificate file that does not fit. What was
   * listened on before is kept then; the TLS port only while its former certificate can be read.
   */
  async listen(ports: AcceptorPorts): Promise<void> {
    const before = [this.#plain, this.#tls];
    const { host, tls } = ports;
    const unchanged = ports.port !== 0 && ports.port === this.#plain?.port;
    const onConnection = (connection: Connection) => {
      this.#onConnection(connection).catch((error: unknown) => {
        this.#deps.log.error("connection-not-served", { error });
        connection.destroy();
      });
    };
    // the same port cannot be opened twice, so it stays
    const plain =
      unchanged && this.#plain !== null
        ? this.#plain
        : await this.#deps.listen({ host, port: ports.port }, onConnection);
    if (tls !== undefined && tls.port === this.#tls?.port) {
      // the same port again, perhaps with renewed certificates
      await this.#tls.close();
      this.#tls = null;
    }
    let secure: Listening | null = null;
    try {
      if (tls !== undefined)
        secure = await this.#deps.listen({ host, port: tls.port, tls }, onConnection);
    } catch (error) {
      if (plain !== this.#plain) await plain.close();
      if (this.#tls === null && this.#tlsOptions !== undefined)
        this.#tls = await this.#deps
          .listen({ host, port: this.#tlsOptions.port, tls: this.#tlsOptions }, onConnection)
          .catch(() => null);
      throw error;
    }
    this.#plain = plain;
    this.#tls = secure;
    this.#tlsOptions = secure === null ? undefined : tls && { ...tls, port: secure.port };
    for (const old of before) if (old !== null && old !== plain) await old.close();
  }

  /** Port listened on, or null. */
  get port(): number | null {
    return this.#plain?.port ?? null;
  }

  get tlsPort(): number | null {
    return this.#tls?.port ?? null;
  }

  /** Connections being served, with or without an association. */
  get connections(): number {
    return this.#connections.waiting + this.#connections.associated;
  }

  /** Associations under way, by purpose. */
  get inUse(): Readonly<Record<Purpose, number>> {
    return { ...this.#inUse };
  }

  /** Stops listening, aborts what is under way, closes every connection. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#plain?.close();
    await this.#tls?.close();
    this.#plain = null;
    this.#tls = null;
    for (const association of this.#associations) association.abort();
    this.#connections.destroyAll();
  }

  async #onConnection(connection: Connection): Promise<void> {
    const { clock, log, configuration } = this.#deps;
    const evicted = this.#connections.add(connection);
    if (evicted > 0) log.warn("connection-evicted", { newcomer: connection.remoteAddress });
    const callers = await this.#callers();
    const current = configuration();
    let purposes: ReadonlySet<Purpose> = new Set();
    acceptAssociation({ clock, log }, connection, {
      identity: {
        implementationClassUid: current.device.implementationClassUid,
        implementationVersionName: current.device.implementationVersionName,
      },
      maxPduLength: current.maxPduLength,
      timeouts: upperLayerTimeouts(current),
      decide: (request) => {
        const decision = decideAssociation(
          request,
          connection.remoteAddress,
          this.#policy(configuration(), callers),
        );
        this.#tell(request, connection, decision);
        if (decision.kind === "accept") purposes = decision.purposes;
        return decision;
      },
      onAssociation: (association) => {
        this.#count(association, connection, purposes);
        this.#deps.onAssociation(association, purposes);
      },
    });
  }

  #count(association: Association, connection: Connection, purposes: ReadonlySet<Purpose>): void {
    for (const purpose of purposes) this.#inUse[purpose]++;
    this.#associations.add(association);
    this.#connections.associate(connection);
    void association.ended.then(() => {
      for (const purpose of purposes) this.#inUse[purpose]--;
      this.#associations.delete(association);
      this.#connections.dissociate(connection);
    });
  }

  #policy(configuration: Configuration, callers: readonly KnownCaller[]): AcceptorPolicy {
    const each = configuration.listener.maxAssociationsPerPurpose;
    return {
      aeTitle: configuration.local.aeTitle,
      ignoreTitleCase: configuration.local.ignoreTitleCase,
      callers,
      hostFilter: configuration.hostFilter,
      transferSyntaxes: configuration.transferSyntaxes,
      quotas: {
        storage: configuration.storageScp.maxAssociations,
        commitment: each,
        verification: each,
      },
      inUse: this.#inUse,
      open: this.#open,
    };
  }

  /** The remotes; names are resolved only where the host filter needs their addresses. */
  async #callers(): Promise<readonly KnownCaller[]> {
    const { remotes, hostFilter } = this.#deps.configuration();
    if (!hostFilter) return remotes.map(({ aeTitle }) => ({ aeTitle, addresses: [] }));
    return Promise.all(
      remotes.map(async ({ aeTitle, host }) => ({
        aeTitle,
        addresses: await this.#deps.resolve(host),
      })),
    );
  }

  #tell(
    request: AssociateRequest,
    connection: Connection,
    decision: ReturnType<typeof decideAssociation>,
  ): void {
    this.#deps.log.info(decision.kind === "accept" ? "association-accepted" : "caller-rejected", {
      calling: request.calling,
      called: request.called,
      peer: connection.remoteAddress,
      ...(decision.kind === "accept"
        ? { purposes: PURPOSES.filter((purpose) => decision.purposes.has(purpose)) }
        : { cause: decision.cause }),
    });
  }
}
