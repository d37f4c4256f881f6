import fc from 'fast-check';
import { concat, from, interval, lastValueFrom, map, NEVER, of, Subject, take, toArray, zip as zipOfRxjs } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, Block, BlockReader, blocks, indices, left, settled } from './support/elements.ts';

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

  it('with a timer paces its source, though the budget is full before it fires', async () => {
    const flow = new Flow(30, { maxOvercommit: 0 });
    const paced = flow
      .source(() => new BlockReader(12), BLOCKS)
      .pipe(
        flow.zip(interval(2), { otherCost: () => 0 }),
        map(([block, tick]) => [block.data, tick]),
        toArray(),
      );
    expect(await lastValueFrom(paced)).toEqual(Array.from({ length: 12 }, (_, index) => [index, index]));
    expect([flow.peakOvercommit, ...left(flow)]).toEqual([0, 0, 0, 0, 0]);
    const promised = flow
      .source(() => new BlockReader(12), BLOCKS)
      .pipe(flow.zip(from(settled().then(settled))), toArray());
    expect(await lastValueFrom(promised)).toHaveLength(1);
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('leaves nothing under way when it is unsubscribed while its partner is silent', async () => {
    const flow = new Flow(30, { maxOvercommit: 0 });
    const few = flow.source(() => new BlockReader(12), BLOCKS).pipe(flow.zip(concat(interval(1).pipe(take(2)), NEVER)));
    const subscription = few.subscribe();
    while (flow.metrics().operators.find(({ name }) => name === 'zip')?.out !== 2) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    subscription.unsubscribe();
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
