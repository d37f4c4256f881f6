import { canonicalJson } from '../../core/canonical-json.ts';
import { checkInteger, checkPositive } from '../../core/check.ts';
import { ModelError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { seededUniform } from '../autodiff/initialisers.ts';
import { Trainer } from '../autodiff/trainer.ts';
import type { TrainerOptions, TrainingData, TrainingResult, ValidationData } from '../autodiff/trainer-options.ts';
import { trainingCourse } from '../autodiff/training-course.ts';
import { trainingBytes, weightCount } from '../autodiff/training-memory.ts';
import type { TrainableModule } from '../autodiff/training-plan.ts';
import {
  checkTrainingMemory,
  type DefinedOptions,
  type HeldInTraining,
  type StepDraws,
  type TrainingDefaults,
} from './defined-training.ts';
import { weightShapes } from './neural/weight-shapes.ts';
import { notFitted, type TrainingRatings } from './recommender.ts';

/** Default memory limit of training, in bytes. */
const usualMemory = 2 * 2 ** 30;

/** What all definitions have in common, whatever the network reads. */
interface Definition {
  readonly name: string;
  readonly training: TrainingDefaults;
}

/** A network to train. */
interface Network {
  readonly module: TrainableModule;
  /** Initial values that are not random, by weight name. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  /** Approximate number of values that a step holds in addition to the weights. */
  activations(batchSize: number): number;
}

/** What a recommender keeps once it is trained or restored. */
export interface TrainedNetwork {
  readonly trainer: Trainer;
  readonly ratings: TrainingRatings;
}

/**
 * A recommender whose network is made from a definition, whatever that network reads. It trains and
 * predicts in its own thread until it is closed.
 */
export abstract class DefinedRecommender<Options extends object, Trained extends TrainedNetwork> {
  readonly name: string;
  /** The network options that were given. */
  protected readonly own: Options;
  protected readonly options: DefinedOptions;
  protected readonly batchSize: number;
  readonly #defaults: TrainingDefaults;
  #trained: Trained | undefined;
  #shapes: ReadonlyMap<string, readonly number[]> = new Map();

  /** @throws UsageError when an option is out of range. */
  constructor({ name, training }: Definition, own: Options, options: DefinedOptions) {
    this.name = name;
    this.own = given(own) as Options;
    this.options = given(options);
    this.batchSize = checkInteger('batchSize', options.batchSize ?? training.batchSize);
    this.#defaults = training;
    checkPositive('memory', options.memory ?? usualMemory);
    trainingCourse(this.options);
  }

  /** The maximum number of epochs of `fit`. */
  get epochs(): number {
    return this.options.epochs ?? this.#defaults.epochs;
  }

  /** Shapes of all weights by name. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    this.known();
    return this.#shapes;
  }

  /** Copies of all weights by name. */
  async weights(): Promise<Map<string, Float32Array>> {
    return this.known().trainer.weights();
  }

  /** Ends the thread. May be called more than once. */
  async close(): Promise<void> {
    const trained = this.#trained;
    this.#trained = undefined;
    await trained?.trainer.close();
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What it has learnt. @throws UsageError before `fit`. */
  protected known(): Trained {
    if (this.#trained === undefined) throw notFitted(this.name);
    return this.#trained;
  }

  /**
   * The memory that training a network takes.
   *
   * @param fedToPrivateStep numbers that a step is fed where units, one after another, are private.
   */
  protected heldInTraining(network: Network, batchSize = this.batchSize, fedToPrivateStep?: number): HeldInTraining {
    const weights = weightCount(weightShapes(network.module));
    const isPrivate = fedToPrivateStep !== undefined;
    const activations = isPrivate ? network.activations(1) + fedToPrivateStep : network.activations(batchSize);
    const checkpoints = this.options.checkpoint !== undefined;
    return { weights, activations, bytes: trainingBytes(weights, { activations, checkpoints, isPrivate }) };
  }

  /**
   * Starts the thread of a training.
   *
   * @param chosen settings of this training that add to the options or override them.
   * @throws UsageError `memory-too-small`.
   */
  protected async begin(
    network: Network,
    held: HeldInTraining,
    keep: (trainer: Trainer) => Trained,
    chosen: Pick<TrainerOptions, 'device' | 'gradientPrivacy'> = {},
  ): Promise<Trained> {
    checkTrainingMemory(this.name, held, this.options.memory ?? usualMemory);
    const { batchSize: _size, memory: _memory, checkpoint, ...options } = this.options;
    const { batchSize: _usual, ...usual } = this.#defaults;
    const facts = [this.name, this.batchSize, canonicalJson(this.own)].join('|');
    const trainer = await Trainer.open(network.module, {
      ...usual,
      plateau: false,
      ...options,
      ...chosen,
      initialWeights: network.facts,
      checkpoint: checkpoint && { ...checkpoint, data: `${checkpoint.data}|${facts}` },
    });
    return this.#keep(network, keep(trainer));
  }

  /** Trains what `begin` started. If it fails, nothing is learnt and the thread has ended. */
  protected async train(
    trained: Trained,
    data: TrainingData,
    validation: ValidationData | undefined,
  ): Promise<TrainingResult> {
    try {
      return await trained.trainer.fit(data, validation);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Starts the thread of a network with weights that are already trained, on the CPU.
   *
   * @throws ModelError `weights` if one is missing, `shape` if one has the wrong size.
   */
  protected async reopen(
    network: Network,
    weights: ReadonlyMap<string, Float32Array>,
    keep: (trainer: Trainer) => Trained,
  ): Promise<void> {
    for (const name of weightShapes(network.module).keys()) {
      if (!weights.has(name)) throw new ModelError('weights', `there are no weights '${name}' of ${this.name}`);
    }
    const { batchSize: _size, memory: _memory, checkpoint: _checkpoint, device: _device, ...options } = this.options;
    this.#keep(network, keep(await Trainer.open(network.module, { ...options, initialWeights: weights })));
  }

  /** The random numbers for a step over `histories` or `pairs`. */
  protected drawsOf(what: string, step: number): StepDraws {
    return { uniform: seededUniform(this.options.seed ?? 1, `${what} ${step}`), step };
  }

  #keep({ module }: Network, trained: Trained): Trained {
    this.#trained = trained;
    this.#shapes = weightShapes(module);
    return trained;
  }
}
