// What can go wrong with pixels though nobody made a mistake: no calibration, a map of the wrong
// size, a worker that died. The message says what to do.

export class PixelError extends Error {
  override readonly name = "PixelError";
}
