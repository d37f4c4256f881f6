import { createHash } from 'node:crypto';
import type { DatasetCounts } from './dataset-file.ts';
import type { UnitFacts } from './schema.ts';
import type { PlannedUnit } from './table-plan.ts';

/** How many keys are hashed at once: hashing each separately would cost ten times as much. */
const HASHED_AT_A_TIME = 1024;

/** The counts of a dataset without units. */
export const NOTHING: DatasetCounts = {
  videos: 0,
  frames: 0,
  patches: 0,
  videoSeconds: 0,
  partial: 0,
  dead: 0,
  without: {},
};

/**
 * Counts units, which must come in ascending order of their keys, and hashes their keys.
 *
 * @example
 * declare const units: PlannedUnit[];
 * const tally = new UnitTally();
 * for (const unit of units) tally.add(unit);
 * const { counts, contents } = tally.end(0);
 */
export class UnitTally {
  readonly #counts = { ...NOTHING };
  /** Units of one dataset have few distinct shapes, and each is one object. */
  readonly #shapes = new Map<UnitFacts['columns'], number>();
  readonly #hash = createHash('sha256');
  #keys: string[] = [];

  /** Takes the next unit. */
  add({ key, facts }: PlannedUnit): void {
    const counts = this.#counts as { -readonly [Name in keyof DatasetCounts]: DatasetCounts[Name] };
    counts.videos += 1;
    counts.frames += facts.frames;
    counts.patches += facts.patches;
    counts.videoSeconds += facts.seconds;
    counts.partial += facts.partial ? 1 : 0;
    this.#shapes.set(facts.columns, (this.#shapes.get(facts.columns) ?? 0) + 1);
    if (this.#keys.push(key) >= HASHED_AT_A_TIME) this.#hashKeys();
  }

  /**
   * The counts, together with the number of `dead` letters, and the SHA-256 of the keys. May only
   * be called once.
   */
  end(dead: number): { readonly counts: DatasetCounts; readonly contents: string } {
    this.#hashKeys();
    const having = new Map<string, number>();
    for (const [columns, units] of this.#shapes) {
      for (const { stream } of columns) having.set(stream, having.get(stream) ?? 0);
      for (const stream of new Set(columns.filter((column) => column.vectors > 0).map(({ stream }) => stream))) {
        having.set(stream, (having.get(stream) ?? 0) + units);
      }
    }
    const without = [...having].sort(([left], [right]) => (left < right ? -1 : 1));
    const lacking = without.map(([stream, units]) => [stream, this.#counts.videos - units]);
    return {
      counts: { ...this.#counts, dead, without: Object.fromEntries(lacking) },
      contents: this.#hash.digest('hex'),
    };
  }

  #hashKeys(): void {
    this.#hash.update(this.#keys.join(''));
    this.#keys = [];
  }
}
