import { ignoreElements, lastValueFrom, map, merge, of, Subject, share, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, type Block, BlockReader, blocks, deferred, left, settled } from './support/elements.ts';

describe('mapAsync', () => {
  it('holds results that wait for their elders, and lets go of them after they were given, or nobody listens', async () => {
    const flow = new Flow(1000);
    const input = new Subject<number>();
    const gates = [0, 1, 2, 3].map(() => deferred<Uint8Array>());
    const sizes = { cost: () => 1, resultCost: (result: Uint8Array) => result.length };
    const seen: number[] = [];
    const run = () =>
      input
        .pipe(flow.mapAsync((index) => gates[index]?.promise as Promise<Uint8Array>, { concurrency: 4, ...sizes }))
        .subscribe((result) => seen.push(result.length));
    run();
    const left2 = run();
    for (const index of [0, 1, 2]) input.next(index);
    expect(flow.held).toBe(6);
    const shared = new Uint8Array(100);
    gates[1]?.resolve(shared);
    gates[2]?.resolve(shared);
    await settled();
    // One result, though four wait for it.
    expect(flow.held).toBe(106);
    left2.unsubscribe();
    expect([seen, flow.held]).toEqual([[], 104]);
    gates[0]?.resolve(new Uint8Array(7));
    await settled();
    expect([seen, ...left(flow).slice(0, 3)]).toEqual([[7, 100, 100], 0, 0, 0]);
  });

  /** Elements of a byte whose results are 1,000 each, counted while somebody has them. */
  function expanding(flow: Flow, count: number, options: { ordered?: boolean; resultEstimate?: number }) {
    const state = { started: 0, alive: 0, most: 0 };
    let read = 0;
    const gate = deferred<void>();
    const names = flow.source(() => ({ next: () => (read < count ? read++ + 1 : undefined) }), {
      name: 'names',
      cost: () => 1,
      estimate: 1,
    });
    const loads = names.pipe(
      flow.mapAsync(
        async (name) => {
          state.started++;
          await settled();
          if (name === 1) await gate.promise;
          state.most = Math.max(state.most, ++state.alive);
          return { name, bytes: new Uint8Array(1000) };
        },
        { name: 'load', concurrency: 4, cost: () => 1, resultCost: () => 1000, ...options },
      ),
    );
    return { loads, state, gate };
  }

  it('whose results are larger than its elements starts no more than there is room for, while the first one hangs', async () => {
    const flow = new Flow(16_500);
    const { loads, state, gate } = expanding(flow, 600, {});
    const names: number[] = [];
    const done = lastValueFrom(loads.pipe(tap((result) => names.push(result.name))));
    for (let round = 0; round < 30; round++) await settled();
    // The first three results were not expected; the others have room beside the names that wait.
    expect(flow.peakOvercommit).toBe(0);
    expect([names, state.started]).toEqual([[], 16]);
    expect(flow.held).toBeGreaterThan(15_000);
    gate.resolve();
    await done;
    expect(names).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  }, 60_000);

  it.each([true, false])(
    'whose results are large waits for those after it, ordered: %s',
    async (ordered) => {
      const flow = new Flow(10_500);
      const { loads, state, gate } = expanding(flow, 100, { ordered });
      gate.resolve();
      const done = lastValueFrom(
        loads.pipe(
          flow.mapAsync(
            async ({ name }) => {
              for (let round = 0; round < 10; round++) await settled();
              state.alive--;
              return name;
            },
            { name: 'slow', concurrency: 1, cost: () => 1000 },
          ),
          toArray(),
        ),
      );
      const names = await done;
      expect(names.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(state.most).toBeLessThan(12);
      expect(flow.peakOvercommit).toBeLessThan(1001);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
    60_000,
  );

  it('that says how large its results are finds room for them, though cheap elements would fill the budget', async () => {
    const run = async (resultEstimate: number) => {
      const flow = new Flow(4000, { maxOvercommit: 0 });
      const { loads, gate } = expanding(flow, 10_000, { resultEstimate });
      void settled().then(() => gate.resolve());
      return lastValueFrom(loads.pipe(map(({ name }) => name))).then(
        (last) => `${last}, ${flow.peakOvercommit} over`,
        (error) => error.code,
      );
    };
    expect(await run(1000)).toBe('10000, 0 over');
    expect(await run(0)).toBe('budget-too-small');
  }, 60_000);

  it('gives the room back when it is unsubscribed while an operation waits for it', async () => {
    const flow = new Flow(1000, { maxOvercommit: 0 });
    const elsewhere = flow.meter('elsewhere').busy();
    const holder = flow.scope('table').reservation('table');
    holder.grow(600);
    const subscription = of(1)
      .pipe(flow.mapAsync(async () => 1, { concurrency: 1, cost: () => 1, resultEstimate: 500 }))
      .subscribe();
    await settled();
    expect([flow.held, flow.reserved, flow.inFlight]).toEqual([601, 0, 1]);
    subscription.unsubscribe();
    expect([flow.held, flow.reserved, flow.inFlight]).toEqual([600, 0, 1]);
    holder.free();
    elsewhere.end();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('with small results executes as many as it may, though the budget is full', async () => {
    const flow = new Flow(500);
    let active = 0;
    const most: number[] = [];
    await lastValueFrom(
      flow
        .source(() => new BlockReader(60, 100), { ...BLOCKS, estimate: 100 })
        .pipe(
          flow.mapAsync(
            async (block) => {
              active++;
              await settled();
              most.push(active--);
              return block.index;
            },
            { concurrency: 3 },
          ),
        ),
    );
    expect(most.filter((count) => count < 2).length).toBeLessThan(6);
    expect(flow.peakHeld).toBeLessThan(501);
  });

  it('starts an operation as soon as the result before it was given, where there was no room until then', async () => {
    const flow = new Flow(38);
    const input = new Subject<Block>();
    const gates = [0, 1, 2].map(() => deferred<number>());
    const started: number[] = [];
    const start = ({ index }: Block) => {
      started.push(index);
      return gates[index]?.promise as Promise<number>;
    };
    input.pipe(flow.mapAsync(start, { concurrency: 2, resultEstimate: 8 })).subscribe();
    for (const block of blocks(3)) input.next(block);
    gates[0]?.resolve(0);
    await settled();
    expect(started).toEqual([0, 1, 2]);
    input.complete();
    for (const gate of gates) gate.resolve(0);
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('leaves no more than half of the budget free for results, however many it may execute', async () => {
    const flow = new Flow(1000);
    const gate = deferred<void>();
    let read = 0;
    const names = flow.source(() => ({ next: () => (read < 100 ? ++read : undefined) }), {
      name: 'names',
      cost: () => 1,
      estimate: 1,
    });
    const loads = flow.mapAsync(() => gate.promise, { concurrency: 4, cost: () => 1, resultEstimate: 200 });
    const done = lastValueFrom(names.pipe(loads));
    for (let round = 0; round < 5; round++) await settled();
    // A read each for two operations of 200 and, with 598 left, for a third.
    expect(read).toBe(3);
    gate.resolve();
    await done;
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('comes before the sources of its scope when both wait for room', async () => {
    const flow = new Flow(100, { lowWatermark: 1 });
    const elsewhere = flow.meter('elsewhere').busy();
    const holder = flow.scope('table').reservation('table');
    holder.grow(95);
    const scope = flow.scope('video');
    const reader = new BlockReader(1);
    const reads = lastValueFrom(scope.source(() => reader, BLOCKS));
    await settled();
    let started = 0;
    const load = async () => void started++;
    const loads = lastValueFrom(
      of(1).pipe(scope.mapAsync(load, { concurrency: 1, cost: () => 1, resultEstimate: 11 })),
    );
    await settled();
    const gate = flow.meter('gate').busy();
    holder.shrink(22);
    await Promise.resolve();
    await Promise.resolve();
    expect([started, reader.blocks.length]).toEqual([1, 0]);
    gate.end();
    holder.free();
    elsewhere.end();
    await Promise.all([reads, loads]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});

describe('a result whose element another operator holds as well', () => {
  it.each(['mapAsync', 'microBatch'])(
    'has room of its own: %s',
    async (operator) => {
      const flow = new Flow(1000);
      const [slow, after] = [deferred<void>(), deferred<void>()];
      const results = { cost: () => 10, resultCost: () => 8 };
      const frames = flow.source(() => new BlockReader(300), BLOCKS).pipe(share());
      const held = frames.pipe(flow.mapAsync(() => slow.promise, { name: 'slow', concurrency: 1 }));
      const made =
        operator === 'mapAsync'
          ? flow.mapAsync(async ({ index }: Block) => ({ index }), { name: 'made', concurrency: 2, ...results })
          : flow
              .microBatch<Block, { index: number }>({
                ...{ name: 'made', maxCount: 2, maxDelay: 0, ...results },
                run: async (batch) => batch.map(({ index }) => ({ index })),
              })
              .batch();
      const vectors = frames.pipe(
        made,
        flow.mapAsync(async ({ index }) => after.promise.then(() => index), {
          ...{ name: 'after', concurrency: 1, cost: () => 8, resultCost: () => 0 },
        }),
      );
      const done = lastValueFrom(merge(held.pipe(ignoreElements()), vectors).pipe(toArray()));
      for (let round = 0; round < 50; round++) await settled();
      // The first results, two at a time, were not expected; frames fill the budget by then.
      expect(flow.peakHeld).toBeLessThanOrEqual(1000 + 2 * 8);
      after.resolve();
      slow.resolve();
      expect(await done).toEqual(Array.from({ length: 300 }, (_, index) => index));
      expect(flow.peakHeld).toBeLessThanOrEqual(1000 + 2 * 8);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
    60_000,
  );
});
