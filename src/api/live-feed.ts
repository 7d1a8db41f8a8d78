// Live frames to those who watch: the newest frame wins, and there is never a queue. A frame is copied once,
// into the message, and only when somebody can take it; the same message goes to everybody.

import type { Unsubscribe } from "../core/listeners.ts";
import type { LivePort } from "./device.ts";
import { encodeLiveFrame, type LiveFrame } from "./live-frame.ts";

/** The way to one who watches. */
export interface LiveSink {
  /** Bytes that still wait to leave. */
  bufferedBytes(): number;
  send(message: Uint8Array<ArrayBuffer>): void;
}

interface Viewer {
  readonly sink: LiveSink;
  /** A newer frame than the one it has was there while it was busy. */
  behind: boolean;
}

export class LiveFeed {
  readonly #live: LivePort | undefined;
  readonly #viewers = new Set<Viewer>();
  #unsubscribe: Unsubscribe | null = null;
  /** The newest frame, where it was encoded. */
  #newest: Uint8Array<ArrayBuffer> | null = null;

  constructor(live: LivePort | undefined) {
    this.#live = live;
  }

  /** Takes one more; it sees at once what is held. Frames are asked for while there is anybody. */
  add(sink: LiveSink): { drained(): void; leave(): void } {
    const viewer: Viewer = { sink, behind: false };
    this.#viewers.add(viewer);
    this.#unsubscribe ??= this.#live?.subscribe((frame) => this.#offer(frame)) ?? null;
    const held = this.#live?.held() ?? null;
    if (held !== null) sink.send(encodeLiveFrame(held));
    return {
      drained: () => {
        if (!viewer.behind || this.#newest === null || sink.bufferedBytes() > 0) return;
        viewer.behind = false;
        sink.send(this.#newest);
      },
      leave: () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size > 0) return;
        this.#unsubscribe?.();
        this.#unsubscribe = null;
        this.#newest = null;
      },
    };
  }

  #offer(frame: LiveFrame): void {
    // The last word of a run must reach also those who are busy now; any other frame has a successor.
    const lasts = frame.lastImageHold || frame.cleared === true;
    let message: Uint8Array<ArrayBuffer> | null = lasts ? encodeLiveFrame(frame) : null;
    for (const viewer of this.#viewers) {
      viewer.behind = viewer.sink.bufferedBytes() > 0;
      if (viewer.behind) continue;
      message ??= encodeLiveFrame(frame);
      viewer.sink.send(message);
    }
    this.#newest = message;
  }
}
