import { UsageError } from '../../../core/errors.ts';
import { checkRank, type Dimension, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** Weights of a GRU layer. The gates' columns are side by side: reset, update, candidate. */
export interface GruWeights {
  /** [width, 3 units]. */
  readonly kernel: Tensor;
  /** [units, 3 units]. */
  readonly recurrent: Tensor;
  /** [3 units]. */
  readonly bias: Tensor;
  /** [units], added to what the candidate reads of the state, before the reset gate. */
  readonly candidateBias: Tensor;
}

/** What the backward pass needs of one step, all [rows, units]. */
interface Step {
  readonly before: Tensor;
  readonly reset: Tensor;
  readonly update: Tensor;
  readonly candidate: Tensor;
  /** What the candidate reads of the state, before the reset gate. */
  readonly read: Tensor;
  readonly hidden: Tensor;
}

/**
 * A GRU layer over x [steps, rows, width] (Cho et al. 2014, with the reset gate after the product,
 * as in cuDNN and PyTorch):
 *
 *     r, z = sigmoid of (x_t K + h_t-1 R + b)      n = tanh(x_t K + b + r (h_t-1 R + c))
 *     h_t = n + z (h_t-1 - n)      h_0 = 0
 *
 * Returns all h_t, [steps, rows, units]. The steps are unrolled; the products of all steps with K,
 * and the gradients of both kernels, are one product each.
 */
export function gru(tape: Tape, x: Tensor, weights: GruWeights): Tensor {
  checkRank('gru', x, 3);
  const { kernel, recurrent, bias, candidateBias } = weights;
  const steps = fixedSize(x, 0);
  const rows = x.shape[1] as Dimension;
  const units = fixedSize(recurrent, 0);
  const wide = [kernel.shape[1], recurrent.shape[1], bias.shape[0]];
  if (x.shape[2] !== kernel.shape[0] || wide.some((size) => size !== 3 * units) || candidateBias.shape[0] !== units) {
    throw new UsageError(
      `gru: x [${x.shape}], kernel [${kernel.shape}], recurrent [${recurrent.shape}], bias [${bias.shape}] and candidateBias [${candidateBias.shape}] do not fit`,
    );
  }
  const { graph } = tape;
  const all = typeof rows === 'number' ? rows * steps : `${rows}*${steps}`;
  const perStep = { count: steps, size: rows };
  const gates = [units, units, units];
  const shape = [rows, units];
  const flat = graph.reshape(x, [all, x.shape[2] as Dimension]);
  const projected = graph.split(graph.product(flat, kernel, { addend: bias }), 0, perStep);
  const history: Step[] = [];
  for (const fromInput of projected) {
    const [ofReset, ofUpdate, ofCandidate] = graph.split(fromInput, 1, gates) as [Tensor, Tensor, Tensor];
    const before = history.at(-1)?.hidden ?? graph.multiply(ofReset, graph.real(0));
    const parts = graph.split(graph.product(before, recurrent), 1, gates) as [Tensor, Tensor, Tensor];
    const reset = graph.emit('Sigmoid', [graph.add(ofReset, parts[0])], shape);
    const update = graph.emit('Sigmoid', [graph.add(ofUpdate, parts[1])], shape);
    const read = graph.add(parts[2], candidateBias);
    const candidate = graph.emit('Tanh', [graph.add(ofCandidate, graph.multiply(reset, read))], shape);
    const hidden = graph.add(candidate, graph.multiply(update, graph.subtract(before, candidate)));
    history.push({ before, reset, update, candidate, read, hidden });
  }
  const y = graph.reshape(
    graph.concat(
      history.map(({ hidden }) => hidden),
      0,
      all,
    ),
    [steps, rows, units],
  );
  return tape.record([x, kernel, recurrent, bias, candidateBias], y, (gradient) => {
    const given = graph.split(graph.reshape(gradient, [all, units]), 0, perStep);
    const ofInputs: Tensor[] = [];
    const ofStates: Tensor[] = [];
    const ofReads: Tensor[] = [];
    let later: Tensor | undefined;
    for (const [index, step] of [...history.entries()].reverse()) {
      const { before, reset, update, candidate, read } = step;
      const own = given[index] as Tensor;
      const ofHidden = later ? graph.add(own, later) : own;
      const kept = graph.multiply(ofHidden, update);
      const bent = graph.subtract(ofHidden, kept);
      const ofCandidate = graph.subtract(bent, graph.multiply(bent, graph.multiply(candidate, candidate)));
      const ofRead = graph.multiply(ofCandidate, reset);
      const slope = (gate: Tensor, pull: Tensor): Tensor =>
        graph.multiply(pull, graph.subtract(gate, graph.multiply(gate, gate)));
      const ofReset = slope(reset, graph.multiply(ofCandidate, read));
      const ofUpdate = slope(update, graph.multiply(ofHidden, graph.subtract(before, candidate)));
      const ofState = graph.concat([ofReset, ofUpdate, ofRead], 1, 3 * units);
      ofInputs.push(graph.concat([ofReset, ofUpdate, ofCandidate], 1, 3 * units));
      ofStates.push(ofState);
      ofReads.push(ofRead);
      later = graph.product(ofState, recurrent, { transposeB: true, addend: kept });
    }
    const joined = (parts: Tensor[]): Tensor => graph.concat([...parts].reverse(), 0, all);
    const slopes = joined(ofInputs);
    tape.accumulate(kernel, (before) => graph.product(flat, slopes, { transposeA: true, addend: before }));
    tape.add(bias, () => graph.sumRows(slopes));
    tape.add(candidateBias, () => graph.sumRows(joined(ofReads)));
    const states = graph.concat(
      history.map(({ before }) => before),
      0,
      all,
    );
    tape.accumulate(recurrent, (before) =>
      graph.product(states, joined(ofStates), { transposeA: true, addend: before }),
    );
    tape.add(x, () => graph.reshape(graph.product(slopes, kernel, { transposeB: true }), x.shape));
  });
}
