import type { RankedList } from './ranked-list.ts';

/** A point of the precision-recall curve: the first `k` of each user's items are taken. */
export interface PrecisionRecallPoint {
  readonly k: number;
  /** Relevant among the first k / relevant. */
  readonly recall: number;
  /** Relevant among the first k / k, or / all the items if there are fewer. */
  readonly precision: number;
}

/**
 * Gathers the precision-recall curve as a mean over users, over whole lists, whatever the
 * recommendation threshold. Users without relevant items have no recall and are left out; one whose
 * list has ended stays at its last point.
 */
export class PrecisionRecallCollector {
  #users = 0;
  /** Indexed by k - 1: sums over the users whose lists reach k. */
  readonly #recalls: number[] = [];
  readonly #precisions: number[] = [];
  /** Indexed by list length: last precision, and number, of the lists that end there. */
  readonly #ended: { precision: number; count: number }[] = [];

  /** Adds a user's list. */
  add({ relevant, relevantCount }: RankedList): void {
    if (relevantCount === 0) return;
    this.#users++;
    let hits = 0;
    for (let rank = 0; rank < relevant.length; rank++) {
      hits += relevant[rank] as number;
      this.#recalls[rank] = (this.#recalls[rank] ?? 0) + hits / relevantCount;
      this.#precisions[rank] = (this.#precisions[rank] ?? 0) + hits / (rank + 1);
    }
    const { precision, count } = this.#ended[relevant.length] ?? { precision: 0, count: 0 };
    this.#ended[relevant.length] = { precision: precision + hits / relevant.length, count: count + 1 };
  }

  /** The points for k = 1 to the length of the longest list. */
  points(): PrecisionRecallPoint[] {
    let precisionOfEnded = 0;
    let ended = 0;
    return this.#recalls.map((recall, rank) => {
      precisionOfEnded += this.#ended[rank]?.precision ?? 0;
      ended += this.#ended[rank]?.count ?? 0;
      return {
        k: rank + 1,
        recall: (recall + ended) / this.#users,
        precision: ((this.#precisions[rank] as number) + precisionOfEnded) / this.#users,
      };
    });
  }
}
