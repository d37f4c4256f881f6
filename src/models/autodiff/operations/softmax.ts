import type { Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** exp(x) / sum of exp(x) over the last axis; dx = y (dy - sum of y dy). */
export function softmax(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const last = x.shape.length - 1;
  const y = graph.emit('Softmax', [x], x.shape, { axis: last });
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const pulled = graph.multiply(gradient, y);
      const sums = graph.emit('ReduceSum', [pulled, graph.integers([last])], x.shape.with(last, 1), { keepdims: 1 });
      return graph.subtract(pulled, graph.multiply(y, sums));
    });
  });
}
