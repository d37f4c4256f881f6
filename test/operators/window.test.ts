import fc from 'fast-check';
import { bufferCount, from, lastValueFrom, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { type Block, blocks, indices, left } from './support/elements.ts';

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
