// How well the way of the frames kept up in the last exposure: from the frame's last packet to the main
// loop and to the processed picture, and how long the main loop was held up meanwhile.

import type { Clock } from "../core/clock.ts";
import { type DurationFigures, DurationHistogram } from "../core/duration-histogram.ts";
import { StallWatch } from "../core/stall-watch.ts";
import type { AcquisitionState } from "./acquisition.ts";

export interface PipelineFigures {
  /** Frames of the exposure that came to the main loop so far. */
  readonly frames: number;
  /** Last packet to the main loop, ms. */
  readonly arrivalMs: DurationFigures;
  /** Pictures of a run that were processed for the screen so far. */
  readonly pictures: number;
  /** Last packet to the processed picture on the main loop, ms. */
  readonly pictureMs: DurationFigures;
  /** How late the main loop came to what was due, ms. */
  readonly loopStallMs: DurationFigures;
}

export class PipelineMeter {
  readonly #clock: Clock;
  readonly #arrival = new DurationHistogram();
  readonly #picture = new DurationHistogram();
  readonly #loop: StallWatch;
  #state: AcquisitionState = "idle";
  #hasFigures = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#loop = new StallWatch(clock);
  }

  /** An exposure that begins starts the figures anew; its end keeps them. */
  onState(state: AcquisitionState): void {
    const before = this.#state;
    this.#state = state;
    if (state === before) return;
    if (state === "exposing") {
      this.#hasFigures = true;
      this.#arrival.reset();
      this.#picture.reset();
      this.#loop.start();
    } else if (before === "exposing") this.#loop.stop();
  }

  /** A frame's descriptor is here. @param lastPacketMs epoch ms */
  arrived(lastPacketMs: number): void {
    this.#arrival.add(this.#clock.nowMs() - lastPacketMs);
  }

  /** A frame's picture is ready for the screen. @param lastPacketMs epoch ms */
  pictured(lastPacketMs: number): void {
    this.#picture.add(this.#clock.nowMs() - lastPacketMs);
  }

  /** Of the last exposure, or of the present one so far; undefined before the first. */
  figures(): PipelineFigures | undefined {
    if (!this.#hasFigures) return undefined;
    return {
      frames: this.#arrival.count,
      arrivalMs: this.#arrival.figures(),
      pictures: this.#picture.count,
      pictureMs: this.#picture.figures(),
      loopStallMs: this.#loop.stalls.figures(),
    };
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#loop.stop();
  }
}
