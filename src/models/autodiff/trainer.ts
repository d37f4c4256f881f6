import { dirname } from 'node:path';
import { removeStaleTemporaries } from '../../core/atomic-file.ts';
import { ModelError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { type EpochRecord, readCheckpoint, type TrainingProgress, writeCheckpoint } from './checkpoint.ts';
import type { EarlyStopping } from './early-stopping.ts';
import type { Feeds } from './feeds.ts';
import { adam } from './optimisers/adam.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import type { Plateau } from './plateau.ts';
import { initialState, namedVariables, overwrite } from './state.ts';
import { StepQueue } from './step-queue.ts';
import type { TrainerOptions, TrainingData, TrainingResult, ValidationData } from './trainer-options.ts';
import { type TrainingCourse, trainingCourse } from './training-course.ts';
import { openTraining } from './training-place.ts';
import { type PlannedTraining, planTraining, type TrainableModule } from './training-plan.ts';
import type { TrainingThread } from './training-thread.ts';

/** Progress of an epoch. */
interface Position {
  epoch: number;
  batches: number;
  step: number;
  lossSum: number;
  rows: number;
}

/**
 * Trains one module in its own thread; several trainers can run concurrently. The same seed, data
 * and options give bit-identical weights, whether or not training was interrupted and resumed from
 * its checkpoint.
 *
 * @example
 * declare const module: TrainableModule;
 * declare const data: TrainingData;
 * declare const feeds: Feeds;
 * const trainer = await Trainer.open(module, { seed: 1, epochs: 20 });
 * const { history } = await trainer.fit(data);
 * const predictions = await trainer.predict(feeds);
 * await trainer.close();
 */
export class Trainer {
  readonly #module: TrainableModule;
  readonly #options: TrainerOptions;
  readonly #optimiser: Optimiser;
  readonly #planned: PlannedTraining;
  readonly #thread: TrainingThread;
  readonly #history: EpochRecord[] = [];
  readonly #plateau: Plateau;
  readonly #stopping: EarlyStopping;
  readonly #epochs: number;

  private constructor(
    module: TrainableModule,
    options: TrainerOptions,
    planned: PlannedTraining,
    thread: TrainingThread,
    { epochs, stopping, plateau }: TrainingCourse,
  ) {
    this.#module = module;
    this.#options = options;
    this.#optimiser = options.optimiser ?? adam();
    this.#planned = planned;
    this.#thread = thread;
    this.#epochs = epochs;
    this.#stopping = stopping;
    this.#plateau = plateau;
  }

  /**
   * Writes the module's graphs, starts its thread and loads its initial weights.
   *
   * @throws UsageError if an option is out of range; ModelError `shape` if `initialWeights` do not
   * fit; SystemError `session` if the graphs cannot be run.
   */
  static async open(module: TrainableModule, options: TrainerOptions = {}): Promise<Trainer> {
    const course = trainingCourse(options);
    const { seed, l2 } = course;
    // A process that was killed may have left half a checkpoint.
    if (options.checkpoint !== undefined) await removeStaleTemporaries(dirname(options.checkpoint.path));
    const planned = planTraining(module, options.optimiser ?? adam(), l2, options.sparse, options.gradientPrivacy);
    const state = initialState(planned.groups, seed);
    if (options.initialWeights) overwrite(planned.plan.state, state, options.initialWeights);
    const thread = await openTraining(module.name, planned, seed, {
      ...options,
      noiseKey: options.gradientPrivacy?.key,
    });
    try {
      const trainer = new Trainer(module, options, planned, thread, course);
      await thread.load(state);
      return trainer;
    } catch (error) {
      await thread.abort();
      throw error;
    }
  }

  /**
   * Trains until all epochs are done or the validation loss no longer falls, then restores the
   * weights of the best epoch. Resumes from the checkpoint if there is one.
   *
   * @throws the abort signal's reason; ModelError `weights` if the loss becomes NaN or the
   * checkpoint is damaged; SystemError `session` if a step fails.
   */
  async fit(data: TrainingData, validation?: ValidationData): Promise<TrainingResult> {
    this.#options.signal?.throwIfAborted();
    const progress = await this.#resume();
    const at: Position = progress ? { ...progress } : { epoch: 0, batches: 0, step: 0, lossSum: 0, rows: 0 };
    let finished = progress?.finished ?? false;
    while (!finished && at.epoch < this.#epochs) {
      await this.#learn(data, at);
      finished = await this.#endEpoch(at, validation);
      Object.assign(at, { epoch: at.epoch + 1, batches: 0, lossSum: 0, rows: 0 });
      finished ||= at.epoch >= this.#epochs;
      await this.#checkpoint(at, finished);
    }
    const { bestEpoch, bestLoss } = this.#stopping.state;
    if (bestEpoch >= 0) await this.#thread.recall();
    return {
      history: [...this.#history],
      bestEpoch: bestEpoch >= 0 ? bestEpoch : at.epoch - 1,
      bestLoss,
      resumedFrom: progress && { epoch: progress.epoch, batches: progress.batches },
    };
  }

  /** Buffers to build feeds in. */
  get buffers() {
    return this.#thread.buffers;
  }

  /** The module's predictions for a batch. The feeds are transferred. */
  predict(feeds: Feeds): Promise<Float32Array> {
    return this.#thread.evaluate(feeds);
  }

  /** Copies of all weights and running statistics by name. */
  async weights(): Promise<Map<string, Float32Array>> {
    return namedVariables(this.#planned.plan.state, await this.#thread.read());
  }

  /** The loss over validation batches: the mean squared error unless the data say otherwise. */
  async validate(validation: ValidationData): Promise<number> {
    let sum = 0;
    let count = 0;
    const seen: { predictions: Float32Array; targets: Float32Array }[] = [];
    for await (const batch of validation.batches(this.#thread.buffers)) {
      this.#options.signal?.throwIfAborted();
      const predictions = await this.#thread.evaluate(batch.feeds);
      if ('judge' in batch) {
        const { wrong, judgements } = batch.judge(predictions);
        sum += wrong;
        count += judgements;
        continue;
      }
      const { targets } = batch;
      count += targets.length;
      if (validation.loss) seen.push({ predictions, targets });
      else for (const [index, target] of targets.entries()) sum += ((predictions[index] as number) - target) ** 2;
    }
    if (!validation.loss) return sum / count;
    const all = (of: 'predictions' | 'targets') => {
      const joined = new Float32Array(count);
      seen.reduce((at, each) => {
        joined.set(each[of], at);
        return at + each[of].length;
      }, 0);
      return joined;
    };
    return validation.loss(all('predictions'), all('targets'));
  }

  /** Ends the thread. May be called at any time. */
  async close(): Promise<void> {
    await this.#thread.close();
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Trains on the remaining batches of an epoch. */
  async #learn(data: TrainingData, at: Position): Promise<void> {
    const { signal, checkpoint, onProgress } = this.#options;
    const queue = new StepQueue(this.#thread, at, () => {
      const { epoch, rows, lossSum } = at;
      onProgress?.({ epoch, rows, of: data.rows, loss: lossSum / rows });
    });
    try {
      for await (const batch of data.batches(at.epoch, at.batches, this.#thread.buffers)) {
        signal?.throwIfAborted();
        at.step++;
        at.batches++;
        await queue.add(batch, at.step, this.#optimiser.scalarsAt(at.step, this.#rateOf(at.epoch)));
        if (checkpoint?.everySteps !== undefined && at.step % checkpoint.everySteps === 0) {
          await queue.drain();
          await this.#checkpoint(at, false);
        }
      }
    } finally {
      await queue.drain();
    }
    if (!Number.isFinite(at.lossSum)) {
      throw new ModelError('weights', `the loss of ${this.#module.name} is no longer a number in epoch ${at.epoch}`, {
        remedy: 'Lower the learning rate, or check the features for extreme values.',
      });
    }
  }

  /** Evaluates an epoch; returns whether training is over. */
  async #endEpoch(at: Position, validation: ValidationData | undefined): Promise<boolean> {
    const learningRate = this.#rateOf(at.epoch);
    const validationLoss = validation ? await this.validate(validation) : null;
    if (validationLoss !== null) {
      if (this.#options.plateau !== false) this.#plateau.epochEnded(validationLoss, at.step);
      if (this.#stopping.epochEnded(at.epoch, validationLoss, at.step)) await this.#thread.remember();
    }
    const trainingLoss = at.lossSum / at.rows;
    const record = { epoch: at.epoch, trainingLoss, validationLoss, learningRate, steps: at.step };
    this.#history.push(record);
    await this.#options.onEpoch?.(record);
    return this.#stopping.stop;
  }

  #rateOf(epoch: number): number {
    const { rates = [] } = this.#options;
    return rates[epoch] ?? rates.at(-1) ?? this.#plateau.learningRate;
  }

  /** Identity of the training: everything that the weights depend on. */
  #identity(): string {
    const { epochs = 100, patience = 5, patienceSteps = 500, checkpoint } = this.#options;
    const { learningRate = 0.001, plateau = {}, seed = 1, rates } = this.#options;
    const facts = {
      rates,
      epochs,
      patience,
      patienceSteps,
      learningRate,
      plateau,
      seed,
      data: checkpoint?.data,
      optimiser: this.#optimiser.name,
    };
    // The size of a table outside the graph does not appear in the graph.
    const tables = this.#planned.plan.state.flatMap(({ input, shape, lookedUpBy }) =>
      lookedUpBy === undefined ? [] : [[input, shape]],
    );
    const initial = [...(this.#options.initialWeights ?? [])].flat();
    const noise = this.#options.gradientPrivacy === undefined ? [] : [sha256(this.#options.gradientPrivacy.key)];
    return sha256(
      this.#planned.plan.stepModel,
      JSON.stringify(tables.length > 0 ? { ...facts, tables } : facts),
      ...initial,
      ...noise,
    );
  }

  async #checkpoint(at: Position, finished: boolean): Promise<void> {
    const { checkpoint } = this.#options;
    if (!checkpoint) return;
    writeCheckpoint(checkpoint.path, this.#planned.plan.state, {
      identity: this.#identity(),
      progress: {
        ...at,
        history: this.#history,
        plateau: this.#plateau.state,
        earlyStopping: this.#stopping.state,
        finished,
      },
      state: await this.#thread.read(),
      best: await this.#thread.readRemembered(),
    });
  }

  async #resume(): Promise<TrainingProgress | undefined> {
    const { checkpoint } = this.#options;
    const found = checkpoint && readCheckpoint(checkpoint.path, this.#planned.plan.state, this.#identity());
    if (!found) return undefined;
    await this.#thread.load(found.state);
    if (found.best.length > 0) await this.#thread.loadRemembered(found.best);
    this.#history.push(...found.progress.history);
    this.#plateau.resume(found.progress.plateau);
    this.#stopping.resume(found.progress.earlyStopping);
    return found.progress;
  }
}
