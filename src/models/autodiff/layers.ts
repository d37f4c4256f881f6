import type { Dimension, Tensor } from './emitter.ts';
import { fixedSize } from './emitter.ts';
import { filled, forgetBias, glorotUniform, type Initialiser, orthogonal, uniformWithin } from './initialisers.ts';
import { batchNormalisation } from './operations/batch-normalisation.ts';
import { dense } from './operations/dense.ts';
import { lstm } from './operations/lstm.ts';
import { rows } from './operations/rows.ts';
import type { Tape, Variable } from './tape.ts';

/** Bound of the uniform initial values of embeddings, as in Keras. */
const embeddingBound = 0.05;

/**
 * A dense layer with weights `name/kernel` [inputs, units] and `name/bias` [units], without an
 * activation. The bias starts at 0 unless `bias` is given.
 */
export function denseLayer(tape: Tape, name: string, x: Tensor, units: number, bias: Initialiser = filled(0)): Tensor {
  const kernel = tape.weight(`${name}/kernel`, [fixedSize(x, 1), units], glorotUniform);
  return dense(tape, x, kernel, tape.weight(`${name}/bias`, [units], bias));
}

/**
 * An embedding with weights `name` [count, width]: [batch, width], the rows that the feed
 * `lookedUpBy` names.
 */
export function embeddingLayer(
  tape: Tape,
  name: string,
  lookedUpBy: string,
  shape: readonly [number, number],
  initialiser: Initialiser = uniformWithin(embeddingBound),
  kind: Variable['kind'] = 'weight',
): Tensor {
  const { table, places } = tape.table(name, shape, initialiser, lookedUpBy, kind);
  return rows(tape, table, places);
}

/**
 * An LSTM layer over [steps, rows, width] with weights `name/kernel`, `name/recurrent` and
 * `name/bias`.
 */
export function lstmLayer(tape: Tape, name: string, x: Tensor, units: number, result: 'sequence' | 'last'): Tensor {
  const width: Dimension = fixedSize(x, 2);
  const weights = {
    kernel: tape.weight(`${name}/kernel`, [width, 4 * units], glorotUniform),
    recurrent: tape.weight(`${name}/recurrent`, [units, 4 * units], orthogonal),
    bias: tape.weight(`${name}/bias`, [4 * units], forgetBias),
  };
  return lstm(tape, x, weights, result);
}

/**
 * Batch normalisation with weights `name/gamma`, `name/beta` and running statistics `name/mean`,
 * `name/variance`.
 */
export function normalisationLayer(tape: Tape, name: string, x: Tensor): Tensor {
  const width = [fixedSize(x, 1)];
  return batchNormalisation(tape, x, {
    gamma: tape.weight(`${name}/gamma`, width, filled(1)),
    beta: tape.weight(`${name}/beta`, width, filled(0)),
    mean: tape.statistic(`${name}/mean`, width, filled(0)),
    variance: tape.statistic(`${name}/variance`, width, filled(1)),
  });
}
