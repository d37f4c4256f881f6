import { attributeText, domainOf } from '../../onnx/encoded-node.ts';
import type { Shape } from '../../onnx/infer-shapes.ts';
import { elementTypes, type Initializer, type OnnxNode } from '../../onnx/onnx-graph.ts';
import type { MaxPool } from './max-pool.ts';
import type { ConvolutionShape, FastForm } from './rule.ts';

/** What is known about a graph's tensors. */
export interface Tensors {
  /** The shape for one row, if it is certain. */
  readonly shape: (name: string) => Shape | undefined;
  readonly constant: (name: string) => Initializer | undefined;
}

/** A convolution of a graph that the rule takes. */
export interface PlannedConvolution {
  readonly form: FastForm;
  readonly weights: Initializer;
  readonly bias: Initializer | undefined;
  readonly padding: readonly [number, number];
  readonly size: readonly [number, number];
}

const isAll = (values: readonly number[] | undefined, value: number) => (values ?? []).every((each) => each === value);

/**
 * Padding above and to the left, or undefined if it depends on something that is not evaluated
 * here.
 */
function paddingOf(node: OnnxNode, kernel: readonly number[], isOfStrideOne: boolean): [number, number] | undefined {
  const automatic = attributeText(node, 'auto_pad') ?? 'NOTSET';
  const { pads = [0, 0, 0, 0] } = node.attributes;
  if (automatic === 'NOTSET') return pads.length === 4 ? [pads[0] as number, pads[1] as number] : undefined;
  if (automatic === 'VALID') return [0, 0];
  const isEven = kernel.some((length) => length % 2 === 0);
  return isOfStrideOne && !isEven ? [((kernel[0] as number) - 1) / 2, ((kernel[1] as number) - 1) / 2] : undefined;
}

/** The fast form of a convolution of stride 1 and one group, or undefined if it stays as it is. */
export type Rule = (shape: ConvolutionShape) => FastForm | undefined;

/**
 * The convolution of a node in the fast form: stride 1, one group, constant float32 weights, and a
 * shape that the rule takes; else undefined.
 */
export function plannedConvolution(node: OnnxNode, tensors: Tensors, rule: Rule): PlannedConvolution | undefined {
  const [input = '', weightName = '', biasName = ''] = node.inputs;
  if (node.operator !== 'Conv' || domainOf(node) !== '' || node.outputs.length !== 1) return undefined;
  const { strides, dilations, group } = node.attributes;
  if (!isAll(strides, 1) || !isAll(dilations, 1) || !isAll(group, 1)) return undefined;
  const [weights, bias] = [tensors.constant(weightName), tensors.constant(biasName)];
  const [from, to] = [tensors.shape(input), tensors.shape(node.outputs[0] ?? '')];
  if (from?.length !== 4 || to?.length !== 4 || weights?.shape.length !== 4) return undefined;
  if (biasName !== '' && bias === undefined) return undefined;
  if ([weights, bias].some((each) => each && each.elementType !== elementTypes.float32)) return undefined;
  const [filters, channels, taps, tapsAlong] = weights.shape as [number, number, number, number];
  const padding = paddingOf(node, [taps, tapsAlong], true);
  const size = [to[2] as number, to[3] as number] as const;
  if (taps !== tapsAlong || from[1] !== channels || padding === undefined) return undefined;
  const form = rule({ channels, filters, taps, size });
  return form && { form, weights, bias, padding, size };
}

/**
 * The pooling of a node, if every window has its maximum inside the picture and no other attribute
 * is set; else undefined.
 */
export function plannedPool(node: OnnxNode, tensors: Tensors): MaxPool | undefined {
  const { kernel_shape: kernel = [], strides = [1, 1], dilations } = node.attributes;
  const to = tensors.shape(node.outputs[0] ?? '');
  if (node.operator !== 'MaxPool' || domainOf(node) !== '' || node.outputs.length !== 1) return undefined;
  const padding = paddingOf(node, kernel, isAll(strides, 1));
  if (kernel.length !== 2 || to?.length !== 4 || padding === undefined || !isAll(dilations, 1)) return undefined;
  return {
    kernel: [kernel[0] as number, kernel[1] as number],
    strides: [strides[0] as number, strides[1] as number],
    padding,
    size: [to[2] as number, to[3] as number],
  };
}
