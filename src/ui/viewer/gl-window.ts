// Windows 16-bit pixels on the GPU: an unsigned integer texture, sampled and windowed per canvas
// pixel. Enlarged it interpolates; reduced it averages, so that noise does not turn into moiré.

import type { GreyWindow, View } from "./view.ts";

export interface PixelImage {
  readonly columns: number;
  readonly rows: number;
  readonly bitsStored: number;
  readonly samplesPerPixel: 1 | 3;
  /** MONOCHROME1: low values are bright. */
  readonly lowIsBright: boolean;
  readonly numberOfFrames: number;
  readonly window: GreyWindow;
  /** The value that reads as 0: middle grey of a subtraction. */
  readonly zero: number;
  /** Values are linear in the counts; else they are logarithms of them. */
  readonly linear: boolean;
  /** Of a run: ms between frames. */
  readonly frameTimeMs: number;
  readonly pixels: Uint8Array | Uint16Array;
}

const VERTEX = `#version 300 es
const vec2 corners[3] = vec2[3](vec2(-1.0, -1.0), vec2(3.0, -1.0), vec2(-1.0, 3.0));
void main() { gl_Position = vec4(corners[gl_VertexID], 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D image;
uniform ivec2 imageSize;
uniform vec2 canvasSize;
uniform vec3 view;
uniform vec2 window;
uniform bool inverted;
uniform bool colour;
uniform float samplesMax;
out vec4 result;

vec3 texel(ivec2 at) {
  return vec3(texelFetch(image, clamp(at, ivec2(0), imageSize - 1), 0).rgb);
}

vec3 interpolated(vec2 at) {
  vec2 base = floor(at - 0.5);
  vec2 part = at - 0.5 - base;
  ivec2 corner = ivec2(base);
  vec3 upper = mix(texel(corner), texel(corner + ivec2(1, 0)), part.x);
  vec3 lower = mix(texel(corner + ivec2(0, 1)), texel(corner + ivec2(1, 1)), part.x);
  return mix(upper, lower, part.y);
}

vec3 averaged(vec2 at, float span) {
  int samples = int(clamp(ceil(span), 1.0, samplesMax));
  vec3 sum = vec3(0.0);
  for (int row = 0; row < samples; row++)
    for (int column = 0; column < samples; column++) {
      vec2 offset = (vec2(column, row) + 0.5) / float(samples) - 0.5;
      sum += texel(ivec2(floor(at + offset * span)));
    }
  return sum / float(samples * samples);
}

void main() {
  vec2 canvas = vec2(gl_FragCoord.x, canvasSize.y - gl_FragCoord.y);
  vec2 at = (canvas - view.xy) / view.z;
  if (any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, vec2(imageSize)))) {
    result = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  vec3 value = view.z < 1.0 ? averaged(at, 1.0 / view.z) : interpolated(at);
  if (colour) {
    result = vec4(value / 255.0, 1.0);
    return;
  }
  // PS3.3 C.11.2.1.2.1: linear, from 0 at c - 0.5 - (w - 1) / 2.
  float grey = clamp((value.r - (window.x - 0.5)) / max(window.y - 1.0, 1e-6) + 0.5, 0.0, 1.0);
  result = vec4(vec3(inverted ? 1.0 - grey : grey), 1.0);
}`;

/** Samples along each axis of a canvas pixel when the image is reduced. */
const SAMPLES_MAX = 8;
const QUICK_SAMPLES = 1;

const UNIFORMS = [
  "image",
  "imageSize",
  "canvasSize",
  "view",
  "window",
  "inverted",
  "colour",
  "samplesMax",
] as const;

type Locations = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;

/** Owns a canvas' WebGL 2 context. */
export class GlWindow {
  readonly #gl: WebGL2RenderingContext;
  readonly #at: Locations;
  #image: PixelImage | null = null;

  private constructor(gl: WebGL2RenderingContext, program: WebGLProgram) {
    this.#gl = gl;
    this.#at = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
    ) as Locations;
    gl.useProgram(program);
    gl.bindVertexArray(gl.createVertexArray());
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
      gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  /** Null where the browser has no WebGL 2. */
  static on(canvas: HTMLCanvasElement): GlWindow | null {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (gl === null) return null;
    const program = link(gl);
    return program === null ? null : new GlWindow(gl, program);
  }

  show(image: PixelImage): void {
    const gl = this.#gl;
    const wide = image.pixels instanceof Uint16Array;
    const [internal, format] =
      image.samplesPerPixel === 3
        ? [gl.RGB8UI, gl.RGB_INTEGER]
        : [wide ? gl.R16UI : gl.R8UI, gl.RED_INTEGER];
    const type = wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE;
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      internal,
      image.columns,
      image.rows,
      0,
      format,
      type,
      image.pixels,
    );
    this.#image = image;
  }

  /** Forgets the image; the next draw is black. */
  clear(): void {
    this.#image = null;
  }

  /** `quick`: one sample a pixel, for pictures that the next movement replaces. */
  draw(view: View, window: GreyWindow, inverted: boolean, quick = false): void {
    const gl = this.#gl;
    const { width, height } = gl.canvas;
    gl.viewport(0, 0, width, height);
    if (this.#image === null) {
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      return;
    }
    gl.uniform1i(this.#at.image, 0);
    gl.uniform2i(this.#at.imageSize, this.#image.columns, this.#image.rows);
    gl.uniform2f(this.#at.canvasSize, width, height);
    gl.uniform3f(this.#at.view, view.x, view.y, view.scale);
    gl.uniform2f(this.#at.window, window.center, window.width);
    gl.uniform1i(this.#at.inverted, inverted !== this.#image.lowIsBright ? 1 : 0);
    gl.uniform1i(this.#at.colour, this.#image.samplesPerPixel === 3 ? 1 : 0);
    gl.uniform1f(this.#at.samplesMax, quick ? QUICK_SAMPLES : SAMPLES_MAX);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (shader === null) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) === true ? program : null;
}
