import { checkInteger } from '../../core/check.ts';

/** What an `EarlyStopping` has seen, to go on from. */
export interface EarlyStoppingState {
  readonly bestLoss: number | null;
  /** Epoch of the best loss, counted from 0; -1 before the first. */
  readonly bestEpoch: number;
  readonly waited: number;
}

/** Ends training when the validation loss has not fallen for a number of epochs. */
export class EarlyStopping {
  readonly #patience: number;
  #state: EarlyStoppingState = { bestLoss: null, bestEpoch: -1, waited: 0 };

  /** @throws UsageError when `patience` is not a positive integer. */
  constructor(patience: number) {
    this.#patience = checkInteger('patience', patience);
  }

  get state(): EarlyStoppingState {
    return this.#state;
  }

  /** Goes on from a state. */
  resume(state: EarlyStoppingState): void {
    this.#state = state;
  }

  /** Whether it is time to stop. */
  get stop(): boolean {
    return this.#state.waited >= this.#patience;
  }

  /**
   * Takes the validation loss of an epoch; says whether it is the best so far. A loss that is not a number never is.
   */
  epochEnded(epoch: number, loss: number): boolean {
    const { bestLoss, bestEpoch, waited } = this.#state;
    const better = Number.isFinite(loss) && (bestLoss === null || loss < bestLoss);
    this.#state = better
      ? { bestLoss: loss, bestEpoch: epoch, waited: 0 }
      : { bestLoss, bestEpoch, waited: waited + 1 };
    return better;
  }
}
