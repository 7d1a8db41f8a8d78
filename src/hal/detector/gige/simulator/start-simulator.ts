// Starts the simulated panel as a process beside the device, and ends it with it.

import { programEntry } from "../../../../core/program-file.ts";
import { DetectorError } from "../../detector.ts";
import type { StreamFaults } from "./simulated-gige-panel.ts";

const ENTRY = Bun.fileURLToPath(programEntry("simulator-main", import.meta.url));

export interface SimulatorCounts {
  readonly packets: number;
  readonly dropped: number;
  readonly resendRequests: number;
  readonly frames: number;
}

export interface SimulatorProcess {
  /** Where the panel listens, dotted. */
  readonly address: string;
  readonly pid: number;
  setFaults(faults: Partial<StreamFaults>): void;
  counts(): Promise<SimulatorCounts>;
  stop(): Promise<void>;
}

/** @throws DetectorError when it does not start */
export async function startSimulator(args: readonly string[] = []): Promise<SimulatorProcess> {
  // Its input stays open as long as this process lives: the simulator can't outlive it.
  const child = Bun.spawn([process.execPath, ENTRY, ...args], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const ready = Promise.withResolvers<string>();
  let onCounts: (counts: SimulatorCounts) => void = () => {};
  void child.exited.then((code) =>
    ready.reject(
      new DetectorError(`the simulated panel ended with ${code}; see its message above`),
    ),
  );
  void readLines(child.stdout, (line) => {
    const said = JSON.parse(line) as { event: string; address: string } & SimulatorCounts;
    if (said.event === "ready") ready.resolve(said.address);
    else onCounts(said);
  });
  const write = (value: unknown) => {
    child.stdin.write(`${JSON.stringify(value)}\n`);
    child.stdin.flush();
  };
  const address = await ready.promise;
  return {
    address,
    pid: child.pid,
    setFaults: write,
    counts: () =>
      new Promise((resolve) => {
        onCounts = resolve;
        write({ ask: "counts" });
      }),
    async stop() {
      child.stdin.end();
      await child.exited;
    },
  };
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line);
  }
}
