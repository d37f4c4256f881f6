import type { Outcome } from '../../io/dataset/outcomes.ts';
import type { Claims } from './claims.ts';
import type { Shard } from './shard.ts';
import { Suspects } from './suspects.ts';

/** The progress of the whole corpus, of which a run computes a part. */
export interface WholeCorpus {
  readonly items: number;
  readonly committed: number;
  readonly dead: number;
  readonly skipped: number;
  /** Items that nobody has finished. */
  readonly left: number;
}

/** What the run of a shard did besides its own part, and the progress of all shards. */
export interface ShardSummary extends Shard {
  /** Items of its own part. */
  readonly items: number;
  /** How many of these nobody has finished. */
  readonly left: number;
  /** Items that it took over from other shards. */
  readonly stolen: number;
  readonly whole: WholeCorpus;
}

/** What the run of a shard needs. */
interface ShardSetting<Item> {
  readonly shard: Shard;
  readonly corpus: readonly Item[];
  /** The part of the corpus that is in the shard. */
  readonly part: readonly Item[];
  /** The items' outcomes so far. */
  readonly outcomes: () => Promise<(itemId: string) => Outcome | undefined>;
  /** For a run that takes over items that others have not started. */
  readonly claims?: Claims | undefined;
  /** Whether the file of an item is known to be the one that its unit was made from. */
  readonly isUnchanged?: ((item: Item) => boolean) | undefined;
  /** Called for an item that is tried alone. */
  readonly say?: ((sentence: string, item: string) => void) | undefined;
  /** Called for every item that is taken over, before it starts. */
  readonly onStolen?: ((item: Item) => void) | undefined;
}

/** The items' outcomes are read again after this many milliseconds. */
const LOOK_EVERY = 5000;

/**
 * The items that the run of a shard computes: first its own part, in order; then, if it takes over,
 * items that nobody has started, from the end of the corpus backwards, while the others come from
 * its beginning. An item that was being worked on when a process died is a suspect, whoever takes
 * it.
 *
 * @example
 * const shard = { index: 0, count: 3 };
 * const outcomeOf = async () => () => undefined;
 * const run = new ShardRun({ shard, corpus, part: corpus, outcomes: outcomeOf, claims: undefined });
 * for await (const item of run.items()) run.finished(item.id);
 */
export class ShardRun<Item extends { readonly id: string }> {
  readonly #setting: ShardSetting<Item>;
  readonly #begun = new Set<string>();
  readonly #suspects: Suspects<Item> | undefined;
  #stolen = 0;
  #outcomeOf: ((itemId: string) => Outcome | undefined) | undefined;
  #looked = 0;

  constructor(setting: ShardSetting<Item>) {
    this.#setting = setting;
    const { claims, say = () => undefined } = setting;
    this.#suspects = claims && new Suspects(claims, say);
  }

  /** The items in the order in which they start; each is requested when there is room for it. */
  items(): Iterable<Item> | AsyncIterable<Item> {
    const { part, claims } = this.#setting;
    const suspects = this.#suspects;
    return claims === undefined || suspects === undefined ? part : this.#claimed(claims, suspects);
  }

  /** Records that an item is done. */
  finished(itemId: string): void {
    this.#suspects?.end(itemId);
  }

  /** Why an item must not be started again. */
  verdictOf(item: Item): Error | undefined {
    return this.#suspects?.verdictOf(item.id);
  }

  /** What this run did, and what all runs have done by now. */
  async summary(): Promise<ShardSummary> {
    const { corpus, part, shard, outcomes } = this.#setting;
    const outcomeOf = await outcomes();
    const counts = { committed: 0, dead: 0, skipped: 0, left: 0 };
    for (const { id } of corpus) counts[outcomeOf(id) ?? 'left'] += 1;
    const whole = { items: corpus.length, ...counts };
    const left = part.filter(({ id }) => outcomeOf(id) === undefined).length;
    return { ...shard, items: part.length, left, stolen: this.#stolen, whole };
  }

  /** Called after the run, however it ended. */
  async close(): Promise<void> {
    await this.#suspects?.close();
  }

  async *#claimed(claims: Claims, suspects: Suspects<Item>): AsyncGenerator<Item> {
    const { corpus, part, isUnchanged = () => false } = this.#setting;
    const own = new Set(part.map(({ id }) => id));
    const before = await this.#setting.outcomes();
    for (const item of part) {
      // Finished items need no claim: the run sees that they are finished, also those that another
      // process has finished since.
      if (before(item.id) === 'committed' && isUnchanged(item)) {
        this.#begun.add(item.id);
        yield item;
        continue;
      }
      const claim = await claims.take(item.id);
      if (claim === undefined) continue;
      this.#begun.add(item.id);
      suspects.begin(item.id, claim);
      yield* suspects.inTurn(item);
    }
    for (let hasBegun = true; hasBegun; ) {
      hasBegun = false;
      for (const item of corpus.toReversed()) {
        if (this.#begun.has(item.id) || !(await this.#isLeft(item.id))) continue;
        const claim = await claims.take(item.id);
        if (claim === undefined) continue;
        // Its owner may have finished it since the outcomes were read.
        this.#outcomeOf = undefined;
        if (!(await this.#isLeft(item.id))) {
          claims.release(item.id);
          continue;
        }
        hasBegun = true;
        this.#begun.add(item.id);
        if (!own.has(item.id)) {
          this.#stolen += 1;
          this.#setting.onStolen?.(item);
        }
        suspects.begin(item.id, claim);
        yield* suspects.inTurn(item);
      }
    }
  }

  async #isLeft(itemId: string): Promise<boolean> {
    if (this.#outcomeOf === undefined || performance.now() - this.#looked > LOOK_EVERY) {
      this.#outcomeOf = await this.#setting.outcomes();
      this.#looked = performance.now();
    }
    return this.#outcomeOf(itemId) === undefined;
  }
}
