// Both ends over real sockets: buffers are used again and again, and no byte may suffer from it.

import { afterAll, describe, expect, test } from "bun:test";
import type { ByteSource } from "../../../src/core/byte-source.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import type { TlsClientOptions, TlsServerOptions } from "../../../src/core/connection.ts";
import { silentLog } from "../../../src/core/log.ts";
import { acceptAssociation } from "../../../src/dicom/ul/acceptor.ts";
import type { Association } from "../../../src/dicom/ul/association.ts";
import { requestAssociation } from "../../../src/dicom/ul/requestor.ts";
import { tcpDial } from "../../../src/hal/net/tcp-dial.ts";
import { tcpListen } from "../../../src/hal/net/tcp-listen.ts";
import { Authority, opensslMissing } from "../../hal/net/certificates.ts";
import { associationRequest, IDENTITY, IMPLICIT, TIMEOUTS } from "./pdus.ts";

const clock = new SystemClock();
const BYTES = 20_000_000;
/** Not a divisor of any buffer's size. */
const PERIOD = 65_521;

/** Position-dependent bytes that are made when asked for, as if read from a file. */
const source: ByteSource = {
  byteLength: BYTES,
  async readInto(into, offset) {
    await Promise.resolve();
    let at = offset;
    for (const view of into)
      for (let i = 0; i < view.byteLength; i++, at++) view[i] = (at % PERIOD) & 0xff;
  },
  async close() {},
};

async function deliver(
  maxPduLength: number,
  slow: boolean,
  tls?: { readonly server: TlsServerOptions; readonly client: TlsClientOptions },
): Promise<{ received: number; wrong: number; parts: number }> {
  const result = { received: 0, wrong: 0, parts: 0 };
  const receive = (association: Association) => {
    let at = 0;
    association.onPdv(async ({ bytes, last, command }) => {
      if (command) return;
      // looked at later, when more has arrived behind it
      if (slow) await new Promise<void>((resolve) => setImmediate(resolve));
      for (let i = 0; i < bytes.byteLength; i++, at++)
        if (bytes[i] !== ((at % PERIOD) & 0xff)) result.wrong++;
      result.received += bytes.byteLength;
      if (last) {
        result.parts++;
        at = 0;
      }
    });
  };
  const port = await tcpListen({ clock, log: silentLog })(
    { host: "127.0.0.1", port: 0, tls: tls?.server },
    (connection) =>
      acceptAssociation({ clock, log: silentLog }, connection, {
        identity: IDENTITY,
        maxPduLength,
        timeouts: TIMEOUTS,
        decide: (request) => ({
          kind: "accept",
          contexts: request.contexts.map(({ id }) => ({ id, result: 0, transferSyntax: IMPLICIT })),
        }),
        onAssociation: receive,
      }),
  );
  const outcome = await requestAssociation(
    { dial: tcpDial({ clock }), clock, log: silentLog },
    associationRequest({ target: { host: "127.0.0.1", port: port.port, tls: tls?.client } }),
  );
  if (outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  const { association } = outcome;
  for (let i = 0; i < 2; i++) {
    await association.send(1, true, [new Uint8Array(100)]);
    await association.send(1, false, [source]);
  }
  expect(await association.release()).toEqual({ kind: "released" });
  await port.close();
  return result;
}

const WHOLE = { received: 2 * BYTES, wrong: 0, parts: 2 };

describe("20 MB twice, in our PDUs", () => {
  for (const maxPduLength of [131_072, 16_384, 0])
    for (const slow of [false, true])
      test(`of ${maxPduLength || "any"} bytes, to a ${slow ? "slow" : "quick"} receiver`, async () => {
        expect(await deliver(maxPduLength, slow)).toEqual(WHOLE);
      });

  describe.skipIf(opensslMissing)("over TLS (needs openssl)", () => {
    const site = new Authority();
    const server = { ...site.issue("device"), caFile: site.caFile };
    const client = { ...site.issue("peer"), caFile: site.caFile, verify: true };
    afterAll(() => site[Symbol.dispose]());

    for (const slow of [false, true])
      test(`to a ${slow ? "slow" : "quick"} receiver`, async () => {
        expect(await deliver(131_072, slow, { server, client })).toEqual(WHOLE);
      });
  });
});
