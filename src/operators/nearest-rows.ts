import type { Division } from './division.ts';

/** A row and where it lies, in seconds. */
export interface Placed {
  readonly time: number;
  readonly centre: number;
  readonly vector: Float32Array;
}

/** Whether a row is of a moment, and holds until the next one comes. */
function isShowing(row: Placed): boolean {
  return row.centre === row.time;
}

/**
 * For each subclip of a span the row that stands for it when it has none of its own, found in one
 * pass over rows with ascending centres. Rows that are over a span (their centre lies behind their
 * time, as a patch of sound's does): the one whose centre is nearest the subclip's midpoint, the
 * earlier one on a tie. Rows of a moment (a picture): the one that is showing at the midpoint,
 * which is the last one before it; the first one before any. Only the latest row and the few rows
 * that decided midpoints not yet reached by the stream's times are kept.
 */
export class NearestRows {
  readonly #division: Division;
  readonly #decided = new Map<number, Float32Array>();
  #undecided = 0;

  constructor(division: Division) {
    this.#division = division;
  }

  /**
   * Decides every midpoint before `centre` between the row `latest` and the row that comes now.
   *
   * @returns whether one of the two vectors is kept: 'latest', 'now', both, or none.
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
   * The vector that stands for a subclip, or undefined when no row has come after its midpoint yet.
   */
  get(subclip: number): Float32Array | undefined {
    return this.#decided.get(subclip);
  }

  /**
   * Forgets what was decided for the subclips up to this one: they have rows of their own, or have
   * been given out.
   */
  forget(upTo: number): void {
    for (const subclip of this.#decided.keys()) if (subclip <= upTo) this.#decided.delete(subclip);
  }

  /** The vectors it keeps. */
  vectors(): Iterable<Float32Array> {
    return this.#decided.values();
  }
}
