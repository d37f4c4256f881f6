import { UsageError } from '../../../core/errors.ts';
import type { Trainer } from '../../autodiff/trainer.ts';
import type { JudgedBatch, TrainingData, TrainingResult } from '../../autodiff/trainer-options.ts';
import { epochOrder } from '../batching.ts';
import { DefinedRecommender, type TrainedNetwork } from '../defined-recommender.ts';
import type { DefinedOptions, TrainingCost } from '../defined-training.ts';
import type { ItemVectors } from '../item-vectors.ts';
import { knownItems } from '../neural/training-set.ts';
import { cannotServe } from '../parts.ts';
import type { NewUserRatings, Predicts, TrainingRatings } from '../recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean } from '../recommender.ts';
import { Histories, type History } from './histories.ts';
import type { HistoryDefinition, HistoryNetwork, HistorySpace } from './history-network.ts';
import { contentVectorsName } from './item-table.ts';
import { type Judged, judgeList, judgeRatings } from './judgements.ts';

/** Maximum number of values of an output: 16 MiB. */
const outputNumbers = 1 << 22;
/** Maximum bytes of predicted rows that are kept. */
const keptBytes = 256 * 2 ** 20;
interface Trained extends TrainedNetwork {
  readonly network: HistoryNetwork;
  readonly histories: Histories;
  /** For each user (or item) that an output has a number for, 1 where ratings of it are learnt. */
  readonly learntColumns: Uint8Array;
  /** And 1 where anything is known about it: its ratings, or its content. */
  readonly knownColumns: Uint8Array;
}

/**
 * A recommender whose network reads histories: all ratings of a user, or of an item, at once, as a
 * row of the rating matrix or as a sequence. It outputs a number for each item (user). It trains
 * and predicts in a thread of its own until it is closed.
 *
 * An item (user) without training ratings and without known content gets the mean of the row of
 * ratings, or the minimum of the row of scores.
 *
 * @example
 * declare const multiVae: HistoryDefinition<{ latent: number }>;
 * await using recommender = new HistoryRecommender(multiVae, { latent: 100 }, { seed: 1 });
 * await recommender.fit(training, validation);
 * const scores = await recommender.score(users, items);
 */
export class HistoryRecommender<Options extends object = object> extends DefinedRecommender<Options, Trained> {
  readonly predicts: Predicts;
  readonly #definition: HistoryDefinition<Options>;
  readonly #rows = new Map<number, Float32Array>();

  /** @throws UsageError when an option is out of range. */
  constructor(definition: HistoryDefinition<Options>, own: Options, options: DefinedOptions = {}) {
    super(definition, own, options);
    this.predicts = definition.predicts;
    this.#definition = definition;
    definition.network(this.own, smallestSpace);
  }

  /**
   * Trains. `validation` decides the learning rate and the end of training; without it all epochs
   * are run. If it fails, nothing has been learnt and its thread has ended.
   *
   * @param content content of the items, for a network that reads it.
   * @throws UsageError when the ratings are wrong, or `memory-too-small`; what `Trainer.fit`
   * throws.
   */
  async fit(
    training: TrainingRatings,
    validation?: Pick<TrainingRatings, 'users' | 'items' | 'values'>,
    content?: ItemVectors,
  ): Promise<TrainingResult> {
    checkTrainingRatings(training);
    await this.close();
    const network = this.#network(training, content);
    const histories = new Histories(training, network.side, this.#definition.inTime);
    const learners = this.#learners(network, histories, training);
    const keep = (trainer: Trainer) => this.#trained({ trainer, network, ratings: training, histories });
    const trained = await this.begin(network, this.heldInTraining(network), keep);
    const judged = validation && this.#validation(trained, validation);
    return this.train(trained, this.#batches(network, histories, learners), judged);
  }

  /**
   * Restores weights that `weights` returned, instead of training.
   *
   * @param training what they were learnt from: its histories are read to predict.
   * @throws ModelError `weights` when one is missing, `shape` when one has another size.
   */
  async restore(training: TrainingRatings, weights: ReadonlyMap<string, Float32Array>): Promise<void> {
    checkTrainingRatings(training);
    await this.close();
    const vectors = weights.get(contentVectorsName);
    const content = vectors && { vectors, dimension: vectors.length / training.itemCount };
    const network = this.#network(training, content);
    const histories = new Histories(training, network.side, this.#definition.inTime);
    await this.reopen(network, weights, (trainer) => this.#trained({ trainer, network, ratings: training, histories }));
  }

  /**
   * The cost of `fit` on these ratings, without the vectors of content.
   *
   * @throws UsageError when the ratings are wrong, or nothing can be learnt from them.
   */
  costOf(training: TrainingRatings): TrainingCost {
    checkTrainingRatings(training);
    const content = { vectors: new Float32Array(training.itemCount), dimension: 1 };
    const network = this.#network(training, content);
    const histories = new Histories(training, network.side, this.#definition.inTime);
    const { length } = this.#learners(network, histories, training);
    return { ...this.heldInTraining(network), stepsPerEpoch: Math.ceil(length / this.batchSize) };
  }

  /**
   * Ratings inside the scale, or scores, of these pairs.
   *
   * @throws UsageError before `fit`, or when a user or an item is out of range.
   */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const scores = await this.score(users, items);
    return this.predicts === 'scores' ? scores : clipAll(scores, this.known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings, network, histories } = this.known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const [owners, columns] = network.side === 'users' ? [users, items] : [items, users];
    const scores = new Float32Array(owners.length);
    const byOwner = new Map<number, number[]>();
    for (const [place, owner] of owners.entries()) {
      const row = this.#rows.get(owner);
      if (row !== undefined) {
        scores[place] = row[columns[place] as number] as number;
        continue;
      }
      const others = byOwner.get(owner);
      if (others === undefined) byOwner.set(owner, [place]);
      else others.push(place);
    }
    const missing = [...byOwner.keys()];
    const asked = missing.map((owner) => histories.of(owner));
    await this.#predictRows(asked, (index, row) => {
      const owner = missing[index] as number;
      for (const place of byOwner.get(owner) ?? []) scores[place] = row[columns[place] as number] as number;
      if (4 * row.length * (this.#rows.size + 1) > keptBytes) this.#rows.clear();
      this.#rows.set(owner, row);
    });
    return scores;
  }

  /** Whether it can serve users who were not in the training data. */
  get servesNewUsers(): boolean {
    return this.#definition.network(this.own, smallestSpace).side === 'users';
  }

  /**
   * From the ratings of the user, as in training.
   *
   * @throws UsageError `no-new-users` where the histories of items are read.
   */
  async scoreNewUser({ items: others, values }: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    const { network } = this.known();
    if (network.side === 'items') throw cannotServe(this.name);
    const scores = new Float32Array(items.length);
    await this.#predictRows([{ others, values }], (_, row) => {
      for (const [place, item] of items.entries()) scores[place] = row[item] as number;
    });
    return scores;
  }

  /** Ends the thread. May be called again. */
  override async close(): Promise<void> {
    this.#rows.clear();
    await super.close();
  }

  #network(training: TrainingRatings, content: ItemVectors | undefined): HistoryNetwork {
    const { userCount, itemCount, scale } = training;
    const [mean, known] = [globalMean(training.values), knownItems(training)];
    const counts = new Float32Array(itemCount);
    for (const item of training.items) counts[item] = (counts[item] as number) + 1;
    return this.#definition.network(this.own, { userCount, itemCount, scale, mean, known, counts, content });
  }

  #trained(opened: Omit<Trained, 'learntColumns' | 'knownColumns'>): Trained {
    const { network, ratings } = opened;
    const columns = network.side === 'users' ? ratings.itemCount : ratings.userCount;
    const learntColumns = new Uint8Array(columns);
    for (const column of network.side === 'users' ? ratings.items : ratings.users) learntColumns[column] = 1;
    const knownColumns = learntColumns.map((learnt, column) => learnt || (network.described?.[column] ?? 0));
    return { ...opened, learntColumns, knownColumns };
  }

  #batches(network: HistoryNetwork, histories: Histories, learners: Int32Array): TrainingData {
    const { seed = 1 } = this.options;
    const size = this.batchSize;
    const stepsPerEpoch = Math.ceil(learners.length / size);
    const drawsOf = (step: number) => this.drawsOf('histories', step);
    return {
      rows: learners.length,
      *batches(epoch, from, buffers) {
        const order = epochOrder(learners, epoch, { seed });
        for (let start = from * size; start < order.length; start += size) {
          const places = order.subarray(start, start + size);
          const own = Array.from(places, (place) => histories.of(learners[place] as number));
          const draws = drawsOf(epoch * stepsPerEpoch + start / size);
          yield { rows: own.length, feeds: network.learnt(own, draws, buffers) };
        }
      },
    };
  }

  /** The owners whose histories are long enough to learn from. @throws UsageError without any. */
  #learners(network: HistoryNetwork, histories: Histories, ratings: TrainingRatings): Int32Array {
    const count = network.side === 'users' ? ratings.userCount : ratings.itemCount;
    const isEnough = ({ others, values }: History): boolean =>
      this.predicts === 'ratings'
        ? others.length >= network.shortest
        : values.reduce((sum, value) => sum + (network.isChosen(value) ? 1 : 0), 0) >= network.shortest;
    const learners = Int32Array.from({ length: count }, (_, owner) => owner).filter((owner) =>
      isEnough(histories.of(owner)),
    );
    if (learners.length > 0) return learners;
    throw new UsageError(`none of the ${count} ${network.side} has ratings enough for ${this.name} to learn from`, {
      code: 'ratings',
      remedy: 'Give more ratings, or lower `likedAbove` where the recommender has it.',
    });
  }

  /** What decides the end of training; undefined without ratings to judge. */
  #validation(trained: Trained, { users, items, values }: Pick<TrainingRatings, 'users' | 'items' | 'values'>) {
    const { network, histories, learntColumns, knownColumns } = trained;
    const [owners, columns] = network.side === 'users' ? [users, items] : [items, users];
    // Of each owner what is learnt, and what is new.
    const judged = new Map<number, [Judged, Judged]>();
    for (const [row, owner] of owners.entries()) {
      const [column, value] = [columns[row] as number, values[row] as number];
      if (knownColumns[column] !== 1) continue;
      if (this.predicts === 'scores' && !network.isChosen(value)) continue;
      const parts = judged.get(owner) ?? [
        { columns: [], values: [] },
        { columns: [], values: [] },
      ];
      const own = parts[learntColumns[column] === 1 ? 0 : 1];
      own.columns.push(column);
      own.values.push(value);
      judged.set(owner, parts);
    }
    if (judged.size === 0) return undefined;
    const all = [...judged.keys()];
    const width = knownColumns.length;
    const atOnce = this.#rowsAtOnce(width);
    const judge = this.predicts === 'scores' ? judgeList(network.listLength, learntColumns) : judgeRatings;
    return {
      *batches(buffers: Trainer['buffers']): Generator<JudgedBatch> {
        for (let from = 0; from < all.length; from += atOnce) {
          const part = all.slice(from, from + atOnce);
          const own = part.map((owner) => histories.of(owner));
          yield {
            rows: part.length,
            feeds: network.asked(own, buffers),
            judge: (predictions) => {
              let [wrong, judgements] = [0, 0];
              for (const [place, owner] of part.entries()) {
                const row = predictions.subarray(place * width, (place + 1) * width);
                for (const part of judged.get(owner) ?? []) {
                  if (part.columns.length === 0) continue;
                  const found = judge(row, part, own[place] as History);
                  wrong += found.wrong;
                  judgements += found.judgements;
                }
              }
              return { wrong, judgements };
            },
          };
        }
      },
    };
  }

  #rowsAtOnce(width: number): number {
    return Math.max(1, Math.min(256, Math.floor(outputNumbers / width)));
  }

  /** Calls `tell` with the predicted row of each history, with unknown columns filled in. */
  async #predictRows(histories: readonly History[], tell: (index: number, row: Float32Array) => void): Promise<void> {
    const { trainer, network, knownColumns } = this.known();
    const width = knownColumns.length;
    const atOnce = this.#rowsAtOnce(width);
    for (let from = 0; from < histories.length; from += atOnce) {
      const part = histories.slice(from, from + atOnce);
      const output = await trainer.predict(network.asked(part, trainer.buffers));
      for (const place of part.keys()) {
        const row = output.slice(place * width, (place + 1) * width);
        fillUnknown(row, knownColumns, this.predicts);
        tell(from + place, row);
      }
    }
  }
}

/** Fills unknown columns with the mean, or the minimum, of the known ones. */
function fillUnknown(row: Float32Array, known: Uint8Array, predicts: Predicts): void {
  let [sum, count, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let column = 0; column < row.length; column++) {
    if (known[column] !== 1) continue;
    const value = row[column] as number;
    sum += value;
    count++;
    least = Math.min(least, value);
  }
  if (count === row.length || count === 0) return;
  const filling = predicts === 'ratings' ? sum / count : least;
  for (let column = 0; column < row.length; column++) if (known[column] !== 1) row[column] = filling;
}

/** The options are checked before there are data. */
const smallestSpace: HistorySpace = {
  ...{ userCount: 1, itemCount: 1, scale: { minimum: 0, maximum: 1 }, mean: 0.5 },
  known: Uint8Array.of(1),
  content: { vectors: Float32Array.of(1), dimension: 1 },
};
