import type { Gate } from '../../core/gate.ts';

/**
 * The turn of an item to be computed, which it waits for while its content is fetched. A drain
 * takes it away from one that it has not come to.
 *
 * @example
 * const turn = new Turn(turns, signal, drain);
 * await fetchContent(turn.signal);
 * await turn.comes();
 * turn.end();
 */
export class Turn {
  /** Aborted: the item is to be left as it is, or the run is stopped. */
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #drain: AbortSignal | undefined;
  readonly #come: Promise<() => void>;
  #hasCome = false;
  readonly #lose = (): void => {
    if (!this.#hasCome) this.#lost.abort();
  };

  /**
   * @param turns lets as many in as are computed at a time.
   * @param signal aborted: the item is stopped.
   */
  constructor(turns: Gate, signal: AbortSignal, drain: AbortSignal | undefined) {
    this.#drain = drain;
    this.signal = AbortSignal.any([signal, this.#lost.signal]);
    this.#come = turns.enter(1, this.signal).then((leave) => {
      this.#hasCome = true;
      return leave;
    });
    // `comes` throws it.
    this.#come.catch(() => undefined);
    if (drain?.aborted === true) setImmediate(this.#lose);
    else drain?.addEventListener('abort', this.#lose, { once: true });
  }

  /** Whether a drain has taken it away. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Waits for it. @throws FlowError `aborted`. */
  async comes(): Promise<void> {
    await this.#come;
  }

  /** Gives it to the next. */
  end(): void {
    this.#drain?.removeEventListener('abort', this.#lose);
    this.#lose();
    this.#come.then(
      (leave) => leave(),
      () => undefined,
    );
  }
}
