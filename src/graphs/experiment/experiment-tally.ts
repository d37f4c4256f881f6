import type { FitProgress } from '../recommenders/fit-data.ts';
import type { MessageAbout } from '../run-reports.ts';
import type { PointFailure } from './point-result.ts';

/** The progress of a run. */
export interface ExperimentProgress {
  /** First `trials` on the validation part, then `points`. */
  readonly part: 'trials' | 'points';
  /** Counts only those that did not exist when the run began. */
  readonly done: number;
  readonly total: number;
  /**
   * Wall seconds that the rest of this part will take at this pace; undefined before the first is
   * done.
   */
  readonly secondsLeft?: number | undefined;
  /** The point that was reported last. */
  readonly point?: string | undefined;
  /** For a neural recommender in training. */
  readonly epoch?: number | undefined;
  readonly epochs?: number | undefined;
  /** Share of that epoch that is done, inside one. */
  readonly share?: number | undefined;
  /** Wall seconds until the last of its epochs, at most. */
  readonly pointSecondsLeft?: number | undefined;
}

/** How a run is observed and stopped. */
export interface PointRunOptions {
  /** Once aborted, no further point is started; those in progress are finished. */
  readonly signal?: AbortSignal | undefined;
  /** Once aborted, trainings in progress end without a result. */
  readonly stop?: AbortSignal | undefined;
  /** Called with a line for each point, and with lines about the data. */
  readonly onMessage?: ((line: string, about?: MessageAbout) => void) | undefined;
  /**
   * Called with the progress of the run: after each point, and inside and after each epoch of a
   * neural recommender.
   */
  readonly onProgress?: ((progress: ExperimentProgress) => void) | undefined;
}

/** Counts what a run has done and informs its listeners. */
export class ExperimentTally {
  readonly #options: PointRunOptions;
  #part: ExperimentProgress['part'] = 'trials';
  #done = 0;
  #total = 0;
  #started = performance.now();

  constructor(options: PointRunOptions) {
    this.#options = options;
  }

  /** Starts counting a part of the run. */
  begin(part: ExperimentProgress['part'], total: number): void {
    this.#part = part;
    this.#done = 0;
    this.#total = total;
    this.#started = performance.now();
    if (total > 0) this.#say({});
  }

  /** One more is done. */
  done(point: string, what: string): void {
    this.#done += 1;
    const kind = this.#part === 'trials' ? 'validation ' : '';
    this.#options.onMessage?.(`${kind}${this.#done}/${this.#total} ${point}: ${what}`);
    this.#say({ point });
  }

  /** The listener of a training. */
  listener(point: string): (progress: FitProgress) => void {
    return ({ epoch, epochs, share, secondsLeft: pointSecondsLeft }) =>
      this.#say({ point, epoch, epochs, share, pointSecondsLeft });
  }

  #say(facts: Partial<ExperimentProgress>): void {
    const [done, total] = [this.#done, this.#total];
    const seconds = (performance.now() - this.#started) / 1000;
    const left = done === 0 ? {} : { secondsLeft: (seconds / done) * (total - done) };
    this.#options.onProgress?.({ part: this.#part, done, total, ...left, ...facts });
  }
}

/** What a log says of a point that failed. */
export function failureText({ error: { message, remedy } }: PointFailure): string {
  return `failed: ${message}${remedy === undefined ? '' : `. ${remedy}`}`;
}
