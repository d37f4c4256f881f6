import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, Block, BlockReader, deferred, left, settled } from './support/elements.ts';

describe('a source', () => {
  it('reads everything, in order, and closes its reader once', async () => {
    const flow = new Flow(100);
    const reader = new BlockReader(5);
    const seen: number[] = [];
    await lastValueFrom(
      flow.source(() => reader, BLOCKS),
      { defaultValue: undefined },
    );
    flow.source(() => new BlockReader(3), BLOCKS).subscribe((block) => seen.push(block.data));
    await settled();
    expect([reader.blocks.length, reader.closed, seen]).toEqual([5, 1, [0, 1, 2]]);
    expect(reader.blocks.map((block) => block.idled)).toEqual([1, 1, 1, 1, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('never emits, nor opens, inside subscribe', () => {
    const flow = new Flow(100);
    let opened = 0;
    const seen: Block[] = [];
    flow
      .source(() => {
        opened++;
        return new BlockReader(3);
      }, BLOCKS)
      .subscribe((block) => seen.push(block));
    expect([opened, seen.length]).toEqual([0, 0]);
  });

  it('is not opened at all when it is unsubscribed at once', async () => {
    const flow = new Flow(100);
    let opened = 0;
    flow
      .source(() => {
        opened++;
        return new BlockReader(3);
      }, BLOCKS)
      .subscribe()
      .unsubscribe();
    await settled();
    expect(opened).toBe(0);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('reads an async generator and lets it clean up when the subscriber leaves', async () => {
    const flow = new Flow(100);
    let cleaned = 0;
    async function* blocks() {
      try {
        for (let index = 0; ; index++) yield new Block(index);
      } finally {
        cleaned++;
      }
    }
    const seen: number[] = [];
    flow
      .source(blocks, BLOCKS)
      .pipe(take(3))
      .subscribe((block) => seen.push(block.data));
    await settled();
    expect([seen, cleaned]).toEqual([[0, 1, 2], 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('does not tell an iterator that ended on its own to return', async () => {
    const flow = new Flow(100);
    let returned = 0;
    let index = 0;
    const iterable: AsyncIterable<Block> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => (index < 2 ? { value: new Block(index++) } : { done: true, value: undefined }),
        return: async () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    };
    await lastValueFrom(flow.source(() => iterable, BLOCKS).pipe(toArray()));
    expect(returned).toBe(0);
  });

  it('stops after take(1), releases the element and reads no further', async () => {
    const flow = new Flow(100);
    const reader = new BlockReader(50);
    const seen: number[] = [];
    flow
      .source(() => reader, BLOCKS)
      .pipe(take(1))
      .subscribe((block) => seen.push(block.data));
    await settled();
    expect([seen, reader.blocks.length, reader.closed]).toEqual([[0], 1, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('closes the reader, once it is open, when the subscriber left while it was opening', async () => {
    const flow = new Flow(100);
    const opening = deferred<BlockReader>();
    const reader = new BlockReader(5);
    const subscription = flow.source(() => opening.promise, BLOCKS).subscribe();
    await settled();
    subscription.unsubscribe();
    await settled();
    expect(flow.inFlight).toBeGreaterThan(0);
    opening.resolve(reader);
    await settled();
    expect([reader.blocks.length, reader.closed]).toEqual([0, 1]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('closes at once when the subscriber leaves during a read, and recycles what the read still brings', async () => {
    const flow = new Flow(100);
    const reading = deferred<Block>();
    let closed = 0;
    const subscription = flow
      .source(() => ({ next: () => reading.promise, close: () => void closed++ }), BLOCKS)
      .subscribe();
    await settled();
    subscription.unsubscribe();
    expect(closed).toBe(1);
    expect(flow.reserved).toBe(10);
    const block = new Block(0);
    reading.resolve(block);
    await settled();
    expect(block.idled).toBe(1);
    expect(flow.metrics().operators[0]?.out).toBe(0);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('waits for room no longer when the subscriber leaves', async () => {
    const flow = new Flow(20);
    const elsewhere = flow.meter('elsewhere').busy();
    const holder = flow.scope('table').reservation('table');
    holder.grow(20);
    let opened = 0;
    const open = () => {
      opened++;
      return new BlockReader(5);
    };
    const subscription = flow.source(open, BLOCKS).subscribe();
    await settled();
    subscription.unsubscribe();
    await settled();
    expect(opened).toBe(0);
    // What is left is the holder and its scope.
    expect([flow.inFlight, flow.registered]).toEqual([1, 2]);
    holder.free();
    elsewhere.end();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it.each(['open', 'next', 'cost', 'close'] as const)(
    'gives an error thrown by %s to its subscriber',
    async (place) => {
      const flow = new Flow(100);
      const fail = (where: string) => {
        if (where === place) throw new Error(`${where} failed`);
      };
      let closed = 0;
      const blocks = flow.source(
        () => {
          fail('open');
          let read = 0;
          return {
            next: () => {
              fail('next');
              return read++ < 2 ? new Block(read) : undefined;
            },
            close: () => {
              closed++;
              fail('close');
            },
          };
        },
        {
          ...BLOCKS,
          cost: () => {
            fail('cost');
            return 10;
          },
        },
      );
      await expect(lastValueFrom(blocks.pipe(toArray()))).rejects.toThrow(`${place} failed`);
      expect(closed).toBe(place === 'open' ? 0 : 1);
      await settled();
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
  );

  it('reports an error of close as late when the subscriber has left, or has another error', async () => {
    const late: unknown[] = [];
    const flow = new Flow(100, { onLateError: (error) => late.push(error) });
    const failing = (next: () => Block) =>
      flow.source(() => ({ next, close: () => Promise.reject(new Error('close')) }), BLOCKS);
    failing(() => new Block(0))
      .pipe(take(1))
      .subscribe();
    const other = failing(() => {
      throw new Error('next');
    });
    await expect(lastValueFrom(other)).rejects.toThrow('next');
    await settled();
    expect(late.map((error) => (error as Error).message)).toEqual(['close', 'close']);
    expect(flow.metrics().lateErrors).toBe(2);
  });

  it('reports an error of open as late when the subscriber left meanwhile', async () => {
    const late: unknown[] = [];
    const flow = new Flow(100, { onLateError: (error) => late.push(error) });
    const opening = deferred<BlockReader>();
    const subscription = flow.source(() => opening.promise, BLOCKS).subscribe();
    await settled();
    subscription.unsubscribe();
    opening.reject(new Error('no such file'));
    await settled();
    expect(late).toHaveLength(1);
  });

  it('reserves the largest cost it has seen when its estimate was too small', async () => {
    const flow = new Flow(100);
    const reserved: number[] = [];
    let read = 0;
    const puller = {
      next: () => {
        reserved.push(flow.reserved);
        return read < 3 ? new Block(read++, 30) : undefined;
      },
    };
    await lastValueFrom(flow.source(() => puller, BLOCKS));
    expect(reserved).toEqual([10, 30, 30, 30]);
  });

  it('opens no reader before its first read is admitted', async () => {
    const flow = new Flow(50, { maxOvercommit: 0 });
    let open = 0;
    let most = 0;
    const run = async (video: number) => {
      const scope = flow.scope(`video-${video}`, { claim: 50 });
      const reader = () => {
        most = Math.max(most, ++open);
        const blocks = new BlockReader(6);
        return { next: () => blocks.next(), close: () => void open-- };
      };
      await lastValueFrom(scope.source(reader, BLOCKS).pipe(scope.window(4)));
    };
    await Promise.all(Array.from({ length: 24 }, (_, video) => run(video)));
    expect([most, open]).toEqual([1, 0]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('gives back what was promised when its reader does not open', async () => {
    const flow = new Flow(50);
    const failing = flow.source<Block>(async () => {
      await settled();
      throw new Error(`${flow.reserved} reserved`);
    }, BLOCKS);
    await expect(lastValueFrom(failing)).rejects.toThrow('10 reserved');
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('holds an element dearer than its estimate back until there is room, and refuses one that never fits', async () => {
    const dear = (bytes: number): Block[] => [new Block(0, 1), new Block(1, bytes)];
    const reading = (flow: Flow, blocks: Block[]) => {
      const iterator = blocks[Symbol.iterator]();
      return flow.source(() => ({ next: () => iterator.next().value }), { ...BLOCKS, estimate: 1 });
    };
    const refusing = new Flow(1000, { maxOvercommit: 0 });
    const [, big] = dear(5000) as [Block, Block];
    await expect(lastValueFrom(reading(refusing, [big]))).rejects.toMatchObject({
      code: 'budget-too-small',
      needed: 5000,
    });
    expect([refusing.peakHeld, big.idled, ...left(refusing)]).toEqual([5000, 1, 0, 0, 0, 0]);

    const flow = new Flow(1000, { maxOvercommit: 0 });
    const holder = flow.scope('table').reservation('table');
    holder.grow(900);
    const elsewhere = flow.meter('elsewhere').busy();
    const seen: number[] = [];
    reading(flow, dear(500)).subscribe((block) => seen.push(block.data));
    await settled();
    expect([seen, flow.reserved]).toEqual([[0], 1]);
    holder.free();
    elsewhere.end();
    await settled();
    expect([seen, flow.peakOvercommit]).toEqual([[0, 1], 0]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);

    const allowed = new Flow(1000, { maxOvercommit: 4000 });
    await lastValueFrom(reading(allowed, dear(5000)));
    expect(allowed.metrics()).toMatchObject({ overcommits: 2, peakOvercommit: 4000 });
  });

  it('lets go of a dear element when the subscriber leaves while it waits', async () => {
    const flow = new Flow(1000, { maxOvercommit: 0 });
    const holder = flow.scope('table').reservation('table');
    holder.grow(900);
    const elsewhere = flow.meter('elsewhere').busy();
    const block = new Block(0, 500);
    const subscription = flow.source(() => ({ next: () => block }), { ...BLOCKS, estimate: 1 }).subscribe();
    await settled();
    expect(block.idled).toBe(0);
    subscription.unsubscribe();
    await settled();
    expect(block.idled).toBe(1);
    holder.free();
    elsewhere.end();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('lets timers and input of the event loop run between synchronous reads', async () => {
    const flow = new Flow(100, { yieldAfter: 1 });
    let turned = 0;
    const count = () => {
      turned++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    let read = 0;
    const end = performance.now() + 20_000;
    const puller = { next: () => (turned < 5 && performance.now() < end ? new Block(read++) : undefined) };
    await lastValueFrom(flow.source(() => puller, BLOCKS));
    clearImmediate(immediate);
    expect(turned).toBeGreaterThan(4);
    expect(read).toBeGreaterThan(5);
  });

  it.each([
    [{ ...BLOCKS, name: '' }, '`name`'],
    [{ ...BLOCKS, estimate: -1 }, '`estimate`'],
    [{ ...BLOCKS, cost: 3 as never }, '`cost`'],
  ])('refuses wrong options: %#', (options, part) => {
    expect(() => new Flow(100).source(() => new BlockReader(1), options)).toThrow(part);
  });

  it.each([[42], [undefined], [{}]])('refuses to open %s', async (opened) => {
    await expect(lastValueFrom(new Flow(100).source(() => opened as never, BLOCKS))).rejects.toThrow(
      '`open` must return',
    );
  });

  it('refuses an element that is undefined, and a cost that is not a count of bytes', async () => {
    const flow = new Flow(100);
    async function* holes() {
      yield undefined;
    }
    await expect(lastValueFrom(flow.source(holes, { ...BLOCKS, cost: () => 1 }))).rejects.toThrow(
      'must not be undefined',
    );
    const half = flow.source(() => new BlockReader(1), { ...BLOCKS, cost: () => 0.5 });
    await expect(lastValueFrom(half)).rejects.toThrow('whole number of bytes');
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
