// The smallest event source: who wants to know, and telling them. One per kind of news.

export type Unsubscribe = () => void;

export class Listeners<T> {
  readonly #listeners = new Set<(news: T) => void>();

  add(listener: (news: T) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(news: T): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}
