import type { Division } from './division.ts';

/** A row and where it lies, in seconds. */
export interface Placed {
  readonly time: number;
  readonly centre: number;
  readonly vector: Float32Array;
}

/** Whether a row describes a moment and is valid until the next one. */
function isShowing(row: Placed): boolean {
  return row.centre === row.time;
}

/**
 * For each subclip of a span, the row that represents it if it has none of its own, found in one
 * pass over rows with ascending centres. For rows that cover a span (their centre lies after their
 * time, as with an audio patch), that is the row whose centre is nearest the subclip's midpoint,
 * the earlier one on a tie. For rows of a moment (a frame), it is the one showing at the midpoint:
 * the last one before it, or the first row of all. Only the latest row and the few rows chosen for
 * midpoints that the stream has not reached yet are kept.
 */
export class NearestRows {
  readonly #division: Division;
  readonly #decided = new Map<number, Float32Array>();
  #undecided = 0;

  constructor(division: Division) {
    this.#division = division;
  }

  /**
   * Decides every midpoint before `centre` between the row `latest` and the row that arrives now.
   *
   * @returns which of the two vectors are kept: 'latest', 'now', both or none.
   */
  decide(latest: Placed | undefined, now: Placed): { latest: boolean; now: boolean } {
    const kept = { latest: false, now: false };
    while (this.#undecided < this.#division.subclips) {
      const midpoint = this.#division.middle(this.#undecided);
      if (midpoint >= now.centre) break;
      const earlier = latest !== undefined && (isShowing(latest) || midpoint - latest.centre <= now.centre - midpoint);
      this.#decided.set(this.#undecided, earlier ? latest.vector : now.vector);
      kept[earlier ? 'latest' : 'now'] = true;
      this.#undecided += 1;
    }
    return kept;
  }

  /**
   * The vector that represents a subclip; undefined while no row has arrived after its midpoint.
   */
  get(subclip: number): Float32Array | undefined {
    return this.#decided.get(subclip);
  }

  /**
   * Forgets what was decided for the subclips up to this one: they have rows of their own, or have
   * been emitted.
   */
  forget(upTo: number): void {
    for (const subclip of this.#decided.keys()) if (subclip <= upTo) this.#decided.delete(subclip);
  }

  /** The vectors it keeps. */
  vectors(): Iterable<Float32Array> {
    return this.#decided.values();
  }
}
