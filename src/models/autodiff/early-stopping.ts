import { checkInteger } from '../../core/check.ts';

/** What an `EarlyStopping` has seen, to continue from. */
export interface EarlyStoppingState {
  readonly bestLoss: number | null;
  /** Epoch of the best loss, counted from 0; -1 before the first. */
  readonly bestEpoch: number;
  /** Number of steps made when the best loss was reached. */
  readonly bestStep: number;
  /** Number of epochs since then. */
  readonly waited: number;
  /** Number of steps since then. */
  readonly waitedSteps: number;
}

/**
 * Ends training when the validation loss has not fallen for a number of epochs and of steps: an
 * epoch of a small corpus is only a handful of steps, after which a module may still be on its
 * first plateau.
 */
export class EarlyStopping {
  readonly #patience: number;
  readonly #patienceSteps: number;
  #state: EarlyStoppingState = { bestLoss: null, bestEpoch: -1, bestStep: 0, waited: 0, waitedSteps: 0 };

  /**
   * @throws UsageError if `patience` is not a positive integer, or `patienceSteps` is not an
   * integer of at least 0.
   */
  constructor(patience: number, patienceSteps = 0) {
    this.#patience = checkInteger('patience', patience);
    this.#patienceSteps = checkInteger('patienceSteps', patienceSteps, 0);
  }

  get state(): EarlyStoppingState {
    return this.#state;
  }

  /** Resumes from a state. */
  resume(state: EarlyStoppingState): void {
    this.#state = state;
  }

  /** Whether it is time to stop. */
  get stop(): boolean {
    return this.#state.waited >= this.#patience && this.#state.waitedSteps >= this.#patienceSteps;
  }

  /**
   * Records the validation loss of an epoch and returns whether it is the best so far. NaN never
   * is.
   *
   * @param step - number of steps over all epochs so far.
   */
  epochEnded(epoch: number, loss: number, step = 0): boolean {
    const { bestLoss, bestEpoch, bestStep, waited } = this.#state;
    const better = Number.isFinite(loss) && (bestLoss === null || loss < bestLoss);
    this.#state = better
      ? { bestLoss: loss, bestEpoch: epoch, bestStep: step, waited: 0, waitedSteps: 0 }
      : { bestLoss, bestEpoch, bestStep, waited: waited + 1, waitedSteps: step - bestStep };
    return better;
  }
}
