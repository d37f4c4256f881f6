import { lastValueFrom, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import type { MicroBatchOptions } from '../../src/operators/micro-batch-options.ts';
import { type DuplicateRules, RecentElements } from '../../src/operators/recent-elements.ts';
import { BLOCKS, Block, BlockReader, type Deferred, deferred, left, settled } from './support/elements.ts';

interface Shown {
  readonly index: number;
  readonly picture: number;
}

/**
 * Blocks show the tens of their index: 10 to 19 are equal. Half of all pictures have the same
 * sample.
 */
const pictureOf = (block: Block) => Math.floor(block.data / 10);

function rules(options: Partial<DuplicateRules<Block, Shown>> = {}) {
  const digested: number[] = [];
  const duplicates: DuplicateRules<Block, Shown> = {
    recent: 2,
    resultBytes: 7,
    sample: (block) => pictureOf(block) % 2,
    digest: (block) => {
      digested.push(block.data);
      return String(pictureOf(block));
    },
    ownResult: ({ data: index }) => {
      return ({ picture }) => ({ index, picture });
    },
    ...options,
  };
  return { digested, duplicates };
}

function batching(
  options: Partial<MicroBatchOptions<Block, Shown>> = {},
  special: Partial<DuplicateRules<Block, Shown>> = {},
) {
  const flow = new Flow(1000);
  const runs: { indices: number[]; answer: Deferred<readonly Shown[]>; results: Shown[] }[] = [];
  const batcher = flow.microBatch<Block, Shown>({
    name: 'session',
    maxCount: 2,
    maxDelay: 60_000,
    releaseFirst: true,
    duplicates: rules(special).duplicates,
    run: (batch) => {
      const answer = deferred<readonly Shown[]>();
      const results = batch.map((block) => ({ index: block.data, picture: pictureOf(block) }));
      runs.push({ indices: results.map(({ index }) => index), answer, results });
      return answer.promise;
    },
    ...options,
  });
  const pipeline = () => {
    const blocks: Block[] = [];
    const seen: (string | number)[] = [];
    const input = new Subject<Block>();
    const subscription = input.pipe(batcher.batch()).subscribe({
      next: ({ index, picture }) => seen.push(`${index} shows ${picture}`),
      error: (error) => seen.push(error.code ?? error.message),
      complete: () => seen.push('end'),
    });
    const give = (...list: number[]) => {
      for (const index of list) {
        const block = new Block(index);
        blocks.push(block);
        input.next(block);
      }
    };
    return { blocks, seen, subscription, give, end: () => input.complete() };
  };
  const answer = async (run: number) => {
    runs[run]?.answer.resolve(runs[run]?.results ?? []);
    await settled();
  };
  return { flow, batcher, runs, pipeline, answer };
}

describe('RecentElements', () => {
  it('takes no digest of elements whose sample is new', () => {
    const { digested, duplicates } = rules({ sample: pictureOf });
    const recent = new RecentElements(duplicates);
    for (const index of [10, 20, 30, 40]) expect(recent.meet(new Block(index)).isDuplicate).toBe(false);
    expect(digested).toEqual([]);
    const { original, isDuplicate } = recent.meet(new Block(41));
    expect([isDuplicate, original.value?.data, digested]).toEqual([true, 40, [41, 40]]);
  });

  it('is not deceived by samples that agree', () => {
    const recent = new RecentElements(rules().duplicates);
    expect([10, 30, 31, 11, 50, 12].map((index) => recent.meet(new Block(index)).isDuplicate)).toEqual([
      ...[false, false, true, true],
      // The third distinct one took the place of 30, which was met before 11.
      ...[false, true],
    ]);
  });

  it('takes the digest of a remembered element before it is let go, and of no other', () => {
    const { digested, duplicates } = rules({ sample: pictureOf });
    const recent = new RecentElements(duplicates);
    const list = [10, 20, 30].map((index) => new Block(index));
    const originals = list.map((block) => recent.meet(block).original);
    expect(digested).toEqual([]);
    for (const [at, original] of originals.entries()) {
      recent.settle(original, list[at] as Block, { index: 10 * at + 10, picture: at + 1 });
    }
    // 10 was forgotten when 30 came.
    expect(digested).toEqual([20, 30]);
    expect(originals.map(({ result }) => result?.value)).toEqual([
      undefined,
      { index: 20, picture: 2 },
      { index: 30, picture: 3 },
    ]);
    expect([recent.keptBytes, originals.every(({ value }) => value === undefined)]).toEqual([14, true]);
    recent.clear();
    expect([recent.keptBytes, recent.meet(new Block(21)).isDuplicate]).toEqual([0, false]);
  });
});

describe('microBatch with duplicates', () => {
  it('computes equal elements once and gives each its own result, in order', async () => {
    const { flow, batcher, runs, pipeline, answer } = batching();
    const one = pipeline();
    one.give(10, 11, 12, 20, 21, 13);
    expect(runs.map(({ indices }) => indices)).toEqual([[10, 20]]);
    await answer(0);
    const shown = ['10 shows 1', '11 shows 1', '12 shows 1', '20 shows 2', '21 shows 2', '13 shows 1'];
    expect(one.seen).toEqual(shown);
    one.give(22);
    expect(one.seen).toEqual([...shown, '22 shows 2']);
    one.end();
    expect([one.seen.at(-1), batcher.items]).toEqual(['end', 2]);
    const [metrics] = flow.metrics().operators;
    expect(metrics).toMatchObject({ in: 7, out: 7, batches: 1, batchFill: 1, duplicates: 5 });
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('does not hold a duplicate, and keeps only the results of the last two', async () => {
    const { flow, pipeline, answer } = batching();
    const one = pipeline();
    one.give(10, 11, 12, 13);
    expect(flow.held).toBe(10);
    one.give(20);
    await answer(0);
    expect(flow.held).toBe(14);
    one.give(30, 40);
    await answer(1);
    expect(flow.held).toBe(14);
    one.subscription.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('holds duplicates beyond those that may wait freely', async () => {
    const { flow, pipeline, answer } = batching({}, { maxUnheld: 2 });
    const one = pipeline();
    one.give(10, 11, 12, 13, 14);
    expect([flow.held, one.blocks.map(({ holds }) => holds)]).toEqual([30, [1, 0, 0, 1, 1]]);
    one.give(20);
    await answer(0);
    expect(one.seen).toHaveLength(6);
    expect([flow.held, one.blocks.map(({ holds }) => holds)]).toEqual([14, [0, 0, 0, 0, 0, 0]]);
    expect(one.blocks.map(({ idled }) => idled)).toEqual([1, 0, 0, 1, 1, 1]);
    one.give(15, 16, 17);
    expect(one.seen.slice(-3)).toEqual(['15 shows 1', '16 shows 1', '17 shows 1']);
    one.give(30, 31, 32, 33);
    expect(one.blocks.slice(-4).map(({ holds }) => holds)).toEqual([1, 0, 0, 1]);
    one.subscription.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps pipelines apart', async () => {
    const { runs, pipeline } = batching();
    pipeline().give(10);
    pipeline().give(11);
    expect(runs[0]?.indices).toEqual([10, 11]);
  });

  it('keeps the order when a duplicate is ready before what came before it', async () => {
    const { pipeline, answer } = batching({ maxInFlight: 2 });
    const one = pipeline();
    one.give(10, 20);
    await answer(0);
    one.give(30, 40, 41, 31, 50);
    expect(one.seen).toHaveLength(2);
    await answer(1);
    expect(one.seen.slice(2)).toEqual(['30 shows 3', '40 shows 4', '41 shows 4', '31 shows 3']);
  });

  it('gives the result to duplicates of what is no longer remembered', async () => {
    const { pipeline, answer } = batching({ maxCount: 4 });
    const one = pipeline();
    one.give(10, 11, 20, 30, 40);
    await answer(0);
    expect(one.seen[1]).toBe('11 shows 1');
    expect(one.seen).toHaveLength(5);
  });

  it('fails the pipeline of duplicates whose batch fails, and lets go of all', async () => {
    const { flow, runs, pipeline } = batching({}, { maxUnheld: 1 });
    const one = pipeline();
    one.give(10, 11, 12, 20);
    runs[0]?.answer.reject(new Error('no session'));
    await settled();
    expect(one.seen).toEqual(['no session']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('lets go of waiting duplicates when its subscriber leaves, and drops what runs', async () => {
    const { flow, pipeline, answer } = batching({}, { maxUnheld: 1 });
    const one = pipeline();
    one.give(10, 11, 12, 20, 21, 22);
    expect(flow.held).toBe(50);
    one.subscription.unsubscribe();
    expect(flow.held).toBe(20);
    await answer(0);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('gives up remembered results when nothing else can free bytes', async () => {
    const flow = new Flow(25, { maxOvercommit: 0 });
    const batcher = flow.microBatch<Block, Shown>({
      name: 'session',
      maxCount: 1,
      maxDelay: 60_000,
      releaseFirst: true,
      resultCost: () => 10,
      duplicates: rules({ resultBytes: 20 }).duplicates,
      run: async (batch) => batch.map((block) => ({ index: block.data, picture: pictureOf(block) })),
    });
    const reader = new BlockReader(15);
    const rows = flow.source(() => reader, BLOCKS).pipe(batcher.batch(), toArray());
    expect((await lastValueFrom(rows)).map(({ picture }) => picture)).toEqual([
      ...Array(10).fill(0),
      ...Array(5).fill(1),
    ]);
    expect(batcher.items).toBeGreaterThan(2);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('goes over the budget for nobody when the results given up made room for one of two', async () => {
    const flow = new Flow(30, { maxOvercommit: 30 });
    const batcher = flow.microBatch<Block, Shown>({
      name: 'session',
      maxCount: 2,
      maxDelay: 60_000,
      releaseFirst: true,
      resultCost: () => 10,
      duplicates: rules({ resultBytes: 12 }).duplicates,
      run: async (batch) => batch.map((block) => ({ index: block.data, picture: pictureOf(block) })),
    });
    const staying = new Subject<Block>();
    const stays = staying.pipe(batcher.batch()).subscribe();
    for (const index of [10, 20]) staying.next(new Block(index));
    await settled();
    expect(flow.held).toBe(24);
    const large = () => flow.source(() => new BlockReader(1, 20), { ...BLOCKS, estimate: 20 });
    const [one, two] = await Promise.all([lastValueFrom(large()), lastValueFrom(large())]);
    expect([one.byteLength, two.byteLength]).toEqual([20, 20]);
    expect(flow.metrics()).toMatchObject({ overcommits: 0, pressureFlushes: 1, peakOvercommit: 0 });
    stays.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('can still give up remembered results when a pipeline leaves whose element waited', async () => {
    const flow = new Flow(34, { maxOvercommit: 0 });
    const batcher = flow.microBatch<Block, Shown>({
      name: 'session',
      maxCount: 2,
      maxDelay: 60_000,
      releaseFirst: true,
      resultCost: () => 10,
      duplicates: rules({ resultBytes: 12 }).duplicates,
      run: async (batch) => batch.map((block) => ({ index: block.data, picture: pictureOf(block) })),
    });
    const staying = new Subject<Block>();
    const stays = staying.pipe(batcher.batch()).subscribe();
    for (const index of [10, 20]) staying.next(new Block(index));
    await settled();
    expect(flow.held).toBe(24);
    const leaving = new Subject<Block>();
    const leaves = leaving.pipe(batcher.batch()).subscribe();
    leaving.next(new Block(30));
    leaves.unsubscribe();
    // The two blocks fit only when the results are given up.
    const pair = await lastValueFrom(flow.source(() => new BlockReader(2), BLOCKS).pipe(flow.window(2)));
    expect(pair).toHaveLength(2);
    stays.unsubscribe();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('refuses results that may refer to their elements', () => {
    expect(() => batching({ releaseFirst: false })).toThrow('`releaseFirst`');
    expect(() => batching({}, { recent: 0 })).toThrow('`duplicates.recent`');
    expect(() => batching({}, { resultBytes: -1 })).toThrow('`duplicates.resultBytes`');
    expect(() => batching({}, { maxUnheld: -1 })).toThrow('`duplicates.unheld`');
  });
});
