// Pictures of stored frames, pages, captured screens and image boxes of films, asked for on the main side and made in a
// thread of their own.

import { assert } from "../../core/assert.ts";
import { programEntry } from "../../core/program-file.ts";
import type { FilmBoxPicture } from "../../model/film.ts";
import { WorkerError, WorkerThread } from "../worker-thread.ts";
import type { TextPage } from "./page.ts";
import type { RenderRequest } from "./render-request.ts";
import type { RawPicture, RenderAnswer, RenderTask } from "./render-task.ts";

/** Pictures that may wait; a caller beyond gets an error at once. */
export const RENDERS_WAITING_MAX = 32;

export class RenderClient {
  readonly #thread: WorkerThread<null, RenderTask, RenderAnswer>;
  #waiting = 0;

  /** `entry` is the file of the thread's code. */
  constructor(entry: URL = programEntry("render-worker", import.meta.url)) {
    this.#thread = new WorkerThread({ name: "render worker", entry, start: null });
  }

  /**
   * A PNG of one frame: 8-bit grey, or RGB for colour objects.
   * @throws WorkerError when the file cannot be read to the frame's end, or too many wait.
   */
  async render(request: RenderRequest): Promise<Uint8Array> {
    const { columns, rows, bitsAllocated, bitsStored, frame } = request;
    assert(columns > 0 && rows > 0 && frame >= 0, "a picture has pixels");
    assert(bitsStored > 0 && bitsStored <= bitsAllocated, "bits stored fit the bits allocated");
    const answer = await this.#run({ type: "frame", request });
    assert(answer.type === "png", "a frame answers a PNG");
    return answer.bytes;
  }

  /** A page of text: 8-bit grey. @throws WorkerError when too many wait. */
  async page(page: TextPage): Promise<RawPicture> {
    const answer = await this.#run({ type: "page", page });
    assert(answer.type === "picture", "a page answers a picture");
    return answer.picture;
  }

  /**
   * The pixels of a PNG as 8-bit RGB; refused where it is none or too large.
   * @throws WorkerError when too many wait.
   */
  async decode(png: Uint8Array): Promise<Extract<RenderAnswer, { type: "picture" | "refused" }>> {
    const answer = await this.#run({ type: "decode", png });
    assert(answer.type === "picture" || answer.type === "refused", "a PNG is decoded");
    return answer;
  }

  /**
   * Composes an image box of a film into shared memory, row by row from its beginning. It takes its
   * turn however many pictures wait: a print job has one or two boxes on their way.
   * @throws WorkerError when the file cannot be read to the frame's end.
   */
  async filmBox(box: FilmBoxPicture, into: SharedArrayBuffer): Promise<void> {
    assert(into.byteLength >= box.columns * box.rows, "the memory holds the box");
    const answer = await this.#thread.run({ type: "film-box", box, into });
    assert(answer.type === "composed", "a film box is composed");
  }

  async #run(task: RenderTask): Promise<RenderAnswer> {
    if (this.#waiting >= RENDERS_WAITING_MAX)
      throw new WorkerError(`${RENDERS_WAITING_MAX} pictures wait already; ask again later`);
    this.#waiting++;
    try {
      return await this.#thread.run(task);
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#thread.close();
  }
}
