import { MediaError } from '../../core/errors.ts';
import type { Claim, Claims } from './claims.ts';

/**
 * How often a process may die while an item is its only work before the item is blamed. Once may be
 * a coincidence, such as a machine that is switched off.
 */
const MOST_ALONE = 3;

/**
 * The claimed items that this process is working on. An item that was being worked on when a
 * process died is a suspect: it starts when nothing else is running, and nothing else starts
 * alongside it. Only an item that then kills its process again and again is convicted.
 *
 * @example
 * async function* once(video: { readonly id: string }, claims: Claims, suspects: Suspects<typeof video>) {
 *   const claim = await claims.take(video.id);
 *   if (claim === undefined) return;
 *   suspects.begin(video.id, claim);
 *   yield* suspects.inTurn(video);
 * }
 */
export class Suspects<Item extends { readonly id: string }> {
  readonly #claims: Claims;
  readonly #say: (sentence: string, item: string) => void;
  readonly #begun = new Map<string, Claim>();
  #whenFewer: (() => void) | undefined;
  #closed = false;

  /** @param say called for an item that is tried alone. */
  constructor(claims: Claims, say: (sentence: string, item: string) => void) {
    this.#claims = claims;
    this.#say = say;
  }

  /** Records that a claimed item is being worked on, or will be when its turn comes. */
  begin(itemId: string, claim: Claim): void {
    this.#begun.set(itemId, claim);
  }

  /**
   * Yields an item when it may start, and ends when another one may; yields nothing after `close`.
   */
  async *inTurn(item: Item): AsyncGenerator<Item> {
    const { deaths = 0, aloneDeaths = 0 } = this.#begun.get(item.id) ?? {};
    if (deaths === 0 || aloneDeaths >= MOST_ALONE) {
      yield item;
      return;
    }
    this.#say(`${item.id}: a process died while processing it, so it is now tried alone`, item.id);
    await this.#untilBegun(1);
    if (this.#closed) return;
    await this.#claims.alone(item.id);
    yield item;
    await this.#untilBegun(0);
  }

  /** Why an item must not be started again: every process that tried died of it. */
  verdictOf(itemId: string): Error | undefined {
    const claim = this.#begun.get(itemId);
    return claim !== undefined && claim.aloneDeaths >= MOST_ALONE ? crashOf(itemId, claim.deaths) : undefined;
  }

  /** Records that an item is done, and gives up its claim. */
  end(itemId: string): void {
    this.#begun.delete(itemId);
    this.#claims.release(itemId);
    this.#whenFewer?.();
  }

  /** Gives up every claim. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const itemId of [...this.#begun.keys()]) this.end(itemId);
    this.#whenFewer?.();
    await this.#claims.close();
  }

  /** Waits until at most this many items are running. */
  async #untilBegun(most: number): Promise<void> {
    while (this.#begun.size > most && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#whenFewer = resolve;
      });
    }
  }
}

/** The error for an item that several processes died of. */
function crashOf(itemId: string, deaths: number): MediaError {
  return new MediaError(
    'crash',
    `${deaths} processes died while processing '${itemId}', the last one with nothing else running`,
    {
      remedy:
        'Mark it for another try (`dead retry` on the command line), and run it with more `memory` or where less else is running.',
    },
  );
}
