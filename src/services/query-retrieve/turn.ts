// The Q/R SCU has one association at a time (qr.maxAssociations): queries and retrieves take turns.

export type TurnHolder = "query" | "retrieve";

export class Turn {
  #holder: TurnHolder | null = null;
  readonly #waiting: { readonly who: TurnHolder; readonly go: () => void }[] = [];

  /** Who has the association now. */
  get holder(): TurnHolder | null {
    return this.#holder;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when it is the caller's turn, first come, first served; call the answer afterwards. */
  async take(who: TurnHolder): Promise<() => void> {
    if (this.#holder === null) this.#holder = who;
    else await new Promise<void>((go) => this.#waiting.push({ who, go }));
    let mine = true;
    return () => {
      if (!mine) return;
      mine = false;
      const next = this.#waiting.shift();
      this.#holder = next?.who ?? null;
      next?.go();
    };
  }
}
