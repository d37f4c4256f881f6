import { UsageError } from '../../core/errors.ts';
import { type Dimension, type FloatType, GraphEmitter, type Tensor } from './emitter.ts';
import type { Initialiser } from './initialisers.ts';

/**
 * A weight of a module (trained), or one of its running statistics (updated by the step, without a
 * gradient).
 */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  readonly kind: 'weight' | 'statistic';
  /** Its tensor in the graph; for a table outside the graph, the rows that a batch names. */
  readonly tensor: Tensor;
  /** For a table outside the graph: the feed whose numbers name its rows. */
  readonly lookedUpBy?: string | undefined;
}

/**
 * By default a table of at least this many rows is kept outside the graph; writing a smaller one in
 * every step costs little.
 */
const sparseRows = 10_000;

/**
 * A table and the rows of it that a batch names.
 *
 * @example
 * declare const tape: Tape;
 * declare const uniform: Initialiser;
 * const { table, places } = tape.table('users', [138_493, 64], uniform, 'users');
 */
export interface LookUp {
  /** `rows x width`: the whole table, or each row that the batch names once. */
  readonly table: Tensor;
  /** int64 [batch]: which of the rows each row of the batch uses. */
  readonly places: Tensor;
}

/** A dropout mask: an input that is refilled for each step. */
export interface Mask {
  readonly input: string;
  readonly shape: readonly Dimension[];
  /** Share of the values that are dropped. */
  readonly rate: number;
  /**
   * Of a private step: the feeds that say which units there are, and which rows are whose, or the
   * number of rows that each unit has.
   */
  readonly byUnit?: { readonly units: string; readonly rows: string | number } | undefined;
}

interface Recorded {
  readonly output: Tensor;
  readonly backward: (gradient: Tensor) => void;
}

/**
 * Records operators while they are written into a graph, so that their gradients can be written
 * after them: reverse-mode automatic differentiation that produces not numbers but more nodes of
 * the same ONNX graph (Griewank and Walther, "Evaluating Derivatives", 2nd ed., chapter 3.2).
 *
 * @example
 * declare const zeros: Initialiser;
 * const tape = new Tape({ training: true });
 * const { graph } = tape;
 * const weight = tape.weight('weight', [], zeros);
 * const loss = graph.multiply(weight, weight);
 * tape.record([weight], loss, (gradient) => {
 *   tape.add(weight, () => graph.multiply(gradient, graph.multiply(graph.real(2), weight)));
 * });
 * tape.backward(loss);
 * tape.gradientOf(weight); // 2 w, a tensor of the graph
 */
export class Tape {
  readonly graph: GraphEmitter;
  /** Whether dropout drops and batch normalisation uses the batch's own statistics. */
  readonly training: boolean;
  /**
   * Whether gradients of looked-up rows may be added by `ScatterND`, which runs in a varying order
   * on a card; otherwise by matrix products.
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
   * @param options.sparse - whether tables are kept outside the graph; undefined: those of at least
   * 10,000 rows.
   * @param options.isFrozen - which weights the step passes on without training them. Default none.
   * @param options.scatters - see `scatters`. Default true.
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

  /** All variables in the order of their creation. */
  get variables(): readonly Variable[] {
    return [...this.#variables.values()];
  }

  get masks(): readonly Mask[] {
    return this.#masks;
  }

  /**
   * A trained weight, unless it is frozen.
   *
   * @throws UsageError if the name is taken.
   */
  weight(name: string, shape: readonly number[], initialiser: Initialiser): Tensor {
    if (this.#isFrozen(name)) return this.statistic(name, shape, initialiser);
    const tensor = this.#variable(name, shape, initialiser, 'weight');
    this.track(tensor);
    return tensor;
  }

  /**
   * A value that the step passes on without training it.
   *
   * @throws UsageError if the name is taken.
   */
  statistic(name: string, shape: readonly number[], initialiser: Initialiser): Tensor {
    return this.#variable(name, shape, initialiser, 'statistic');
  }

  /**
   * A table [rows, width] of which a batch reads the rows that the feed `lookedUpBy`, int32
   * [batch], names. A large one is kept outside the graph: the distinct rows that a batch names go
   * in, and come out updated by the optimiser; the others do not change, including their Adam
   * moments, and the L2 term covers only the named rows.
   *
   * @throws UsageError if the name is taken.
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

  /** Sets what a statistic becomes after the step. */
  update(statistic: Tensor, next: Tensor): void {
    this.#updates.set(statistic.name, next);
  }

  /** The tensor that a statistic becomes; itself if nothing updates it. */
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

  /** Requests the gradient of a tensor that is not a weight, such as an input. */
  track(tensor: Tensor): void {
    this.#tracked.add(tensor.name);
  }

  /**
   * Whether the loss can depend on a weight through this tensor; only then is its gradient needed.
   */
  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.name);
  }

  /**
   * Records an operator: `backward` receives the gradient of the loss with respect to `output` and
   * adds to the gradients of `inputs`.
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
   * Adds to the gradient of a tensor. `total` receives what was added before, if anything, and
   * returns the sum, so that an operator can do both in one node (Gemm and ScatterND can add). Does
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

  /** The gradient of a tensor after `backward`, or undefined if the loss does not depend on it. */
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

/** The input that says which of the passed rows each row of the batch uses. */
export function placesOf(feed: string): string {
  return `places/${feed}`;
}

/** The axis of the rows that a batch names. */
export function rowsOf(feed: string): string {
  return `rows/${feed}`;
}
