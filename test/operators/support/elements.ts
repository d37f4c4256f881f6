import type { Observable } from 'rxjs';
import type { Flow } from '../../../src/operators/flow.ts';
import { Frame } from '../../../src/operators/frame.ts';
import { Payload } from '../../../src/operators/payload.ts';
import type { PullSource } from '../../../src/operators/source.ts';
import { turns } from './random-graph.ts';

/** A payload of this many bytes that counts how often it became idle. */
export class Block extends Payload {
  idled = 0;

  constructor(
    readonly index: number,
    readonly byteLength: number = 10,
  ) {
    super();
  }

  /** Its index, as an operator would read its data. */
  get data(): number {
    this.assertLive(`block ${this.index}`);
    return this.index;
  }

  override onIdle(): void {
    this.idled++;
  }
}

/** A reader of `count` blocks that remembers what happened to it. */
export class BlockReader implements PullSource<Block> {
  readonly blocks: Block[] = [];
  closed = 0;

  constructor(
    readonly count: number,
    readonly bytes = 10,
  ) {}

  next(): Block | undefined {
    if (this.blocks.length === this.count) return undefined;
    const block = new Block(this.blocks.length, this.bytes);
    this.blocks.push(block);
    return block;
  }

  close(): void {
    this.closed++;
  }
}

/** Options of a source of blocks. */
export const BLOCKS = { name: 'blocks', cost: (block: Block) => block.byteLength, estimate: 10 };

/** So many blocks of 10 bytes. */
export function blocks(count: number): Block[] {
  return Array.from({ length: count }, (_, index) => new Block(index));
}

/** Their indices, read as an operator would read their data. */
export function indices(list: readonly Block[]): number[] {
  return list.map((block) => block.data);
}

/** A promise and how to settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A promise that the test settles. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Waits until everything that can run has run. */
export async function settled(): Promise<void> {
  await turns(12);
}

/** What must all be zero when a flow has nothing left. */
export function left(flow: Flow): number[] {
  return [flow.held, flow.reserved, flow.inFlight, flow.registered];
}

/** Bytes of a picture. */
export const PICTURE = 48;

/** So many pictures of 4 x 4 pixels whose memory is used again; every byte of one is its index. */
export function pictures(flow: Flow, count: number): Observable<Frame> {
  let index = 0;
  const next = () => {
    if (index === count) return undefined;
    const data = flow.pool.take(PICTURE).fill(index);
    return new Frame(data, 4, 4, index, index++ / 25, (memory) => flow.pool.give(memory));
  };
  return flow.source(() => ({ next }), { name: 'pictures', cost: (frame) => frame.byteLength, estimate: PICTURE });
}
