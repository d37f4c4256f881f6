import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { relu } from '../../autodiff/operations/elementwise.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';

const yearsName = 'items/years';

/** What a network is told about the items' years. */
export interface ItemYears {
  readonly areRead: boolean;
  /** Values that are not learnt, by weight name. */
  readonly facts: ReadonlyMap<string, Float32Array>;
}

/**
 * The items' years as inputs of a network: decades since 1990, and whether the year is known.
 *
 * @param wanted whether to read them; undefined: if there are any.
 * @throws UsageError if they are wanted and there are none.
 */
export function itemYears(
  { sources, saved, training: { itemCount } }: PairSpace,
  wanted: boolean | undefined,
): ItemYears {
  const before = saved?.get(yearsName);
  if (saved !== undefined)
    return { areRead: before !== undefined, facts: before ? new Map([[yearsName, before]]) : new Map() };
  const areThere = sources.years?.some((year) => year !== undefined) === true;
  if (wanted === true && !areThere) {
    throw new UsageError('a recommender that reads years of the items needs them, but there are none', {
      option: 'inputs',
      remedy: 'Give a list of movies whose titles end with the year, or leave `year` out of `inputs`.',
    });
  }
  if (wanted === false || !areThere) return { areRead: false, facts: new Map() };
  const values = new Float32Array(2 * itemCount);
  for (const [item, year] of (sources.years ?? []).entries()) {
    if (year !== undefined) values.set([(year - 1990) / 10, 1], 2 * item);
  }
  return { areRead: true, facts: new Map([[yearsName, values]]) };
}

/** The years of all items, through a dense layer with ReLU: [items, width]. */
export function yearPart(tape: Tape, itemCount: number, width: number): Tensor {
  const years = tape.statistic(yearsName, [itemCount, 2], filled(0));
  return relu(tape, denseLayer(tape, 'content/year', years, width));
}
