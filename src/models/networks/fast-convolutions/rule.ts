import { type CookToom, cookToom, maxPoints } from './cook-toom.ts';

/** A convolution of stride 1 and one group, for one row. */
export interface ConvolutionShape {
  /** Input channels. */
  readonly channels: number;
  /** Output channels. */
  readonly filters: number;
  /** Height and width of the kernel. */
  readonly taps: number;
  /** Height and width of the output. */
  readonly size: readonly [height: number, width: number];
}

/**
 * How a convolution is cut along one axis: `tiles` windows of `form.outputs` places each, the last
 * of which may extend past the edge.
 */
export interface Tiling {
  readonly form: CookToom;
  readonly tiles: number;
}

/** How a convolution is cut into tiles. */
export interface FastForm {
  readonly rows: Tiling;
  readonly columns: Tiling;
}

/**
 * Increment with every change that affects a network's values in the fast form: the rule, the
 * matrices, the order of operations.
 */
export const fastForm = 'fast-convolutions-1';

/** Kernels that are rewritten: others lose too many digits or save too little. */
const kernels = [3, 5];
/**
 * Larger tiles need fewer products and lose more digits: with 3 taps, 4 places differ by 3e-6 of
 * the largest value, 5 by 1e-5.
 */
const maxOutputs = 4;
/**
 * The cost of a product, of a transformed value, and of a weight that is read once per run of eight
 * rows, in multiplications of the direct form.
 */
const perProduct = 1.5;
const perValue = 90;
const perWeight = 2;
/** The fast form is used if its estimated gain exceeds this. */
const minGain = 1.13;

/**
 * The tiling of one axis with the fewest products; on a tie the one with smaller tiles, which is
 * closer to the direct form.
 */
function tilingOf(size: number, taps: number): Tiling {
  let best: { outputs: number; products: number } | undefined;
  for (let outputs = 2; outputs <= Math.min(maxOutputs, maxPoints + 1 - taps); outputs++) {
    const products = Math.ceil(size / outputs) * (outputs + taps - 1);
    if (best === undefined || products < best.products) best = { outputs, products };
  }
  const { outputs } = best as { outputs: number };
  return { form: cookToom(outputs, taps), tiles: Math.ceil(size / outputs) };
}

/** How a convolution would be cut into tiles, whether or not that pays. */
export function tiled({ taps, size }: ConvolutionShape): FastForm {
  return { rows: tilingOf(size[0], taps), columns: tilingOf(size[1], taps) };
}

/**
 * The estimated speed-up of a convolution in the fast form over the direct one; memory traffic
 * counts too.
 */
export function estimatedGain(shape: ConvolutionShape): number {
  const { channels, filters, taps, size } = shape;
  const { rows, columns } = tiled(shape);
  const values = rows.tiles * rows.form.points * columns.tiles * columns.form.points;
  const weights = rows.form.points * columns.form.points * channels * filters;
  const steps = values * (perProduct * channels * filters + perValue * (channels + filters)) + perWeight * weights;
  return (taps * taps * channels * filters * size[0] * size[1]) / steps;
}

/**
 * The fast form of a convolution, or undefined if it does not pay. It depends on the shape alone,
 * so a network has the same values on every machine.
 *
 * @example
 * fastFormOf({ channels: 256, filters: 256, taps: 3, size: [13, 13] })?.rows.form.outputs; // 4: 36 products for 16 places, where 144 are taken directly
 * fastFormOf({ channels: 3, filters: 64, taps: 3, size: [224, 224] }); // undefined
 */
export function fastFormOf(shape: ConvolutionShape): FastForm | undefined {
  if (!kernels.includes(shape.taps) || shape.size.some((length) => length < 1)) return undefined;
  const form = tiled(shape);
  // With a single tile, one row of a batch would be multiplied on its own, which ONNX Runtime sums
  // in a different order from several rows.
  if (form.rows.tiles * form.columns.tiles === 1) return undefined;
  return estimatedGain(shape) > minGain ? form : undefined;
}
