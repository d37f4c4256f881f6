import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { WorkerPool } from '../onnx/worker-pool.ts';

/**
 * An open network: rows in, vectors out, computed in worker threads. Do not change inputs until
 * `embed` has resolved. Call `close` when done.
 *
 * @example
 * const look = await network('alexnet', { weights: 'random:1' }).open();
 * const [vector] = await look.embed([new Uint8Array(224 * 224 * 3)]); // Float32Array(4096)
 * await look.close();
 */
export class Network<T extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly #pool: WorkerPool;
  readonly #rowLength: number;
  readonly #isBytes: boolean;

  /** Made by `UnopenedNetwork.open`. @internal */
  constructor(
    pool: WorkerPool,
    /** Name of the card. */
    readonly name: string,
    /** Length of a vector. */
    readonly dimension: number,
    /** Maximum number of inputs per call of `embed`. */
    readonly maxBatch: number,
    input: { readonly rowLength: number; readonly isBytes: boolean },
  ) {
    this.#pool = pool;
    this.#rowLength = input.rowLength;
    this.#isBytes = input.isBytes;
  }

  /** Number of threads that compute. */
  get workers(): number {
    return this.#pool.workers;
  }

  /** Number of calls of `embed` worth running at once; further ones wait. */
  get concurrency(): number {
    return this.#pool.concurrency;
  }

  /**
   * The vectors of up to `maxBatch` inputs, in order, each with its own memory.
   *
   * @param inputs - visual: uint8 RGB of height x width x 3; audio: float32 mono samples of one
   * patch.
   * @throws UsageError for a wrong count, type or length; SystemError `session` if a thread dies or
   * the network is closed.
   */
  async embed(inputs: readonly T[]): Promise<readonly Float32Array[]> {
    if (!Array.isArray(inputs) || inputs.length > this.maxBatch) {
      throw new UsageError(
        `\`inputs\` of ${this.name} must be an array of at most ${this.maxBatch}, but is ${shown(inputs)}`,
      );
    }
    if (inputs.length === 0) return [];
    for (const [index, input] of inputs.entries()) {
      const fits =
        (this.#isBytes ? input instanceof Uint8Array : input instanceof Float32Array) &&
        input.length === this.#rowLength;
      if (!fits) {
        const expected = `a ${this.#isBytes ? 'Uint8Array' : 'Float32Array'} of ${this.#rowLength}`;
        throw new UsageError(
          `\`inputs[${index}]\` of ${this.name} must be ${expected}, but is ${shown(input)} of ${input?.length}`,
        );
      }
    }
    const vectors: Float32Array[] = [];
    await this.#pool.run(inputs, (output) => {
      for (let start = 0; start < output.length; start += this.dimension) {
        vectors.push(output.slice(start, start + this.dimension));
      }
    });
    return vectors;
  }

  /**
   * Finishes running batches, refuses waiting ones, and frees threads and memory. May be called
   * more than once.
   */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Stops the threads at once: running and waiting batches fail with SystemError `session`, as if a
   * thread had died.
   */
  abort(): Promise<void> {
    return this.#pool.abort();
  }
}
