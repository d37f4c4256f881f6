/**
 * A first-in first-out queue whose operations take constant time on average. Internal to the
 * operators.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** All of them, the oldest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) yield this.#items[at] as T;
  }

  /** Takes the oldest out. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 256 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Removes and returns those that match, in order. */
  remove(matches: (item: T) => boolean): T[] {
    const rest: T[] = [];
    const removed: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) (matches(item) ? removed : rest).push(item);
    this.#items = rest;
    this.#head = 0;
    return removed;
  }
}
