// A process that throws away what it receives, for measuring senders: one port for bare bytes, one
// that answers an association request with a canned acceptance and a release with its answer, one
// with our own acceptor. Prints the ports as a line of JSON; ends with its standard input.

import { createServer, type Server, type Socket } from "node:net";
import { SystemClock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { acceptAssociation } from "../src/dicom/ul/acceptor.ts";
import { readPdu } from "../src/dicom/ul/read-pdu.ts";
import { writePdu } from "../src/dicom/ul/write-pdu.ts";
import { tcpListen } from "../src/hal/net/tcp-listen.ts";

const MAX_PDU_LENGTH = 131_072;
const RELEASE_RQ = Buffer.from([5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
const TIMEOUT_MS = 60_000;

function bare(socket: Socket): void {
  socket.on("data", () => {});
}

function canned(socket: Socket): void {
  let open = false;
  socket.on("data", (chunk: Buffer) => {
    if (!open) {
      open = true;
      const request = readPdu(1, chunk.subarray(6));
      if (request.type !== "associate-rq") return;
      const contexts = request.contexts.map(({ id, transferSyntaxes }) => ({
        id,
        result: 0,
        transferSyntax: transferSyntaxes[0] ?? "",
      }));
      const userItems = [{ type: "max-length", bytes: MAX_PDU_LENGTH }] as const;
      socket.write(writePdu({ ...request, type: "associate-ac", contexts, userItems }));
    } else if (chunk.subarray(-10).equals(RELEASE_RQ))
      socket.write(writePdu({ type: "release-rp" }));
  });
}

function listen(serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

const clock = new SystemClock();
const own = await tcpListen({ clock, log: silentLog })(
  { host: "127.0.0.1", port: 0 },
  (connection) =>
    acceptAssociation({ clock, log: silentLog }, connection, {
      identity: { implementationClassUid: "1.2.3", implementationVersionName: "SINK" },
      maxPduLength: MAX_PDU_LENGTH,
      timeouts: {
        connectMs: TIMEOUT_MS,
        associationMs: TIMEOUT_MS,
        releaseMs: TIMEOUT_MS,
        dataMs: TIMEOUT_MS,
        artimMs: TIMEOUT_MS,
        idleMs: TIMEOUT_MS,
        writeMs: TIMEOUT_MS,
      },
      decide: (request) => ({
        kind: "accept",
        contexts: request.contexts.map(({ id, transferSyntaxes }) => ({
          id,
          result: 0,
          transferSyntax: transferSyntaxes[0] ?? "",
        })),
      }),
      onAssociation: (association) => association.onPdv(() => {}),
    }),
);
console.log(
  JSON.stringify({ bare: await listen(bare), canned: await listen(canned), own: own.port }),
);
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
