// Live fluoroscopy: frames from the WebSocket onto the canvas as they come, already windowed.

import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { apiPath } from "../client.ts";
import { acquisition } from "../state.ts";
import { strings } from "../strings.ts";
import { GlWindow } from "./gl-window.ts";
import { fitView } from "./view.ts";

/** Layout of a message: see GET live in the OpenAPI document. */
const MAGIC = 0x4c524455;
const HEADER_BYTES = 32;
const RETRY_MS = 1_500;

export interface LivePicture {
  readonly sequence: number;
  readonly columns: number;
  readonly rows: number;
  readonly held: boolean;
  readonly pixels: Uint8Array;
}

/** The newest live frame, or null before the first; the caller may set it to null to leave it. */
export function useLive(offered: boolean): Signal<LivePicture | null> {
  const newest = useSignal<LivePicture | null>(null);
  useEffect(() => {
    if (!offered) return;
    let socket: WebSocket;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const connect = () => {
      socket = new WebSocket(`ws://${location.host}${apiPath("live")}`);
      socket.binaryType = "arraybuffer";
      socket.onmessage = (message: MessageEvent<ArrayBuffer>) => {
        const heard = parseLive(message.data);
        if (heard !== null) newest.value = heard.columns === 0 ? null : heard;
      };
      socket.onclose = () => {
        if (!ended) timer = setTimeout(connect, RETRY_MS);
      };
    };
    connect();
    return () => {
      ended = true;
      clearTimeout(timer);
      socket.close();
    };
  }, [offered]);
  return newest;
}

/** Null for a message of another kind; one without columns says that nothing is shown any more. */
export function parseLive(message: ArrayBuffer): LivePicture | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const view = new DataView(message);
  const columns = view.getUint32(12, true);
  const rows = view.getUint32(16, true);
  if (view.getUint32(0, true) !== MAGIC || message.byteLength !== HEADER_BYTES + columns * rows)
    return null;
  return {
    sequence: view.getUint32(8, true),
    columns,
    rows,
    held: (view.getUint16(6, true) & 1) === 1,
    pixels: new Uint8Array(message, HEADER_BYTES),
  };
}

/** `children`: what can be done with an image that is held. */
export function LiveView({
  frame,
  children,
}: {
  frame: LivePicture;
  children?: ComponentChildren;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const gl = useRef<GlWindow | null>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    gl.current ??= GlWindow.on(element);
    const ratio = devicePixelRatio;
    const width = Math.max(1, Math.round(element.clientWidth * ratio));
    const height = Math.max(1, Math.round(element.clientHeight * ratio));
    if (element.width !== width) element.width = width;
    if (element.height !== height) element.height = height;
    const window = { center: 128, width: 256 };
    gl.current?.show({
      columns: frame.columns,
      rows: frame.rows,
      bitsStored: 8,
      samplesPerPixel: 1,
      lowIsBright: false,
      numberOfFrames: 1,
      zero: 0,
      linear: false,
      frameTimeMs: 0,
      window,
      pixels: frame.pixels,
    });
    const image = { width: frame.columns, height: frame.rows };
    gl.current?.draw(fitView(image, { width, height }), window, false);
  }, [frame]);
  // Frames may arrive after the run has ended; none of them may claim that the beam is on.
  const beam = !frame.held && acquisition.value.state === "exposing";
  return (
    <section class="viewer" data-state={frame.held ? "held" : "live"} data-frame={frame.sequence}>
      <div class="viewer-stage">
        <canvas ref={canvas} aria-label={strings.viewer.live} />
        <div class="overlay upper left">
          <span class={beam ? "live-mark" : "held-mark"}>
            {beam ? strings.viewer.live : frame.held ? strings.viewer.held : strings.viewer.late}
          </span>
        </div>
      </div>
      {frame.held && children !== undefined && <div class="viewer-tools">{children}</div>}
    </section>
  );
}
