import type { RankedList } from './ranked-list.ts';

/** A point of the ROC curve: rates if the first `k` recommended items are taken. */
export interface RocPoint {
  readonly k: number;
  /** |Rec(k) and relevant| / |relevant|. */
  readonly truePositiveRate: number;
  /** |Rec(k) not relevant| / |test items not relevant|. */
  readonly falsePositiveRate: number;
}

/**
 * Gathers the ROC curve as a mean over users: each user's rates rise by one step per recommended
 * item, so only the steps are kept. Users with only one kind of item, relevant or not, have no
 * rates and are left out.
 */
export class RocCollector {
  #users = 0;
  /** Sums over users of the rates' increments at rank k, from index 0 for k = 1. */
  readonly #trueSteps: number[] = [];
  readonly #falseSteps: number[] = [];

  /** Number of users with a curve. */
  get users(): number {
    return this.#users;
  }

  /** Adds a user's list. */
  add({ relevant, relevantCount, recommendedCount }: RankedList): void {
    const others = relevant.length - relevantCount;
    if (relevantCount === 0 || others === 0) return;
    this.#users++;
    for (let rank = this.#trueSteps.length; rank < recommendedCount; rank++) {
      this.#trueSteps.push(0);
      this.#falseSteps.push(0);
    }
    for (let rank = 0; rank < recommendedCount; rank++) {
      const steps = relevant[rank] === 1 ? this.#trueSteps : this.#falseSteps;
      steps[rank] = (steps[rank] as number) + 1 / (relevant[rank] === 1 ? relevantCount : others);
    }
  }

  /** The points for k = 1 to the length of the longest recommended list. */
  points(): RocPoint[] {
    let truePositives = 0;
    let falsePositives = 0;
    return this.#trueSteps.map((step, index) => {
      truePositives += step;
      falsePositives += this.#falseSteps[index] as number;
      return {
        k: index + 1,
        truePositiveRate: truePositives / this.#users,
        falsePositiveRate: falsePositives / this.#users,
      };
    });
  }
}
