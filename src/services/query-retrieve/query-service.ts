// Queries of image servers by the operator (Tables 4.2-45 to 4.2-48): one level at a time, one
// association at a time, cancelled when the operator turns away or the device stops.

import type { Remote } from "../../config/configuration.ts";
import type { QueryLevel } from "../../dicom/ae/query-retrieve/keys.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { type ArchiveLinkParts, askArchive, link, nameOf } from "./archive-link.ts";
import { type Match, matchOf } from "./match-view.ts";
import { type KeyProblem, type ReadKeys, readKeys } from "./query-request.ts";
import { passes } from "./sieve.ts";
import type { Turn } from "./turn.ts";

export interface QueryRequest {
  readonly remoteId: string;
  readonly level: QueryLevel;
  /** Values by keyword; see query-request.ts. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface QueryAnswer {
  readonly matches: readonly Match[];
  /** False: there may be more, or nobody answered. */
  readonly complete: boolean;
  /** Why not, in words. */
  readonly reason?: string | undefined;
}

export type QueryOutcome =
  | { readonly kind: "answer"; readonly answer: QueryAnswer }
  /** The configuration has no such remote with that service. */
  | { readonly kind: "unknown-remote" }
  | { readonly kind: "invalid"; readonly problems: readonly KeyProblem[] }
  /** A retrieve has the one association, or too many queries wait. */
  | { readonly kind: "busy"; readonly reason: string };

/** Queries that may wait for the one under way. */
export const QUERIES_WAITING_MAX = 8;

export interface QueryServiceParts extends ArchiveLinkParts {
  readonly turn: Turn;
}

export class QueryService {
  readonly #parts: QueryServiceParts;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: QueryServiceParts) {
    this.#parts = parts;
  }

  /** Asks when it is its turn. `signal` ends the query by C-CANCEL; what came is answered. */
  async query(request: QueryRequest, signal?: AbortSignal): Promise<QueryOutcome> {
    const { turn, configuration } = this.#parts;
    const remote = queryable(configuration().remotes, request.remoteId);
    if (remote === undefined) return { kind: "unknown-remote" };
    const keys = readKeys(request.level, request.keys, {
      patientNameMatching: configuration().qr.patientNameMatching,
      characterSet: remote.characterSet ?? configuration().local.characterSet,
    });
    if (keys.kind === "invalid") return keys;
    if (turn.holder === "retrieve")
      return { kind: "busy", reason: "Images are being retrieved; query when that has ended." };
    if (turn.waiting >= QUERIES_WAITING_MAX)
      return { kind: "busy", reason: "Too many queries are waiting; ask again in a moment." };
    const ending =
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const asking = this.#ask(remote, request.level, keys, ending);
    this.#running.add(asking);
    try {
      return { kind: "answer", answer: await asking };
    } finally {
      this.#running.delete(asking);
    }
  }

  /** Ends the queries under way and waits for their ends. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  async #ask(
    remote: Remote,
    level: QueryLevel,
    keys: Extract<ReadKeys, { kind: "keys" }>,
    signal: AbortSignal,
  ): Promise<QueryAnswer> {
    const { states, turn } = this.#parts;
    const done = await turn.take("query");
    const free = states.occupy(remote.id);
    try {
      if (signal.aborted) return { matches: [], complete: false, reason: "ended by cancel" };
      return await this.#collect(remote, level, keys, signal);
    } finally {
      free();
      done();
    }
  }

  async #collect(
    remote: Remote,
    level: QueryLevel,
    { filter, sieves }: Extract<ReadKeys, { kind: "keys" }>,
    signal: AbortSignal,
  ): Promise<QueryAnswer> {
    const linked = await link(this.#parts, remote, signal);
    if (linked.kind === "no-link") return { matches: [], complete: false, reason: linked.text };
    const { channel } = linked;
    // A device that stops does not wait for an archive that ignores the C-CANCEL.
    const abort = () => channel.association.abort();
    this.#stop.signal.addEventListener("abort", abort, { once: true });
    try {
      const found = await askArchive(this.#parts, remote, channel, { level, filter }, signal);
      if (channel.association.end === null) await channel.release();
      // Table 4.2-46: only 0000 and FE00 publish what was found.
      if (found.kind !== "success")
        return { matches: [], complete: false, reason: `${nameOf(remote)}: ${found.text}` };
      const asked = new Map<number, string>();
      if (filter.studyInstanceUid !== undefined)
        asked.set(Tag.StudyInstanceUID, filter.studyInstanceUid);
      if (filter.seriesInstanceUid !== undefined)
        asked.set(Tag.SeriesInstanceUID, filter.seriesInstanceUid);
      const { complete, reason } = found;
      return {
        matches: found.items
          .filter((item) => passes(item, sieves))
          .map((item) => matchOf(item, level, asked))
          .filter((match) => match !== null),
        complete,
        ...(reason === undefined ? {} : { reason: `${nameOf(remote)}: ${reason}` }),
      };
    } finally {
      this.#stop.signal.removeEventListener("abort", abort);
    }
  }
}

/** The remote of that id, where it answers queries. */
export function queryable(remotes: readonly Remote[], remoteId: string): Remote | undefined {
  return remotes.find((r) => r.id === remoteId && r.services.includes("query-retrieve"));
}
