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

/** x above 0, slope x below. */
export function leakyRelu(tape: Tape, x: Tensor, slope: number): Tensor {
  const { graph } = tape;
  const y = graph.emit('LeakyRelu', [x], x.shape, { alpha: { float: slope } });
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const positive = graph.emit('Greater', [x, graph.real(0)], x.shape, {}, 'bool');
      const factor = graph.emit('Where', [positive, graph.real(1), graph.real(slope)], x.shape, {}, 'real');
      return graph.multiply(gradient, factor);
    });
  });
}

/** x above 0, exp(x) - 1 below (Clevert et al. 2016). */
export function elu(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const above = graph.emit('Relu', [x], x.shape);
  const less = graph.subtract(graph.emit('Exp', [graph.subtract(x, above)], x.shape), graph.real(1));
  const y = graph.add(above, less);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const positive = graph.emit('Greater', [x, graph.real(0)], x.shape, {}, 'bool');
      const factor = graph.emit('Where', [positive, graph.real(1), graph.add(y, graph.real(1))], x.shape, {}, 'real');
      return graph.multiply(gradient, factor);
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

/** y = exp(x); dy/dx = y. */
export function exponential(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const y = graph.emit('Exp', [x], x.shape);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => graph.multiply(gradient, y));
  });
}

/** Constants of `selu` that keep activations at mean 0 and variance 1: s and s a. */
const [seluScale, seluSlope] = [1.0507009873554805, 1.7580993408473766];

/**
 * s x above 0, s a (exp(x) - 1) below, s and a fixed (Klambauer et al. 2017, "Self-normalizing
 * neural networks").
 */
export function selu(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const above = graph.emit('Relu', [x], x.shape);
  const less = graph.subtract(graph.emit('Exp', [graph.subtract(x, above)], x.shape), graph.real(1));
  const y = graph.add(graph.multiply(above, graph.real(seluScale)), graph.multiply(less, graph.real(seluSlope)));
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const positive = graph.emit('Greater', [x, graph.real(0)], x.shape, {}, 'bool');
      const below = graph.add(y, graph.real(seluSlope));
      return graph.multiply(
        gradient,
        graph.emit('Where', [positive, graph.real(seluScale), below], x.shape, {}, 'real'),
      );
    });
  });
}

/**
 * x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, the usual approximation of the Gaussian error
 * linear unit (Hendrycks and Gimpel 2016).
 */
export function gelu(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const [root, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = graph.multiply(x, x);
  const inner = graph.multiply(x, graph.add(graph.multiply(square, graph.real(root * cubic)), graph.real(root)));
  const bent = graph.emit('Tanh', [inner], x.shape);
  const share = graph.multiply(graph.add(bent, graph.real(1)), graph.real(0.5));
  return tape.record([x], graph.multiply(x, share), (gradient) => {
    tape.add(x, () => {
      const slope = graph.add(graph.multiply(square, graph.real(3 * root * cubic)), graph.real(root));
      const one = graph.subtract(graph.real(1), graph.multiply(bent, bent));
      const moved = graph.multiply(graph.multiply(graph.multiply(x, one), slope), graph.real(0.5));
      return graph.multiply(gradient, graph.add(share, moved));
    });
  });
}
