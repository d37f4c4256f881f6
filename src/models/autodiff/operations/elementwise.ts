import type { Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** max(0, x). The gradient at 0 is 0. */
export function relu(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const y = graph.emit('Relu', [x], x.shape);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const positive = graph.emit('Greater', [y, graph.real(0)], y.shape, {}, 'bool');
      return graph.emit('Where', [positive, gradient, graph.real(0)], y.shape, {}, 'real');
    });
  });
}

/** y = 1 / (1 + exp(-x)); dy/dx = y (1 - y). */
export function sigmoid(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const y = graph.emit('Sigmoid', [x], x.shape);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => graph.multiply(graph.subtract(y, graph.multiply(y, y)), gradient));
  });
}

/** y = tanh(x); dy/dx = 1 - y^2. */
export function tanh(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const y = graph.emit('Tanh', [x], x.shape);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => graph.subtract(gradient, graph.multiply(graph.multiply(y, y), gradient)));
  });
}
