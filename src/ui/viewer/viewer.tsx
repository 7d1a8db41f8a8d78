// The image viewer: 16-bit pixels windowed on the GPU, window and zoom by finger, mouse and buttons.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ProblemAnswer } from "../client.ts";
import { Icon, type IconName } from "../icons.tsx";
import { strings } from "../strings.ts";
import { followGestures } from "./gestures.ts";
import { GlWindow, type PixelImage } from "./gl-window.ts";
import { loadImage } from "./load-image.ts";
import { subtractImages } from "./subtract.ts";
import {
  dragWindow,
  fitView,
  type GreyWindow,
  oneToOneView,
  pan,
  type Size,
  type View,
  zoomAt,
} from "./view.ts";
import { showsView } from "./view-picture.ts";

const words = strings.viewer;
const ZOOM_STEP = 1.25;
/** After this much stillness the picture is drawn once more, in full quality. */
const STILL_MS = 120;

/** What the drawing needs; not signals, because a drag changes them at the screen's rate. */
interface Stage {
  readonly canvas: HTMLCanvasElement;
  readonly gl: GlWindow;
  image: PixelImage | null;
  sopInstanceUid: string;
  view: View;
  window: GreyWindow;
  inverted: boolean;
  /** The view follows the canvas' size until the user zooms or moves. */
  fitted: boolean;
  drawing: boolean;
  /** Runs while the picture moves and is drawn quickly. */
  still: ReturnType<typeof setTimeout> | undefined;
}

export function Viewer({
  sopInstanceUid,
  overlay,
}: {
  sopInstanceUid: string;
  overlay: readonly [readonly string[], readonly string[]];
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const tool = useSignal<"window" | "move">("window");
  const inverted = useSignal(false);
  const frame = useSignal(1);
  const frames = useSignal(1);
  const grey = useSignal(true);
  const playing = useSignal(false);
  /** Number of the frame that is subtracted; null: none is. */
  const mask = useSignal<number | null>(null);
  const state = useSignal<"loading" | "shown" | "failed" | "no-webgl">("loading");
  const problem = useSignal("");
  const reading = useSignal({ center: 0, width: 0, percent: 0 });

  const sizeOf = (s: Stage): Size => ({ width: s.canvas.width, height: s.canvas.height });
  const imageSize = (image: PixelImage): Size => ({ width: image.columns, height: image.rows });

  const redraw = () => {
    const s = stage.current;
    if (s === null || s.drawing) return;
    s.drawing = true;
    requestAnimationFrame(() => {
      s.drawing = false;
      s.gl.draw(s.view, s.window, s.inverted, s.still !== undefined);
      reading.value = {
        center: Math.round(s.window.center - (s.image?.zero ?? 0)),
        width: Math.round(s.window.width),
        percent: Math.round(s.view.scale * 100),
      };
    });
  };
  const change = (work: (s: Stage, image: PixelImage) => void) => () => {
    const s = stage.current;
    if (s === null || s.image === null) return;
    work(s, s.image);
    redraw();
  };
  /** A change by finger: drawn quickly until the hand rests. */
  const moving = (work: (s: Stage, image: PixelImage) => void) => {
    change((s, image) => {
      clearTimeout(s.still);
      s.still = setTimeout(() => {
        s.still = undefined;
        redraw();
      }, STILL_MS);
      work(s, image);
    })();
  };
  const fit = change((s, image) => {
    s.view = fitView(imageSize(image), sizeOf(s));
    s.fitted = true;
  });
  const oneToOne = change((s, image) => {
    s.view = oneToOneView(imageSize(image), sizeOf(s));
    s.fitted = false;
  });
  const zoomBy = (factor: number) =>
    change((s) => {
      s.view = zoomAt(s.view, factor, s.canvas.width / 2, s.canvas.height / 2);
      s.fitted = false;
    });
  const invert = change((s) => {
    s.inverted = !s.inverted;
    inverted.value = s.inverted;
  });
  const reset = change((s, image) => {
    s.window = image.window;
    s.inverted = false;
    inverted.value = false;
    s.view = fitView(imageSize(image), sizeOf(s));
    s.fitted = true;
  });

  // The canvas lives as long as the viewer: one context, one set of gestures.
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const gl = GlWindow.on(element);
    if (gl === null) {
      state.value = "no-webgl";
      return;
    }
    const s: Stage = {
      canvas: element,
      gl,
      image: null,
      sopInstanceUid: "",
      view: { scale: 1, x: 0, y: 0 },
      window: { center: 0, width: 1 },
      inverted: false,
      fitted: true,
      drawing: false,
      still: undefined,
    };
    stage.current = s;
    const observer = new ResizeObserver(() => {
      const former = sizeOf(s);
      const ratio = devicePixelRatio;
      element.width = Math.max(1, Math.round(element.clientWidth * ratio));
      element.height = Math.max(1, Math.round(element.clientHeight * ratio));
      if (s.image !== null && s.fitted) s.view = fitView(imageSize(s.image), sizeOf(s));
      else
        s.view = pan(
          s.view,
          (element.width - former.width) / 2,
          (element.height - former.height) / 2,
        );
      redraw();
    });
    observer.observe(element);
    const unfollow = followGestures(element, {
      tool: () => tool.value,
      window: (dx, dy) =>
        moving((now, image) => {
          now.window = dragWindow(now.window, dx, dy, sizeOf(now), image.bitsStored);
        }),
      pan: (dx, dy) =>
        moving((now) => {
          now.view = pan(now.view, dx, dy);
          now.fitted = false;
        }),
      zoom: (factor, x, y) =>
        moving((now) => {
          now.view = zoomAt(now.view, factor, x, y);
          now.fitted = false;
        }),
      fit,
    });
    return () => {
      observer.disconnect();
      unfollow();
      clearTimeout(s.still);
      stage.current = null;
    };
  }, []);

  useEffect(() => {
    frame.value = 1;
    playing.value = false;
    mask.value = null;
  }, [sopInstanceUid]);

  const shownFrame = frame.value;
  const maskFrame = mask.value;
  const plays = playing.value;
  useEffect(() => {
    const s = stage.current;
    if (s === null) return;
    const abort = new AbortController();
    const anotherFrame = s.image !== null && s.sopInstanceUid === sopInstanceUid;
    const beganMs = performance.now();
    if (!anotherFrame) {
      // The former image must not stand under the new one's name while it is fetched.
      state.value = "loading";
      s.image = null;
      s.gl.clear();
      redraw();
    }
    const load = (number: number) => loadImage(sopInstanceUid, number, abort.signal);
    const picture =
      maskFrame === null
        ? load(shownFrame)
        : Promise.all([load(shownFrame), load(maskFrame)]).then(([image, under]) =>
            subtractImages(image, under),
          );
    let timer: ReturnType<typeof setTimeout> | undefined;
    picture.then(
      (image) => {
        if (abort.signal.aborted) return;
        const sameValues = s.image?.zero === image.zero;
        s.gl.show(image);
        s.image = image;
        s.sopInstanceUid = sopInstanceUid;
        frames.value = image.numberOfFrames;
        grey.value = image.samplesPerPixel === 1;
        state.value = "shown";
        // A difference has a window of its own, which stays while the run is played.
        if (!sameValues) s.window = image.window;
        if (anotherFrame) redraw();
        else reset();
        if (!plays || image.numberOfFrames < 2) return;
        const nextFrame = (shownFrame % image.numberOfFrames) + 1;
        load(nextFrame).catch(() => {});
        timer = setTimeout(
          () => {
            frame.value = nextFrame;
          },
          Math.max(0, image.frameTimeMs - (performance.now() - beganMs)),
        );
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (!(error instanceof ProblemAnswer)) throw error;
        problem.value = error.problem.detail;
        state.value = "failed";
      },
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [sopInstanceUid, shownFrame, maskFrame, plays]);

  /** One frame on or back, from the end to the beginning; what is stepped through does not play. */
  const step = (by: number) => {
    playing.value = false;
    frame.value = ((frame.value - 1 + by + frames.value) % frames.value) + 1;
  };

  // What a capture of the screen shows is what stands here now.
  const latest = useRef(overlay);
  latest.current = overlay;
  const there = state.value === "shown";
  useEffect(() => {
    const s = stage.current;
    if (!there || s === null) return;
    showsView({
      draw: () => {
        s.gl.draw(s.view, s.window, s.inverted);
        return s.canvas;
      },
      words: () => latest.current,
    });
    return () => showsView(null);
  }, [there]);

  const [left, right] = overlay;
  return (
    <section
      class="viewer"
      data-state={state.value}
      data-instance={sopInstanceUid}
      data-frame={shownFrame}
      data-mask={maskFrame ?? undefined}
    >
      <div class="viewer-stage">
        <canvas ref={canvas} aria-label={strings.exam.images} />
        <div class="overlay upper left">
          {left.map((line) => (
            <span key={line}>{line}</span>
          ))}
        </div>
        <div class="overlay upper right">
          {right.map((line) => (
            <span key={line}>{line}</span>
          ))}
        </div>
        <div class="overlay lower left">
          <span class="window-values">
            {words.center} {reading.value.center} {words.width} {reading.value.width}
          </span>
        </div>
        <div class="overlay lower right">
          <span>{reading.value.percent} %</span>
        </div>
        {state.value !== "shown" && (
          <div class="viewer-message">
            {state.value === "loading" && <p>{words.loading}</p>}
            {state.value === "no-webgl" && <p>{words.noWebGl}</p>}
            {state.value === "failed" && (
              <>
                <b>{words.failed}</b>
                <p>{problem.value}</p>
              </>
            )}
          </div>
        )}
      </div>
      <div class="viewer-tools">
        <Tool
          label={words.window}
          icon="contrast"
          pressed={tool.value === "window"}
          onPress={() => {
            tool.value = "window";
          }}
        />
        <Tool
          label={words.move}
          icon="move"
          pressed={tool.value === "move"}
          onPress={() => {
            tool.value = "move";
          }}
        />
        <Tool label={words.invert} icon="invert" pressed={inverted.value} onPress={invert} />
        <Tool label={words.zoomOut} icon="minus" onPress={zoomBy(1 / ZOOM_STEP)} />
        <Tool label={words.zoomIn} icon="plus" onPress={zoomBy(ZOOM_STEP)} />
        <Tool label={words.fit} icon="fit" onPress={fit} />
        <Tool label={words.oneToOne} icon="oneToOne" onPress={oneToOne} />
        <Tool label={words.reset} icon="reset" onPress={reset} />
      </div>
      {frames.value > 1 && (
        <div class="viewer-tools">
          <Tool label={words.previous} icon="back" onPress={() => step(-1)} />
          <Tool
            label={plays ? words.pause : words.play}
            icon={plays ? "pause" : "play"}
            pressed={plays}
            onPress={() => {
              playing.value = !plays;
            }}
          />
          <Tool label={words.next} icon="forward" onPress={() => step(1)} />
          <span class="frame-number">
            {words.frame} {shownFrame}/{frames.value}
          </span>
          {grey.value && (
            <Tool
              label={words.subtract}
              icon="subtract"
              pressed={maskFrame !== null}
              onPress={() => {
                mask.value = maskFrame === null ? 1 : null;
              }}
            />
          )}
          {maskFrame !== null && (
            <>
              <Tool
                label={words.useAsMask}
                icon="mask"
                onPress={() => {
                  mask.value = shownFrame;
                }}
              />
              <span class="frame-number">
                {words.mask} {maskFrame}
              </span>
            </>
          )}
        </div>
      )}
    </section>
  );
}

function Tool(props: {
  label: string;
  icon: IconName;
  pressed?: boolean;
  disabled?: boolean;
  onPress: () => void;
}) {
  return (
    <button
      type="button"
      class={`button tool${props.pressed === true ? " pressed" : ""}`}
      aria-pressed={props.pressed}
      disabled={props.disabled === true}
      onClick={() => props.onPress()}
    >
      <Icon name={props.icon} />
      <span>{props.label}</span>
    </button>
  );
}
