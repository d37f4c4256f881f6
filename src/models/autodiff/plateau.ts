import { checkInteger, checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** When and how the learning rate is lowered. */
export interface PlateauOptions {
  /** Factor that the rate is multiplied by. Default 0.5. */
  readonly factor?: number | undefined;
  /** Epochs without improvement before the rate is lowered. Default 2. */
  readonly patience?: number | undefined;
  /**
   * Steps without improvement before the rate is lowered, however many epochs that is. Default 200.
   */
  readonly patienceSteps?: number | undefined;
  /** Lower limit of the rate. Default 1e-5. */
  readonly minimum?: number | undefined;
  /** Minimum improvement: the loss must be lower than the best by more than this. Default 1e-4. */
  readonly minimumChange?: number | undefined;
}

/** What a `Plateau` has seen, to continue from. */
export interface PlateauState {
  readonly learningRate: number;
  readonly best: number | null;
  /** Number of epochs without improvement. */
  readonly waited: number;
  /** Number of steps made when the best loss was reached or the rate was last lowered. */
  readonly since: number;
}

/**
 * Lowers the learning rate when the validation loss no longer falls (Keras's `ReduceLROnPlateau`,
 * no cooldown).
 */
export class Plateau {
  readonly #factor: number;
  readonly #patience: number;
  readonly #patienceSteps: number;
  readonly #minimum: number;
  readonly #minimumChange: number;
  #state: PlateauState;

  /** @throws UsageError if an option is out of range. */
  constructor(learningRate: number, options: PlateauOptions = {}) {
    this.#factor = checkPositive('plateau.factor', options.factor ?? 0.5);
    if (this.#factor >= 1) throw new UsageError(`\`plateau.factor\` must be below 1, but is ${this.#factor}`);
    this.#patience = checkInteger('plateau.patience', options.patience ?? 2);
    this.#patienceSteps = checkInteger('plateau.patienceSteps', options.patienceSteps ?? 200, 0);
    this.#minimum = checkPositive('plateau.minimum', options.minimum ?? 1e-5, { zero: true });
    this.#minimumChange = checkPositive('plateau.minimumChange', options.minimumChange ?? 1e-4, { zero: true });
    this.#state = { learningRate: checkPositive('learningRate', learningRate), best: null, waited: 0, since: 0 };
  }

  get learningRate(): number {
    return this.#state.learningRate;
  }

  get state(): PlateauState {
    return this.#state;
  }

  /** Resumes from a state. */
  resume(state: PlateauState): void {
    this.#state = state;
  }

  /**
   * Records the validation loss of an epoch.
   *
   * @param step - number of steps over all epochs so far.
   */
  epochEnded(loss: number, step: number): void {
    const { learningRate, best, since } = this.#state;
    const waited = this.#state.waited + 1;
    if (best === null || loss < best - this.#minimumChange) {
      this.#state = { learningRate, best: loss, waited: 0, since: step };
    } else if (waited < this.#patience || step - since < this.#patienceSteps) {
      this.#state = { learningRate, best, waited, since };
    } else {
      const lowered = Math.min(learningRate, Math.max(this.#minimum, learningRate * this.#factor));
      this.#state = { learningRate: lowered, best, waited: 0, since: step };
    }
  }
}
