import { lastValueFrom, of, Subject, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, Block, BlockReader, type Deferred, deferred, left, settled } from './support/elements.ts';

/** A flow with a mapAsync whose operations the test settles. */
function mapped(options: { concurrency: number; ordered?: boolean; timeout?: number }, count = 4) {
  const flow = new Flow(1000);
  const reader = new BlockReader(count);
  const operations: Deferred<number>[] = [];
  const signals: AbortSignal[] = [];
  const output = flow
    .source(() => reader, BLOCKS)
    .pipe(
      flow.mapAsync((_block, signal) => {
        const operation = deferred<number>();
        operations.push(operation);
        signals.push(signal);
        return operation.promise;
      }, options),
    );
  return { flow, reader, operations, signals, output };
}

describe('mapAsync', () => {
  it('starts at most `concurrency` operations and gives results in the order of the elements', async () => {
    const { operations, output } = mapped({ concurrency: 2 });
    const seen: number[] = [];
    output.subscribe((value) => seen.push(value));
    await settled();
    expect(operations).toHaveLength(2);
    operations[1]?.resolve(1);
    await settled();
    expect([seen, operations.length]).toEqual([[], 3]);
    operations[0]?.resolve(0);
    await settled();
    expect([seen, operations.length]).toEqual([[0, 1], 4]);
  });

  it('gives results as they come when not ordered, and completes after the last', async () => {
    const { flow, operations, output } = mapped({ concurrency: 4, ordered: false });
    const seen: (number | string)[] = [];
    output.subscribe({ next: (value) => seen.push(value), complete: () => seen.push('end') });
    await settled();
    for (const index of [2, 0, 3, 1]) {
      operations[index]?.resolve(index);
      await settled();
    }
    expect(seen).toEqual([2, 0, 3, 1, 'end']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('starts the next operation before it gives a result on', async () => {
    const { operations, output } = mapped({ concurrency: 1 });
    const started: number[] = [];
    output.subscribe(() => started.push(operations.length));
    await settled();
    operations[0]?.resolve(0);
    await settled();
    expect(started).toEqual([2]);
  });

  it('fails at once with the first error, thrown or rejected, aborts the others and releases all when they settle', async () => {
    const { flow, reader, operations, signals, output } = mapped({ concurrency: 2 });
    const errors: unknown[] = [];
    output.subscribe({ error: (error) => errors.push(error) });
    await settled();
    operations[1]?.reject(new Error('second'));
    await settled();
    expect(errors).toEqual([new Error('second')]);
    expect(signals[0]?.aborted).toBe(true);
    expect([flow.held, reader.blocks.map((block) => block.idled)]).toEqual([10, [0, 1, 1, 1]]);
    operations[0]?.reject(new Error('aborted'));
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    const throwing = flow.mapAsync(
      () => {
        throw new Error('thrown');
      },
      { concurrency: 1 },
    );
    await expect(lastValueFrom(flow.source(() => new BlockReader(1), BLOCKS).pipe(throwing))).rejects.toThrow('thrown');
  });

  it('keeps the bytes of what executes until it settles, also after unsubscription', async () => {
    const { flow, reader, operations, signals, output } = mapped({ concurrency: 1 });
    const subscription = output.subscribe();
    await settled();
    subscription.unsubscribe();
    await settled();
    expect(signals[0]?.aborted).toBe(true);
    expect(flow.held).toBe(10);
    expect(reader.blocks[0]?.data).toBe(0);
    operations[0]?.resolve(0);
    await settled();
    expect(reader.blocks.map((block) => block.idled)).toEqual([1, 1, 1, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('lets go of results that wait for their elders when it is unsubscribed', async () => {
    const { flow, operations, output } = mapped({ concurrency: 3 });
    const subscription = output.subscribe();
    await settled();
    operations[1]?.resolve(1);
    operations[2]?.resolve(2);
    await settled();
    subscription.unsubscribe();
    expect(flow.held).toBe(20);
    for (const operation of operations) operation.resolve(0);
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('gives nothing more after take(1), though more results are ready', async () => {
    const { flow, operations, output } = mapped({ concurrency: 4 });
    const seen: number[] = [];
    output.pipe(take(1)).subscribe((value) => seen.push(value));
    await settled();
    for (const index of [3, 2, 1, 0]) operations[index]?.resolve(index);
    await settled();
    expect(seen).toEqual([0]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps an element that it gives on as its own result alive while the downstream has it', async () => {
    const flow = new Flow(100);
    const same = flow
      .source(() => new BlockReader(3), BLOCKS)
      .pipe(flow.mapAsync(async (block) => block, { concurrency: 2 }));
    const seen: number[] = [];
    same.subscribe((block) => seen.push(block.data));
    await settled();
    expect(seen).toEqual([0, 1, 2]);
  });

  it('fails with a timeout when an operation takes too long, and keeps its bytes while it executes', async () => {
    const { flow, operations, signals, output } = mapped({ concurrency: 1, timeout: 5 }, 2);
    await expect(lastValueFrom(output)).rejects.toMatchObject({ code: 'timeout', name: 'FlowError' });
    await settled();
    expect([flow.held, flow.inFlight, signals[0]?.aborted]).toEqual([10, 0, true]);
    operations[0]?.resolve(0);
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('forgets the timeout of an operation that was in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { flow, operations, output } = mapped({ concurrency: 2, timeout: 5 }, 2);
    const done = lastValueFrom(output.pipe(toArray()));
    await settled();
    expect(vi.getTimerCount()).toBe(2);
    operations[0]?.resolve(0);
    operations[1]?.resolve(1);
    expect(await done).toEqual([0, 1]);
    expect(vi.getTimerCount()).toBe(0);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('lets the flow see that an operation which never answers holds its bytes', async () => {
    const flow = new Flow(10, { maxOvercommit: 0 });
    const never = flow
      .source(() => new BlockReader(1), BLOCKS)
      .pipe(flow.mapAsync(() => new Promise<void>(() => {}), { name: 'upload', concurrency: 1, timeout: 5 }));
    await expect(lastValueFrom(never)).rejects.toMatchObject({ code: 'timeout' });
    await expect(lastValueFrom(flow.source(() => new BlockReader(1), BLOCKS))).rejects.toMatchObject({
      code: 'budget-too-small',
      holders: [{ scope: 'flow', operator: 'upload', bytes: 10 }],
    });
  });

  it('holds the payloads inside an array and the cost it was told', async () => {
    const flow = new Flow(1000);
    const blocks = [new Block(0), new Block(1)];
    const wait = deferred<number>();
    const done = lastValueFrom(of(blocks).pipe(flow.mapAsync(() => wait.promise, { concurrency: 1, cost: () => 0 })));
    expect(flow.held).toBe(20);
    const priced = lastValueFrom(
      of({ row: 1 }).pipe(flow.mapAsync(() => wait.promise, { concurrency: 1, cost: () => 300 })),
    );
    expect(flow.held).toBe(320);
    wait.resolve(1);
    await Promise.all([done, priced]);
    expect(blocks.map((block) => block.idled)).toEqual([1, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('does not complete before results that are ready were given, when the input ends inside next', async () => {
    const flow = new Flow(1000);
    const input = new Subject<number>();
    const gates = [deferred<number>(), deferred<number>()];
    const seen: number[] = [];
    input
      .pipe(flow.mapAsync((index) => gates[index]?.promise as Promise<number>, { concurrency: 2 }))
      .subscribe((value) => {
        seen.push(value);
        if (value === 0) input.complete();
      });
    input.next(0);
    input.next(1);
    gates[1]?.resolve(1);
    await settled();
    gates[0]?.resolve(0);
    await settled();
    expect(seen).toEqual([0, 1]);
  });

  it('passes an error of its input on', async () => {
    const flow = new Flow(100);
    const failing = flow.source<Block>(() => Promise.reject(new Error('no file')), BLOCKS);
    await expect(lastValueFrom(failing.pipe(flow.mapAsync(async () => 1, { concurrency: 1 })))).rejects.toThrow(
      'no file',
    );
  });

  it.each([
    [{ concurrency: 0 }, '`concurrency`'],
    [{ concurrency: 1, timeout: 0 }, '`timeout`'],
    [{ concurrency: 1, name: '' }, '`name`'],
  ])('refuses wrong options: %#', (options, part) => {
    expect(() => new Flow(10).mapAsync(async () => 1, options)).toThrow(part);
  });
});
