// How fast a good peer is answered (association opened and released) while hostile peers do what they
// can to the acceptor, which runs in this process.

import { connect, type Socket } from "node:net";
import { writePdu } from "../../src/dicom/ul/write-pdu.ts";
import { associateRequest, VERIFICATION } from "../../test/dicom/ul/pdus.ts";
import { RunningAcceptor } from "../../test/services/acceptor/running-acceptor.ts";
import type { BenchTable } from "./table.ts";

/** Good associations measured under each attack. */
const GOOD = 50;

interface Attack {
  readonly name: string;
  readonly sockets: number;
  /** What each socket does once it is open, and again every tick until it is closed. */
  start(socket: Socket): void;
  tick?(socket: Socket, n: number): void;
}

const REQUEST = writePdu(
  associateRequest({
    contexts: [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: ["1.2.840.10008.1.2"] }],
  }),
).slice();
const TICK_MS = 20;

const ATTACKS: readonly Attack[] = [
  { name: "nobody", sockets: 0, start: () => {} },
  { name: "500 half-open connections", sockets: 500, start: () => {} },
  {
    name: "100 senders of a byte every 20 ms",
    sockets: 100,
    start: () => {},
    tick: (socket, n) => socket.write(REQUEST.subarray(n, n + 1)),
  },
  {
    name: "100 senders of HTTP, again and again",
    sockets: 100,
    start: (socket) => socket.write("GET / HTTP/1.1\r\nHost: device\r\n\r\n"),
  },
  {
    name: "100 senders of a TLS hello, again and again",
    sockets: 100,
    start: (socket) => socket.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)),
  },
  {
    name: "100 announcers of 4 GB, again and again",
    sockets: 100,
    start: (socket) => socket.write(Uint8Array.of(4, 0, 255, 255, 255, 255)),
  },
];

export async function run(): Promise<BenchTable> {
  const rows: string[][] = [];
  for (const attack of ATTACKS) {
    await using running = await RunningAcceptor.start();
    const siege = new Siege(attack, running.port);
    await siege.begun;
    const times: number[] = [];
    let refused = 0;
    for (let i = 0; i < GOOD; i++) {
      const started = performance.now();
      if (!(await running.answersGoodPeer())) refused++;
      times.push(performance.now() - started);
    }
    siege.lift();
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(share * (GOOD - 1))] ?? 0).toFixed(1);
    rows.push([attack.name, at(0.5), at(0.99), at(1), String(refused)]);
  }
  return {
    title: "A good peer among hostile ones",
    note: `\`script/bench hostile\`: ${GOOD} associations (open, release) one after the other during each attack; attackers, acceptor and the good peer share one process and thread. Goal: 100 ms.`,
    columns: ["attack", "median ms", "p99 ms", "slowest ms", "refused"],
    rows,
  };
}

/** Keeps an attack's number of sockets up until it is lifted. */
class Siege {
  readonly begun: Promise<void>;
  readonly #sockets = new Set<Socket>();
  readonly #ticker: ReturnType<typeof setInterval>;
  #lifted = false;
  #n = 0;

  constructor(attack: Attack, port: number) {
    let missing = attack.sockets;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    if (missing === 0) resolve();
    const open = () => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.on("connect", () => {
        attack.start(socket);
        if (--missing === 0) resolve();
      });
      socket.on("close", () => {
        this.#sockets.delete(socket);
        // whoever only waits has made its point; the others come back
        if (!this.#lifted && attack.name.includes("again")) setTimeout(open, TICK_MS);
      });
    };
    for (let i = 0; i < attack.sockets; i++) open();
    this.#ticker = setInterval(() => {
      this.#n++;
      for (const socket of this.#sockets)
        if (socket.writable) attack.tick?.(socket, this.#n % REQUEST.byteLength);
    }, TICK_MS);
  }

  lift(): void {
    this.#lifted = true;
    clearInterval(this.#ticker);
    for (const socket of this.#sockets) socket.destroy();
  }
}
