import {
  concat,
  EMPTY,
  filter,
  from,
  interval,
  last,
  lastValueFrom,
  map,
  merge,
  NEVER,
  type Observable,
  Subject,
  share,
  throwError,
  timer,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { BLOCKS, Block, BlockReader, blocks, indices, left, settled } from './support/elements.ts';

describe('buffer', () => {
  it('gives what came since the last signal, an empty array for none, and the rest at the end', () => {
    const flow = new Flow(1000);
    const [input, signal] = [new Subject<Block>(), new Subject<void>()];
    const seen: (number[] | string)[] = [];
    input
      .pipe(flow.buffer(signal))
      .subscribe({ next: (list) => seen.push(indices(list)), complete: () => seen.push('end') });
    signal.next();
    input.next(new Block(0));
    input.next(new Block(1));
    expect(flow.held).toBe(20);
    signal.next();
    expect(flow.held).toBe(0);
    signal.complete();
    input.next(new Block(2));
    input.complete();
    expect(seen).toEqual([[], [0, 1], [2], 'end']);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails with the error of its signal and releases', async () => {
    const flow = new Flow(1000);
    const input = concat(from(blocks(3)), NEVER);
    await expect(lastValueFrom(input.pipe(flow.buffer(throwError(() => new Error('signal')))))).rejects.toThrow(
      'signal',
    );
    expect(left(flow)).toEqual([0, 0, 0, 0]);
    expect(() => flow.buffer(3 as never)).toThrow('closing');
  });

  it.each([0, 30])(
    'waits for its timer when the budget is full before it fires, overcommit %i',
    async (maxOvercommit) => {
      const flow = new Flow(50, { maxOvercommit });
      const seen = await lastValueFrom(
        flow.source(() => new BlockReader(23), BLOCKS).pipe(flow.buffer(interval(5)), map(indices), toArray()),
      );
      expect(seen.flat()).toEqual(Array.from({ length: 23 }, (_, index) => index));
      expect([flow.metrics().overcommits, Math.max(...seen.map((list) => list.length)) > 5]).toEqual([0, false]);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
  );

  it('still knows that it is stuck when its timer has ended, or its signal comes from the flow itself', async () => {
    const run = (closing: (frames: Observable<Block>) => Observable<unknown>) => {
      const flow = new Flow(50, { maxOvercommit: 0 });
      const read = flow.source(() => new BlockReader(23), BLOCKS).pipe(share());
      return lastValueFrom(read.pipe(flow.buffer(closing(read)))).then(
        () => 'done',
        async (error) => {
          await settled();
          return `${error.code} ${left(flow)}`;
        },
      );
    };
    expect(await run(() => timer(3))).toBe('budget-too-small 0,0,0,0');
    expect(await run((read) => read.pipe(filter(({ index }) => index === 9)))).toBe('budget-too-small 0,0,0,0');
    expect(await run((read) => merge(read.pipe(filter(({ index }) => index % 4 === 3)), EMPTY))).toBe('done');
    expect(await run(() => NEVER)).toBe('budget-too-small 0,0,0,0');
    const { frames } = { frames: (flow: Flow) => flow.source(() => new BlockReader(9), BLOCKS) };
    const flow = new Flow(50, { maxOvercommit: 0 });
    const other = frames(flow).pipe(flow.buffer(frames(flow).pipe(last())));
    await expect(lastValueFrom(other)).rejects.toMatchObject({ code: 'budget-too-small' });
  });

  it('that holds nothing does not hide that others are stuck', async () => {
    const flow = new Flow(30, { maxOvercommit: 0 });
    const empty = NEVER.pipe(flow.buffer(interval(60_000))).subscribe();
    const stuck = flow.source(() => new BlockReader(9), BLOCKS).pipe(flow.window(9));
    await expect(lastValueFrom(stuck)).rejects.toMatchObject({ code: 'budget-too-small' });
    empty.unsubscribe();
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
