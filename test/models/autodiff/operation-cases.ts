import type { Tensor } from '../../../src/models/autodiff/emitter.ts';
import { add, affine, multiply, scale } from '../../../src/models/autodiff/operations/arithmetic.ts';
import { batchNormalisation } from '../../../src/models/autodiff/operations/batch-normalisation.ts';
import { addConstant, addToEach, timesConstant } from '../../../src/models/autodiff/operations/broadcast.ts';
import { maximumOverSteps, stack, timesColumn } from '../../../src/models/autodiff/operations/by-row.ts';
import { concat } from '../../../src/models/autodiff/operations/concat.ts';
import { classLoss, multinomialLoss, normalDivergence } from '../../../src/models/autodiff/operations/cross-entropy.ts';
import { dense } from '../../../src/models/autodiff/operations/dense.ts';
import { dropout } from '../../../src/models/autodiff/operations/dropout.ts';
import {
  elu,
  exponential,
  gelu,
  leakyRelu,
  relu,
  selu,
  sigmoid,
  tanh,
} from '../../../src/models/autodiff/operations/elementwise.ts';
import { gru } from '../../../src/models/autodiff/operations/gru.ts';
import { layerNormalisation } from '../../../src/models/autodiff/operations/layer-normalisation.ts';
import {
  binaryCrossEntropy,
  l2Penalty,
  maskedSquaredError,
  meanSquaredError,
  weightedSquaredError,
} from '../../../src/models/autodiff/operations/losses.ts';
import { lstm } from '../../../src/models/autodiff/operations/lstm.ts';
import { matmul } from '../../../src/models/autodiff/operations/matmul.ts';
import {
  lambdaRanking,
  listwiseRanking,
  pairwiseRanking,
} from '../../../src/models/autodiff/operations/ranking-losses.ts';
import { type RowGradient, rows } from '../../../src/models/autodiff/operations/rows.ts';
import { segmentSoftmax, segmentSums } from '../../../src/models/autodiff/operations/segments.ts';
import { timeMajor } from '../../../src/models/autodiff/operations/sequence.ts';
import { reshape, transpose } from '../../../src/models/autodiff/operations/shapes.ts';
import { columns } from '../../../src/models/autodiff/operations/slice.ts';
import { softmax } from '../../../src/models/autodiff/operations/softmax.ts';
import { meanSquaredLength, rowSums, sumOfSquares } from '../../../src/models/autodiff/operations/sums.ts';
import type { OperatorCase } from './gradient-check.ts';

const matrix = { shape: [4, 3], declared: ['batch', 3] };
type Inputs = Readonly<Record<string, Tensor>>;
const of = (inputs: Inputs, name: string) => inputs[name] as Tensor;

function lstmCase(steps: number, result: 'sequence' | 'last'): OperatorCase {
  return {
    inputs: {
      x: { shape: [steps, 3, 4], declared: [steps, 'batch', 4] },
      kernel: { shape: [4, 8] },
      recurrent: { shape: [2, 8] },
      bias: { shape: [8] },
    },
    build: (tape, inputs) => {
      const [kernel, recurrent, bias] = [of(inputs, 'kernel'), of(inputs, 'recurrent'), of(inputs, 'bias')];
      return lstm(tape, of(inputs, 'x'), { kernel, recurrent, bias }, result);
    },
  };
}

/** Rows 2, 0, 2 and 1 of a table: one of them twice, so that its gradients must add up. */
function rowsCase(method: RowGradient): OperatorCase {
  return {
    inputs: { table: { shape: [5, 3] } },
    build: (tape, inputs) => rows(tape, of(inputs, 'table'), tape.graph.integers([2, 0, 2, 1]), method),
  };
}

function normalisationCase(training: boolean): OperatorCase {
  const vector = { shape: [3] };
  return {
    training,
    inputs: { x: { shape: [5, 3], declared: ['batch', 3] }, gamma: vector, beta: vector },
    build: (tape, inputs) => {
      const variables = {
        gamma: of(inputs, 'gamma'),
        beta: of(inputs, 'beta'),
        mean: tape.graph.real([0.1, -0.2, 0.3], [3]),
        variance: tape.graph.real([0.5, 1.5, 0.8], [3]),
      };
      return batchNormalisation(tape, of(inputs, 'x'), variables);
    },
  };
}

/** One case or more for each operator, by the file that it is in. */
export const operationCases: Readonly<Record<string, Readonly<Record<string, OperatorCase>>>> = {
  arithmetic: {
    add: { inputs: { a: matrix, b: matrix }, build: (tape, inputs) => add(tape, of(inputs, 'a'), of(inputs, 'b')) },
    'add of a tensor to itself': {
      inputs: { a: matrix },
      build: (tape, inputs) => add(tape, of(inputs, 'a'), of(inputs, 'a')),
    },
    multiply: {
      inputs: { a: matrix, b: matrix },
      build: (tape, inputs) => multiply(tape, of(inputs, 'a'), of(inputs, 'b')),
    },
    affine: { inputs: { x: matrix }, build: (tape, inputs) => affine(tape, of(inputs, 'x'), 4.5, 0.5) },
    scale: {
      inputs: { x: matrix, factor: { shape: [1] } },
      build: (tape, inputs) => scale(tape, of(inputs, 'x'), of(inputs, 'factor')),
    },
  },
  'batch-normalisation': { training: normalisationCase(true), 'not training': normalisationCase(false) },
  sums: {
    rowSums: { inputs: { x: matrix }, build: (tape, inputs) => rowSums(tape, of(inputs, 'x')) },
    sumOfSquares: { inputs: { x: matrix }, build: (tape, inputs) => sumOfSquares(tape, of(inputs, 'x')) },
    meanSquaredLength: { inputs: { x: matrix }, build: (tape, inputs) => meanSquaredLength(tape, of(inputs, 'x')) },
  },
  'by-row': {
    timesColumn: {
      inputs: { x: { shape: [4, 3] }, column: { shape: [4, 1] } },
      build: (tape, inputs) => timesColumn(tape, of(inputs, 'x'), of(inputs, 'column')),
    },
    stack: {
      inputs: { a: { shape: [2, 3] }, b: { shape: [1, 3] } },
      build: (tape, inputs) => stack(tape, [of(inputs, 'a'), of(inputs, 'b')]),
    },
    maximumOverSteps: {
      inputs: { x: { shape: [2, 3, 2], declared: ['batch', 3, 2] } },
      build: (tape, inputs) => maximumOverSteps(tape, of(inputs, 'x')),
    },
  },
  concat: {
    concat: {
      inputs: { a: matrix, b: { shape: [4, 2], declared: ['batch', 2] } },
      build: (tape, inputs) => concat(tape, [of(inputs, 'a'), of(inputs, 'b'), of(inputs, 'a')]),
    },
  },
  dense: {
    'dense with a bias': {
      inputs: { x: matrix, kernel: { shape: [3, 2] }, bias: { shape: [2] } },
      build: (tape, inputs) => dense(tape, of(inputs, 'x'), of(inputs, 'kernel'), of(inputs, 'bias')),
    },
    'a kernel used twice': {
      inputs: { x: matrix, kernel: { shape: [3, 3] } },
      build: (tape, inputs) => dense(tape, dense(tape, of(inputs, 'x'), of(inputs, 'kernel')), of(inputs, 'kernel')),
    },
  },
  dropout: {
    dropout: { inputs: { x: { shape: [2, 3] } }, build: (tape, inputs) => dropout(tape, of(inputs, 'x'), 0.5) },
  },
  elementwise: {
    elu: { inputs: { x: matrix }, build: (tape, inputs) => elu(tape, of(inputs, 'x')) },
    'leaky relu': {
      inputs: { x: matrix },
      build: (tape, inputs) => leakyRelu(tape, of(inputs, 'x'), 0.2),
    },
    relu: {
      inputs: { x: { shape: [2, 3], values: [-1.2, 0.4, 2, -0.3, 0.9, -2] } },
      build: (tape, inputs) => relu(tape, of(inputs, 'x')),
    },
    sigmoid: { inputs: { x: matrix }, build: (tape, inputs) => sigmoid(tape, of(inputs, 'x')) },
    exponential: { inputs: { x: matrix }, build: (tape, inputs) => exponential(tape, of(inputs, 'x')) },
    selu: {
      inputs: { x: { shape: [2, 3], values: [-1.2, 0.4, 2, -0.3, 0.9, -2] } },
      build: (tape, inputs) => selu(tape, of(inputs, 'x')),
    },
    gelu: {
      inputs: { x: { shape: [2, 3], values: [-1.2, 0.4, 2, -0.3, 0.9, -2] } },
      build: (tape, inputs) => gelu(tape, of(inputs, 'x')),
    },
    tanh: { inputs: { x: matrix }, build: (tape, inputs) => tanh(tape, of(inputs, 'x')) },
  },
  broadcast: {
    'addConstant over all rows': {
      inputs: { x: matrix },
      build: (tape, inputs) => addConstant(tape, of(inputs, 'x'), tape.graph.real([1, -2, 0.5], [3])),
    },
    'timesConstant by columns': {
      inputs: { x: { shape: [2, 3] } },
      build: (tape, inputs) => timesConstant(tape, of(inputs, 'x'), tape.graph.real([1.5, -2], [2, 1])),
    },
    addToEach: {
      inputs: { x: { shape: [4, 2, 3], declared: ['batch', 2, 3] }, table: { shape: [2, 3] } },
      build: (tape, inputs) => addToEach(tape, of(inputs, 'x'), of(inputs, 'table')),
    },
  },
  'cross-entropy': {
    multinomialLoss: {
      inputs: { logits: matrix },
      build: (tape, inputs) =>
        multinomialLoss(tape, of(inputs, 'logits'), tape.graph.real([1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1], [4, 3])),
    },
    classLoss: {
      inputs: { logits: matrix },
      build: (tape, inputs) => classLoss(tape, of(inputs, 'logits'), tape.graph.integers([2, 0, 2, 1])),
    },
    normalDivergence: {
      inputs: { mean: matrix, logVariance: matrix },
      build: (tape, inputs) =>
        normalDivergence(tape, of(inputs, 'mean'), of(inputs, 'logVariance'), tape.graph.real([30], [1])),
    },
  },
  gru: {
    gru: {
      inputs: {
        x: { shape: [4, 3, 5], declared: [4, 'batch', 5] },
        kernel: { shape: [5, 6] },
        recurrent: { shape: [2, 6] },
        bias: { shape: [6] },
        candidateBias: { shape: [2] },
      },
      build: (tape, inputs) => {
        const [kernel, recurrent] = [of(inputs, 'kernel'), of(inputs, 'recurrent')];
        const [bias, candidateBias] = [of(inputs, 'bias'), of(inputs, 'candidateBias')];
        return gru(tape, of(inputs, 'x'), { kernel, recurrent, bias, candidateBias });
      },
    },
  },
  'layer-normalisation': {
    layerNormalisation: {
      inputs: { x: matrix, gamma: { shape: [3] }, beta: { shape: [3] } },
      build: (tape, inputs) => layerNormalisation(tape, of(inputs, 'x'), of(inputs, 'gamma'), of(inputs, 'beta')),
    },
  },
  matmul: {
    matmul: {
      inputs: { a: { shape: [2, 2, 3, 4] }, b: { shape: [2, 2, 4, 2] } },
      build: (tape, inputs) => matmul(tape, of(inputs, 'a'), of(inputs, 'b')),
    },
  },
  shapes: {
    reshape: {
      inputs: { x: { shape: [6, 4] } },
      build: (tape, inputs) => reshape(tape, of(inputs, 'x'), [2, 3, 4]),
    },
    transpose: {
      inputs: { x: { shape: [2, 3, 4] } },
      build: (tape, inputs) => transpose(tape, of(inputs, 'x'), [2, 0, 1]),
    },
  },
  softmax: {
    softmax: {
      inputs: { x: { shape: [2, 2, 3] } },
      build: (tape, inputs) => softmax(tape, of(inputs, 'x')),
    },
  },
  losses: {
    'masked squared error': {
      inputs: { prediction: { shape: [4, 3], declared: ['batch', 3] } },
      build: (tape, inputs) =>
        maskedSquaredError(
          tape,
          of(inputs, 'prediction'),
          tape.graph.real([1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4], [4, 3]),
          tape.graph.real([1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1], [4, 3]),
        ),
    },
    'mean squared error': {
      inputs: {
        prediction: { shape: [4, 1], declared: ['batch', 1] },
        target: { shape: [4, 1], declared: ['batch', 1] },
      },
      build: (tape, inputs) => meanSquaredError(tape, of(inputs, 'prediction'), of(inputs, 'target')),
    },
    'weighted squared error': {
      inputs: { prediction: { shape: [4, 1], declared: ['batch', 1] } },
      build: (tape, inputs) => {
        const [target, weights] = [
          [0.3, -0.2, 0.8, 0.1],
          [0.5, 2, 1, 0.25],
        ].map((values) => tape.graph.real(values, [4, 1]));
        return weightedSquaredError(tape, of(inputs, 'prediction'), target as Tensor, weights as Tensor);
      },
    },
    'binary cross-entropy': {
      inputs: { logits: { shape: [2, 3], declared: ['batch', 3] } },
      build: (tape, inputs) => {
        const answers = tape.graph.real([1, 1, 0, 0, 0, 1], [2, 3]);
        return binaryCrossEntropy(tape, of(inputs, 'logits'), answers, tape.graph.real([0.5, 2], [2, 1]));
      },
    },
    'L2 penalty': {
      inputs: { a: { shape: [3, 2] }, b: { shape: [4] } },
      build: (tape, inputs) => l2Penalty(tape, [of(inputs, 'a'), of(inputs, 'b')], 0.7),
    },
  },
  lstm: {
    'all steps': lstmCase(3, 'sequence'),
    'the last step': lstmCase(3, 'last'),
    'a single step': lstmCase(1, 'last'),
  },
  'ranking-losses': {
    'of pairs': {
      inputs: { scores: { shape: [6, 1], declared: ['batch', 1] } },
      build: (tape, inputs) => {
        const ratings = tape.graph.real([3, 5, 4, 1, 4, 2], [6, 1]);
        return pairwiseRanking(tape, of(inputs, 'scores'), ratings, tape.graph.integers([7, 2, 7, 7, 2, 9]));
      },
    },
    'of pairs weighted by NDCG': {
      inputs: { scores: { shape: [6, 1], declared: ['batch', 1] } },
      build: (tape, inputs) => {
        const gains = tape.graph.real([7, 31, 15, 1, 15, 3], [6, 1]);
        return lambdaRanking(tape, of(inputs, 'scores'), gains, tape.graph.integers([7, 2, 7, 7, 2, 9]));
      },
    },
    'of lists': {
      inputs: { scores: { shape: [6, 1], declared: ['batch', 1] } },
      build: (tape, inputs) => {
        const gains = tape.graph.real([7, 31, 15, 1, 15, 3], [6, 1]);
        return listwiseRanking(tape, of(inputs, 'scores'), gains, tape.graph.integers([7, 2, 7, 7, 2, 9]));
      },
    },
  },
  rows: { 'by scattering': rowsCase('scatter'), 'by one-hot products': rowsCase('one-hot') },
  segments: {
    'sums, with an empty segment': {
      inputs: { x: matrix },
      build: (tape, inputs) => segmentSums(tape, of(inputs, 'x'), tape.graph.integers([2, 0, 2, 3]), 4),
    },
    'softmax, with an empty segment': {
      inputs: { x: matrix },
      build: (tape, inputs) => segmentSoftmax(tape, of(inputs, 'x'), tape.graph.integers([2, 0, 2, 2]), 4),
    },
  },
  sequence: {
    timeMajor: {
      inputs: { x: { shape: [2, 3, 4], declared: ['batch', 3, 4] } },
      build: (tape, inputs) => timeMajor(tape, of(inputs, 'x')),
    },
  },
  slice: {
    columns: { inputs: { x: { shape: [2, 5] } }, build: (tape, inputs) => columns(tape, of(inputs, 'x'), 1, 4) },
  },
};
