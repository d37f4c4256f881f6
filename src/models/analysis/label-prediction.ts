import { Breather } from '../../core/breather.ts';
import { randomIntegers } from '../../core/random-integers.ts';
import { nearestPoints } from './nearest-points.ts';
import type { Points } from './points.ts';

/** A label that fewer items have, or lack, is not predicted. */
const LEAST_ITEMS = 10;

/** How well labels are told from the nearest neighbours. */
export interface LabelPrediction {
  /** The area under the ROC curve of each label that enough items have. */
  readonly byLabel: ReadonlyMap<string, number>;
  /** The mean over labels. NaN when no label has enough items. */
  readonly macroAuc: number;
  /** The same with the labels of items exchanged at random, over several exchanges. */
  readonly shuffled: { readonly mean: number; readonly deviation: number; readonly times: number };
  readonly k: number;
  /** How many items were asked. */
  readonly asked: number;
}

/**
 * Predicts each item's labels by the share of its k nearest others that have them, leaving itself
 * out, and again with the sets of labels exchanged between items: how much of the labels is in the
 * features, beside chance.
 *
 * @param labels the items that have each label.
 * @param options.asked the items to predict the labels of; default all, which cost all distances.
 * @example
 * declare const itemMeans: Points;
 * const gap = await predictLabels(itemMeans, new Map([['Comedy', Int32Array.of(0, 4)]]), { seed: 1 });
 */
export async function predictLabels(
  items: Points,
  labels: ReadonlyMap<string, Int32Array>,
  options: {
    k?: number | undefined;
    times?: number | undefined;
    seed?: number | undefined;
    asked?: Int32Array | undefined;
  } = {},
): Promise<LabelPrediction> {
  const { times = 20, seed = 1 } = options;
  const k = Math.min(options.k ?? 15, items.count - 1);
  const breather = new Breather();
  const all = Int32Array.from({ length: items.count }, (_, item) => item);
  const asked = options.asked ?? all;
  const neighbours = await nearestPoints(items, asked, k, breather);
  const names = [...labels.keys()].filter((name) => {
    const having = (labels.get(name) as Int32Array).length;
    return having >= LEAST_ITEMS && items.count - having >= LEAST_ITEMS;
  });
  const aucs = (order: Int32Array) =>
    names.map((name) => {
      const has = new Uint8Array(items.count);
      for (const item of labels.get(name) as Int32Array) has[order[item] as number] = 1;
      return labelAuc(neighbours, asked, has);
    });
  const own = aucs(all);
  const chance: number[] = [];
  for (let time = 0; time < times; time++) {
    chance.push(meanOf(aucs(exchanged(all, `reelflow-labels-1:${seed}:${time}`)).filter(Number.isFinite)));
    if (breather.isDue) await breather.rest();
  }
  const mean = meanOf(chance);
  const deviation = Math.sqrt(chance.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, times - 1));
  return {
    byLabel: new Map(names.map((name, at) => [name, own[at] as number])),
    macroAuc: meanOf(own.filter(Number.isFinite)),
    shuffled: { mean, deviation, times },
    k,
    asked: asked.length,
  };
}

/**
 * The area under the ROC curve of scores that are counts of neighbours: the chance that an item
 * with the label has a higher count than one without, ties half.
 */
function labelAuc(neighbours: Int32Array, asked: Int32Array, has: Uint8Array): number {
  const k = neighbours.length / asked.length;
  const withLabel = new Float64Array(k + 1);
  const without = new Float64Array(k + 1);
  for (const [place, item] of asked.entries()) {
    let count = 0;
    for (const other of neighbours.subarray(place * k, (place + 1) * k)) count += has[other] as number;
    const counts = has[item] === 1 ? withLabel : without;
    counts[count] = (counts[count] as number) + 1;
  }
  let [wins, below, all] = [0, 0, 0];
  for (const [count, those] of without.entries()) {
    wins += (withLabel[count] as number) * (below + those / 2);
    below += those;
    all += withLabel[count] as number;
  }
  return wins / (all * below);
}

/** The numbers in a random order (Fisher and Yates), which the text decides. */
function exchanged(numbers: Int32Array, text: string): Int32Array {
  const order = numbers.slice();
  const next = randomIntegers(text);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(((next() >>> 0) / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
