// The durable counter behind our UIDs as code that may not wait sees it: blocks are fetched ahead from
// the store, whose numbers are never given twice. A restart wastes what is left of a block.

import { assert } from "../core/assert.ts";
import type { UidCounter } from "../dicom/iod/uid.ts";

export type TakeNumbers = (counter: string, count: number) => Promise<number>;

const COUNTER = "uid";
/** Numbers fetched at a time; an exposure uses three or four. */
export const UID_BLOCK = 512;
/** With fewer left the next block is fetched. */
const FETCH_BELOW = 256;

export class UidSupply implements UidCounter {
  readonly #take: TakeNumbers;
  #blocks: { next: number; readonly end: number }[] = [];
  #fetching: Promise<void> | null = null;

  private constructor(take: TakeNumbers) {
    this.#take = take;
  }

  /** Fetches the first block. */
  static async start(take: TakeNumbers): Promise<UidSupply> {
    const supply = new UidSupply(take);
    await supply.#fetch();
    return supply;
  }

  next(): number {
    const block = this.#blocks[0];
    assert(block !== undefined, "UIDs are fetched faster than they are used");
    const number = block.next++;
    if (block.next === block.end) this.#blocks.shift();
    const left = this.#blocks.reduce((sum, b) => sum + b.end - b.next, 0);
    if (left < FETCH_BELOW && this.#fetching === null) {
      this.#fetching = this.#fetch()
        // The store is broken then; whoever needs it next is told.
        .catch(() => {})
        .finally(() => {
          this.#fetching = null;
        });
    }
    return number;
  }

  async #fetch(): Promise<void> {
    const next = await this.#take(COUNTER, UID_BLOCK);
    this.#blocks.push({ next, end: next + UID_BLOCK });
  }
}
