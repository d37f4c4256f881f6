import { attributeFloats, attributeScalar, attributeText, domainOf } from './encoded-node.ts';
import type { OnnxNode } from './onnx-graph.ts';

/** Sizes of a tensor's axes. */
export type Shape = readonly number[];

/**
 * What a rule knows about an operation: its attributes, and the shapes and values of its inputs as
 * far as they are known.
 */
export interface OperationInputs {
  /** Shape of an input, or undefined if it is unknown. */
  shape(index: number): Shape | undefined;
  /** Values of a small input, or undefined if they are not known before the network runs. */
  values(index: number): readonly number[] | undefined;
}

/**
 * Thrown by a rule if the shape depends on something unknown: the output is then treated as
 * unknown.
 */
export class NotInferred extends Error {}

/**
 * An operation as seen by a shape inference rule. Asking for anything unknown ends the rule with
 * `NotInferred`.
 */
export class ShapeOperation {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: OperationInputs,
  ) {}

  /** Whether an input is present; optional ones may be left out. */
  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  shape(index = 0): Shape {
    const shape = this.has(index) ? this.inputs.shape(index) : undefined;
    if (shape === undefined) throw new NotInferred();
    return shape;
  }

  values(index: number): readonly number[] {
    const values = this.has(index) ? this.inputs.values(index) : undefined;
    if (values === undefined) throw new NotInferred();
    return values;
  }

  integer(name: string, usual: number): number {
    return this.node.attributes[name]?.[0] ?? usual;
  }

  integers(name: string): readonly number[] | undefined {
    return this.node.attributes[name];
  }

  floats(name: string): readonly number[] | undefined {
    return attributeFloats(this.node, name);
  }

  text(name: string): string | undefined {
    return attributeText(this.node, name);
  }

  /** The one value of an attribute that is a tensor. */
  scalar(name: string): number | undefined {
    return attributeScalar(this.node, name);
  }

  /**
   * Integers that are an attribute in older operator sets and an input in newer ones; undefined if
   * neither is present.
   */
  integersOrInput(name: string, index: number): readonly number[] | undefined {
    return this.has(index) ? this.values(index) : this.integers(name);
  }

  /** An axis counted from the front. */
  axis(given: number, rank = this.shape().length): number {
    const axis = given < 0 ? given + rank : given;
    if (!(axis >= 0 && axis < rank)) throw new NotInferred();
    return axis;
  }

  /**
   * Whether it is one of ONNX's own operations, or of ONNX Runtime's: in other domains a name may
   * mean anything.
   */
  get isKnownDomain(): boolean {
    return ['', 'ai.onnx', 'com.microsoft', 'ai.onnx.ml'].includes(domainOf(this.node));
  }
}

/** Shapes of the outputs in order; missing ones are unknown. */
export type ShapeRule = (operation: ShapeOperation) => readonly Shape[];

/** Number of elements of a shape. */
export const elementsOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** The broadcast shape of operands (NumPy's rule). */
export function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.flatMap((shape) => shape[shape.length - rank + axis] ?? []).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new NotInferred();
    return sizes[0] ?? 1;
  });
}
