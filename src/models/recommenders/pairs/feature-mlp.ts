import { checkInteger } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { given } from '../../../core/given.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { relu } from '../../autodiff/operations/elementwise.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { checkLayers, checkShare } from '../history/checks.ts';
import { contentParts, itemContent } from './item-content.ts';
import { itemYears, yearPart } from './item-years.ts';
import { OwnRatings } from './own-ratings.ts';
import type { PairDefinition, PairNetwork, PairSpace } from './pair-network.ts';
import { denseHead, numbers, pairInputs } from './rating-head.ts';
import { RatingTimes, timeInputs } from './rating-times.ts';
import { ShownPairs, type Side } from './shown-pairs.ts';
import { shuffledSources } from './shuffled-sources.ts';
import { fieldParts, userParts } from './user-parts.ts';

/** Inputs that are not streams of the features. */
export const namedInputs = [
  ...(['user-id', 'item-id', 'user-ratings', 'genres', 'year', 'demographics'] as const),
  ...timeInputs,
] as const;

/** Options of `feature-mlp`; their defaults are `defaults`. */
export interface FeatureMlpOptions {
  /**
   * Any of `namedInputs`, and streams of the features; default: all available ones except
   * `timeInputs`.
   */
  readonly inputs?: readonly string[] | undefined;
  /**
   * Inputs whose values are exchanged between items or users: they keep their distribution, but
   * tell nothing.
   */
  readonly shuffled?: readonly string[] | undefined;
  /** Width of the embeddings and of the vector made from each input. */
  readonly width?: number | undefined;
  /** Units of the dense layers. */
  readonly hidden?: readonly number[] | undefined;
  /** Dropout rate of the dense layers. */
  readonly dropout?: number | undefined;
  /** Share of the ratings that are learnt without their item's embedding. */
  readonly coldRate?: number | undefined;
}

/** Values of the options that are left out. */
const defaults = { width: 16, hidden: [64, 32] as readonly number[], dropout: 0, coldRate: 0.2 };

/** Inputs made from the ratings, not from what else is known. */
const fromRatings: readonly string[] = ['user-ratings', ...timeInputs];

/** The inputs that are embeddings. */
const sides: Readonly<Record<'user-id' | 'item-id', Side>> = { 'user-id': 'users', 'item-id': 'items' };

function checked(options: FeatureMlpOptions) {
  const { inputs, shuffled = [], ...own } = { ...defaults, ...given(options) };
  if (inputs !== undefined) checkNames('inputs', inputs);
  if (shuffled.length > 0) checkNames('shuffled', shuffled);
  const isRead = (name: string) => inputs?.includes(name) ?? !(timeInputs as readonly string[]).includes(name);
  const strange = shuffled.find((name) => Object.hasOwn(sides, name) || !isRead(name));
  if (strange !== undefined) {
    const why = Object.hasOwn(sides, strange) ? 'is only an id' : 'is not among the inputs';
    throw new UsageError(`\`shuffled\` has '${strange}', which ${why}`, { option: 'shuffled' });
  }
  return {
    ...{ inputs, shuffled },
    width: checkInteger('width', own.width),
    hidden: checkLayers('hidden', own.hidden),
    dropped: checkShare('dropout', own.dropout),
    coldRate: checkShare('coldRate', own.coldRate),
  };
}

function checkNames(option: string, names: readonly string[]): void {
  const wrong = names.some((name, at) => typeof name !== 'string' || name === '' || names.indexOf(name) !== at);
  if (names.length > 0 && !wrong) return;
  throw new UsageError(`\`${option}\` must be a list of different names, but is ${JSON.stringify(names)}`, { option });
}

type Checked = ReturnType<typeof checked>;

/** Whether one of the inputs is made from the time of a rating. */
export function readsTimesOfRatings({ inputs = [] }: Pick<FeatureMlpOptions, 'inputs'>): boolean {
  return timeInputs.some((name) => inputs.includes(name));
}

/** Whether one of the inputs is a stream of the features; without `inputs`, all streams are. */
export function readsStreams({ inputs }: Pick<FeatureMlpOptions, 'inputs'>): boolean {
  return inputs === undefined || streamsAmong(inputs).length > 0;
}

function streamsAmong(inputs: readonly string[]): string[] {
  return inputs.filter((name) => !(namedInputs as readonly string[]).includes(name));
}

/**
 * One network for inputs of any kind, made to find out what each is worth (after Steck et al.
 * 2021): an embedding or a dense layer for each input, their concatenation, dense layers, and a
 * rating. An input that an item lacks is replaced by a learnt vector.
 */
export const featureMlp: PairDefinition<FeatureMlpOptions, typeof defaults> = {
  ...{ reads: 'pairs', name: 'feature-mlp', predicts: 'ratings', inTime: false, servesNewUsers: false },
  defaults,
  training: { batchSize: 256, epochs: 100, patience: 5, patienceSteps: 500, learningRate: 0.001, l2: 1e-5 },
  check: (options) => void checked(options),
  network: (options, space, seed) => network(checked(options), space, seed),
};

function network(own: Checked, space: PairSpace, seed: number): PairNetwork {
  const { training, saved } = space;
  const { userCount, itemCount } = training;
  const ofSources = own.shuffled.filter((name) => !fromRatings.includes(name));
  const sources = saved ? space.sources : shuffledSources(chosenSources(own, space), training, ofSources, seed);
  const told = { ...space, sources };
  const has = (name: (typeof namedInputs)[number]) => own.inputs?.includes(name);
  const content = itemContent(told, { streams: (sources.streams?.size ?? 0) > 0, genres: has('genres') });
  const years = itemYears(told, has('year'));
  const fields = userParts(told, has('demographics'));
  const ids = (['user-id', 'item-id'] as const).filter((name) => has(name) !== false);
  const history =
    has('user-ratings') === false ? undefined : new OwnRatings(space, own.shuffled.includes('user-ratings'), seed);
  const asked = timeInputs.filter((name) => own.inputs?.includes(name));
  const times = asked.length === 0 ? undefined : new RatingTimes(space, asked, own.shuffled, seed);
  const pairs = new ShownPairs(
    space,
    own.coldRate,
    ids.map((name) => sides[name]),
  );
  const parts = ids.length + content.streams.length + fields.counts.length + asked.length;
  return {
    module: {
      name: 'feature-mlp',
      build(tape) {
        const users = numbers(tape, pairInputs.users, 'pairs');
        const items = numbers(tape, pairInputs.items, 'pairs');
        const ofItems = [
          ...contentParts(tape, content, itemCount, own.width),
          ...(years.areRead ? [yearPart(tape, itemCount, own.width)] : []),
        ];
        const all = [
          ...ids.map((name) => pairs.embedded(tape, sides[name], name === 'user-id' ? users : items, own.width)),
          ...(history ? [relu(tape, denseLayer(tape, 'user-ratings', history.input(tape), own.width))] : []),
          ...(times?.parts(tape, own.width) ?? []),
          ...fieldParts(tape, fields, users, userCount),
          ...ofItems.map((part) => rows(tape, part, items)),
        ];
        return denseHead(tape, concat(tape, all), own.hidden, own.dropped, space);
      },
    },
    facts: new Map([...content.facts, ...years.facts, ...fields.facts]),
    pairsAtOnce: 1 << 14,
    activations: (ratings) =>
      ratings * (4 * (parts + 3) * own.width + 4 * own.hidden.reduce((sum, units) => sum + units, 0)) +
      itemCount * own.width * 4 * (content.streams.length + 2),
    learnt: (batch, draws, buffers) => ({
      ...pairs.learnt(batch, draws, buffers),
      ...history?.learnt(batch, buffers),
      ...times?.learnt(batch, buffers),
    }),
    asked: (wanted, buffers) => ({
      ...pairs.asked(wanted, buffers),
      ...history?.asked(wanted.users, buffers),
      ...times?.asked(wanted, buffers),
    }),
  };
}

/** The sources, with only those streams that are inputs. @throws UsageError if one is missing. */
function chosenSources({ inputs }: Checked, { sources }: PairSpace): PairSpace['sources'] {
  if (inputs === undefined) return sources;
  const streams = new Map(
    streamsAmong(inputs).map((name) => {
      const vectors = sources.streams?.get(name);
      if (vectors !== undefined) return [name, vectors] as const;
      const streams = [...(sources.streams?.keys() ?? [])];
      throw new UsageError(`\`inputs\` has '${name}', which is neither a named input nor a stream of the features`, {
        option: 'inputs',
        remedy: `Inputs: ${[...namedInputs, ...streams].join(', ')}.`,
      });
    }),
  );
  return { ...sources, streams };
}
