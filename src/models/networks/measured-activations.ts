import { AskedOnce } from '../../core/asked-once.ts';
import { UsageError } from '../../core/errors.ts';
import { measureRun, type RunGuard } from '../onnx/measure-run.ts';
import type { SessionPart } from '../onnx/session.ts';
import type { AssembledNetwork } from './assemble.ts';
import { type PartBytes, partBytes } from './network-memory.ts';

/** Maximum number of rows that convolutions run at once: more gain nothing and cost memory. */
const convolutionRows = 8;
/**
 * Limit on the activations that convolutions hold at once, unless a single row exceeds it: VGG16
 * runs 2 rows at once, the others 8.
 */
const activationBytes = 64 * 1024 * 1024;

const known = new WeakMap<AssembledNetwork, Activations>();

/** What is known about a network's activations, shared by all who ask. */
export function activationsOf(network: AssembledNetwork): Activations {
  const found = known.get(network) ?? new Activations(network);
  known.set(network, found);
  return found;
}

/**
 * The size of a network's activations for one row, part by part: inferred from its operations, or
 * else measured.
 */
class Activations {
  readonly #network: AssembledNetwork;
  #inferred: readonly (PartBytes | undefined)[] | undefined;
  readonly #measuring = new AskedOnce<readonly number[]>();
  #measured: readonly number[] = [];

  constructor(network: AssembledNetwork) {
    this.#network = network;
  }

  /**
   * Runs one row in a separate process, unless everything is known.
   *
   * @param parts - the parts that the network runs in.
   * @param guard - may end that process.
   * @throws SystemError `session` if it cannot be run; whatever error the guard refuses with.
   */
  async measure(name: string, parts: () => readonly SessionPart[], guard?: RunGuard): Promise<void> {
    if (this.#network.parts.every((_, index) => this.#bytes(index) !== undefined)) return;
    this.#measured = await this.#measuring.ask(async () => (await measureRun(name, parts(), guard)).bytesPerRow);
  }

  /** Adopts the measurements of a network that this one is a one-part form of. */
  takeFrom(other: Activations): void {
    if (other.#measured.length > 0) this.#measured = [Math.max(...other.#measured)];
  }

  /**
   * Bytes of a part's activations at their widest.
   *
   * @throws UsageError if they are neither known nor measured.
   */
  bytes(index: number, name: string): PartBytes {
    const bytes = this.#bytes(index);
    if (bytes !== undefined) return bytes;
    throw new UsageError(`the memory that ${name} needs cannot be inferred from its operations`, {
      remedy: 'Call `await plan.measure()` first: it runs one row.',
    });
  }

  /** How many rows of a batch a part runs at once. */
  rows(index: number, batch: number): number {
    const { convolutional, fixedRows } = this.#network;
    if (fixedRows !== undefined) return fixedRows;
    const bytes = this.#bytes(index);
    if (bytes === undefined) return 1;
    if (convolutional[index] !== true) return batch;
    return Math.min(batch, convolutionRows, Math.max(1, Math.floor(activationBytes / Math.max(1, bytes.perRow))));
  }

  #bytes(index: number): PartBytes | undefined {
    this.#inferred ??= partBytes(this.#network.parts);
    const measured = this.#measured[index];
    return this.#inferred[index] ?? (measured === undefined ? undefined : { perRow: measured, once: 0 });
  }
}
