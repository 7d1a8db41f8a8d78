// Something that several use and one thing gives back: what is done when the last of them is finished.

import { assert } from "./assert.ts";

export class SharedHold {
  readonly #letGo: () => void;
  #users = 1;

  /** `letGo` is called once, after as many releases as there were users. */
  constructor(letGo: () => void) {
    this.#letGo = letGo;
  }

  /** One more user. */
  hold(): void {
    assert(this.#users > 0, "what was let go cannot be held");
    this.#users++;
  }

  release(): void {
    assert(this.#users > 0, "released by each user once");
    this.#users--;
    if (this.#users === 0) this.#letGo();
  }

  /** Held while `work` goes on. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.hold();
    try {
      return await work();
    } finally {
      this.release();
    }
  }
}
