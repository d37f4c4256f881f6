import { attributeFloats, attributeScalar, attributeText, domainOf } from './encoded-node.ts';
import type { OnnxNode } from './onnx-graph.ts';

/** Sizes of a tensor's axes. */
export type Shape = readonly number[];

/**
 * What a rule knows of one operation: its attributes, and the shapes and values of its inputs as
 * far as they are known.
 */
export interface OperationInputs {
  /** Shape of an input, or undefined when it is not known. */
  shape(index: number): Shape | undefined;
  /**
   * Values of an input of few elements, or undefined when they are not known before the network
   * runs.
   */
  values(index: number): readonly number[] | undefined;
}

/**
 * Thrown by a rule when the shape depends on what is not known: the driver takes the output as
 * unknown.
 */
export class NotInferred extends Error {}

/**
 * One operation as a rule of shape inference reads it. Whatever is asked for and not known ends the
 * rule with `NotInferred`.
 */
export class ShapeOperation {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    readonly inputs: OperationInputs,
  ) {}

  /** Whether an input is given; optional ones may be left out. */
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
   * Integers that older operator sets give as an attribute and newer ones as an input; undefined
   * when neither is there.
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
   * Whether it is one of ONNX's own operations, or of ONNX Runtime's: other domains may mean
   * anything by a name.
   */
  get isKnownDomain(): boolean {
    return ['', 'ai.onnx', 'com.microsoft', 'ai.onnx.ml'].includes(domainOf(this.node));
  }
}

/** Shapes of the outputs in order; those that are left out are unknown. */
export type ShapeRule = (operation: ShapeOperation) => readonly Shape[];

/** How many elements a shape has. */
export const elementsOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** The common shape of operands that are repeated along axes of length 1 (NumPy's rule). */
export function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.flatMap((shape) => shape[shape.length - rank + axis] ?? []).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new NotInferred();
    return sizes[0] ?? 1;
  });
}
