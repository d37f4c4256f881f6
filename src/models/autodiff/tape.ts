import { UsageError } from '../../core/errors.ts';
import { type Dimension, type FloatType, GraphEmitter, type Tensor } from './emitter.ts';
import type { Initialiser } from './initialisers.ts';

/**
 * A weight of a module (trained), or a running statistic of it (kept up by the step, without a
 * gradient).
 */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  readonly kind: 'weight' | 'statistic';
  /** As the graph has it: of a table that stands outside, the rows that a batch names. */
  readonly tensor: Tensor;
  /** Of a table that stands outside the graph: the feed whose numbers name its rows. */
  readonly lookedUpBy?: string | undefined;
}

/**
 * A table of at least this many rows stands outside the graph unless told otherwise: a step that
 * writes all of a smaller one costs little.
 */
const sparseRows = 10_000;

/**
 * A table and the rows of it that a batch names.
 *
 * @example
 * const { table, places } = tape.table('users', [138_493, 64], uniform, 'users');
 */
export interface LookUp {
  /** `rows x width`: the whole table, or each row that the batch names once. */
  readonly table: Tensor;
  /** int64 [batch]: which of the rows each row of the batch has. */
  readonly places: Tensor;
}

/** A dropout mask: an input that is filled again for each step. */
export interface Mask {
  readonly input: string;
  readonly shape: readonly Dimension[];
  /** Share of the values that are dropped. */
  readonly rate: number;
}

interface Recorded {
  readonly output: Tensor;
  readonly backward: (gradient: Tensor) => void;
}

/**
 * Records operators while they are written into a graph, so that their gradients can be written
 * after them: reverse-mode automatic differentiation whose result is not numbers but more nodes of
 * the same ONNX graph (Griewank and Walther, "Evaluating Derivatives", 2nd ed., chapter 3.2).
 *
 * @example
 * const tape = new Tape({ training: true });
 * const x = tape.graph.input('x', ['batch', 8]);
 * const kernel = tape.weight('kernel', [8, 1], glorotUniform);
 * const loss = meanSquaredError(tape, matmul(tape, x, kernel), tape.graph.input('y', ['batch', 1]));
 * tape.backward(loss);
 * tape.gradientOf(kernel);   // a tensor of the graph
 */
export class Tape {
  readonly graph: GraphEmitter;
  /** Whether dropout drops and batch normalisation uses the batch's own statistics. */
  readonly training: boolean;
  /**
   * Whether gradients of looked-up rows may be added by `ScatterND`, which a card does in an order
   * of its own each time; else by products of matrices.
   */
  readonly scatters: boolean;
  readonly #isFrozen: (name: string) => boolean;
  readonly #variables = new Map<string, Variable>();
  readonly #updates = new Map<string, Tensor>();
  readonly #masks: Mask[] = [];
  readonly #recorded: Recorded[] = [];
  readonly #tracked = new Set<string>();
  readonly #gradients = new Map<string, Tensor>();
  readonly #indices = new Map<string, Tensor>();
  readonly #sparse: boolean | undefined;

  /**
   * @param options.sparse whether tables stand outside the graph; undefined: those of at least
   * 10,000 rows.
   * @param options.isFrozen which weights the step carries on without training them. Default none.
   * @param options.scatters see `scatters`. Default true.
   */
  constructor(options: {
    training: boolean;
    precision?: FloatType | undefined;
    sparse?: boolean | undefined;
    isFrozen?: ((name: string) => boolean) | undefined;
    scatters?: boolean | undefined;
  }) {
    this.graph = new GraphEmitter(options.precision);
    this.training = options.training;
    this.scatters = options.scatters ?? true;
    this.#sparse = options.sparse;
    this.#isFrozen = options.isFrozen ?? (() => false);
  }

  /** All variables in the order in which they were made. */
  get variables(): readonly Variable[] {
    return [...this.#variables.values()];
  }

  get masks(): readonly Mask[] {
    return this.#masks;
  }

  /**
   * A trained weight, unless it is frozen.
   *
   * @throws UsageError when the name is taken.
   */
  weight(name: string, shape: readonly number[], initialiser: Initialiser): Tensor {
    if (this.#isFrozen(name)) return this.statistic(name, shape, initialiser);
    const tensor = this.#variable(name, shape, initialiser, 'weight');
    this.track(tensor);
    return tensor;
  }

  /**
   * A value that the step carries on without training it.
   *
   * @throws UsageError when the name is taken.
   */
  statistic(name: string, shape: readonly number[], initialiser: Initialiser): Tensor {
    return this.#variable(name, shape, initialiser, 'statistic');
  }

  /**
   * A table [rows, width] of which a batch reads some rows: those that the feed `lookedUpBy`, int32
   * [batch], names. A large one stands outside the graph: the rows that a batch names go in, each
   * once, and come out changed by the optimiser; the others stay as they are, moments of Adam
   * included, and the L2 term is of the named rows alone.
   *
   * @throws UsageError when the name is taken.
   */
  table(
    name: string,
    shape: readonly [number, number],
    initialiser: Initialiser,
    lookedUpBy: string,
    kind: Variable['kind'] = 'weight',
  ): LookUp {
    const isOutside = this.#sparse ?? shape[0] >= sparseRows;
    const outside = isOutside ? { axis: rowsOf(lookedUpBy), lookedUpBy } : undefined;
    const table = this.#variable(name, shape, initialiser, kind, outside);
    if (kind === 'weight') this.track(table);
    return { table, places: this.index(isOutside ? placesOf(lookedUpBy) : lookedUpBy) };
  }

  /** An int32 input [batch], as the int64 that lookups take. */
  index(name: string): Tensor {
    const known = this.#indices.get(name) ?? this.graph.cast(this.graph.input(name, ['batch'], 'int32'), 'int64');
    this.#indices.set(name, known);
    return known;
  }

  /** What a statistic becomes after the step. */
  update(statistic: Tensor, next: Tensor): void {
    this.#updates.set(statistic.name, next);
  }

  /** The tensor that a statistic becomes; itself when nothing updates it. */
  updateOf(statistic: Tensor): Tensor {
    return this.#updates.get(statistic.name) ?? statistic;
  }

  /**
   * An input that the trainer fills, for each step, with 0 (`rate` of the values) and 1 / (1 -
   * rate).
   */
  mask(shape: readonly Dimension[], rate: number): Tensor {
    const input = `mask/${this.#masks.length}`;
    this.#masks.push({ input, shape, rate });
    return this.graph.input(input, shape);
  }

  /** Asks for the gradient of a tensor that is not a weight, such as an input. */
  track(tensor: Tensor): void {
    this.#tracked.add(tensor.name);
  }

  /**
   * Whether the loss can depend on a weight through this tensor: only then is its gradient of use.
   */
  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.name);
  }

  /**
   * Records an operator: `backward` gets the gradient of the loss with respect to `output` and adds
   * to the gradients of `inputs`.
   *
   * @returns `output`.
   */
  record(inputs: readonly Tensor[], output: Tensor, backward: (gradient: Tensor) => void): Tensor {
    if (inputs.some((input) => this.tracks(input))) {
      this.track(output);
      this.#recorded.push({ output, backward });
    }
    return output;
  }

  /**
   * Adds to the gradient of a tensor. `total` gets what was added before, if anything, and gives
   * the sum, so that an operator can do both in one node (Gemm and ScatterND add as they go). Does
   * nothing for a tensor that is not tracked.
   */
  accumulate(tensor: Tensor, total: (before: Tensor | undefined) => Tensor): void {
    if (this.tracks(tensor)) this.#gradients.set(tensor.name, total(this.#gradients.get(tensor.name)));
  }

  /**
   * Adds `gradient()` to the gradient of a tensor; it is not called for one that is not tracked.
   */
  add(tensor: Tensor, gradient: () => Tensor): void {
    this.accumulate(tensor, (before) => (before ? this.graph.add(before, gradient()) : gradient()));
  }

  /** Writes the gradients of a scalar loss with respect to everything tracked. */
  backward(loss: Tensor): void {
    if (loss.shape.length !== 0) {
      throw new UsageError(`a loss must be a scalar, but tensor ${loss.name} has shape [${loss.shape}]`);
    }
    this.#gradients.set(loss.name, this.graph.real(1));
    for (const { output, backward } of [...this.#recorded].reverse()) {
      const gradient = this.#gradients.get(output.name);
      if (gradient) backward(gradient);
    }
  }

  /** The gradient of a tensor after `backward`, or nothing when the loss does not depend on it. */
  gradientOf(tensor: Tensor): Tensor | undefined {
    return this.#gradients.get(tensor.name);
  }

  #variable(
    name: string,
    shape: readonly number[],
    initialiser: Initialiser,
    kind: Variable['kind'],
    outside?: { readonly axis: string; readonly lookedUpBy: string },
  ): Tensor {
    if (this.#variables.has(name)) throw new UsageError(`a variable named '${name}' exists already`);
    const tensor: Tensor = {
      name: `variable/${name}`,
      shape: outside ? [outside.axis, ...shape.slice(1)] : shape,
      type: 'real',
    };
    const lookedUpBy = outside && { lookedUpBy: outside.lookedUpBy };
    this.#variables.set(name, { name, shape, initialiser, kind, tensor, ...lookedUpBy });
    return tensor;
  }
}

/** The input that says which of the rows handed in each row of the batch has. */
export function placesOf(feed: string): string {
  return `places/${feed}`;
}

/** The axis of the rows that a batch names. */
export function rowsOf(feed: string): string {
  return `rows/${feed}`;
}
