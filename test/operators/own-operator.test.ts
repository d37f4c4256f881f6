import { concat, from, lastValueFrom, map, NEVER, of, pairwise, Subject, take, throwError, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { Flow } from '../../src/operators/flow.ts';
import type { Frame } from '../../src/operators/frame.ts';
import type { Holding, Stage } from '../../src/operators/own-operator.ts';
import {
  BLOCKS,
  type Block,
  BlockReader,
  blocks,
  deferred,
  left,
  PICTURE,
  pictures,
  settled,
} from './support/elements.ts';

/** The sum of the first bytes of each picture and the one before, as an engineer would write it. */
function pairs({ keep, release, emit }: Holding<number>): Stage<Frame> {
  let last: Frame | undefined;
  return {
    next(frame) {
      if (last !== undefined) {
        emit((last.data[0] ?? Number.NaN) + (frame.data[0] ?? Number.NaN));
        release(last);
      }
      last = keep(frame);
    },
  };
}

describe("an operator of one's own", () => {
  it('keeps the element before, which a plain operator cannot', async () => {
    const flow = new Flow(3 * PICTURE, { maxOvercommit: 0 });
    const seen = await lastValueFrom(pictures(flow, 50).pipe(flow.scope('clip').operator('pairs', pairs), toArray()));
    expect(seen).toEqual(Array.from({ length: 49 }, (_, index) => 2 * index + 1));
    expect([flow.peakHeld, ...left(flow)]).toEqual([2 * PICTURE, 0, 0, 0, 0]);
    expect(flow.metrics().operators.find(({ name }) => name === 'pairs')).toMatchObject({
      ...{ kind: 'operator', in: 50, out: 49, peakBytes: PICTURE },
    });
    const plain = pictures(flow, 50).pipe(
      pairwise(),
      map(([a, b]) => a.data.length + b.data.length),
    );
    await expect(lastValueFrom(plain)).rejects.toMatchObject({ code: 'recycled' });
  });

  it('makes its state again for each subscription', async () => {
    const flow = new Flow(1000);
    const sums = pictures(flow, 3).pipe(flow.operator('pairs', pairs), toArray());
    expect(await lastValueFrom(sums)).toEqual([1, 3]);
    const empty = from([]).pipe(flow.operator('pairs', pairs), toArray());
    expect(await lastValueFrom(empty)).toEqual([]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it.each(['complete', 'error', 'unsubscribe', 'thrown'] as const)(
    'releases what is still kept at: %s',
    async (end) => {
      const flow = new Flow(1000);
      const list = blocks(3);
      const fails = throwError(() => new Error('input'));
      const rest = { complete: of<Block>(), error: fails, unsubscribe: NEVER, thrown: NEVER }[end];
      const outcome: string[] = [];
      const subscription = concat(from(list), rest)
        .pipe(
          flow.operator<Block, never>('keeps', ({ keep }) => ({
            next(block) {
              // Twice, which one end must make good for.
              keep(keep(block));
              if (end === 'thrown' && block.index === 2) throw new Error('own');
            },
          })),
        )
        .subscribe({ error: (error) => outcome.push(error.message), complete: () => outcome.push('complete') });
      if (end === 'unsubscribe') expect(flow.held).toBe(30);
      subscription.unsubscribe();
      expect(outcome).toEqual({ complete: ['complete'], error: ['input'], unsubscribe: [], thrown: ['own'] }[end]);
      expect(list.map((block) => block.idled)).toEqual([1, 1, 1]);
      expect(left(flow)).toEqual([0, 0, 0, 0]);
    },
  );

  it('holds an element until it was released as often as it was kept', () => {
    const flow = new Flow(1000);
    const [block] = blocks(1) as [Block];
    let holding: Holding<never> | undefined;
    const input = new Subject<Block>();
    input
      .pipe(
        flow.operator<Block, never>('keeps', (given) => {
          holding = given;
          return { next: (element) => void given.keep(given.keep(element)) };
        }),
      )
      .subscribe();
    input.next(block);
    holding?.release(block);
    expect([flow.held, block.idle]).toEqual([10, false]);
    holding?.release(block);
    expect([flow.held, block.idle]).toEqual([0, true]);
    expect(() => holding?.release(block)).toThrow(UsageError);
    expect(() => holding?.keep(block)).toThrow('after its last holder released it');
  });

  it('refuses to give on what nobody holds any more', async () => {
    const flow = new Flow(1000);
    const late = pictures(flow, 3).pipe(
      flow.operator<Frame, Uint8Array>('late', ({ emit }) => {
        let rows: Uint8Array | undefined;
        return {
          next(frame) {
            if (rows !== undefined) emit(rows);
            rows = frame.data.subarray(4, 8);
          },
        };
      }),
    );
    await expect(lastValueFrom(late)).rejects.toMatchObject({ code: 'recycled' });
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('keeps its elements while its work is under way, though the subscriber has left, and gives nothing on then', async () => {
    const flow = new Flow(1000);
    const list = blocks(2);
    const work = deferred<void>();
    const seen: number[] = [];
    let aborted = false;
    const output = concat(from(list), NEVER).pipe(
      flow.operator<Block, number>('reads', ({ keep, release, emit, busy, signal }) => ({
        next(block) {
          keep(block);
          const span = busy();
          void work.promise.then(() => {
            aborted = signal.aborted;
            emit(block.data);
            release(block);
            span.end();
            span.end();
          });
        },
      })),
    );
    const subscription = output.subscribe((index) => seen.push(index));
    subscription.unsubscribe();
    expect([flow.held, flow.inFlight, list.map((block) => block.idled)]).toEqual([20, 2, [0, 0]]);
    work.resolve();
    await settled();
    expect([aborted, seen, list.map((block) => block.idled)]).toEqual([true, [], [1, 1]]);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('ends when the promise of its `complete` has settled, and fails as it fails', async () => {
    const flow = new Flow(1000);
    const ending = (outcome: Promise<void>) =>
      from(blocks(2)).pipe(
        flow.operator<Block, number>('sum', ({ keep, emit }) => {
          const kept: Block[] = [];
          return {
            next: (block) => void kept.push(keep(block)),
            async complete() {
              await outcome;
              emit(kept.reduce((sum, block) => sum + block.data, 0));
            },
          };
        }),
        toArray(),
      );
    expect(await lastValueFrom(ending(settled()))).toEqual([1]);
    await expect(lastValueFrom(ending(Promise.reject(new Error('no'))))).rejects.toThrow('no');
    await settled();
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('fails when its work outside of `next` says so', async () => {
    const flow = new Flow(1000);
    const failing = concat(from(blocks(1)), NEVER).pipe(
      flow.operator<Block, never>('fails', ({ fail }) => ({
        next: () => void Promise.resolve().then(() => fail(new Error('later'))),
      })),
    );
    await expect(lastValueFrom(failing)).rejects.toThrow('later');
  });

  it('is asked to let go when the flow is stuck, and is refused when it cannot', async () => {
    const gather = (size: number, flushes: boolean) => (holding: Holding<number[]>) => {
      let kept: Block[] = [];
      const give = () => {
        const list = kept;
        kept = [];
        holding.emit(list.map((block) => block.data));
        for (const block of list) holding.release(block);
      };
      return {
        next(block: Block) {
          kept.push(holding.keep(block));
          if (kept.length === size) give();
        },
        complete: give,
        flush: flushes ? () => (kept.length > 1 ? give() : undefined) : undefined,
      };
    };
    const flow = new Flow(30, { maxOvercommit: 0 });
    const run = (size: number, flushes: boolean) =>
      lastValueFrom(
        flow.source(() => new BlockReader(7), BLOCKS).pipe(flow.operator('gather', gather(size, flushes)), toArray()),
      );
    expect(await run(100, true)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(flow.metrics().pressureFlushes).toBe(2);
    await expect(run(100, false)).rejects.toMatchObject({ code: 'budget-too-small' });
    const tight = new Flow(10, { maxOvercommit: 0 });
    const stuck = tight.source(() => new BlockReader(7), BLOCKS).pipe(tight.operator('gather', gather(100, true)));
    await expect(lastValueFrom(stuck)).rejects.toMatchObject({ code: 'budget-too-small' });
    await settled();
    expect([...left(flow), ...left(tight)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('gives the downstream time as blocked, its own as busy', async () => {
    const flow = new Flow(1000);
    const input = new Subject<number>();
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const spend = (milliseconds: number) => void vi.advanceTimersByTime(milliseconds);
    input
      .pipe(
        flow.operator<number, number>('works', ({ emit }) => ({
          next(value) {
            spend(30);
            emit(value);
            spend(10);
          },
        })),
        take(1),
      )
      .subscribe(() => spend(60));
    input.next(1);
    const { busySeconds = 0, blockedSeconds = 0 } = flow.metrics().operators[0] ?? {};
    expect(busySeconds).toBeCloseTo(0.04, 9);
    expect(blockedSeconds).toBeCloseTo(0.06, 9);
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });

  it('refuses what is not an operator', async () => {
    const flow = new Flow(1000);
    expect(() => flow.operator('', pairs)).toThrow('`name`');
    expect(() => flow.operator('x', 3 as never)).toThrow('`define`');
    const nothing = of(1).pipe(flow.operator('x', () => ({}) as never));
    await expect(lastValueFrom(nothing)).rejects.toThrow('an object with `next`');
    expect(left(flow)).toEqual([0, 0, 0, 0]);
  });
});
