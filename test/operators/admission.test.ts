import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FlowError } from '../../src/core/errors.ts';
import { BudgetTooSmallError } from '../../src/operators/budget.ts';
import { Flow } from '../../src/operators/flow.ts';
import type { PullSource } from '../../src/operators/source.ts';
import { BLOCKS, type Block, BlockReader, deferred, left, settled } from './support/elements.ts';

describe('admission', () => {
  it('looks at the scopes that have bytes only, however many wait for their turn', async () => {
    const sorted: number[] = [];
    const sort = vi.spyOn(Array.prototype, 'sort').mockImplementation(function (this: unknown[], compare) {
      sorted.push(this.length);
      const list = [...this].toSorted(compare);
      for (let index = 0; index < list.length; index++) this[index] = list[index];
      return this;
    });
    onTestFinished(() => sort.mockRestore());
    const flow = new Flow(100, { maxOvercommit: 0 });
    const run = (name: string) => {
      const scope = flow.scope(name, { claim: 50 });
      return lastValueFrom(
        scope.source(() => new BlockReader(8), BLOCKS).pipe(scope.window(4), scope.delay(0, { cost: () => 0 })),
      );
    };
    await Promise.all(Array.from({ length: 200 }, (_, video) => run(`video-${video}`)));
    const read = 200 * 8;
    expect(Math.max(...sorted)).toBeLessThan(12);
    expect(sorted.length).toBeLessThan(20 * read);
    expect(flow.peakOvercommit).toBe(0);
  }, 60_000);

  it('fails one stuck scope only: the others continue with what it gives back', async () => {
    const flow = new Flow(45, { maxOvercommit: 0 });
    const run = (name: string, size: number) => {
      const scope = flow.scope(name);
      return lastValueFrom(scope.source(() => new BlockReader(6), BLOCKS).pipe(scope.window(size), toArray())).then(
        (windows) => windows.length,
        (error: FlowError) => error.code,
      );
    };
    expect(await Promise.all([run('old', 3), run('young', 5)])).toEqual([2, 'budget-too-small']);
  });

  it('fails the youngest of stuck scopes, whose loss is least, when each could continue without the others', async () => {
    const flow = new Flow(60, { maxOvercommit: 0 });
    const run = async (name: string) => {
      const scope = flow.scope(name);
      const clips = scope.source(() => new BlockReader(5), BLOCKS).pipe(scope.window(5));
      return lastValueFrom(clips).then(
        () => name,
        (error: FlowError) => `${name} ${error.code}`,
      );
    };
    expect(await Promise.all([run('old'), run('young'), run('youngest')])).toEqual([
      'old',
      'young',
      'youngest budget-too-small',
    ]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('with claims starts only scopes that can come to their end, the oldest first', async () => {
    const flow = new Flow(60, { maxOvercommit: 0 });
    const order: string[] = [];
    const run = (name: string) => {
      const scope = flow.scope(name, { claim: 50 });
      const windows = scope.source(() => new BlockReader(8), BLOCKS).pipe(scope.window(4));
      return lastValueFrom(windows).then(() => order.push(name));
    };
    await Promise.all([run('first'), run('second'), run('third')]);
    expect(order).toEqual(['first', 'second', 'third']);
    expect([flow.metrics().overcommits, flow.peakOvercommit]).toEqual([0, 0]);
  });

  it('lets a younger scope read as far as all can still come to their end, one after another', async () => {
    const flow = new Flow(60, { maxOvercommit: 0 });
    const elsewhere = flow.meter('elsewhere').busy();
    const gate = deferred<void>();
    const [old, young] = [new BlockReader(5), new BlockReader(5)];
    const next = async () => {
      if (old.blocks.length === 2) await gate.promise;
      return old.next();
    };
    const run = (name: string, open: () => PullSource<Block>) => {
      const scope = flow.scope(name, { claim: 50 });
      return lastValueFrom(scope.source(open, BLOCKS).pipe(scope.window(4)));
    };
    const first = run('old', () => ({ next }));
    await settled();
    const second = run('young', () => young);
    await settled();
    expect([old.blocks.length, young.blocks.length]).toEqual([2, 1]);
    gate.resolve();
    elsewhere.end();
    await Promise.all([first, second]);
    expect(flow.peakOvercommit).toBe(0);
  });

  it('lets nobody take the room that an older scope waits for', async () => {
    const flow = new Flow(100, { lowWatermark: 1 });
    const elsewhere = flow.meter('elsewhere').busy();
    const table = flow.scope('table').reservation('table');
    table.grow(50);
    const [big, small] = [new BlockReader(1, 60), new BlockReader(5)];
    const [old, young] = [flow.scope('old'), flow.scope('young')];
    const done = [
      lastValueFrom(old.source(() => big, { ...BLOCKS, estimate: 60 })),
      lastValueFrom(young.source(() => small, BLOCKS)),
    ];
    await settled();
    expect([big.blocks.length, small.blocks.length]).toEqual([0, 0]);
    table.free();
    elsewhere.end();
    await Promise.all(done);
    expect([big.blocks.length, small.blocks.length]).toEqual([1, 5]);
  });

  it('refuses a claim above its budget when the scope is made', () => {
    expect(() => new Flow(100).scope('long', { claim: 101 })).toThrow(BudgetTooSmallError);
    expect(new Flow(100).scope('short', { claim: 100 }).claim).toBe(100);
    expect(new Flow('1KiB').scope('kept', { kept: '1KiB' }).claim).toBe(1024);
  });

  it('sets aside what the holders of a scope will keep, and gives it back at its end', async () => {
    const flow = new Flow(100, { maxOvercommit: 0 });
    const scope = flow.scope('one', { claim: 70, kept: 50 });
    const holder = scope.reservation('table');
    holder.grow(20);
    const hold = deferred<void>();
    const done = lastValueFrom(
      scope.source(() => new BlockReader(9), BLOCKS).pipe(scope.mapAsync(() => hold.promise, { concurrency: 9 })),
    );
    await settled();
    expect([flow.held, flow.reserved]).toEqual([70, 30]);
    holder.grow(30);
    expect([flow.held, flow.reserved]).toEqual([100, 0]);
    holder.shrink(10);
    expect([flow.held, flow.reserved]).toEqual([90, 10]);
    hold.resolve();
    await done;
    holder.free();
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(flow.peakHeld).toBe(100);
  });

  it('fails an old scope that could not continue even alone, and not a young one that can', async () => {
    const flow = new Flow(45, { maxOvercommit: 0 });
    const elsewhere = flow.meter('elsewhere').busy();
    const run = (name: string, bytes: number, before: number) => {
      const gate = deferred<void>();
      const reader = new BlockReader(9, bytes);
      const next = async () => {
        if (reader.blocks.length === before) await gate.promise;
        return reader.next();
      };
      const scope = flow.scope(name);
      const windows = scope.source(() => ({ next }), { ...BLOCKS, estimate: bytes }).pipe(scope.window(9));
      const done = lastValueFrom(windows).then(
        () => name,
        (error: FlowError) => `${name} ${error.code}`,
      );
      return { gate, done };
    };
    const old = run('old', 10, 3);
    await settled();
    const young = run('young', 5, 1);
    await settled();
    old.gate.resolve();
    await settled();
    young.gate.resolve();
    await settled();
    elsewhere.end();
    expect(await Promise.all([old.done, young.done])).toEqual(['old budget-too-small', 'young']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
