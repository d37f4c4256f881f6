import { UsageError } from '../../../core/errors.ts';
import { checkRank, type Dimension, fixedSize, type GraphEmitter, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * Weights of an LSTM layer. The columns of the four gates are side by side: input, forget,
 * candidate, output (Keras's order).
 */
export interface LstmWeights {
  /** [width, 4 units]. */
  readonly kernel: Tensor;
  /** [units, 4 units]. */
  readonly recurrent: Tensor;
  /** [4 units]. */
  readonly bias: Tensor;
}

/** What the backward pass needs of one step, all [rows, units]. */
interface Step {
  readonly input: Tensor;
  readonly forget: Tensor;
  readonly candidate: Tensor;
  readonly output: Tensor;
  /** input * candidate. */
  readonly written: Tensor;
  /** forget * cell before; none in the first step. */
  readonly kept: Tensor | undefined;
  readonly cell: Tensor;
  /** tanh(cell). */
  readonly squashed: Tensor;
  readonly hidden: Tensor;
}

/**
 * An LSTM layer over x [steps, rows, width] (Hochreiter and Schmidhuber 1997 with the forget gate
 * of Gers et al. 2000):
 *
 *     i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of (x_t kernel + h_t-1 recurrent + bias)
 *     c_t = f c_t-1 + i g        h_t = o tanh(c_t)        h_0 = c_0 = 0
 *
 * Returns all h_t, [steps, rows, units], or the last, [rows, units]. The steps are unrolled. It is
 * one operator with its own gradient instead of a cell on the tape: the input products of all steps
 * are a single matrix product, and so are the gradients of both kernels in the backward pass.
 */
export function lstm(tape: Tape, x: Tensor, weights: LstmWeights, result: 'sequence' | 'last'): Tensor {
  checkRank('lstm', x, 3);
  const { kernel, recurrent, bias } = weights;
  const steps = fixedSize(x, 0);
  const rows = x.shape[1] as Dimension;
  const units = fixedSize(recurrent, 0);
  if (x.shape[2] !== kernel.shape[0] || kernel.shape[1] !== 4 * units || bias.shape[0] !== 4 * units) {
    throw new UsageError(
      `lstm: x [${x.shape}], kernel [${kernel.shape}], recurrent [${recurrent.shape}] and bias [${bias.shape}] do not fit`,
    );
  }
  const { graph } = tape;
  const all = typeof rows === 'number' ? rows * steps : `${rows}*${steps}`;
  const perStep = { count: steps, size: rows };
  const flat = graph.reshape(x, [all, x.shape[2] as Dimension]);
  const projected = graph.split(graph.product(flat, kernel, { addend: bias }), 0, perStep);
  const shape = [rows, units];
  const history: Step[] = [];
  for (const fromInput of projected) {
    const before = history.at(-1);
    const sums = before ? graph.product(before.hidden, recurrent, { addend: fromInput }) : fromInput;
    const [i, f, g, o] = graph.split(sums, 1, [units, units, units, units]) as [Tensor, Tensor, Tensor, Tensor];
    const input = graph.emit('Sigmoid', [i], shape);
    const forget = graph.emit('Sigmoid', [f], shape);
    const candidate = graph.emit('Tanh', [g], shape);
    const output = graph.emit('Sigmoid', [o], shape);
    const written = graph.multiply(input, candidate);
    const kept = before && graph.multiply(forget, before.cell);
    const cell = kept ? graph.add(kept, written) : written;
    const squashed = graph.emit('Tanh', [cell], shape);
    const hidden = graph.multiply(output, squashed);
    history.push({ input, forget, candidate, output, written, kept, cell, squashed, hidden });
  }
  const hidden = history.map((step) => step.hidden);
  const y =
    result === 'last' ? (hidden.at(-1) as Tensor) : graph.reshape(graph.concat(hidden, 0, all), [steps, rows, units]);
  return tape.record([x, kernel, recurrent, bias], y, (gradient) => {
    const perStepGradients =
      result === 'last'
        ? history.map((_, index) => (index === steps - 1 ? gradient : undefined))
        : graph.split(graph.reshape(gradient, [all, units]), 0, perStep);
    const slopes = gateSumGradients(graph, history, perStepGradients, recurrent);
    const slope = graph.concat(slopes, 0, all);
    tape.accumulate(kernel, (before) => graph.product(flat, slope, { transposeA: true, addend: before }));
    tape.add(bias, () => graph.sumRows(slope));
    if (steps === 1) {
      tape.add(recurrent, () => graph.multiply(recurrent, graph.real(0)));
    } else {
      const earlier = graph.concat(hidden.slice(0, -1), 0, 'earlier');
      const later = graph.concat(slopes.slice(1), 0, 'earlier');
      tape.accumulate(recurrent, (before) => graph.product(earlier, later, { transposeA: true, addend: before }));
    }
    tape.add(x, () => graph.reshape(graph.product(slope, kernel, { transposeB: true }), x.shape));
  });
}

/**
 * Gradients of the loss with respect to the gates' input sums, per step [rows, 4 units], by
 * back-propagation through time. Derivatives reuse products of the forward pass: with y = i g, for
 * example, dy/d(sum of i) = y - y i.
 */
function gateSumGradients(
  graph: GraphEmitter,
  history: readonly Step[],
  given: readonly (Tensor | undefined)[],
  recurrent: Tensor,
): Tensor[] {
  const gradients: Tensor[] = [];
  let ofCell: Tensor | undefined;
  const less = (a: Tensor, b: Tensor, c: Tensor) => graph.subtract(a, graph.multiply(b, c));
  for (const [index, step] of [...history.entries()].reverse()) {
    const later = gradients.at(-1);
    const addend = given[index];
    const ofHidden = later ? graph.product(later, recurrent, { transposeB: true, addend }) : (addend as Tensor);
    const throughHidden = graph.multiply(ofHidden, less(step.output, step.hidden, step.squashed));
    const cell = ofCell ? graph.add(ofCell, throughHidden) : throughHidden;
    const gates = [
      graph.multiply(cell, less(step.written, step.written, step.input)),
      step.kept ? graph.multiply(cell, less(step.kept, step.kept, step.forget)) : graph.multiply(cell, graph.real(0)),
      graph.multiply(cell, less(step.input, step.written, step.candidate)),
      graph.multiply(ofHidden, less(step.hidden, step.hidden, step.output)),
    ];
    gradients.push(graph.concat(gates, 1, fixedSize(recurrent, 1)));
    ofCell = graph.multiply(cell, step.forget);
  }
  return gradients.reverse();
}
