import { checkBoolean, checkFinite, checkInteger, checkPositive } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { sha256 } from '../../../core/hash.ts';
import { seededUniform } from '../../autodiff/initialisers.ts';
import { groupRows } from '../../group-rows.ts';
import { epsilonOf } from '../../privacy/accountant.ts';
import { fillNoise } from '../../privacy/keyed-noise.js';
import {
  checkDelta,
  type Privacy,
  type PrivacyGuarantee,
  type PrivacyOptions,
  poissonSample,
  privacyOf,
} from '../../privacy/privacy-options.ts';
import { checkConverged } from '../biases.ts';
import { dot } from '../item-vectors.ts';
import { vectorOfNewUser } from '../new-user-vector.ts';
import { noPrivacy } from '../private-batches.ts';
import type { ItemFactors, NewUserRatings, Recommender, TrainingRatings } from '../recommender.ts';
import { checkPairs, checkRates, checkTrainingRatings, clipAll, notFitted } from '../recommender.ts';
import type { Client, ItemWeights } from './client.ts';
import { visitClients } from './round.ts';

/** Options of `FederatedRecommender`. */
export interface FederatedOptions {
  /** Length of the vectors of users and items. Default 20. */
  readonly factors?: number | undefined;
  /** Default 200. */
  readonly rounds?: number | undefined;
  /** Probability that a client takes part in a round. Default 0.1. */
  readonly clientRate?: number | undefined;
  /** Passes of a client over its ratings in a round. Default 5. */
  readonly localEpochs?: number | undefined;
  /** Learning rate of the clients. Default 0.02. */
  readonly learningRate?: number | undefined;
  /** Factor for the mean change. Default 1. */
  readonly serverRate?: number | undefined;
  /** Default 0.02. */
  readonly regularisation?: number | undefined;
  /** Number of groups that users are divided into, each a client. Default: one per user. */
  readonly groups?: number | undefined;
  /**
   * Whether the server sees only the sum of the changes of a round (`SecureSum`), simulated.
   * Default false.
   */
  readonly secureSum?: boolean | undefined;
  /** Probability that a client that takes part does not answer. Default 0. */
  readonly dropRate?: number | undefined;
  /** Makes the rounds differentially private, with clients as the units. */
  readonly privacy?: PrivacyOptions | undefined;
  readonly seed?: number | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
}

/** What was sent in a federated training. */
export interface FederatedTraffic {
  readonly rounds: number;
  /** Visits to clients, over all rounds. */
  readonly visits: number;
  /**
   * Bytes to the clients, and back from those that answered: float32, or 8 bytes per number of a
   * secure sum, without keys and the masks of those that did not.
   */
  readonly bytesDown: number;
  readonly bytesUp: number;
  /** Rounds without an effect: nobody answered, or a secure sum would have said too much. */
  readonly unusedRounds: number;
}

const defaults = {
  factors: 20,
  rounds: 200,
  clientRate: 0.1,
  localEpochs: 5,
  learningRate: 0.02,
  serverRate: 1,
  regularisation: 0.02,
};

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly weights: ItemWeights;
  /** The vector and bias of each user. */
  readonly own: Float64Array;
}

/**
 * Federated averaging (McMahan et al. 2017) of a matrix factorisation, simulated in one process. A
 * server holds the vectors and biases of the items; each client (a user or a group of users) keeps
 * its ratings and its users' vectors. In a round, each client takes part with probability
 * `clientRate`: it receives all item weights, trains on its own ratings, and returns the change.
 * The server adds `serverRate` times the mean of the changes, weighted by the number of ratings.
 *
 * With privacy (McMahan et al. 2018), each change is clipped to the length `clip`, all clients
 * count equally, noise is added to the sum for every item, and the sum is divided by the expected
 * number of clients. At the end, each user's vector is a ridge regression on the user's own
 * ratings, so only the item weights have to be kept.
 *
 * @example
 * const federated = new FederatedRecommender({ rounds: 100, seed: 1 });
 * federated.fit(ratings);
 * console.log(federated.traffic?.bytesUp);
 */
export class FederatedRecommender implements Recommender {
  readonly name = 'federated-svd';
  readonly #options: typeof defaults;
  readonly #groups: number | undefined;
  readonly #isSecure: boolean;
  readonly #dropRate: number;
  readonly #seed: number;
  readonly #privacy: Privacy | undefined;
  readonly #onMessage: ((message: string) => void) | undefined;
  #fitted: Fitted | undefined;
  #traffic: FederatedTraffic | undefined;
  #guarantee: PrivacyGuarantee | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: FederatedOptions = {}) {
    const own = (name: keyof typeof defaults) => options[name] ?? defaults[name];
    const clientRate = own('clientRate');
    if (!(clientRate > 0 && clientRate <= 1)) {
      throw new UsageError(`\`clientRate\` must be above 0 and at most 1, but is ${clientRate}`);
    }
    this.#options = {
      factors: checkInteger('factors', own('factors'), 1, 1 << 20),
      rounds: checkInteger('rounds', own('rounds')),
      clientRate,
      localEpochs: checkInteger('localEpochs', own('localEpochs')),
      learningRate: own('learningRate'),
      serverRate: checkPositive('serverRate', own('serverRate')),
      regularisation: own('regularisation'),
    };
    const { learningRate, regularisation } = this.#options;
    checkRates({ learningRate, regularisation });
    this.#groups = options.groups === undefined ? undefined : checkInteger('groups', options.groups);
    checkBoolean('secureSum', options.secureSum ?? false);
    this.#isSecure = options.secureSum ?? false;
    this.#dropRate = checkFinite('dropRate', options.dropRate ?? 0);
    if (!(this.#dropRate >= 0 && this.#dropRate < 1)) {
      throw new UsageError(`\`dropRate\` must be at least 0 and below 1, but is ${this.#dropRate}`);
    }
    this.#seed = checkInteger('seed', options.seed ?? 0, 0, 0xffffffff);
    this.#privacy = options.privacy && privacyOf(options.privacy, this.#seed);
    if (this.#privacy?.unit === 'rating') {
      throw noPrivacy(this.name, 'a client returns one change for all its ratings', "Leave out `unit: 'rating'`.");
    }
    if (this.#privacy !== undefined && this.#isSecure) {
      const why = 'whether the secure sum of a round is used depends on who takes part, which noise does not hide';
      throw noPrivacy(this.name, why, 'Leave out `secureSum`.');
    }
    this.#onMessage = options.onMessage;
  }

  /** What was sent by `fit`. */
  get traffic(): FederatedTraffic | undefined {
    return this.#traffic;
  }

  /** What `fit` guaranteed, if it was private. */
  get guarantee(): PrivacyGuarantee | undefined {
    return this.#guarantee;
  }

  /** What `fit` would guarantee, if it is private. @throws UsageError for a large delta. */
  guaranteeFor(ratings: Pick<TrainingRatings, 'users' | 'userCount'>): PrivacyGuarantee | undefined {
    if (this.#privacy === undefined) return undefined;
    const { noise, clip, delta, repeatable } = this.#privacy;
    const unit = this.#groups === undefined ? 'user' : 'client';
    checkDelta(delta, new Set(this.#clientsOf(ratings)).size, unit);
    const [rate, steps] = [this.#options.clientRate, this.#options.rounds];
    return { unit, epsilon: epsilonOf([{ rate, noise, steps }], delta), delta, noise, clip, rate, steps, repeatable };
  }

  /**
   * Trains in rounds.
   * @throws UsageError if the ratings are not as `TrainingRatings` says; `diverged`.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { factors, rounds, clientRate, localEpochs, learningRate, regularisation } = this.#options;
    this.#guarantee = this.guaranteeFor(ratings);
    const width = factors + 1;
    const weights = this.#firstWeights(ratings.itemCount, width);
    const clients = this.#clients(ratings, width);
    const local = { width, epochs: localEpochs, learningRate, regularisation, base: baseOf(ratings) };
    const key = this.#privacy?.key ?? seedKey(this.#seed);
    const adding = { clip: this.#privacy?.clip, isSecure: this.#isSecure, dropRate: this.#dropRate, key };
    let [visits, answers, unusedRounds] = [0, 0, 0];
    const expected = clientRate * (1 - this.#dropRate) * clients.length;
    for (let round = 0; round < rounds; round++) {
      const chosen = Array.from(poissonSample(clients.length, clientRate, key, round), (at) => clients[at] as Client);
      visits += chosen.length;
      const found = visitClients(chosen, weights, local, adding, round);
      answers += found.answers;
      if (found.sum === undefined || (found.answers === 0 && !this.#privacy)) unusedRounds++;
      else this.#add(weights, found.sum, this.#privacy ? expected : found.count, round);
    }
    checkConverged(this.name, weights);
    const bytesDown = 4 * weights.length * visits;
    const bytesUp = this.#isSecure ? 8 * (weights.length + 1) * answers : 4 * weights.length * answers;
    this.#traffic = { rounds, visits, bytesDown, bytesUp, unusedRounds };
    const [down, up] = [bytesDown, bytesUp].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    const unused = unusedRounds === 0 ? '' : `; ${unusedRounds} rounds without an effect: too few answers`;
    this.#onMessage?.(
      `${this.name}: ${rounds} rounds, ${visits} visits of ${clients.length} clients, ${down} MiB sent to them and ${up} MiB back${unused}`,
    );
    this.#keep(ratings, Float64Array.from(Float32Array.from(weights)));
  }

  /** Restores saved weights. @throws UsageError if they do not match the items. */
  restore(ratings: TrainingRatings, saved: ReadonlyMap<string, Float32Array>): void {
    checkTrainingRatings(ratings);
    const weights = Float64Array.from(saved.get('items') ?? []);
    if (weights.length !== ratings.itemCount * (this.#options.factors + 1)) {
      throw new UsageError(`there are ${weights.length} weights for ${ratings.itemCount} items`);
    }
    this.#keep(ratings, weights);
  }

  /** The item weights: the only thing that leaves the clients. */
  savedWeights(): ReadonlyMap<string, Float32Array> {
    return new Map([['items', Float32Array.from(this.#known().weights)]]);
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    const { ratings, own } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const width = this.#options.factors + 1;
    return Float32Array.from(users, (user, row) =>
      this.#scoreOf(own.subarray(user * width, (user + 1) * width), items[row] as number),
    );
  }

  /** Scores by ridge regression on the user's ratings, as for every other user. */
  scoreNewUser(ratings: NewUserRatings, items: Int32Array): Float32Array {
    const own = this.#ownOf(ratings, this.#known());
    return Float32Array.from(items, (item) => this.#scoreOf(own, item));
  }

  /** The vectors of the items. */
  itemFactors(): ItemFactors {
    return { values: this.#known().weights, dimension: this.#options.factors + 1 };
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }

  #scoreOf(own: Float64Array, item: number): number {
    const { weights, ratings } = this.#known();
    const { factors } = this.#options;
    const start = item * (factors + 1);
    const biases = (own[factors] as number) + (weights[start + factors] as number);
    return baseOf(ratings) + biases + dot(own, 0, weights, start, factors);
  }

  #firstWeights(itemCount: number, width: number): ItemWeights {
    const uniform = seededUniform(this.#seed, 'federated items');
    return Float64Array.from({ length: itemCount * width }, (_, at) =>
      at % width === width - 1 ? 0 : 0.2 * (uniform() - 0.5),
    );
  }

  /** The client that each row belongs to. */
  #clientsOf({ users }: Pick<TrainingRatings, 'users'>): Int32Array {
    const groups = this.#groups;
    return groups === undefined ? users : users.map((user) => user % groups);
  }

  #clients(ratings: TrainingRatings, width: number): Client[] {
    const owners = this.#clientsOf(ratings);
    const { rows, starts } = groupRows(owners, Math.min(this.#groups ?? ratings.userCount, ratings.userCount));
    return Array.from(starts.subarray(1), (end, client) => rows.subarray(starts[client], end))
      .filter((own) => own.length > 0)
      .map((own) => {
        const users = Array.from(own, (row) => ratings.users[row] as number);
        const places = new Map([...new Set(users)].map((user, place) => [user, place]));
        const vectors = new Float64Array(places.size * width);
        for (const [user, place] of places) {
          const uniform = seededUniform(this.#seed, `federated user ${user}`);
          for (let at = 0; at < width - 1; at++) vectors[place * width + at] = 0.2 * (uniform() - 0.5);
        }
        return {
          own: vectors,
          users: Int32Array.from(users, (user) => places.get(user) as number),
          items: Int32Array.from(own, (row) => ratings.items[row] as number),
          values: Float32Array.from(own, (row) => ratings.values[row] as number),
        };
      });
  }

  /** Adds the mean change; with privacy, with noise on every item. */
  #add(weights: ItemWeights, sum: Float64Array, count: number, round: number): void {
    const { serverRate } = this.#options;
    if (count === 0) return;
    if (this.#privacy) {
      const { noise, clip, key } = this.#privacy;
      const drawn = new Float32Array(sum.length);
      fillNoise(drawn, key, `round ${round}`);
      for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + noise * clip * (drawn[at] as number);
    }
    for (let at = 0; at < sum.length; at++) {
      weights[at] = (weights[at] as number) + (serverRate * (sum[at] as number)) / count;
    }
  }

  #keep(ratings: TrainingRatings, weights: ItemWeights): void {
    const width = this.#options.factors + 1;
    const own = new Float64Array(ratings.userCount * width);
    this.#fitted = { ratings, weights, own };
    const { rows, starts } = groupRows(ratings.users, ratings.userCount);
    for (let user = 0; user < ratings.userCount; user++) {
      const of = rows.subarray(starts[user], starts[user + 1]);
      if (of.length === 0) continue;
      const items = Int32Array.from(of, (row) => ratings.items[row] as number);
      const values = Float32Array.from(of, (row) => ratings.values[row] as number);
      own.set(this.#ownOf({ items, values }, this.#fitted), user * width);
    }
  }

  #ownOf(own: NewUserRatings, { ratings, weights }: Fitted): Float64Array {
    const { factors, regularisation } = this.#options;
    const width = factors + 1;
    const base = baseOf(ratings);
    // The server knows no user, so there is nobody to take a prior from.
    const ridge = new Float64Array(width).fill(Math.max(1e-9, regularisation * own.items.length));
    const { bias, vector } = vectorOfNewUser(own, {
      prior: { mean: new Float64Array(width), ridge },
      ...{ biased: true, length: factors, factors: weights },
      start: (item) => item * width,
      base: (item) => base + (weights[item * width + factors] as number),
      known: new Uint8Array(ratings.itemCount).fill(1),
    });
    return Float64Array.of(...vector, bias);
  }
}

/** Without privacy, sampling is derived from the seed. */
function seedKey(seed: number): Uint8Array {
  return Buffer.from(sha256(`reelflow-federated-1:${seed}`), 'hex');
}

/** The middle of the scale, because nobody may know the mean of the ratings. */
function baseOf({ scale: { minimum, maximum } }: TrainingRatings): number {
  return (minimum + maximum) / 2;
}
