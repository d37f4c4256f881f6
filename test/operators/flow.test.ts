import { lastValueFrom, map, merge, share, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FlowError, UsageError } from '../../src/core/errors.ts';
import { BudgetTooSmallError } from '../../src/operators/budget.ts';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, type Block, BlockReader, deferred, left, settled } from './support/elements.ts';

describe('a flow', () => {
  it.each([
    [30, 30],
    // While the source gives an element to an idle operation, both hold it: there is room for the
    // result beside it, of 8 bytes as the first one was.
    [39, 38],
  ])('holds no more than its budget of %i while a slow operation keeps elements: %i', async (budget, peak) => {
    const flow = new Flow(budget);
    const release = deferred<void>();
    const reader = new BlockReader(20);
    const done = lastValueFrom(
      flow.source(() => reader, BLOCKS).pipe(flow.mapAsync(() => release.promise, { concurrency: 1 })),
    );
    await settled();
    expect([flow.held, reader.blocks.length]).toEqual([30, 3]);
    release.resolve();
    await done;
    expect([reader.blocks.length, flow.peakHeld]).toEqual([20, peak]);
  });

  it.each([
    [39, 3],
    [38, 2],
  ])(
    'leaves room in a budget of %i for as much as an operator once kept unannounced: %i blocks',
    async (budget, blocks) => {
      const flow = new Flow(budget);
      const release = deferred<void>();
      const reader = new BlockReader(20);
      const holder = flow.scope('keeps').reservation('rows');
      holder.grow(1);
      holder.grow(9);
      holder.shrink(10);
      const done = lastValueFrom(
        flow.source(() => reader, BLOCKS).pipe(flow.mapAsync(() => release.promise, { concurrency: 1 })),
      );
      await settled();
      expect(reader.blocks.length).toBe(blocks);
      holder.free();
      release.resolve();
      await done;
    },
  );

  it('forgets the room for unannounced additions with the scope that made them', async () => {
    const flow = new Flow(1000, { maxOvercommit: 0 });
    const grew = flow.scope('grew').reservation('rows');
    const grows = flow.scope('grows').reservation('rows');
    for (const holder of [grew, grows]) holder.grow(1);
    grew.grow(990);
    grew.shrink(991);
    grows.grow(300);
    grows.shrink(301);
    const peak = async () => {
      const release = deferred<void>();
      const done = lastValueFrom(
        flow.source(() => new BlockReader(200), BLOCKS).pipe(flow.mapAsync(() => release.promise, { concurrency: 1 })),
      );
      const elsewhere = flow.meter('elsewhere').busy();
      await settled();
      const { held } = flow;
      elsewhere.end();
      release.resolve();
      await done;
      return held;
    };
    expect(await peak()).toBe(10);
    grew.free();
    expect(await peak()).toBe(700);
    grows.free();
    expect(await peak()).toBe(1000);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('counts an element that several operators hold once', async () => {
    const flow = new Flow(1000);
    const release = deferred<void>();
    const blocks = flow.source(() => new BlockReader(4), BLOCKS).pipe(share());
    const slow = flow.mapAsync(() => release.promise, { concurrency: 4 });
    const done = lastValueFrom(merge(blocks.pipe(slow), blocks.pipe(slow), blocks.pipe(flow.window(9))));
    await settled();
    expect(flow.held).toBe(20 * 2);
    release.resolve();
    await done;
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails the stuck source with an error that names the holders', async () => {
    const flow = new Flow(25, { maxOvercommit: 0 });
    const scope = flow.scope('trailer-1');
    const windows = scope.source(() => new BlockReader(9), BLOCKS).pipe(scope.window(5, { name: 'clip' }));
    const error = await lastValueFrom(windows).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BudgetTooSmallError);
    const { code, holders, needed, budget, message, remedy } = error as BudgetTooSmallError;
    expect({ code, holders, needed, budget }).toEqual({
      code: 'budget-too-small',
      holders: [{ scope: 'trailer-1', operator: 'clip', bytes: 20 }],
      needed: 30,
      budget: 25,
    });
    expect(message).toContain("'trailer-1/blocks' needs 10 B more");
    expect(message).toContain("'trailer-1/clip' 20 B");
    expect(remedy).toContain('30 bytes');
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('goes over its budget by single elements, counted and capped, when nothing else can move', async () => {
    const flow = new Flow(25, { maxOvercommit: 25 });
    await lastValueFrom(flow.source(() => new BlockReader(10), BLOCKS).pipe(flow.window(5)));
    const { overcommits, peakOvercommit, peakHeld } = flow.metrics();
    expect([overcommits, peakOvercommit, peakHeld]).toEqual([6, 25, 50]);
  });

  it('by default goes a quarter of its budget over, not more', async () => {
    const whole = new Flow(40);
    await lastValueFrom(whole.source(() => new BlockReader(5), BLOCKS).pipe(whole.window(5)));
    expect(whole.metrics().peakOvercommit).toBe(10);
    const stuck = new Flow(39);
    await expect(lastValueFrom(stuck.source(() => new BlockReader(5), BLOCKS).pipe(stuck.window(5)))).rejects.toThrow(
      BudgetTooSmallError,
    );
  });

  it('refuses an element that alone is larger than budget and overcommit', async () => {
    const flow = new Flow(10, { maxOvercommit: 4 });
    const big = flow.source(() => new BlockReader(1, 15), { ...BLOCKS, estimate: 15 });
    await expect(lastValueFrom(big)).rejects.toThrow('nothing is held');
  });

  it('runs a partial batch rather than going over its budget', async () => {
    const flow = new Flow(40, { maxOvercommit: 0 });
    const sizes: number[] = [];
    const session = flow.microBatch<Block, number>({
      name: 'session',
      maxCount: 100,
      maxDelay: 60_000,
      run: async (batch) => {
        sizes.push(batch.length);
        return batch.map((block) => block.data);
      },
    });
    await lastValueFrom(flow.source(() => new BlockReader(10), BLOCKS).pipe(session.batch()));
    expect([sizes, flow.metrics().pressureFlushes]).toEqual([[4, 4, 2], 2]);
  });

  it('leaves as much room free as an unannounced holder grew by at once', async () => {
    const flow = new Flow(100);
    const holder = flow.scope('one').reservation('list');
    holder.grow(40);
    holder.grow(15);
    const hold = deferred<void>();
    const subscription = flow
      .source(() => new BlockReader(9), BLOCKS)
      .pipe(
        flow.mapAsync(() => hold.promise, { concurrency: 1 }),
        take(9),
      )
      .subscribe();
    const other = flow.meter('elsewhere').busy();
    await settled();
    expect(flow.held).toBe(55 + 30);
    subscription.unsubscribe();
    hold.resolve();
    holder.free();
    other.end();
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('refuses nonsense from a holder', () => {
    const holder = new Flow(100).scope('one').reservation('list');
    holder.grow(4);
    expect(() => holder.shrink(5)).toThrow('at most the 4 kept');
    expect(() => holder.grow(-1)).toThrow(UsageError);
    holder.free();
    holder.free();
    expect(holder.bytes).toBe(0);
    expect(() => holder.grow(1)).toThrow('freed');
  });

  it('is not stuck while an operator outside of it says that it is busy', async () => {
    const flow = new Flow(20, { maxOvercommit: 0 });
    const elsewhere = flow.meter('commit').busy();
    const scope = flow.scope('one');
    const holder = scope.reservation('rows');
    holder.grow(20);
    const done = lastValueFrom(scope.source(() => new BlockReader(2), BLOCKS).pipe(map((block) => block.data)));
    await settled();
    expect(flow.registered).toBeGreaterThan(0);
    holder.free();
    elsewhere.end();
    elsewhere.end();
    expect(await done).toBe(1);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('wakes a waiting source only when use has fallen to the low watermark', async () => {
    const flow = new Flow(100, { lowWatermark: 0.5 });
    const gates = Array.from({ length: 20 }, () => deferred<void>());
    const reader = new BlockReader(20);
    const done = lastValueFrom(
      flow
        .source(() => reader, BLOCKS)
        .pipe(
          flow.mapAsync((block) => gates[block.data]?.promise as Promise<void>, {
            concurrency: 20,
            resultCost: () => 0,
          }),
        ),
    );
    const counts: number[] = [];
    for (const gate of gates.slice(0, 5)) {
      await settled();
      counts.push(reader.blocks.length);
      gate.resolve();
    }
    await settled();
    counts.push(reader.blocks.length);
    expect(counts).toEqual([10, 10, 10, 10, 10, 15]);
    for (const gate of gates) gate.resolve();
    await done;
  });

  it.each([
    [() => new Flow(0), 'a size'],
    [() => new Flow(10, { lowWatermark: 2 }), '`lowWatermark`'],
    [() => new Flow(10, { yieldAfter: -1 }), '`yieldAfter`'],
    [() => new Flow(10, { metricsEvery: 0 }), '`metricsEvery`'],
    [() => new Flow(10, { maxOvercommit: '-1' }), 'a size'],
    [() => new Flow(10, { onLateError: 3 as never }), '`onLateError`'],
    [() => new Flow(10).scope(''), '`name`'],
    [() => new Flow(10).meter(''), '`name`'],
  ])('refuses wrong arguments: %#', (make, part) => {
    expect(make).toThrow(part);
    expect(make).toThrow(UsageError);
  });

  it('serves its metrics as a stream while someone listens', async () => {
    const flow = new Flow(100, { metricsEvery: 1 });
    const values = await lastValueFrom(flow.metrics$.pipe(take(3), toArray()));
    expect(values.map((value) => value.budget)).toEqual([100, 100, 100]);
    expect(flow.metrics().wallSeconds).toBe(0);
  });
});

describe('a payload that was let go', () => {
  it('is refused by every holding operator, and by whoever reads it', async () => {
    const flow = new Flow(100);
    const kept: Block[] = [];
    await lastValueFrom(flow.source(() => new BlockReader(2), BLOCKS).pipe(map((block) => void kept.push(block))));
    expect(() => kept[0]?.data).toThrow(FlowError);
    const { from } = await import('rxjs');
    for (const operator of [
      flow.mapAsync(async (block: Block) => block.index, { concurrency: 1 }),
      flow.window<Block>(2),
      flow.delay<Block>(0),
    ]) {
      await expect(lastValueFrom(from(kept).pipe(operator as never))).rejects.toMatchObject({ code: 'recycled' });
    }
    const inArray = from([kept]).pipe(flow.mapAsync(async (list: Block[]) => list.length, { concurrency: 1 }));
    await expect(lastValueFrom(inArray)).rejects.toMatchObject({ code: 'recycled' });
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
