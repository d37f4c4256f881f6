import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { EpochProgress } from '../../models/autodiff/trainer-options.ts';
import type { FitProgress } from './fit-data.ts';

/**
 * Says how far a training is and how long it will take. Inside the first epoch the time of an epoch
 * is extrapolated from its steps so far, the first of which are slower and not counted; its
 * validation is not part of it. From then on it is that of the last epoch.
 */
export class EpochPace {
  readonly #epochs: number;
  readonly #part: string | undefined;
  readonly #now: () => number;
  /** The first and the last message of the epoch that is learnt. */
  #first: (EpochProgress & { readonly at: number }) | undefined;
  #last: (EpochProgress & { readonly at: number }) | undefined;
  #endedAt: number | undefined;
  /** Milliseconds of the last epoch. */
  #whole: number | undefined;

  /**
   * @param epochs at most.
   * @param part what is trained, where that is a part of the whole.
   * @param now milliseconds of a clock.
   */
  constructor(epochs: number, part?: string, now: () => number = () => performance.now()) {
    this.#epochs = epochs;
    this.#part = part;
    this.#now = now;
  }

  /** Where the training stands inside an epoch; undefined before that can be told. */
  inside(progress: EpochProgress): FitProgress | undefined {
    const { epoch, rows, of, loss } = progress;
    this.#last = { ...progress, at: this.#now() };
    if (this.#first?.epoch !== epoch) this.#first = this.#last;
    if (of === undefined || rows === of) return undefined;
    const milliseconds = this.#whole ?? this.#extrapolated();
    if (milliseconds === undefined) return undefined;
    return this.#told({ epoch, loss, share: rows / of }, milliseconds);
  }

  /** The end of an epoch. */
  ended({ epoch, trainingLoss, validationLoss }: EpochRecord): FitProgress {
    const now = this.#now();
    const learnt = this.#extrapolated();
    // An epoch that was resumed in its middle, or the first one, began before it was looked at.
    const judged = now - (this.#last?.at ?? now);
    this.#whole = this.#endedAt === undefined ? learnt && learnt + judged : now - this.#endedAt;
    this.#endedAt = now;
    return this.#told({ epoch, loss: trainingLoss, validationLoss: validationLoss ?? undefined }, this.#whole);
  }

  /** What learning an epoch takes at the pace of this one. */
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
