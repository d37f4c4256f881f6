import { type CookToom, cookToom, maxPoints } from './cook-toom.ts';

/** A convolution of stride 1 and one group, for one row. */
export interface ConvolutionShape {
  /** Channels that go in. */
  readonly channels: number;
  /** Channels that come out. */
  readonly filters: number;
  /** Height and width of the kernel. */
  readonly taps: number;
  /** Height and width of what comes out. */
  readonly size: readonly [height: number, width: number];
}

/**
 * How a convolution is cut along one axis: `tiles` windows of `form.outputs` places each, the last
 * of which may hang over.
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
 * Raise with whatever changes the values that a network gives in the fast form: the rule, the
 * matrices, the order of operations.
 */
export const fastForm = 'fast-convolutions-1';

/** Kernels that are rewritten: others lose too many digits, or too little is saved. */
const kernels = [3, 5];
/**
 * Larger tiles need fewer products and lose more digits: 4 places of 3 taps differ by 3e-6 of the
 * greatest value, 5 by 1e-5.
 */
const maxOutputs = 4;
/**
 * What a product, a value that is transformed, and a weight that is read once per run of eight rows
 * cost, in multiplications of the direct form.
 */
const perProduct = 1.5;
const perValue = 90;
const perWeight = 2;
/** The fast form is taken where it is estimated to gain more than this. */
const minGain = 1.13;

/**
 * The tiling of one axis with the fewest products; of two alike the one with smaller tiles, which
 * is closer to the direct form.
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
 * How many times fewer steps a convolution is taken to need in the fast form than in the direct
 * one: more than that it computes is counted.
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
 * The fast form of a convolution, or undefined where it does not pay. It depends on the shape
 * alone, so that the same network has the same values on every machine.
 *
 * @example
 * fastFormOf({ channels: 256, filters: 256, taps: 3, size: [13, 13] })?.rows.form.outputs; // 4: 36 products for 16 places, where 144 are taken directly
 * fastFormOf({ channels: 3, filters: 64, taps: 3, size: [224, 224] }); // undefined
 */
export function fastFormOf(shape: ConvolutionShape): FastForm | undefined {
  if (!kernels.includes(shape.taps) || shape.size.some((length) => length < 1)) return undefined;
  const form = tiled(shape);
  // Of a single tile one row of a batch would be multiplied on its own: ONNX Runtime adds that up
  // in another order than several.
  if (form.rows.tiles * form.columns.tiles === 1) return undefined;
  return estimatedGain(shape) > minGain ? form : undefined;
}
