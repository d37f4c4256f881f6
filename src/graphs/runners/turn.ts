import type { Gate } from '../../core/gate.ts';

/**
 * The turn of an item to be computed. An item waits for it with its content at hand, so that an
 * item with a turn never waits for room that belongs to one without. A drain can take the item away
 * until it has its turn.
 *
 * @example
 * const turn = new Turn(new Gate(1), signal, undefined);
 * await fetch('https://films.example.org/heat.mp4', { signal: turn.signal });
 * await turn.comes();
 * turn.passes();
 * turn.end();
 */
export class Turn {
  /** Aborted when the item must be left as it is, or the run is stopped. */
  readonly signal: AbortSignal;
  readonly #turns: Gate;
  readonly #drain: AbortSignal | undefined;
  readonly #lost = new AbortController();
  #leave: (() => void) | undefined;
  readonly #lose = (): void => {
    if (this.#leave === undefined) this.#lost.abort();
  };

  /**
   * @param turns - admits as many items as are computed at a time.
   * @param signal - when aborted, the item is stopped.
   */
  constructor(turns: Gate, signal: AbortSignal, drain: AbortSignal | undefined) {
    this.#turns = turns;
    this.#drain = drain;
    this.signal = AbortSignal.any([signal, this.#lost.signal]);
    if (drain?.aborted === true) setImmediate(this.#lose);
    else drain?.addEventListener('abort', this.#lose, { once: true });
  }

  /** Whether a drain has taken the item away. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Waits for the turn. @throws FlowError `aborted`. */
  async comes(): Promise<void> {
    this.#leave = await this.#turns.enter(1, this.signal);
  }

  /** Passes the turn on, if it has come. The item may ask for another. */
  passes(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Called when the item is finished. */
  end(): void {
    this.passes();
    this.#drain?.removeEventListener('abort', this.#lose);
  }
}
