import { ModelError } from '../../core/errors.ts';
import { stringField } from '../../core/protobuf-writer.ts';
import { withInputs } from '../onnx/encoded-node.ts';
import { type AttributeValue, type Initializer, node, type OnnxGraph, type OnnxNode } from '../onnx/onnx-graph.ts';
import { type QuantisableTensor, quantisableParts } from './int8-layers.ts';
import { quantiseWeights, scalar } from './quantised-weights.ts';
import { type ActivationScale, activationScale, type Ranges } from './range.ts';

/** Raise when the same ranges give other integers: part of a quantised network's identity. */
export const quantisationForm = 'reelflow-int8-1';

/** ONNX's own operators know scales by channel since this version. */
const channelOpset = 13;
/** The domain in which ONNX Runtime has them for graphs of older versions too. */
const runtimeDomain = 'com.microsoft';

const label = (name: string, what: string) => `reelflow.${what}:${name}`;

/**
 * A graph with its convolutions and dense layers on 8-bit integers, written with QuantizeLinear and
 * DequantizeLinear ("QDQ"), which ONNX Runtime fuses into integer kernels. Weights: signed, a scale
 * for each output channel. Activations: unsigned, the scale of `ranges`. A ReLU between a layer and
 * the rounding is left out: unsigned integers end at zero. Inputs, outputs and unknown operations
 * stay float32.
 *
 * @param ranges - of every tensor that `rangedTensors` names.
 * @throws ModelError `precision` when a range is missing.
 */
export function quantise(graph: OnnxGraph, ranges: Ranges): OnnxGraph {
  const { layers, tensors } = quantisableParts(graph);
  if (layers.length === 0) return graph;
  return new Quantiser(graph, ranges).quantise(layers, tensors);
}

/** Names of the tensors whose ranges decide a graph's scales. */
export function rangedTensors(graphs: readonly OnnxGraph[]): string[] {
  return [...new Set(graphs.flatMap((graph) => quantisableParts(graph).tensors.map(({ scaledAs }) => scaledAs)))];
}

class Quantiser {
  readonly #domain: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: Initializer[] = [];
  /** What readers of a tensor read now. */
  readonly #replaced = new Map<string, string>();

  constructor(
    readonly graph: OnnxGraph,
    readonly ranges: Ranges,
  ) {
    this.#domain = (graph.opsets[''] ?? 0) >= channelOpset ? '' : runtimeDomain;
  }

  quantise(
    layers: ReturnType<typeof quantisableParts>['layers'],
    tensors: ReturnType<typeof quantisableParts>['tensors'],
  ): OnnxGraph {
    const { graph } = this;
    const bySource = new Map(tensors.map((tensor) => [tensor.source, tensor]));
    const byNode = new Map(layers.map((layer) => [layer.node, layer]));
    const folded = new Set(tensors.filter(({ name, source }) => name !== source).map(({ name }) => name));
    const after = (name: string): void => {
      const tensor = bySource.get(name);
      if (tensor !== undefined) this.#round(tensor);
    };
    for (const { name } of graph.inputs) after(name);
    for (const given of graph.nodes) {
      if (given.outputs.some((name) => folded.has(name))) continue;
      const layer = byNode.get(given);
      const inputs = given.inputs.map((name) => this.#replaced.get(name) ?? name);
      if (layer !== undefined) {
        const activation = tensors.find(({ name }) => name === given.inputs[0]) as QuantisableTensor;
        const { scale } = this.#scaleOf(activation);
        const name = given.outputs[0] as string;
        const weights = quantiseWeights(label(name, 'weights'), layer.weights, layer.axis, layer.bias, scale);
        inputs[1] = this.#constant(label(name, 'weights'), weights.values, weights.scales, layer.axis);
        if (weights.bias !== undefined) {
          inputs[2] = this.#constant(label(name, 'bias'), weights.bias.values, weights.bias.scales, 0);
        }
      }
      const same = inputs.every((name, index) => name === given.inputs[index]);
      this.#nodes.push(same ? given : withInputs(given, inputs));
      for (const name of given.outputs) after(name);
    }
    const read = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    return {
      ...graph,
      nodes: this.#nodes,
      initializers: [...graph.initializers.filter(({ name }) => read.has(name)), ...this.#initializers],
      opsets: this.#domain === '' ? graph.opsets : { ...graph.opsets, [this.#domain]: 1 },
    };
  }

  /** Rounds an activation to 8 bits and gives its readers the float32 values of the integers. */
  #round(tensor: QuantisableTensor): void {
    const { scale, zeroPoint } = this.#scaleOf(tensor);
    const [scaleName, zeroName] = [label(tensor.name, 'scale'), label(tensor.name, 'zero')];
    const [integers, values] = [label(tensor.name, 'uint8'), label(tensor.name, 'value')];
    this.#initializers.push(scalar(scaleName, Float32Array.of(scale)), scalar(zeroName, Uint8Array.of(zeroPoint)));
    this.#nodes.push(
      this.#node('QuantizeLinear', [tensor.source, scaleName, zeroName], integers),
      this.#node('DequantizeLinear', [integers, scaleName, zeroName], values),
    );
    this.#replaced.set(tensor.name, values);
  }

  /** Integers with a scale for each channel, as float32 values: ONNX Runtime takes the integers. */
  #constant(name: string, integers: Initializer, scales: Initializer, axis: number): string {
    this.#initializers.push(integers, scales);
    this.#nodes.push(this.#node('DequantizeLinear', [integers.name, scales.name], name, { axis }));
    return name;
  }

  #node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): OnnxNode {
    const made = node(operator, inputs, [output], attributes);
    return this.#domain === '' ? made : { ...made, encoded: [...made.encoded, ...stringField(7, this.#domain)] };
  }

  #scaleOf(tensor: QuantisableTensor): ActivationScale {
    const range = this.ranges[tensor.scaledAs];
    if (range === undefined) {
      throw new ModelError('precision', `the calibration has no range for tensor '${tensor.scaledAs}'`, {
        remedy: 'It was made for another network: calibrate again (delete _calibration.json, or name a new directory).',
      });
    }
    return activationScale(range);
  }
}
