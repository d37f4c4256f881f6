import { checkRank, type Dimension, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * Turns sequences [rows, steps, width] into [steps, rows, width], the order in which a recurrent
 * layer reads them.
 */
export function timeMajor(tape: Tape, x: Tensor): Tensor {
  checkRank('timeMajor', x, 3);
  const { graph } = tape;
  const swap = (tensor: Tensor): Tensor => {
    const [a, b, c] = tensor.shape as [Dimension, Dimension, Dimension];
    return graph.emit('Transpose', [tensor], [b, a, c], { perm: [1, 0, 2] });
  };
  return tape.record([x], swap(x), (gradient) => {
    tape.add(x, () => swap(gradient));
  });
}
