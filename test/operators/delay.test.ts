import { concat, from, lastValueFrom, NEVER, Subject, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, BlockReader, blocks, left, settled } from './support/elements.ts';
import { VirtualTime } from './support/virtual-time.ts';

describe('delay', () => {
  it('gives each element on later, in order, holds it meanwhile, and ends after the last', async () => {
    const time = VirtualTime.ofTest();
    const flow = new Flow(1000);
    const seen: number[] = [];
    const start = performance.now();
    const done = lastValueFrom(from(blocks(3)).pipe(flow.delay(10), toArray()));
    from(blocks(2))
      .pipe(flow.delay(0))
      .subscribe((block) => seen.push(block.data));
    expect([flow.held, flow.inFlight]).toEqual([50, 2]);
    expect((await time.until(done)).map((block) => block.index)).toEqual([0, 1, 2]);
    expect(performance.now() - start).toBe(10);
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

  it('in a loop that feeds its elements back sets one timer at a time, and leaves none behind', async () => {
    const flow = new Flow(10, { maxOvercommit: 0 });
    const loop = new Subject<number>();
    const seen: number[] = [];
    const inFlight: number[] = [];
    const subscription = loop.pipe(flow.delay(0, { cost: () => 1 })).subscribe((value) => {
      seen.push(value);
      if (value < 20) loop.next(value + 1);
      inFlight.push(flow.inFlight);
    });
    loop.next(0);
    while (seen.length < 21) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(seen).toEqual(Array.from({ length: 21 }, (_, index) => index));
    expect(Math.max(...inFlight)).toBeLessThan(2);
    await settled();
    expect(flow.inFlight).toBe(0);
    // The flow still sees when nothing can move.
    await expect(
      lastValueFrom(flow.source(() => new BlockReader(3), BLOCKS).pipe(flow.window(3))),
    ).rejects.toMatchObject({ code: 'budget-too-small' });
    subscription.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('ends after an element that the last one brought', async () => {
    const flow = new Flow(1000);
    const loop = new Subject<number>();
    const seen: (number | string)[] = [];
    loop.pipe(flow.delay(0)).subscribe({
      next: (value) => {
        seen.push(value);
        if (value === 0) {
          loop.next(1);
          loop.complete();
        }
      },
      complete: () => seen.push('end'),
    });
    loop.next(0);
    while (flow.registered > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(seen).toEqual([0, 1, 'end']);
  });
});
