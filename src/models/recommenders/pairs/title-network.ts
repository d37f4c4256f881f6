import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform, uniformWithin } from '../../autodiff/initialisers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { maximumOverSteps } from '../../autodiff/operations/by-row.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { relu } from '../../autodiff/operations/elementwise.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { reshape } from '../../autodiff/operations/shapes.ts';
import { columns } from '../../autodiff/operations/slice.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';
import { titleLength, titleWords } from './title-words.ts';

/** Width of the embedding of a word. */
const wordWidth = 32;
/** Words that a filter reads at once, and filters of each width (Kim 2014). */
const windows = [2, 3, 4, 5];
const filters = 8;
const wordsName = 'titles/words';
const embeddingName = 'titles/embedding';

/** What a network reads of titles. */
export interface Titles {
  /** Number of words with an embedding; 0 if titles are not read. */
  readonly wordCount: number;
  /** Constant values by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
}

/**
 * The titles as a network reads them.
 *
 * @param wanted undefined: if there are any.
 * @throws UsageError if they are requested and there are none.
 */
export function titlesOf({ sources, saved, known }: PairSpace, wanted: boolean | undefined): Titles {
  if (saved !== undefined) {
    const words = saved.get(wordsName);
    if (words === undefined) return { wordCount: 0, facts: new Map() };
    return { wordCount: (saved.get(embeddingName)?.length ?? 0) / wordWidth, facts: new Map([[wordsName, words]]) };
  }
  const { titles = [] } = sources;
  const areThere = titles.some((title) => title !== '');
  if (wanted === true && !areThere) {
    throw new UsageError('a recommender that reads titles needs them, but there are none', {
      option: 'titles',
      remedy: 'Give a list of movies, or `titles: false`.',
    });
  }
  if (wanted === false || !areThere) return { wordCount: 0, facts: new Map() };
  const { numbers, count } = titleWords(titles, known);
  return { wordCount: count, facts: new Map([[wordsName, numbers]]) };
}

/**
 * The titles of these items through a convolution over their words, of each filter its largest
 * value: [pairs, 32].
 *
 * A filter over some words is a sum of kernels of one word each, moved against each other.
 */
export function titleNetwork(tape: Tape, { wordCount }: Titles, items: Tensor, itemCount: number): Tensor {
  const { graph } = tape;
  const table = tape.statistic(wordsName, [itemCount, titleLength], filled(0));
  const own = graph.emit('Gather', [table, items], ['pairs', titleLength]);
  const numbers = graph.cast(graph.reshape(own, ['words']), 'int64');
  const words = rows(tape, tape.weight(embeddingName, [wordCount, wordWidth], uniformWithin(0.05)), numbers);
  const found = windows.map((window) => {
    const places = titleLength - window + 1;
    const bias = tape.weight(`titles/window-${window}/bias`, [filters], filled(0));
    const parts = Array.from({ length: window }, (_, word) => {
      const kernel = tape.weight(`titles/window-${window}/word-${word + 1}`, [wordWidth, filters], glorotUniform);
      const each = dense(tape, words, kernel, word === 0 ? bias : undefined);
      const rowsOfTitles = reshape(tape, each, ['pairs', titleLength * filters]);
      return columns(tape, rowsOfTitles, word * filters, (word + places) * filters);
    });
    const sums = parts.reduce((sum, part) => add(tape, sum, part));
    return maximumOverSteps(tape, reshape(tape, relu(tape, sums), ['pairs', places, filters]));
  });
  return concat(tape, found);
}
