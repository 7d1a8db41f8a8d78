// Every row of the rejection tables 4.2-18, 4.2-56 and 4.2-92, on the wire.

import { describe, expect, test } from "bun:test";
import type { AssociateRequest, PresentationContextProposal } from "../../../src/dicom/ul/pdu.ts";
import { writePdu } from "../../../src/dicom/ul/write-pdu.ts";
import {
  REJECTION_TABLES,
  REJECTIONS,
  type RejectionCause,
} from "../../../src/services/acceptor/rejections.ts";
import { row } from "../../coverage.ts";
import {
  associateRequest,
  COMMITMENT,
  CR_STORAGE,
  IMPLICIT,
  VERIFICATION,
} from "../../dicom/ul/pdus.ts";
import { RawPeer, RunningAcceptor, remote } from "./running-acceptor.ts";

const context = (abstractSyntax: string): PresentationContextProposal => ({
  id: 1,
  abstractSyntax,
  transferSyntaxes: [IMPLICIT],
});

/** What each acceptor is asked for. */
const ASKED: Record<string, PresentationContextProposal[]> = {
  "4.2-18": [context(COMMITMENT)],
  "4.2-56": [context(CR_STORAGE)],
  "4.2-92": [context(VERIFICATION)],
};

/** Stated numbers, written down a second time. */
const STATED: Record<RejectionCause, [number, number, number]> = {
  "limit-reached": [2, 3, 2],
  "passing-internal-cause": [2, 2, 1],
  "application-context": [1, 1, 2],
  "called-title": [1, 1, 7],
  "calling-title": [1, 1, 3],
  malformed: [1, 2, 1],
  "protocol-version": [1, 2, 2],
  "no-acceptable-context": [1, 1, 1],
  "host-filter": [1, 1, 3],
};

/** Brings about each cause: the request, and what is done to the acceptor before. */
const BROUGHT_ABOUT: Record<
  RejectionCause,
  {
    readonly request?: Partial<AssociateRequest>;
    readonly spoil?: (bytes: Uint8Array) => void;
    readonly before?: (
      running: RunningAcceptor,
      asked: PresentationContextProposal[],
    ) => Promise<RawPeer | undefined>;
    readonly configuration?: object;
  }
> = {
  "limit-reached": {
    before: async (running, contexts) => {
      const first = await RawPeer.connect(running.port);
      first.send(associateRequest({ contexts }));
      expect(await first.answers(1)).toMatchObject([{ type: "associate-ac" }]);
      return first;
    },
  },
  // the configuration cannot be had just now
  "passing-internal-cause": {
    before: async (running) => {
      running.configurationFails = true;
      return undefined;
    },
  },
  "application-context": { request: { applicationContext: "1.2.840.10008.3.1.1.2" } },
  "called-title": { request: { called: "udr10a" } },
  "calling-title": { request: { calling: "STRANGER" } },
  malformed: {
    spoil: (bytes) => {
      bytes[76] = 0xff; // length of the application context item
    },
  },
  "protocol-version": { request: { protocolVersion: 2 } },
  "no-acceptable-context": { request: { contexts: [context("1.2.840.10008.5.1.4.31")] } },
  "host-filter": {
    configuration: { hostFilter: true, remotes: [remote("PEER", "192.0.2.9")] },
  },
};

/** The host filter answers as an unknown calling title does: the second row of those numbers. */
const rowId = (cause: RejectionCause) =>
  `${STATED[cause].join(",")}${cause === "host-filter" ? "#2" : ""}`;

test("the tables hold 27 rows, 13 of them added", () => {
  const rows = REJECTION_TABLES.flatMap(({ rows }) => rows);
  expect(rows).toHaveLength(27);
  expect(rows.filter(({ added }) => added)).toHaveLength(13);
  for (const [cause, [result, source, reason]] of Object.entries(STATED))
    expect(REJECTIONS[cause as RejectionCause] as unknown).toEqual({ result, source, reason });
});

for (const { table, acceptor, rows } of REJECTION_TABLES)
  describe(`table ${table}, ${acceptor}`, () => {
    for (const { cause } of rows)
      test(`${row(table, rowId(cause))} ${cause} is rejected`, async () => {
        const asked = ASKED[table] ?? [];
        const how = BROUGHT_ABOUT[cause];
        await using running = await RunningAcceptor.start(how.configuration);
        if (cause === "host-filter") running.addresses = ["192.0.2.9"];
        using peer = await RawPeer.connect(running.port);
        await running.connected(1);
        const other = await how.before?.(running, asked);
        const bytes = writePdu(associateRequest({ contexts: asked, ...how.request })).slice();
        how.spoil?.(bytes);
        peer.send(bytes);
        const [result, source, reason] = STATED[cause];
        expect(await peer.answers(1)).toEqual([{ type: "associate-rj", result, source, reason }]);
        other?.socket.destroy();
      });
  });
