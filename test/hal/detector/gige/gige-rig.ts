// A panel over real sockets in its thread, with slots of its own: for tests with other programs and for
// benchmarks.

import { SlotPool, slotPoolBytes } from "../../../../src/core/slot-pool.ts";
import type { DetectorEvent, DetectorMode } from "../../../../src/hal/detector/detector.ts";
import { startAcquisition } from "../../../../src/workers/acquisition/acquisition-client.ts";
import type { DriverSpec } from "../../../../src/workers/acquisition/driver-spec.ts";

export const FAKE_CAMERA = "arv-fake-gv-camera-0.8";
export const CAMERA_TEST = "arv-camera-test-0.8";
/** The only address at which the fake camera is sure to listen. */
export const FAKE_ADDRESS = "127.0.0.1";
const SLOTS = 8;

export const mode = (id: string, size: number, maxFps: number): DetectorMode => ({
  id,
  columns: size,
  rows: size,
  binning: 1,
  bitsStored: 16,
  pitchMm: 0.16,
  maxFps,
  readoutMs: 1000 / maxFps / 2,
});

/** The fake camera's picture climbs by 256 a pixel to the right and downwards and wraps at 65535. */
export function isRamp(pixels: Uint16Array, columns: number): boolean {
  const first = pixels[0] ?? 0;
  let row = 0;
  let column = 0;
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] !== (first + 256 * (row + column)) % 65535) return false;
    if (++column === columns) {
      column = 0;
      row++;
    }
  }
  return true;
}

export interface RunResult {
  readonly frames: number;
  readonly lost: number;
  readonly overruns: number;
  readonly resent: number;
  readonly packets: number;
  readonly wrong: number;
  /** From the last packet to the main thread, ms. */
  readonly latencyMs: readonly number[];
}

/** Runs a mode until `frames` came, looks at every `lookEvery`th with `isRight`, and ends the thread. */
export async function runFrames(
  spec: DriverSpec,
  modeId: string,
  fps: number,
  frames: number,
  isRight: (pixels: Uint16Array, columns: number) => boolean = () => true,
  lookEvery = 1,
): Promise<RunResult> {
  const port = await startAcquisition(spec);
  try {
    const chosen = port.info.modes.find((m) => m.id === modeId);
    if (chosen === undefined) throw new Error(`no mode ${modeId}`);
    const slotBytes = Math.max(...port.info.modes.map((m) => m.columns * m.rows * 2));
    const buffer = new SharedArrayBuffer(slotPoolBytes(SLOTS, slotBytes));
    const layout = { name: "raw", base: 0, slots: SLOTS, slotBytes };
    const slots = new SlotPool(buffer, layout);
    const enough = Promise.withResolvers<void>();
    const latencyMs: number[] = [];
    let seen = 0;
    let wrong = 0;
    await port.open(buffer, layout, (event: DetectorEvent) => {
      if (event.type === "state" && event.state === "fault") enough.reject(new Error(event.reason));
      if (event.type !== "frame") return;
      latencyMs.push(Math.max(0, Date.now() - event.header.lastPacketMs));
      const pixels = slots.uint16(event.slot, chosen.columns * chosen.rows);
      if (seen % lookEvery === 0 && !isRight(pixels, chosen.columns)) wrong++;
      slots.release(event.slot);
      if (++seen === frames) enough.resolve();
    });
    await port.arm({
      modeId,
      trigger: "software",
      frames: "continuous",
      fps,
      kind: "normal",
      exposureEvent: 1,
    });
    await port.trigger();
    await enough.promise;
    await port.stop();
    const { lost, overruns, resent, packets } = await port.health();
    return { frames: seen, lost, overruns, resent, packets, wrong, latencyMs };
  } finally {
    await port.terminate();
  }
}

/** Starts the fake camera and waits until it can be asked. */
export async function startFakeCamera(): Promise<AsyncDisposable> {
  const child = Bun.spawn([FAKE_CAMERA, "-i", FAKE_ADDRESS, "-s", "GV01"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

/** Figures that arv-camera-test prints at its end. */
export async function cameraTest(
  address: string,
  seconds: number,
): Promise<Readonly<Record<string, number>>> {
  const child = Bun.spawn(
    [
      ...[CAMERA_TEST, "-n", address, "-w", "1344", "-h", "1344", "-f", "30", "-a"],
      ...["-i", "9000", "-y", "80000", "-m", "1000", "--duration", String(seconds)],
    ],
    { stdout: "pipe", stderr: "ignore" },
  );
  const text = await new Response(child.stdout).text();
  await child.exited;
  return Object.fromEntries(
    [...text.matchAll(/^(n_\w+)\s*=\s*(\d+)/gm)].map(([, name = "", value]) => [
      name,
      Number(value),
    ]),
  );
}
