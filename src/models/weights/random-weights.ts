import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { randomIntegers } from '../../core/random-integers.ts';
import { elementTypes, type Initializer } from '../onnx/onnx-graph.ts';

/** Part of the hash of random weights: increment it when the numbers change. */
const algorithm = 'reelflow-random-weights-1';
/** Biases are uniform in +-0.05, so that a forgotten bias shows. */
const biasBound = 0.05;
const pieceElements = 1 << 18;

/**
 * The seed of `random:SEED`.
 *
 * @throws ModelError `weights` if `weights` has any other form.
 */
export function parseRandomWeights(weights: string): number {
  const match = /^random:(\d{1,10})$/.exec(weights);
  const seed = Number(match?.[1]);
  if (!match || seed > 0xffffffff) {
    throw new ModelError(
      'weights',
      `weights '${weights}' cannot be read: random weights are 'random:SEED' (SEED an integer from 0 to 4294967295)`,
      { remedy: "Give for example `weights: 'random:1'`, or the path of a weight file." },
    );
  }
  return seed;
}

/**
 * What a tensor is for, which determines the scale of its random values: a number is the fan-in of
 * a weight (the inputs that one unit sums up); `scale` and `variance` belong to a batch
 * normalisation, whose shift and mean are like a `bias`; `small-scale` ends a branch that is added
 * to another.
 */
export type TensorRole = number | 'bias' | 'scale' | 'small-scale' | 'variance';

/** Middle and half width of the values. */
function rangeOf(role: TensorRole): readonly [middle: number, bound: number] {
  switch (role) {
    case 'bias':
      return [0, biasBound];
    case 'scale':
    case 'variance':
      return [1, 0.25];
    case 'small-scale':
      // Otherwise each of ResNet-50's 16 sums would double the variance of activations.
      return [0.25, 0.0625];
    default:
      return [0, Math.sqrt(6 / role)];
  }
}

/**
 * A tensor of seeded uniform values: weights in +-sqrt(6 / fanIn) (He et al. 2015, eq. 10: variance
 * 2 / fanIn, which keeps the scale of activations through ReLU layers), biases in +-0.05, scales
 * and variances about 1 (a variance is never below 0.75), small scales about 0.25. Generated piece
 * by piece, with the same bytes on every machine; each tensor has its own stream by name, so its
 * values do not depend on what is generated before it.
 *
 * @throws UsageError if a dimension or the fan-in is not a positive integer.
 */
export function randomTensor(seed: number, name: string, shape: readonly number[], role: TensorRole): Initializer {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(elements) || elements < 1 || (typeof role === 'number' && !(role >= 1))) {
    throw new UsageError(`random tensor ${name} must have positive dimensions, but has [${shape}] and fan-in ${role}`);
  }
  const [middle, bound] = rangeOf(role);
  const scale = bound / 2 ** 31;
  function* pieces(): Generator<Uint8Array> {
    const next = randomIntegers(`${algorithm}:${seed}:${name}`);
    const values = new Float32Array(Math.min(elements, pieceElements));
    for (let done = 0; done < elements; ) {
      const count = Math.min(values.length, elements - done);
      for (let index = 0; index < count; index++) values[index] = middle + next() * scale;
      yield new Uint8Array(values.buffer, 0, 4 * count);
      done += count;
    }
  }
  return { name, shape, elementType: elementTypes.float32, byteLength: 4 * elements, pieces };
}

/**
 * The identity of random weights without generating them: the algorithm's version, the seed and the
 * tensors' names and shapes determine every bit.
 *
 * @returns SHA-256 of that recipe as hex.
 */
export function randomWeightsHash(seed: number, tensors: readonly Pick<Initializer, 'name' | 'shape'>[]): string {
  const recipe = [algorithm, seed, ...tensors.map(({ name, shape }) => `${name}[${shape}]`)].join('\n');
  return sha256(recipe);
}
