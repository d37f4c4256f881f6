import ort from 'onnxruntime-node';
import { type Dimension, elementCount, type Tensor } from '../../../src/models/autodiff/emitter.ts';
import { type Uniform, uniformWithin } from '../../../src/models/autodiff/initialisers.ts';
import { Tape } from '../../../src/models/autodiff/tape.ts';
import { encodeModel } from '../../../src/models/onnx/write.ts';

/** A number of a case: its shape, and how its values are drawn when not uniform in +-1. */
export interface CheckedInput {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  /** Shape in the graph, where axes may have names instead of sizes. */
  readonly declared?: readonly Dimension[];
}

/** An operator under test. */
export interface OperatorCase {
  readonly inputs: Readonly<Record<string, CheckedInput>>;
  /** Applies the operator. */
  readonly build: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  readonly training?: boolean;
}

/** A step of the finite difference, in float64. */
const step = 1e-5;

async function session(model: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

/**
 * Compares the gradients an operator writes with central differences of what it computes, all in
 * float64. The loss is a fixed random combination of the operator's outputs, so that an error in
 * any of them shows.
 *
 * @returns the largest absolute difference, and the largest gradient, over all inputs.
 */
export async function checkGradients(operator: OperatorCase, uniform: Uniform) {
  const tape = new Tape({ training: operator.training ?? true, precision: 'float64' });
  const { graph } = tape;
  const tensors: Record<string, Tensor> = {};
  const values: Record<string, Float64Array> = {};
  const masks: Record<string, ort.Tensor> = {};
  for (const [name, { shape, declared, values: given }] of Object.entries(operator.inputs)) {
    tensors[name] = graph.input(name, declared ?? shape);
    tape.track(tensors[name]);
    values[name] = given ? Float64Array.from(given) : Float64Array.from(uniformWithin(1)(shape, uniform));
  }
  const output = operator.build(tape, tensors);
  const factors = graph.input('factors', output.shape);
  const weighted = graph.multiply(output, factors);
  const loss = output.shape.length === 0 ? weighted : graph.emit('ReduceSum', [weighted], [], { keepdims: 0 });
  // d(sum of factors * y) / dy = factors.
  tape.record([output], loss, () => tape.add(output, () => factors));
  tape.backward(loss);
  const gradients = Object.entries(tensors).map(([name, tensor]) => {
    const gradient = tape.gradientOf(tensor);
    if (!gradient) throw new Error(`no gradient for '${name}'`);
    return [name, gradient] as const;
  });
  const forward = await session(encodeModel(graph.build([output, loss])));
  const backward = await session(encodeModel(graph.build(gradients.map(([, gradient]) => gradient))));
  // Dropout masks: every other value is dropped.
  for (const { input, shape, rate } of tape.masks) {
    const count = elementCount(shape);
    const mask = Float64Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 0 : 1 / (1 - rate)));
    masks[input] = new ort.Tensor('float64', mask, shape as number[]);
  }
  const feedsOf = (names: readonly string[], factorTensor: ort.Tensor) =>
    Object.fromEntries(
      names.map((name) => {
        const made = name === 'factors' ? factorTensor : masks[name];
        return [
          name,
          made ?? new ort.Tensor('float64', values[name] as Float64Array, operator.inputs[name]?.shape ?? []),
        ];
      }),
    );
  const outputShape = output.shape.map((size) => (typeof size === 'number' ? size : (sizeOf(operator, size) ?? 1)));
  const factorValues = Float64Array.from({ length: elementCount(outputShape) }, () => 2 * uniform() - 1);
  const factorTensor = new ort.Tensor('float64', factorValues, outputShape);
  const lossNow = async (): Promise<number> => {
    const results = await forward.run(feedsOf(forward.inputNames, factorTensor), [loss.name]);
    const values = results[loss.name]?.data as Float64Array;
    return values[0] as number;
  };
  const written = await backward.run(feedsOf(backward.inputNames, factorTensor));
  let difference = 0;
  let largest = 0;
  for (const [name, gradient] of gradients) {
    const array = values[name] as Float64Array;
    const analytic = written[gradient.name]?.data as Float64Array;
    if (analytic.length !== array.length) throw new Error(`the gradient of '${name}' has ${analytic.length} values`);
    for (const [index, kept] of array.entries()) {
      array[index] = kept + step;
      const above = await lossNow();
      array[index] = kept - step;
      const below = await lossNow();
      array[index] = kept;
      difference = Math.max(difference, Math.abs((above - below) / (2 * step) - (analytic[index] as number)));
      largest = Math.max(largest, Math.abs(analytic[index] as number));
    }
  }
  await forward.release();
  await backward.release();
  return { difference, largest };
}

/** Size of a named axis, from the inputs declared with it. */
function sizeOf(operator: OperatorCase, axis: string): number | undefined {
  for (const { shape, declared } of Object.values(operator.inputs)) {
    const at = declared?.indexOf(axis) ?? -1;
    if (at >= 0) return shape[at];
  }
  return undefined;
}
