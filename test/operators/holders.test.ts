import fc from 'fast-check';
import {
  bufferCount,
  concat,
  from,
  lastValueFrom,
  NEVER,
  of,
  Subject,
  take,
  throwError,
  toArray,
  zip as zipOfRxjs,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, Block, BlockReader, left, settled } from './support/elements.ts';

const blocks = (count: number) => Array.from({ length: count }, (_, index) => new Block(index));
const indices = (list: readonly Block[]) => list.map((block) => block.data);

describe('window', () => {
  it('equals RxJS bufferCount for steps of at least its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.integer({ min: 1, max: 6 }), fc.nat(4), async (count, size, more) => {
        const flow = new Flow(1000);
        const seen: number[][] = [];
        from(blocks(count))
          .pipe(flow.window(size, { step: size + more }))
          .subscribe((list) => seen.push(indices(list)));
        const numbers = from(Array.from({ length: count }, (_, index) => index));
        expect(seen).toEqual(await lastValueFrom(numbers.pipe(bufferCount(size, size + more), toArray())));
        expect(left(flow)).toEqual([0, 0, 0, 0]);
      }),
    );
  });

  it('overlaps when its step is smaller, and gives the rest once', () => {
    const flow = new Flow(1000);
    const seen: number[][] = [];
    from(blocks(6))
      .pipe(flow.window(4, { step: 1 }))
      .subscribe((list) => seen.push(indices(list)));
    from(blocks(6))
      .pipe(flow.window(4, { step: 3 }))
      .subscribe((list) => seen.push(indices(list)));
    expect(seen).toEqual([
      [0, 1, 2, 3],
      [1, 2, 3, 4],
      [2, 3, 4, 5],
      [0, 1, 2, 3],
      [3, 4, 5],
    ]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('holds what it gathers and lets go of it after the downstream had it, or left', () => {
    const flow = new Flow(1000);
    const input = new Subject<Block>();
    const list = blocks(5);
    const subscription = input
      .pipe(flow.window(3))
      .subscribe((window) => expect(window.every((it) => !it.idle)).toBe(true));
    for (const block of list) input.next(block);
    expect([flow.held, list.map((block) => block.idled)]).toEqual([20, [1, 1, 1, 0, 0]]);
    subscription.unsubscribe();
    expect(list.map((block) => block.idled)).toEqual([1, 1, 1, 1, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('refuses wrong sizes', () => {
    expect(() => new Flow(10).window(0)).toThrow('`size`');
    expect(() => new Flow(10).window(1, { step: 0 })).toThrow('`step`');
  });
});

describe('buffer', () => {
  it('gives what came since the last signal, an empty array for none, and the rest at the end', () => {
    const flow = new Flow(1000);
    const [input, signal] = [new Subject<Block>(), new Subject<void>()];
    const seen: (number[] | string)[] = [];
    input
      .pipe(flow.buffer(signal))
      .subscribe({ next: (list) => seen.push(indices(list)), complete: () => seen.push('end') });
    signal.next();
    input.next(new Block(0));
    input.next(new Block(1));
    expect(flow.held).toBe(20);
    signal.next();
    expect(flow.held).toBe(0);
    signal.complete();
    input.next(new Block(2));
    input.complete();
    expect(seen).toEqual([[], [0, 1], [2], 'end']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails with the error of its signal and releases', async () => {
    const flow = new Flow(1000);
    const input = concat(from(blocks(3)), NEVER);
    await expect(lastValueFrom(input.pipe(flow.buffer(throwError(() => new Error('signal')))))).rejects.toThrow(
      'signal',
    );
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(() => flow.buffer(3 as never)).toThrow('closing');
  });
});

describe('zip', () => {
  it('equals RxJS zip', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(8), fc.nat(8), async (a, b) => {
        const flow = new Flow(1000);
        const pairs: number[][] = [];
        let completed = false;
        from(blocks(a))
          .pipe(flow.zip(from(blocks(b))))
          .subscribe({ next: (pair) => pairs.push(indices(pair)), complete: () => (completed = true) });
        const reference = zipOfRxjs(of(...Array(a).keys()), of(...Array(b).keys()));
        expect(pairs).toEqual(await lastValueFrom(reference.pipe(toArray())));
        expect([completed, ...left(flow)]).toEqual([true, 0, 0, 0, 0]);
      }),
    );
  });

  it('holds what waits for its partner, on either side, and releases a pair after it was given', () => {
    const flow = new Flow(1000);
    const [one, two] = [new Subject<Block>(), new Subject<Block>()];
    const subscription = one
      .pipe(flow.zip(two))
      .subscribe(([a, b]) => expect([a.idle, b.idle]).toEqual([false, false]));
    one.next(new Block(0));
    one.next(new Block(1, 30));
    expect(flow.held).toBe(40);
    two.next(new Block(0));
    expect(flow.held).toBe(30);
    two.next(new Block(1));
    two.next(new Block(2, 7));
    expect(flow.held).toBe(7);
    subscription.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('completes when one side ended and waits for nothing', () => {
    const flow = new Flow(1000);
    const [one, two] = [new Subject<number>(), new Subject<number>()];
    let completed = 0;
    one.pipe(flow.zip(two)).subscribe({ complete: () => completed++ });
    one.next(1);
    one.complete();
    expect(completed).toBe(0);
    two.next(1);
    expect(completed).toBe(1);
    expect(() => flow.zip(3 as never)).toThrow('other');
  });

  it('whose sides run too far apart fails naming itself as the holder', async () => {
    const flow = new Flow(50, { maxOvercommit: 0 });
    const ahead = flow.source(() => new BlockReader(20), BLOCKS);
    const pairs = ahead.pipe(flow.zip(new Subject<number>()));
    await expect(lastValueFrom(pairs)).rejects.toMatchObject({
      holders: [{ scope: 'flow', operator: 'zip', bytes: 50 }],
    });
  });
});

describe('delay', () => {
  it('gives each element on later, in order, holds it meanwhile, and ends after the last', async () => {
    const flow = new Flow(1000);
    const seen: number[] = [];
    const start = performance.now();
    const done = lastValueFrom(from(blocks(3)).pipe(flow.delay(10), toArray()));
    from(blocks(2))
      .pipe(flow.delay(0))
      .subscribe((block) => seen.push(block.data));
    expect([flow.held, flow.inFlight]).toEqual([50, 2]);
    expect((await done).map((block) => block.index)).toEqual([0, 1, 2]);
    expect(performance.now() - start).toBeGreaterThan(8);
    expect(seen).toEqual([0, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('is not taken for stuck while it waits', async () => {
    const flow = new Flow(20, { maxOvercommit: 0 });
    const all = await lastValueFrom(flow.source(() => new BlockReader(7), BLOCKS).pipe(flow.delay(2), toArray()));
    expect([all.length, flow.peakHeld]).toEqual([7, 20]);
  });

  it('lets go of all when the subscriber leaves, also inside next', async () => {
    const flow = new Flow(1000);
    concat(from(blocks(3)), NEVER)
      .pipe(flow.delay(0), take(1))
      .subscribe();
    const waiting = from(blocks(3)).pipe(flow.delay(60_000)).subscribe();
    await settled();
    waiting.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(() => flow.delay(-1)).toThrow('`milliseconds`');
  });
});
