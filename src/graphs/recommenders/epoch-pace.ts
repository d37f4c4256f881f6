import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { EpochProgress } from '../../models/autodiff/trainer-options.ts';
import type { FitProgress } from './fit-data.ts';

/**
 * Reports the progress of a training and how long it will take. During the first epoch, the time of
 * an epoch is extrapolated from the steps so far, without the first ones, which are slower, and
 * without validation. From then on it is the time of the last epoch.
 */
export class EpochPace {
  readonly #epochs: number;
  readonly #part: string | undefined;
  readonly #now: () => number;
  /** The first and the last message of the current epoch. */
  #first: (EpochProgress & { readonly at: number }) | undefined;
  #last: (EpochProgress & { readonly at: number }) | undefined;
  #endedAt: number | undefined;
  /** Milliseconds that the last epoch took. */
  #whole: number | undefined;

  /**
   * @param epochs the maximum number of epochs.
   * @param part what is being trained, if it is a part of the whole.
   * @param now a clock in milliseconds.
   */
  constructor(epochs: number, part?: string, now: () => number = () => performance.now()) {
    this.#epochs = epochs;
    this.#part = part;
    this.#now = now;
  }

  /** The progress inside an epoch; undefined until it can be estimated. */
  inside(progress: EpochProgress): FitProgress | undefined {
    const { epoch, rows, of, loss } = progress;
    this.#last = { ...progress, at: this.#now() };
    if (this.#first?.epoch !== epoch) this.#first = this.#last;
    // A private epoch draws its users at random: more than expected may come.
    if (of === undefined || rows >= of) return undefined;
    const milliseconds = this.#whole ?? this.#extrapolated();
    if (milliseconds === undefined) return undefined;
    return this.#told({ epoch, loss, share: rows / of }, milliseconds);
  }

  /** The end of an epoch. */
  ended({ epoch, trainingLoss, validationLoss }: EpochRecord): FitProgress {
    const now = this.#now();
    const learnt = this.#extrapolated();
    // An epoch that was resumed halfway, or the first one, began before it was first observed.
    const judged = now - (this.#last?.at ?? now);
    this.#whole = this.#endedAt === undefined ? learnt && learnt + judged : now - this.#endedAt;
    this.#endedAt = now;
    return this.#told({ epoch, loss: trainingLoss, validationLoss: validationLoss ?? undefined }, this.#whole);
  }

  /** The time of an epoch's learning at the current pace. */
  #extrapolated(): number | undefined {
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last?.of === undefined || last.rows === first.rows) return undefined;
    return ((last.at - first.at) / (last.rows - first.rows)) * last.of;
  }

  #told({ epoch, ...progress }: Omit<FitProgress, 'epochs'>, milliseconds: number | undefined): FitProgress {
    const told = { ...progress, epoch: epoch + 1, epochs: this.#epochs, part: this.#part };
    if (milliseconds === undefined) return told;
    const epochSeconds = milliseconds / 1000;
    return { ...told, epochSeconds, secondsLeft: epochSeconds * (this.#epochs - epoch - (progress.share ?? 1)) };
  }
}
