// Fingers, mouse and wheel on the canvas: one finger windows (or moves), two zoom and move, the
// wheel zooms, the right or middle button moves. Positions are in canvas pixels.

export interface GestureTarget {
  tool(): "window" | "move";
  window(dx: number, dy: number): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  fit(): void;
}

/** A wheel notch (100 px in most browsers) zooms by about a fifth. */
const WHEEL_ZOOM = 1.002;
const DOUBLE_TAP_MS = 350;
const TAP_PX = 12;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Follows the canvas' pointers; the answer ends it. */
export function followGestures(canvas: HTMLCanvasElement, target: GestureTarget): () => void {
  const pointers = new Map<number, Point>();
  let moving = false;
  let travelled = 0;
  let lastTapMs = -DOUBLE_TAP_MS;

  const at = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect();
    const ratio = canvas.width / box.width;
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
  };

  const down = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    moving = event.button === 1 || event.button === 2;
    travelled = 0;
  };
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = at(event);
    const dx = now.x - before.x;
    const dy = now.y - before.y;
    travelled += Math.abs(dx) + Math.abs(dy);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other !== undefined) {
      // Each finger carries half of the movement; their distance is the zoom.
      target.pan(dx / 2, dy / 2);
      const spread = Math.hypot(now.x - other.x, now.y - other.y);
      const former = Math.hypot(before.x - other.x, before.y - other.y);
      if (former > 1) target.zoom(spread / former, (now.x + other.x) / 2, (now.y + other.y) / 2);
    } else if (moving || target.tool() === "move") target.pan(dx, dy);
    else target.window(dx, dy);
  };
  const up = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId) || travelled > TAP_PX || pointers.size > 0) return;
    if (event.timeStamp - lastTapMs < DOUBLE_TAP_MS) target.fit();
    lastTapMs = event.timeStamp;
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const { x, y } = at(event);
    target.zoom(WHEEL_ZOOM ** -event.deltaY, x, y);
  };

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("wheel", wheel, { passive: false });
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", up);
    canvas.removeEventListener("wheel", wheel);
  };
}
