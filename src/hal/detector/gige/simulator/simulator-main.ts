// The simulated panel as a process of its own, on a loopback address of its own. Prints its address
// when it listens; lines of JSON on its input set faults; it ends when its input ends.
//
//   bun simulator-main.ts [--address 127.0.0.77] [--seed 10] [--extended] [--first-block 65530]

import { createInterface } from "node:readline";
import { SystemClock } from "../../../../core/clock.ts";
import { Random } from "../../../../core/random.ts";
import { phantomFrames, SIMULATED_MODES } from "../../sim/simulated-detector.ts";
import { GVCP_PORT } from "../gvcp.ts";
import { SimulatedGigePanel } from "./simulated-gige-panel.ts";

/** Addresses tried one after the other. */
const FIRST_HOST = 77;
const LAST_HOST = 250;
const DEFAULT_SEED = 10;

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

async function main(): Promise<void> {
  const seed = Number(argument("--seed") ?? DEFAULT_SEED);
  const clock = new SystemClock();
  let panel: SimulatedGigePanel | null = null;
  const { control, address } = await listen(argument("--address"), (datagram, from) =>
    panel?.command(datagram, from),
  );
  const stream = await Bun.udpSocket({ hostname: address, socket: { error() {} } });
  panel = new SimulatedGigePanel({
    modes: SIMULATED_MODES,
    maker: phantomFrames({ seed, clock }),
    clock,
    random: new Random(seed),
    serial: String(seed),
    address,
    extended: process.argv.includes("--extended"),
    firstBlock: Number(argument("--first-block") ?? 1),
    output: {
      answer(datagram, to) {
        const [host = "", port = ""] = to.split(":");
        unlessRefused(() => control.send(datagram, Number(port), host));
      },
      stream(packets, to, port) {
        const host = dotted(to);
        let sent = packets.length;
        unlessRefused(() => {
          sent = stream.sendMany(packets.flatMap((packet) => [packet, port, host]));
        });
        return sent;
      },
    },
  });
  process.stdout.write(`${JSON.stringify({ event: "ready", address })}\n`);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const wanted = JSON.parse(line) as Record<string, unknown>;
    if (wanted["ask"] === "counts")
      process.stdout.write(`${JSON.stringify({ event: "counts", ...panel?.counts })}\n`);
    else if (panel !== null) Object.assign(panel.faults, wanted);
  });
  lines.on("close", () => process.exit(0));
}

async function listen(
  given: string | undefined,
  hear: (datagram: Uint8Array, from: string) => void,
) {
  const socket = {
    data(_socket: unknown, data: Uint8Array, port: number, from: string) {
      hear(new Uint8Array(data), `${from}:${port}`);
    },
    error() {},
  };
  if (given !== undefined)
    return {
      control: await Bun.udpSocket({ hostname: given, port: GVCP_PORT, socket }),
      address: given,
    };
  for (let host = FIRST_HOST; host <= LAST_HOST; host++) {
    const address = `127.0.0.${host}`;
    try {
      // An address in use is told by a throw, not by the promise.
      return {
        control: await Bun.udpSocket({ hostname: address, port: GVCP_PORT, socket }),
        address,
      };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    }
  }
  throw new Error(`port ${GVCP_PORT} is taken on every loopback address tried`);
}

/** A host that is gone answers what was sent before with an error; nothing waits for it. */
function unlessRefused(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ECONNREFUSED")) throw error;
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

await main();
