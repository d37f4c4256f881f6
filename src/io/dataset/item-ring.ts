import { FlowError, UsageError } from '../../core/errors.ts';
import type { Destinations, ItemReader } from './item-reader.ts';
import type { ItemShape } from './item-shape.ts';

/**
 * Number of simultaneous reads; more do not help (measured: 16 are as fast as 128, four are 1.3
 * times slower).
 */
const READS_AT_ONCE = 16;

/** What an iteration needs from its store. */
export interface ItemSource {
  readonly shape: ItemShape;
  readonly itemIds: readonly string[];
  readonly reader: ItemReader;
  /** Accounts for bytes that are now held or, if negative, released. */
  hold(bytes: number): void;
  checkOpen(): void;
  /** Registers work that must finish before the file is closed. */
  reading(work: Promise<void>): void;
}

/** The arrays of one batch. */
export interface BatchBuffer {
  readonly streams: readonly Float32Array[];
  readonly present: readonly Uint8Array[];
}

/**
 * The buffers of one iteration, and the single reader that fills them in the order of the requests.
 */
export class ItemRing {
  readonly #source: ItemSource;
  readonly #size: number;
  readonly #signal: AbortSignal | undefined;
  readonly #spare: BatchBuffer[];
  readonly #used: BatchBuffer[] = [];
  readonly #free: BatchBuffer[] = [];
  readonly #scratches: Buffer[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #held = 0;
  #closed = false;

  /**
   * `spare`: buffers of an earlier ring for batches of the same size, which are no longer in use.
   */
  constructor(source: ItemSource, size: number, signal: AbortSignal | undefined, spare: readonly BatchBuffer[]) {
    this.#spare = [...spare];
    this.#source = source;
    this.#size = size;
    this.#signal = signal;
  }

  /** Throws when the store is closed or the signal has aborted. */
  check(): void {
    if (this.#signal?.aborted) {
      throw new FlowError('aborted', 'reading batches of items was aborted', { cause: this.#signal.reason });
    }
    this.#source.checkOpen();
  }

  /** Reads items into a free buffer, after all earlier requests. */
  fill(items: Uint32Array): Promise<BatchBuffer> {
    const filled = this.#last.then(async () => {
      this.check();
      if (this.#closed) throw new FlowError('aborted', 'reading batches of items was ended');
      const buffer = this.#free.pop() ?? this.#newBuffer();
      const reading = this.#readAll(items, buffer);
      this.#source.reading(reading);
      await reading;
      return buffer;
    });
    // An error reaches the loop when it gets to that batch; a loop that ends earlier does not need
    // it.
    this.#last = filled.catch(() => undefined);
    return filled;
  }

  /** Returns a buffer, which may then be filled again. */
  giveBack(buffer: BatchBuffer): void {
    this.#free.push(buffer);
  }

  /**
   * Frees everything after pending reads have finished, and returns the buffers, which are then
   * spare.
   */
  async close(): Promise<readonly BatchBuffer[]> {
    this.#closed = true;
    await this.#last;
    this.#free.length = 0;
    this.#hold(-this.#held);
    return this.#used;
  }

  async #readAll(items: Uint32Array, buffer: BatchBuffer): Promise<void> {
    // Items are stored in the order of their numbers, so this reads forwards, which helps storage
    // that seeks slowly.
    const order = Uint32Array.from(items.keys()).sort((a, b) => (items[a] as number) - (items[b] as number));
    let next = 0;
    const readSome = async (scratch: Buffer): Promise<void> => {
      while (next < order.length && !this.#closed) {
        this.check();
        const place = order[next] as number;
        next += 1;
        const into = this.#destinations(buffer, place);
        const present = await this.#source.reader.read(items[place] as number, into, scratch);
        for (const [index, flags] of buffer.present.entries()) flags[place] = present[index] ? 1 : 0;
      }
    };
    const outcomes = await Promise.allSettled(this.#allScratches().map(readSome));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #destinations(buffer: BatchBuffer, place: number): Destinations {
    return buffer.streams.map((values) => {
      const length = values.length / this.#size;
      return values.subarray(place * length, (place + 1) * length);
    });
  }

  #allScratches(): readonly Buffer[] {
    while (this.#scratches.length < Math.min(READS_AT_ONCE, this.#size)) {
      const scratch = this.#source.reader.scratch();
      this.#scratches.push(scratch);
      this.#hold(scratch.length);
    }
    return this.#scratches;
  }

  #newBuffer(): BatchBuffer {
    const { subclips, streams } = this.#source.shape;
    const floats = streams.map(({ dimension }) => this.#size * subclips * dimension);
    const bytes = floats.reduce((sum, length) => sum + 4 * length + this.#size, 0);
    try {
      const buffer = this.#spare.pop() ?? {
        streams: floats.map((length) => new Float32Array(length)),
        present: floats.map(() => new Uint8Array(this.#size)),
      };
      this.#hold(bytes);
      this.#used.push(buffer);
      return buffer;
    } catch (error) {
      throw new UsageError(`a batch of ${this.#size} items takes ${bytes} bytes, which cannot be allocated`, {
        remedy: 'Take a smaller `batchSize`.',
        cause: error,
      });
    }
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#source.hold(bytes);
  }
}
