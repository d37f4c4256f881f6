/** The least and the greatest value that a tensor was seen to have. */
export type Range = readonly [least: number, greatest: number];

/** Ranges of tensors by name. */
export type Ranges = Readonly<Record<string, Range>>;

/** How the values of a tensor are kept in 8 bits: `value = scale * (integer - zeroPoint)`. */
export interface ActivationScale {
  /** A float32 number above zero. */
  readonly scale: number;
  /** From 0 to 255. */
  readonly zeroPoint: number;
}

/**
 * The scale of unsigned 8-bit activations that covers a range: the whole range, zero included, over
 * 255 steps, and zero itself kept without an error, so that padding and ReLU stay exact (Jacob et
 * al., "Quantization and training of neural networks for efficient integer-arithmetic-only
 * inference", 2018, eq. 1).
 *
 * @example
 * activationScale([0, 5.1]); // { scale: 0.02, zeroPoint: 0 }
 */
export function activationScale([least, greatest]: Range): ActivationScale {
  const low = Math.min(0, least);
  const scale = Math.fround((Math.max(0, greatest) - low) / 255);
  // A tensor that was always zero: any scale keeps it.
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-low / scale))) };
}
