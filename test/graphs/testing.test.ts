import {
  concatMap,
  from,
  lastValueFrom,
  map,
  type Observable,
  of,
  delay as plainDelay,
  VirtualTimeScheduler,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { fakeFrame, fakePatch, passTime, runColumns } from '../../src/entries/testing.ts';
import type { VideoScope } from '../../src/graphs/dataflow/video-scope.ts';
import { network } from '../../src/graphs/named-network.ts';
import { Flow } from '../../src/operators/flow.ts';
import { Frame } from '../../src/operators/frame.ts';
import { Patch } from '../../src/operators/patch.ts';

const brightnessOf = ({ data }: Frame) => data.reduce((sum, value) => sum + value, 0) / data.length;

describe('a fake frame', () => {
  it('is a frame with the same content in every run, another for each index', () => {
    const frame = fakeFrame({ width: 4, height: 2, index: 3 });
    expect(frame).toBeInstanceOf(Frame);
    expect([frame.byteLength, frame.index, frame.time]).toEqual([24, 3, 0.12]);
    expect([...frame.data]).toEqual([...fakeFrame({ width: 4, height: 2, index: 3 }).data]);
    expect([...frame.data]).not.toEqual([...fakeFrame({ width: 4, height: 2, index: 4 }).data]);
    expect([...fakeFrame({ width: 2, height: 1, picture: [1, 2, 3] }).data]).toEqual([1, 2, 3, 1, 2, 3]);
    expect(() => fakeFrame({ width: 2, height: 1, picture: new Uint8Array(5) })).toThrow(
      '`picture` must have 6 values, but has 5',
    );
    for (const picture of ['red', [1, 2], [0, 0, 256], [0.5, 0, 0]]) {
      expect(() => fakeFrame({ picture: picture as never })).toThrow('`picture` must be a colour of three integers');
    }
  });

  it('is valid as long as an operator holds it, and is overwritten with the last release', async () => {
    const flow = new Flow('1MiB');
    const frame = fakeFrame();
    const kept = frame.data;
    const before = kept.slice();
    const inside = await lastValueFrom(
      of(frame).pipe(flow.mapAsync(async (held) => [held.holds, held.data.slice()] as const, { concurrency: 1 })),
    );
    expect(inside).toEqual([1, before]);
    expect(frame.holds).toBe(0);
    expect(() => frame.data).toThrow('frame 0 was read after its last holder released it');
    expect(new Set(kept)).toEqual(new Set([255]));
    expect(before).not.toContain(255);
  });
});

describe('a fake patch', () => {
  it('is a patch of the size and the times of one for VGGish, and is overwritten with NaN', async () => {
    const patch = fakePatch({ index: 2 });
    expect(patch).toBeInstanceOf(Patch);
    expect([patch.data.length, patch.time, patch.centre]).toEqual([15_600, 1.92, 2.4]);
    expect(Math.max(...patch.data)).toBeCloseTo(0.5, 3);
    const kept = patch.data;
    await lastValueFrom(of(patch).pipe(new Flow('1MiB').mapAsync(async () => 1, { concurrency: 1 })));
    expect(kept.every(Number.isNaN)).toBe(true);
  });
});

describe('runColumns', () => {
  const columns = (scope: VideoScope) => {
    const frames = scope.frames({ width: 4, height: 4, fps: 10 });
    return {
      brightness: frames.pipe(
        map((frame) => ({ time: frame.time, vector: [brightnessOf(frame)] })),
        scope.subclips({ seconds: 1 }),
      ),
      samples: frames.pipe(
        map((frame) => ({ at: frame.time, first: frame.data.slice(0, 3), label: `number ${frame.index}` })),
        scope.rows({ at: 'time', first: 'float32[3]', label: 'utf8' }),
      ),
    };
  };

  it('gives the rows of columns and of tables, from frames of the size and rate that are asked for', async () => {
    const run = await runColumns(columns, {
      duration: 2,
      picture: ({ time }) => (time < 1 ? [0, 0, 0] : [200, 200, 200]),
    });
    expect(run.columns.brightness?.map(({ start, end, count, vector }) => [start, end, count, ...vector])).toEqual([
      [0, 1, 10, 0],
      [1, 2, 10, 200],
    ]);
    expect(run.tables.samples).toHaveLength(20);
    expect(run.tables.samples?.[10]).toMatchObject({
      at: 1,
      label: 'number 10',
      first: Float32Array.of(200, 200, 200),
    });
    expect(run.peaks['decode-video']).toBe(48);
  });

  it('gives vectors of the length of a network that is not opened, the same for the same pictures', async () => {
    const alexnet = network('alexnet', { weights: 'random:1' });
    const vggish = network('vggish', { weights: 'random:1' });
    const run = () =>
      runColumns((scope) => ({
        visual: scope.frames({ ...alexnet.input, fps: 2 }).pipe(scope.embed(alexnet), scope.subclips({ count: 2 })),
        audio: scope.audio(vggish.input).pipe(scope.embed(vggish), scope.subclips({ count: 2 })),
      }));
    const { columns: first } = await run();
    expect(first.visual?.map(({ vector }) => vector.length)).toEqual([4096, 4096]);
    expect(first.audio?.map(({ vector, count }) => [vector.length, count])).toEqual([
      [128, 2],
      [128, 0],
    ]);
    expect((await run()).columns).toEqual(first);
  });

  it('shows what an operator computes that keeps pictures without holding them', async () => {
    const lastOfTwo = (hold: boolean) => (scope: VideoScope) => {
      const keeping = scope.operator<Frame, { time: number; vector: number[] }>(
        'keeping',
        ({ keep, release, emit }) => {
          let [last, pixels]: [Frame | undefined, Uint8Array | undefined] = [undefined, undefined];
          return {
            next(frame) {
              if (pixels) emit({ time: frame.time, vector: [pixels[0] as number] });
              if (last) release(last);
              if (hold) last = keep(frame);
              pixels = frame.data;
            },
          };
        },
      );
      return { first: scope.frames({ width: 4, height: 4 }).pipe(keeping, scope.subclips({ count: 1 })) };
    };
    const firstValue = async (hold: boolean) => {
      const { columns: made } = await runColumns(lastOfTwo(hold), { duration: 0.08, picture: () => [7, 7, 7] });
      return made.first?.[0]?.vector[0];
    };
    expect(await firstValue(true)).toBe(7);
    expect(await firstValue(false)).toBe(255);
  });

  it('names what still holds elements when all is over', async () => {
    const endless = (scope: VideoScope) => ({
      pixels: scope.frames({ width: 4, height: 4 }).pipe(
        scope.operator<Frame, { time: number; vector: number[] }>('forgetful', ({ keep, busy, emit }) => ({
          next(frame) {
            keep(frame);
            busy();
            emit({ time: frame.time, vector: [1] });
          },
        })),
        scope.subclips({ count: 1 }),
      ),
    });
    await expect(runColumns(endless, { duration: 0.08 })).rejects.toMatchObject({
      code: 'held',
      message: "after all columns had ended, these were still held: 96 bytes by 'forgetful'",
    });
  });
});

describe('the time of a flow', () => {
  const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

  it('is that of a TestScheduler: delay is that of RxJS, in marbles', () => {
    const test = scheduler();
    test.run(({ cold, expectObservable }) => {
      const flow = new Flow('1MiB', { scheduler: test });
      for (const marbles of ['ab-c|', '(ab)-c', '|', 'a---#']) {
        const input = cold(marbles);
        expectObservable(input.pipe(flow.delay(3))).toEqual(input.pipe(plainDelay(3)));
      }
      expectObservable(cold('ab|').pipe(flow.delay(3))).toBe('---a(b|)');
    });
  });

  it('ends operations that take too long, in virtual time', () => {
    const test = scheduler();
    test.run(({ cold, expectObservable }) => {
      const flow = new Flow('1MiB', { scheduler: test });
      const never = () => new Promise<never>(() => {});
      const slow = cold('-a').pipe(flow.mapAsync(never, { concurrency: 1, timeout: 5, name: 'slow' }));
      const inTime: Observable<string> = slow.pipe(map(() => 'a'));
      expectObservable(inTime).toBe(
        '------#',
        undefined,
        expect.objectContaining({ code: 'timeout', message: "an operation of 'flow/slow' took longer than 5 ms" }),
      );
    });
  });

  it('passes between tries again and between starts of a rate, and takes none', async () => {
    const time = new VirtualTimeScheduler();
    const flow = new Flow('1MiB', { scheduler: time });
    const starts: number[] = [];
    const flaky = async (value: number) => {
      starts.push(time.now());
      if (starts.length < 4) throw new Error('not yet');
      return value;
    };
    const tried = of(1).pipe(flow.mapAsync(flaky, { concurrency: 1, retry: 3, name: 'flaky' }));
    expect(await passTime(time, lastValueFrom(tried))).toBe(1);
    expect(starts).toEqual([0, 500, 1500, 3500]);

    const begun = time.now();
    const calls: number[] = [];
    const called = async () => void calls.push(time.now() - begun);
    const rated = from([1, 2, 3]).pipe(flow.mapAsync(called, { concurrency: 3, rate: '1/min', name: 'rated' }));
    await passTime(time, lastValueFrom(rated));
    expect(calls).toEqual([0, 60_000, 120_000]);
  });

  it('runs batches that do not fill', async () => {
    const time = new VirtualTimeScheduler();
    const flow = new Flow('1MiB', { scheduler: time });
    const sizes: [number, number][] = [];
    const batcher = flow.microBatch<number, number>({
      name: 'batch',
      maxCount: 10,
      maxDelay: 5000,
      run: async (batch) => {
        sizes.push([time.now(), batch.length]);
        return batch;
      },
    });
    const slow = of(1, 2, 3).pipe(
      concatMap((value) => of(value).pipe(flow.delay(value === 3 ? 8000 : 0, { name: `delay-${value}` }))),
    );
    await passTime(time, lastValueFrom(slow.pipe(batcher.batch())));
    expect(sizes).toEqual([
      [5000, 2],
      [8000, 1],
    ]);
  });

  it('is no time at all where it is no scheduler', () => {
    expect(() => new Flow('1MiB', { scheduler: {} as never })).toThrow('`scheduler` must be a scheduler of RxJS');
  });
});
