// Which instances are expected: the retrieves under way, and what has come for each. Instances that
// arrive are matched by study, series and originator of the move (Q8); what arrived here counts, not
// what the archive says (Q2, Q3).

import { Listeners } from "../../core/listeners.ts";

/** An instance as its C-STORE request names its move (PS3.7 §9.3.1.1). */
export interface MoveOrigin {
  readonly moveOriginatorAeTitle?: string | undefined;
  readonly moveOriginatorMessageId?: number | undefined;
}

export interface Asked {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUids: Iterable<string>;
  /** Our AE title, the originator of its moves. */
  readonly aeTitle: string;
}

/** One retrieve, from its first move to its end. */
export class ActiveRetrieve {
  /** Signs of life: something of it arrives (Q5). */
  readonly arrivals = new Listeners<void>();
  /** After an instance is durable. */
  readonly arrived = new Listeners<{ readonly seriesInstanceUid: string }>();
  readonly #asked: Asked;
  readonly #received: ReadonlyMap<string, Set<string>>;
  readonly #messageIds = new Set<number>();
  #underWay = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#received = new Map([...asked.seriesInstanceUids].map((uid) => [uid, new Set<string>()]));
  }

  /** A move of it goes out under this Message ID. */
  addMove(messageId: number): void {
    this.#messageIds.add(messageId);
  }

  /** Distinct instances of a series that are here since the retrieve began. */
  receivedOf(seriesInstanceUid: string): number {
    return this.#received.get(seriesInstanceUid)?.size ?? 0;
  }

  /** Whether one of its moves may bring this; archives that name no originator are believed. */
  originates({ moveOriginatorAeTitle, moveOriginatorMessageId }: MoveOrigin): boolean {
    const title = moveOriginatorAeTitle?.trim() ?? "";
    if (title !== "" && title !== this.#asked.aeTitle.trim()) return false;
    if (moveOriginatorMessageId === undefined || moveOriginatorMessageId === 0) return true;
    return this.#messageIds.has(moveOriginatorMessageId);
  }

  asksFor(studyInstanceUid: string, seriesInstanceUid: string): boolean {
    return (
      studyInstanceUid === this.#asked.studyInstanceUid && this.#received.has(seriesInstanceUid)
    );
  }

  /** An instance begins to arrive; call the answer when it was answered or lost. */
  begin(): () => void {
    this.#underWay++;
    this.arrivals.emit();
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#underWay--;
      this.arrivals.emit();
      if (this.#underWay === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
    };
  }

  /** An instance is durable here; who counted it tells `arrived`. */
  count(seriesInstanceUid: string, sopInstanceUid: string): void {
    this.#received.get(seriesInstanceUid)?.add(sopInstanceUid);
  }

  /**
   * Resolves when nothing of it is on its way in, for archives that end a move too early (Q2), or when
   * the signal aborts.
   */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#underWay > 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#idleWaiters.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
  }
}

export class Retrieves {
  readonly #active = new Set<ActiveRetrieve>();

  begin(asked: Asked): ActiveRetrieve {
    const retrieve = new ActiveRetrieve(asked);
    this.#active.add(retrieve);
    return retrieve;
  }

  end(retrieve: ActiveRetrieve): void {
    this.#active.delete(retrieve);
  }

  /** Retrieves whose moves may bring an instance of which only the request is known yet. */
  originatorsOf(origin: MoveOrigin): readonly ActiveRetrieve[] {
    return [...this.#active].filter((retrieve) => retrieve.originates(origin));
  }

  /** The retrieve that asked for an instance; null: nobody did. */
  askerOf(
    origin: MoveOrigin,
    studyInstanceUid: string,
    seriesInstanceUid: string,
  ): ActiveRetrieve | null {
    return (
      this.originatorsOf(origin).find((r) => r.asksFor(studyInstanceUid, seriesInstanceUid)) ?? null
    );
  }
}
