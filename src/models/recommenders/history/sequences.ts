import { checkInteger } from '../../../core/check.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed, Feeds } from '../../autodiff/feeds.ts';
import { addConstant, timesConstant } from '../../autodiff/operations/broadcast.ts';
import { classLoss } from '../../autodiff/operations/cross-entropy.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { transpose } from '../../autodiff/operations/shapes.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { StepDraws } from '../defined-training.ts';
import type { History } from './histories.ts';
import type { Filled, HistoryNetwork, HistorySpace } from './history-network.ts';
import {
  type ItemTableOptions,
  itemFacts,
  itemsDescribed,
  itemTable,
  itemTableDefaults,
  writeItemTable,
} from './item-table.ts';

/** Options of all recommenders that read sequences; their defaults are `sequenceDefaults`. */
export interface SequenceOptions extends ItemTableOptions {
  /** Maximum number of items of a history that are read. */
  readonly length?: number | undefined;
  /** Width of the vectors of items. */
  readonly width?: number | undefined;
  /** Items rated above this count as chosen. Default: every rating. */
  readonly likedAbove?: number | undefined;
}

/** Default values of the options. */
export const sequenceDefaults = { ...itemTableDefaults, length: 50, width: 64 };

/** The items of one history, oldest first, and what is predicted at some positions. */
export interface Sequence {
  readonly items: readonly number[];
  /** Positions at which something is predicted. */
  readonly asked: readonly number[];
  /** The item that is correct at each of them; empty when predicting. */
  readonly targets: readonly number[];
  /** Positions at which the item is hidden. */
  readonly hidden?: readonly number[] | undefined;
}

/** How a network reads sequences. */
export interface SequenceLayers {
  readonly name: string;
  readonly width: number;
  /** Number of values that the layers hold per position of a sequence. */
  readonly units: number;
  /** Whether it predicts one position after the history, at which an item is hidden. */
  readonly asksBehind: boolean;
  /**
   * Whether histories are aligned at the last position, so that the predicted position is the same
   * however long they are. Otherwise they begin at the first, for layers without position
   * embeddings.
   */
  readonly atEnd: boolean;
  /**
   * Computes the state at each position, [positions, width], from the input there, [positions,
   * width].
   */
  readonly states: (tape: Tape, read: Tensor, length: number) => Tensor;
  /** What a step shows and predicts of a history of two or more items. */
  readonly lesson: (items: readonly number[], draws: StepDraws) => Sequence;
}

/** Names of the graph's inputs. */
export const sequenceInputs = {
  /** Item numbers, int32 [histories * length], 0 outside of a history. */
  items: 'sequence/items',
  /** 1 at positions where an item is shown, 0 elsewhere, float32 [positions, 1]. */
  shown: 'sequence/shown',
  /** 1 at positions where an item is hidden, float32 [positions, 1]. */
  hidden: 'sequence/hidden',
  /** 1 at positions inside a history, float32 [histories, length]. */
  inside: 'sequence/inside',
  /** Predicted positions, int32 [asked]; `some`: 0 for a history without items, [asked, 1]. */
  asked: 'sequence/asked',
  some: 'sequence/some',
  /** The correct items, int32 [asked]. */
  targets: 'sequence/targets',
} as const;

/**
 * A network that reads a user's items in order of time and computes, at a position, a state whose
 * dot products with the item vectors are the items' scores. The loss is cross-entropy over all
 * items with training ratings. Items are read and scored with the same vectors, which may come from
 * content.
 */
export function sequenceNetwork(
  layers: SequenceLayers,
  options: Filled<SequenceOptions, keyof typeof sequenceDefaults>,
  space: HistorySpace,
): HistoryNetwork {
  const length = checkInteger('length', options.length, 2);
  const table = itemTable(options);
  const above = options.likedAbove ?? Number.NEGATIVE_INFINITY;
  const isChosen = (rating: number): boolean => rating > above;
  const chosen = ({ others, values }: History): number[] =>
    Array.from(others).filter((_, place) => isChosen(values[place] as number));
  return {
    side: 'users',
    module: {
      name: layers.name,
      build: (tape) => {
        const { graph } = tape;
        const { items, away } = writeItemTable(tape, table, space, layers.width);
        const places = (name: string, axis: string): Tensor => graph.cast(graph.input(name, [axis], 'int32'), 'int64');
        const looked = rows(tape, items, places(sequenceInputs.items, 'positions'));
        const read = timesConstant(tape, looked, graph.input(sequenceInputs.shown, ['positions', 1]));
        const states = layers.states(tape, read, length);
        const asked = rows(tape, states, places(sequenceInputs.asked, 'asked'));
        const some = timesConstant(tape, asked, graph.input(sequenceInputs.some, ['asked', 1]));
        const scores = dense(tape, some, transpose(tape, items, [1, 0]));
        const targets = places(sequenceInputs.targets, 'asked');
        return { output: scores, loss: classLoss(tape, addConstant(tape, scores, away), targets) };
      },
    },
    facts: itemFacts(table, space),
    described: table.content ? itemsDescribed(space) : undefined,
    ...{ shortest: 2, listLength: 10, isChosen },
    activations: (histories) =>
      histories * length * (5 * space.itemCount + 3 * layers.units) + 8 * space.itemCount * layers.width,
    learnt(histories, draws, buffers) {
      const lessons = histories.map((history) => {
        const items = chosen(history);
        // A different part of a long history each time, so that all of it is learnt.
        const most = length + (layers.asksBehind ? 0 : 1);
        const end = items.length - Math.floor(draws.uniform() * Math.max(1, items.length - most + 1));
        return layers.lesson(items.slice(Math.max(0, end - most), end), draws);
      });
      return sequenceFeeds(lessons, length, layers.atEnd, buffers);
    },
    asked(histories, buffers) {
      const questions = histories.map((history): Sequence => {
        const items = chosen(history).slice(layers.asksBehind ? 1 - length : -length);
        if (!layers.asksBehind) return { items, asked: [Math.max(0, items.length - 1)], targets: [] };
        return { items: [...items, 0], asked: [items.length], targets: [], hidden: [items.length] };
      });
      const { [sequenceInputs.targets]: _targets, ...feeds } = sequenceFeeds(questions, length, layers.atEnd, buffers);
      return feeds;
    },
  };
}

/** Sequences as one batch, each padded at its beginning (`atEnd`) or at its end. */
export function sequenceFeeds(
  sequences: readonly Sequence[],
  length: number,
  atEnd: boolean,
  buffers: FeedBuffers,
): Feeds {
  const positions = sequences.length * length;
  const items = buffers.integers(positions).fill(0);
  const shown = buffers.reals(positions).fill(0);
  const hidden = buffers.reals(positions).fill(0);
  const inside = buffers.reals(positions).fill(0);
  const count = sequences.reduce((sum, { asked }) => sum + asked.length, 0);
  const asked = buffers.integers(count);
  const targets = buffers.integers(count).fill(0);
  const some = buffers.reals(count);
  let at = 0;
  for (const [row, sequence] of sequences.entries()) {
    // A history without items still has the predicted position.
    const start = row * length + (atEnd ? length - Math.max(1, sequence.items.length) : 0);
    items.set(sequence.items, start);
    shown.fill(1, start, start + sequence.items.length);
    inside.fill(1, start, start + sequence.items.length);
    for (const place of sequence.hidden ?? []) {
      shown[start + place] = 0;
      hidden[start + place] = 1;
    }
    for (const [index, place] of sequence.asked.entries()) {
      asked[at] = start + place;
      targets[at] = sequence.targets[index] ?? 0;
      // After a history without items there is nothing to predict from.
      some[at] = sequence.items.length > (sequence.hidden?.length ?? 0) ? 1 : 0;
      at++;
    }
  }
  const feed = (data: BatchFeed['data'], ...shape: number[]): BatchFeed => ({ data, shape });
  return {
    [sequenceInputs.items]: feed(items, positions),
    [sequenceInputs.shown]: feed(shown, positions, 1),
    [sequenceInputs.hidden]: feed(hidden, positions, 1),
    [sequenceInputs.inside]: feed(inside, sequences.length, length),
    [sequenceInputs.asked]: feed(asked, count),
    [sequenceInputs.some]: feed(some, count, 1),
    [sequenceInputs.targets]: feed(targets, count),
  };
}

/** Shows each item of a history, and predicts the next one at each position. */
export function nextItems(items: readonly number[]): Sequence {
  const shown = items.slice(0, -1);
  return { items: shown, asked: [...shown.keys()], targets: items.slice(1) };
}
