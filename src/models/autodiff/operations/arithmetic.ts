import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

function checkSameShape(operator: string, a: Tensor, b: Tensor): void {
  if (a.shape.join() !== b.shape.join()) {
    throw new UsageError(`${operator}: shapes must be equal, but are [${a.shape}] and [${b.shape}]`);
  }
}

/** a + b of equal shapes. */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  checkSameShape('add', a, b);
  return tape.record([a, b], tape.graph.add(a, b), (gradient) => {
    tape.add(a, () => gradient);
    tape.add(b, () => gradient);
  });
}

/** a * b element by element, of equal shapes: the product of generalised matrix factorisation. */
export function multiply(tape: Tape, a: Tensor, b: Tensor): Tensor {
  checkSameShape('multiply', a, b);
  const { graph } = tape;
  return tape.record([a, b], graph.multiply(a, b), (gradient) => {
    tape.add(a, () => graph.multiply(gradient, b));
    tape.add(b, () => graph.multiply(gradient, a));
  });
}

/** factor * x + offset, with constants. */
export function affine(tape: Tape, x: Tensor, factor: number, offset = 0): Tensor {
  const { graph } = tape;
  const scaled = factor === 1 ? x : graph.multiply(x, graph.real(factor));
  const y = offset === 0 ? scaled : graph.add(scaled, graph.real(offset));
  if (y === x) return x;
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => (factor === 1 ? gradient : graph.multiply(gradient, graph.real(factor))));
  });
}

/** x times one trained number (shape [1]). */
export function scale(tape: Tape, x: Tensor, factor: Tensor): Tensor {
  if (factor.shape.join() !== '1')
    throw new UsageError(`scale: the factor must have shape [1], but has [${factor.shape}]`);
  const { graph } = tape;
  return tape.record([x, factor], graph.multiply(x, factor), (gradient) => {
    tape.add(x, () => graph.multiply(gradient, factor));
    tape.add(factor, () => {
      const sum = graph.emit('ReduceSum', [graph.multiply(gradient, x)], [], { keepdims: 0 });
      return graph.reshape(sum, [1]);
    });
  });
}
