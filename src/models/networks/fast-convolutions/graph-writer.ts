import { type AttributeValue, constant, type Initializer, node, type OnnxNode } from '../../onnx/onnx-graph.ts';
import { prefixed } from '../preprocess.ts';

/**
 * The operations and constants of a graph that is being rewritten. Tensors that it creates have
 * unique names.
 */
export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #taken: ReadonlySet<string>;
  #made = 0;

  /** @param taken - names already used in the graph. */
  constructor(
    taken: Iterable<string>,
    /** The operator set of the graph. */
    readonly opset: number,
  ) {
    this.#taken = new Set(taken);
  }

  /** The constants that were added, in order. */
  get initializers(): readonly Initializer[] {
    return [...this.#initializers.values()];
  }

  /** Adds an operation and returns the name of its output. */
  append(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = this.#name('step'),
  ): string {
    this.nodes.push(node(operator, inputs, [output], attributes));
    return output;
  }

  /** Adds an operation as it is. */
  copy(made: OnnxNode): void {
    this.nodes.push(made);
  }

  /** Adds a constant under a new name and returns that name. */
  add(initializer: Initializer): string {
    const name = this.#name('constant');
    this.#initializers.set(name, { ...initializer, name });
    return name;
  }

  /**
   * A list of integers as a constant; -1 stands for the axis that depends on the number of rows.
   */
  integers(shape: readonly number[], values: readonly number[]): string {
    return this.#once(`integers ${shape} ${values}`, () => constant('', shape, BigInt64Array.from(values, BigInt)));
  }

  /** A matrix as a constant. */
  matrix(rows: readonly (readonly number[])[]): string {
    const shape = [rows.length, rows[0]?.length ?? 0];
    return this.#once(`matrix ${shape} ${rows}`, () => constant('', shape, Float32Array.from(rows.flat())));
  }

  /** The same values in another shape, in which one axis may be -1. */
  reshape(tensor: string, shape: readonly number[], output?: string): string {
    return this.append('Reshape', [tensor, this.integers([shape.length], shape)], {}, output);
  }

  readonly #constants = new Map<string, string>();

  #once(key: string, make: () => Initializer): string {
    const name = this.#constants.get(key) ?? this.add(make());
    this.#constants.set(key, name);
    return name;
  }

  #name(kind: string): string {
    for (;;) {
      const name = prefixed(`${kind}${this.#made++}`);
      if (!this.#taken.has(name)) return name;
    }
  }
}
