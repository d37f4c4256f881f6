/**
 * Hands the items of a run to its workers, one at a time, until it is stopped. A list that is
 * waiting for its next item, such as a queue, does not delay a stop; its iterator's `return` is
 * called, so that a generator's `finally` runs.
 *
 * @example
 * const feed = new Feed(corpus, signal);
 * for (let next = await feed.next(); next !== undefined; next = await feed.next()) {
 *   console.log(next.item.id);
 * }
 */
export class Feed<Item> {
  readonly #iterator: Iterator<Item> | AsyncIterator<Item>;
  readonly #list: Iterator<Item> | undefined;
  readonly #waiting = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();
  #asking = false;
  #ended = false;

  /** @param stopped once aborted, no more items are handed out. */
  constructor(items: Iterable<Item> | AsyncIterable<Item>, stopped: AbortSignal) {
    this.#list = Symbol.asyncIterator in items ? undefined : items[Symbol.iterator]();
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : (this.#list as Iterator<Item>);
    const stop = (): void => {
      this.#ended = true;
      for (const release of this.#waiting) release();
    };
    if (stopped.aborted) stop();
    else stopped.addEventListener('abort', stop, { once: true });
  }

  /**
   * The next item of a list that is not asynchronous, without the pauses of `next`; undefined if
   * `next` must be called.
   * @throws what `next` throws.
   */
  nextNow(): { readonly item: Item } | undefined {
    if (this.#list === undefined || this.#ended) return undefined;
    const next = this.#list.next();
    if (next.done !== true) return { item: next.value };
    this.#ended = true;
    return undefined;
  }

  /** The next item; undefined when there are no more. @throws the error of the list. */
  next(): Promise<{ readonly item: Item } | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return resolve(undefined);
      const release = (): void => resolve(undefined);
      this.#waiting.add(release);
      // One request at a time: not every iterator accepts a second one before it has answered the
      // first.
      const asked = this.#last.then(() => this.#ask());
      this.#last = asked.catch(() => undefined);
      asked.then(resolve, reject).finally(() => this.#waiting.delete(release));
    });
  }

  /** Closes the list. Waits for its clean-up, but not for an item that it is still waiting for. */
  async close(): Promise<void> {
    this.#ended = true;
    const closing = Promise.resolve(this.#iterator.return?.());
    if (!this.#asking) await closing;
    else closing.catch(() => undefined);
  }

  async #ask(): Promise<{ readonly item: Item } | undefined> {
    if (this.#ended) return undefined;
    this.#asking = true;
    try {
      const next = await this.#iterator.next();
      // What arrives after a stop is not started.
      if (next.done !== true) return this.#ended ? undefined : { item: next.value };
      this.#ended = true;
      return undefined;
    } finally {
      this.#asking = false;
    }
  }
}
