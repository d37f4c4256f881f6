import { UsageError } from '../../../core/errors.ts';
import { checkRank, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * x [rows, inputs] times kernel [inputs, outputs], plus bias [outputs] if given. The gradient of
 * the kernel is x' dy, that of the bias the sum of the rows of dy, that of x is dy kernel'.
 */
export function dense(tape: Tape, x: Tensor, kernel: Tensor, bias?: Tensor): Tensor {
  checkRank('dense', x, 2);
  checkRank('dense', kernel, 2);
  if (x.shape[1] !== kernel.shape[0]) {
    throw new UsageError(`dense: x [${x.shape}] does not fit kernel [${kernel.shape}]`);
  }
  const { graph } = tape;
  const y = graph.product(x, kernel, { addend: bias });
  return tape.record(bias ? [x, kernel, bias] : [x, kernel], y, (gradient) => {
    tape.accumulate(kernel, (before) => graph.product(x, gradient, { transposeA: true, addend: before }));
    if (bias) tape.add(bias, () => graph.sumRows(gradient));
    tape.accumulate(x, (before) => graph.product(gradient, kernel, { transposeB: true, addend: before }));
  });
}
