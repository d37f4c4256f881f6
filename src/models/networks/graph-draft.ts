import { given } from '../../core/given.ts';
import type { AttributeValue, Initializer } from '../onnx/onnx-graph.ts';
import type { TensorRole } from '../weights/random-weights.ts';
import type { TensorMaker } from './architecture.ts';

/** A weight tensor that a network needs. */
export interface WantedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: TensorRole;
}

/** An operation that is not encoded yet. */
export interface DraftNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Number of the layer that it belongs to. */
  readonly layer: number;
}

/** A constant that has not been computed yet, and the weights that it is computed from. */
export interface DraftInitializer {
  readonly name: string;
  readonly needs: readonly WantedTensor[];
  readonly make: (tensor: TensorMaker) => Initializer;
}

/** A graph under construction: nodes with their output shapes, before weights are read. */
export class GraphDraft {
  readonly nodes: DraftNode[] = [];
  readonly #initializers = new Map<string, DraftInitializer>();
  readonly #shapes = new Map<string, readonly number[]>();
  /** Number of the layer under construction. */
  layer = 0;
  /** Name of the tensor that the next layer reads. */
  last: string;

  /** @param shape - of one row of the input. */
  constructor(input: string, shape: readonly number[]) {
    this.last = input;
    this.#shapes.set(input, shape);
  }

  /** Shape of one row of a tensor. */
  shapeOf(name: string): readonly number[] {
    const shape = this.#shapes.get(name);
    if (!shape) throw new RangeError(`a layer reads '${name}', which no earlier layer produces`);
    return shape;
  }

  /**
   * Adds an operation and returns the name of its output, which the next layer reads unless told
   * otherwise.
   */
  append(
    operator: string,
    inputs: readonly string[],
    output: string,
    shape: readonly number[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  ): string {
    if (this.#shapes.has(output)) throw new RangeError(`two layers produce '${output}'`);
    this.nodes.push({ operator, inputs, output, attributes: given(attributes), layer: this.layer });
    this.#shapes.set(output, shape);
    this.last = output;
    return output;
  }

  /** Adds a weight tensor unchanged and returns its name. */
  weight(name: string, shape: readonly number[], role: TensorRole): string {
    return this.derived({
      name,
      needs: [{ name, shape, role }],
      make: (tensor) => tensor(name, shape, role),
    });
  }

  /** Adds a constant that is computed from weights and returns its name. */
  derived(initializer: DraftInitializer): string {
    this.#initializers.set(initializer.name, initializer);
    return initializer.name;
  }

  /** The operations that a tensor depends on, in order. */
  reaching(target: string): readonly DraftNode[] {
    const wanted = new Set([target]);
    return this.nodes
      .toReversed()
      .filter(({ inputs, output }) => {
        if (!wanted.has(output)) return false;
        for (const name of inputs) wanted.add(name);
        return true;
      })
      .reverse();
  }

  /** The constants that operations read, in the order in which the layers added them. */
  initializersOf(nodes: readonly DraftNode[]): readonly DraftInitializer[] {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    return [...this.#initializers.values()].filter(({ name }) => read.has(name));
  }
}
