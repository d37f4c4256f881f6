import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * Inverted dropout (Srivastava et al. 2014): while training, `rate` of the values become 0 and the
 * others are divided by 1 - rate; otherwise x itself. The mask is an input that depends only on
 * seed and step, so a resumed run drops exactly what an uninterrupted run would have dropped.
 */
export function dropout(tape: Tape, x: Tensor, rate: number): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new UsageError(`\`dropout\` must be at least 0 and below 1, but is ${rate}`);
  if (!tape.training || rate === 0) return x;
  const { graph } = tape;
  const mask = tape.mask(x.shape, rate);
  return tape.record([x], graph.multiply(x, mask), (gradient) => {
    tape.add(x, () => graph.multiply(gradient, mask));
  });
}
