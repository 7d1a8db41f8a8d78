// Bitmaps of a film's image boxes, one after the other in two pieces of shared memory: while one is
// being sent the next is composed.

import { assert } from "../../core/assert.ts";
import type { FilmBoxPicture } from "../../model/film.ts";

/** Writes the bitmap into the memory, from its beginning. */
export type Compose = (box: FilmBoxPicture, into: SharedArrayBuffer) => Promise<void>;

export class BoxComposer {
  readonly #compose: Compose;
  readonly #boxes: readonly FilmBoxPicture[];
  readonly #memories: readonly SharedArrayBuffer[];
  #next: { readonly index: number; readonly ready: Promise<void> } | null = null;

  constructor(compose: Compose, boxes: readonly FilmBoxPicture[]) {
    this.#compose = compose;
    this.#boxes = boxes;
    const bytes = Math.max(0, ...boxes.map((box) => box.columns * box.rows));
    this.#memories = Array.from(
      { length: Math.min(2, boxes.length) },
      () => new SharedArrayBuffer(bytes),
    );
    this.#begin(0);
  }

  /**
   * The bitmap of a box, in turn from 0; the one before is gone then.
   * @throws what `compose` throws
   */
  async take(index: number): Promise<Uint8Array> {
    const next = this.#next;
    const box = this.#boxes[index];
    assert(next?.index === index && box !== undefined, "boxes are taken in turn");
    await next.ready;
    this.#begin(index + 1);
    return new Uint8Array(this.#memory(index), 0, box.columns * box.rows);
  }

  #begin(index: number): void {
    const box = this.#boxes[index];
    if (box === undefined) return;
    const ready = this.#compose(box, this.#memory(index));
    // Whoever takes it sees the rejection; nobody may.
    ready.catch(() => {});
    this.#next = { index, ready };
  }

  #memory(index: number): SharedArrayBuffer {
    const memory = this.#memories[index % this.#memories.length];
    assert(memory !== undefined, "a film has an image");
    return memory;
  }
}
