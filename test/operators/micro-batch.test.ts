import { lastValueFrom, merge, of, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import type { MicroBatchOptions } from '../../src/operators/micro-batch-options.ts';
import { BLOCKS, Block, BlockReader, type Deferred, deferred, left, settled } from './support/elements.ts';
import { VirtualTime } from './support/virtual-time.ts';

/** A batcher whose runs the test settles, fed by subjects. */
function batching(options: Partial<MicroBatchOptions<Block, number>> = {}) {
  const flow = new Flow(1000);
  const runs: { indices: number[]; answer: Deferred<readonly number[]> }[] = [];
  const batcher = flow.microBatch<Block, number>({
    name: 'session',
    maxCount: 3,
    maxDelay: 60_000,
    run: (batch) => {
      const answer = deferred<readonly number[]>();
      runs.push({ indices: batch.map((block) => block.index), answer });
      return answer.promise;
    },
    ...options,
  });
  const pipeline = () => {
    const input = new Subject<Block>();
    const seen: (number | string)[] = [];
    const subscription = input.pipe(batcher.batch()).subscribe({
      next: (value) => seen.push(value),
      error: (error) => seen.push(error.code ?? error.message),
      complete: () => seen.push('end'),
    });
    return {
      input,
      seen,
      subscription,
      give: (...list: number[]) => list.map((index) => input.next(new Block(index))),
    };
  };
  const answer = async (run: number) => {
    runs[run]?.answer.resolve(runs[run]?.indices ?? []);
    await settled();
  };
  return { flow, batcher, runs, pipeline, answer };
}

describe('microBatch', () => {
  it('fills one batch from several pipelines and gives each its own results in order', async () => {
    const { flow, batcher, runs, pipeline, answer } = batching();
    const [left1, right1] = [pipeline(), pipeline()];
    left1.give(0);
    right1.give(10);
    expect(runs).toHaveLength(0);
    left1.give(1, 2);
    right1.give(11, 12);
    expect(runs.map((run) => run.indices)).toEqual([[0, 10, 1]]);
    await answer(0);
    expect(runs[1]?.indices).toEqual([2, 11, 12]);
    await answer(1);
    expect([left1.seen, right1.seen]).toEqual([
      [0, 1, 2],
      [10, 11, 12],
    ]);
    left1.input.complete();
    right1.input.complete();
    expect([left1.seen.at(-1), right1.seen.at(-1), batcher.batches, batcher.items]).toEqual(['end', 'end', 2, 6]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps the order of a pipeline when a later batch is ready first', async () => {
    const { pipeline, answer } = batching({ maxInFlight: 2 });
    const { give, seen } = pipeline();
    give(0, 1, 2, 3, 4, 5);
    await answer(1);
    expect(seen).toEqual([]);
    await answer(0);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('runs one batch at a time unless told otherwise, the next before results are given on', async () => {
    const { batcher, runs, answer } = batching();
    const input = new Subject<Block>();
    const runsAtResult: number[] = [];
    input.pipe(batcher.batch()).subscribe(() => runsAtResult.push(runs.length));
    for (let index = 0; index < 6; index += 1) input.next(new Block(index));
    expect(runs).toHaveLength(1);
    await answer(0);
    expect(runsAtResult).toEqual([2, 2, 2]);
    await answer(1);
    expect(runsAtResult).toHaveLength(6);
  });

  it('runs a batch that is not full when its oldest element has waited long enough', async () => {
    const time = VirtualTime.ofTest();
    const { runs, pipeline } = batching({ maxDelay: 5 });
    const { give } = pipeline();
    give(0, 1);
    expect(runs).toHaveLength(0);
    await time.until(new Promise((resolve) => setTimeout(resolve, 15)));
    expect(runs.map((run) => run.indices)).toEqual([[0, 1]]);
  });

  it('runs an overdue batch as soon as the one in flight has settled', async () => {
    const time = VirtualTime.ofTest();
    const { runs, pipeline, answer } = batching({ maxDelay: 5 });
    const { give } = pipeline();
    give(0, 1, 2, 3);
    await time.until(new Promise((resolve) => setTimeout(resolve, 15)));
    expect(runs).toHaveLength(1);
    await answer(0);
    expect(runs.map((run) => run.indices)).toEqual([[0, 1, 2], [3]]);
  });

  it('lets what is left over by a full batch wait no longer than `maxDelay` either', async () => {
    const time = VirtualTime.ofTest();
    const { runs, pipeline, answer } = batching({ maxDelay: 5 });
    pipeline().give(0, 1, 2, 3, 4, 5, 6, 7);
    await answer(0);
    await answer(1);
    await time.until(new Promise((resolve) => setTimeout(resolve, 15)));
    expect(runs.map((run) => run.indices)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  it('runs what waits when the last open pipeline has ended', async () => {
    const { runs, pipeline } = batching();
    const [one, two] = [pipeline(), pipeline()];
    one.give(0);
    one.input.complete();
    expect(runs).toHaveLength(0);
    two.subscription.unsubscribe();
    expect(runs.map((run) => run.indices)).toEqual([[0]]);
  });

  it('never puts more bytes than `maxBytes` in a batch of more than one element', async () => {
    const { runs, pipeline, answer } = batching({ maxCount: 9, maxBytes: 25 });
    const { give, input } = pipeline();
    give(0, 1);
    expect(runs).toHaveLength(0);
    give(2);
    expect(runs.map((run) => run.indices)).toEqual([[0, 1]]);
    input.next(new Block(3, 400));
    await answer(0);
    expect(runs[1]?.indices).toEqual([2]);
    await answer(1);
    expect(runs[2]?.indices).toEqual([3]);
  });

  it('fails the pipelines of a failed batch only', async () => {
    const { flow, runs, pipeline, answer } = batching();
    const [one, two, three] = [pipeline(), pipeline(), pipeline()];
    one.give(0, 1);
    two.give(10, 11);
    three.give(20, 21);
    runs[0]?.answer.reject(new Error('out of memory'));
    await settled();
    expect([one.seen, two.seen, three.seen]).toEqual([['out of memory'], ['out of memory'], []]);
    three.input.complete();
    await answer(1);
    expect(three.seen).toEqual([20, 21, 'end']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it.each([[[1, 2]], [[1, 2, 3, 4]], [undefined], ['abc']])(
    'fails with batch-result when a batch of three is answered by %j',
    async (results) => {
      const { flow, runs, pipeline } = batching();
      const { give, seen } = pipeline();
      give(0, 1, 2);
      runs[0]?.answer.resolve(results as never);
      await settled();
      expect(seen).toEqual(['batch-result']);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
  );

  it('takes the error of a run that throws', async () => {
    const { pipeline } = batching({
      run: () => {
        throw new Error('thrown');
      },
    });
    const { give, seen } = pipeline();
    give(0, 1, 2);
    await settled();
    expect(seen).toEqual(['thrown']);
  });

  it('takes the waiting elements of a pipeline that left out of the batch', () => {
    const { flow, runs, pipeline } = batching();
    const [one, two] = [pipeline(), pipeline()];
    one.give(0);
    two.give(10);
    one.subscription.unsubscribe();
    expect(flow.held).toBe(10);
    two.give(11);
    expect(runs).toHaveLength(0);
    two.give(12);
    expect(runs.map((run) => run.indices)).toEqual([[10, 11, 12]]);
  });

  it('keeps the bytes of a running batch until it settles, though its pipeline left', async () => {
    const { flow, pipeline, answer } = batching();
    const { give, subscription, seen } = pipeline();
    give(0, 1, 2);
    subscription.unsubscribe();
    expect(flow.held).toBe(30);
    await answer(0);
    expect([seen, left(flow)]).toEqual([[], [0, 0, 0, 0]]);
  });

  it('lets go of results that wait for an earlier batch when the pipeline leaves', async () => {
    const { flow, pipeline, answer } = batching({ maxInFlight: 2 });
    const { give, subscription } = pipeline();
    give(0, 1, 2, 3, 4, 5);
    await answer(1);
    // Three results of 8 bytes beside their elements.
    expect(flow.held).toBe(60 + 24);
    subscription.unsubscribe();
    expect(flow.held).toBe(30);
    await answer(0);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it.each([false, true])('with releaseFirst %s the element is let go before its result is given: %s', async (first) => {
    const flow = new Flow(1000);
    const batcher = flow.microBatch<Block, number>({
      name: 'session',
      maxCount: 3,
      maxDelay: 0,
      releaseFirst: first,
      run: async (batch) => batch.map((block) => block.data),
    });
    const reader = new BlockReader(3);
    const idle: boolean[] = [];
    flow
      .source(() => reader, BLOCKS)
      .pipe(batcher.batch())
      .subscribe((index) => idle.push(reader.blocks[index]?.idle === true));
    await settled();
    await settled();
    expect(idle).toEqual([first, first, first]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('attributes what it holds to the scope it was given, and refuses one of another flow', async () => {
    const { flow, batcher } = batching();
    const scope = flow.scope('trailer');
    const input = new Subject<Block>();
    input.pipe(batcher.batch(scope)).subscribe();
    input.next(new Block(0));
    expect(scope.held).toBe(10);
    expect(() => batcher.batch(new Flow(10).scope('other'))).toThrow('of the same flow');
  });

  it('reports how full its batches were', async () => {
    const flow = new Flow(1000);
    const run = async (batch: readonly Block[]) => batch.map((block) => block.data);
    const batcher = flow.microBatch({ name: 'session', maxCount: 4, maxDelay: 60_000, run });
    const pipelines = [3, 3].map((count) => flow.source(() => new BlockReader(count), BLOCKS).pipe(batcher.batch()));
    await lastValueFrom(merge(...pipelines).pipe(toArray()));
    const metrics = flow.metrics().operators.find((it) => it.name === 'session');
    expect(metrics).toMatchObject({ kind: 'micro-batch', in: 6, out: 6, batches: 2, batchFill: 0.75, peakBytes: 60 });
  });

  it.each([
    [{ maxCount: 0 }, '`maxCount`'],
    [{ maxBytes: 0 }, '`maxBytes`'],
    [{ maxDelay: -1 }, '`maxDelay`'],
    [{ maxInFlight: 0 }, '`maxInFlight`'],
    [{ name: '' }, '`name`'],
    [{ run: 1 as never }, '`run`'],
  ])('refuses wrong options: %#', (options, part) => {
    expect(() => batching(options)).toThrow(part);
  });

  it('counts results that wait for an earlier batch, though their elements are let go, and frees them when given', async () => {
    const { flow, pipeline, answer } = batching({ maxInFlight: 3, releaseFirst: true, resultCost: () => 7 });
    const { give, seen } = pipeline();
    give(0, 1, 2, 3, 4, 5, 6, 7, 8);
    await answer(1);
    await answer(2);
    expect([seen, flow.held]).toEqual([[], 30 + 6 * 7]);
    await answer(0);
    expect([seen.length, flow.held]).toEqual([9, 0]);
  });

  it('whose results are larger than its elements runs batches as large as there is room for', async () => {
    const flow = new Flow(2500);
    const sizes: number[] = [];
    const head = deferred<void>();
    const batcher = flow.microBatch<number, Uint8Array>({
      name: 'load',
      maxCount: 8,
      maxDelay: 0,
      maxInFlight: 2,
      releaseFirst: true,
      cost: () => 1,
      resultCost: (bytes) => bytes.length,
      run: async (batch) => {
        sizes.push(batch.length);
        if (sizes.length === 2) await head.promise;
        await settled();
        return batch.map(() => new Uint8Array(300));
      },
    });
    let read = 0;
    const names = flow.source(() => ({ next: () => (read < 100 ? read++ : undefined) }), {
      name: 'names',
      cost: () => 1,
      estimate: 1,
    });
    const done = lastValueFrom(names.pipe(batcher.batch(), toArray()));
    for (let round = 0; round < 20; round++) await settled();
    expect(flow.held).toBeGreaterThan(1500);
    expect(flow.peakHeld).toBeLessThan(2501);
    head.resolve();
    expect(await done).toHaveLength(100);
    expect([Math.max(...sizes), flow.peakOvercommit]).toEqual([8, 0]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('waits with what needs more room than there is, and fails its pipeline when there never will be', async () => {
    const flow = new Flow(1000, { maxOvercommit: 0 });
    const batcher = flow.microBatch<number, number>({
      name: 'load',
      maxCount: 2,
      maxDelay: 0,
      cost: () => 1,
      resultCost: () => 600,
      run: async (batch) => [...batch],
    });
    const run = (value: number) => lastValueFrom(of(value).pipe(batcher.batch()));
    await run(1);
    const holder = flow.scope('table').reservation('table');
    holder.grow(900);
    const elsewhere = flow.meter('elsewhere').busy();
    const second = run(2);
    const left2 = of(3).pipe(batcher.batch()).subscribe();
    await settled();
    expect([batcher.batches, flow.registered > 0]).toEqual([1, true]);
    left2.unsubscribe();
    holder.shrink(900);
    elsewhere.end();
    expect(await second).toBe(2);
    holder.grow(900);
    await expect(run(4)).rejects.toMatchObject({ code: 'budget-too-small' });
    holder.free();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails with a timeout when a batch takes too long, keeps its bytes while it executes, and serves others', async () => {
    const { flow, pipeline, runs, answer } = batching({ maxCount: 1, timeout: 5 });
    const [one, two] = [pipeline(), pipeline()];
    one.give(0);
    while (one.seen.length === 0) await settled();
    expect([one.seen, flow.held, flow.inFlight]).toEqual([['timeout'], 10, 0]);
    two.give(1);
    await answer(1);
    expect(two.seen).toEqual([1]);
    runs[0]?.answer.reject(new Error('late'));
    await settled();
    expect(flow.held).toBe(0);
    two.subscription.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(() => batching({ timeout: 0 })).toThrow('`timeout`');
  });
});
