import type { Tensor } from '../../autodiff/emitter.ts';
import { glorotUniform } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { tanh } from '../../autodiff/operations/elementwise.ts';
import { matmul } from '../../autodiff/operations/matmul.ts';
import { reshape, transpose } from '../../autodiff/operations/shapes.ts';
import { softmax } from '../../autodiff/operations/softmax.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { factNames } from './fact-names.ts';

/** Number of heads, and of the units that decide what a head attends to. */
const [heads, units] = [4, 64];
const kernelName = (prefix: string) => `${prefix}/attention/heads`;
const hiddenName = (prefix: string) => `${prefix}/attention/hidden`;

/**
 * Means of each item's subclips with learnt weights: [unique, 4 x components]. The weights of a
 * head are a = softmax(w' tanh(W x_t + b)) over the subclips (Bahdanau et al. 2015; Lin et al.
 * 2017).
 *
 * @param values - [unique, steps, components].
 */
export function attentionPool(tape: Tape, prefix: string, values: Tensor): Tensor {
  const { graph } = tape;
  const [, steps, components] = values.shape as [string, number, number];
  const flat = graph.reshape(values, ['subclips', components]);
  const hidden = tanh(tape, denseLayer(tape, hiddenName(prefix), flat, units));
  const match = dense(tape, hidden, tape.weight(kernelName(prefix), [units, heads], glorotUniform));
  const byHead = transpose(tape, reshape(tape, match, ['unique', steps, heads]), [0, 2, 1]);
  const means = matmul(tape, softmax(tape, byHead), values);
  return reshape(tape, means, ['unique', heads * components]);
}

/** The prefixes (`fit-1/content/visual` and so on) of the weights that attend to a stream. */
function prefixesOf(names: Iterable<string>, stream: string): string[] {
  const ending = kernelName(`/content/${stream}`);
  return [...names].filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -'/attention/heads'.length));
}

/**
 * How much each subclip counts: means over heads and fits, which sum to 1. Undefined if the network
 * does not attend to the stream.
 *
 * @param weights - the network's learnt weights, by name.
 * @param vectors - one item's vectors, float32[steps x dimension].
 */
export function attentionShares(
  weights: ReadonlyMap<string, Float32Array>,
  stream: string,
  vectors: Float32Array,
): Float64Array | undefined {
  const prefixes = prefixesOf(weights.keys(), stream);
  const fact = (name: string) => weights.get(name) as Float32Array;
  const [low, high, mean] = [factNames.minimum, factNames.maximum, factNames.mean].map((of) => fact(of(stream)));
  if (prefixes.length === 0 || low === undefined || high === undefined || mean === undefined) return undefined;
  const dimension = mean.length;
  const projection = fact(factNames.projection(stream));
  const components = projection.length / dimension;
  const centred = Float32Array.from(vectors, (value, at) => {
    const column = at % dimension;
    return Math.min(Math.max(value, low[column] as number), high[column] as number) - (mean[column] as number);
  });
  const reduced = product(centred, projection, components);
  const shares = new Float64Array(vectors.length / dimension);
  for (const prefix of prefixes) {
    const bias = fact(`${hiddenName(prefix)}/bias`);
    const sums = product(reduced, fact(`${hiddenName(prefix)}/kernel`), units);
    const match = product(
      sums.map((value, at) => Math.tanh(value + (bias[at % units] as number))),
      fact(kernelName(prefix)),
      heads,
    );
    for (let head = 0; head < heads; head++) {
      const matches = shares.map((_, step) => match[step * heads + head] as number);
      const highest = matches.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
      const own = matches.map((each) => Math.exp(each - highest));
      const sum = own.reduce((total, each) => total + each, 0);
      for (const [step, each] of own.entries()) {
        shares[step] = (shares[step] as number) + each / sum / (heads * prefixes.length);
      }
    }
  }
  return shares;
}

/** A matrix times a matrix with `columns` columns, both row-major. */
function product(left: Float32Array, right: Float32Array, columns: number): Float32Array {
  const inner = right.length / columns;
  const rows = left.length / inner;
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let each = 0; each < inner; each++) {
      sum += (left[row * inner + each] as number) * (right[each * columns + column] as number);
    }
    return sum;
  });
}
