import { EventFile } from '../../io/tfevents/event-file.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';

/** Logs a neural recommender's training in TensorBoard event files. */
export class TrainingLog {
  readonly #directory: string;
  #events: EventFile | undefined;

  /** @param directory created, together with its file, when the first epoch ends. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Logs an epoch: the scalars `loss/training`, `loss/validation` (with validation ratings) and
   * `learning rate`, and a histogram of each weight by its name. A training that continues from a
   * checkpoint starts a new file, which replaces what was logged for the epochs that are learnt
   * again.
   *
   * @throws SystemError `not-writable` when the file cannot be created, `disk-full`.
   */
  add(record: EpochRecord, weights: ReadonlyMap<string, Float32Array>): void {
    const { epoch, trainingLoss, validationLoss, learningRate } = record;
    this.#events ??= EventFile.create(this.#directory, epoch);
    const scalars = {
      'loss/training': trainingLoss,
      'loss/validation': validationLoss ?? undefined,
      'learning rate': learningRate,
    };
    this.#events.add({ step: epoch, scalars, histograms: weights });
  }

  close(): void {
    this.#events?.close();
    this.#events = undefined;
  }
}
