import { FlowError, UsageError } from '../../core/errors.ts';
import type { Destinations, ItemReader } from './item-reader.ts';
import type { ItemShape } from './item-shape.ts';

/**
 * Reads on their way at once; more do not help (measured: 16 as fast as 128, four 1.3 times
 * slower).
 */
const READS_AT_ONCE = 16;

/** What an iteration needs of its store. */
export interface ItemSource {
  readonly shape: ItemShape;
  readonly itemIds: readonly string[];
  readonly reader: ItemReader;
  /** Accounts for bytes that are held from now on, or, negative, no longer. */
  hold(bytes: number): void;
  checkOpen(): void;
  /** Work that must be over before the file is closed. */
  reading(work: Promise<void>): void;
}

/** The arrays of one batch. */
export interface BatchBuffer {
  readonly streams: readonly Float32Array[];
  readonly present: readonly Uint8Array[];
}

/**
 * The buffers of one iteration, and the one reader that fills them, in the order in which they are
 * asked for.
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
   * `spare`: buffers of an earlier ring for batches of the same size, which nobody uses any more.
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

  /** Reads items into a free buffer, after what was asked for before. */
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
    // An error reaches the loop when it comes to that batch; a loop that ends before has no use for
    // it.
    this.#last = filled.catch(() => undefined);
    return filled;
  }

  /** The buffer may be filled again. */
  giveBack(buffer: BatchBuffer): void {
    this.#free.push(buffer);
  }

  /**
   * Frees everything, after the reads that are on their way, and returns the buffers, which are
   * spare then.
   */
  async close(): Promise<readonly BatchBuffer[]> {
    this.#closed = true;
    await this.#last;
    this.#free.length = 0;
    this.#hold(-this.#held);
    return this.#used;
  }

  async #readAll(items: Uint32Array, buffer: BatchBuffer): Promise<void> {
    // Items stand in the file in the order of their numbers: storage that is slow to seek reads
    // forwards.
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
