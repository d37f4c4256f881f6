import fc from 'fast-check';
import { concat, from, lastValueFrom, NEVER, Observable, Subject, take, throwError, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { FlowError, UsageError } from '../../src/core/errors.ts';
import { Flow } from '../../src/operators/flow.ts';
import { dimensionOf, type Statistic, statisticNames } from '../../src/operators/statistics.ts';
import { type SubclipRow, subclips, subclipsClaim, type Timed } from '../../src/operators/subclips.ts';
import { directSubclips } from './direct-subclips.ts';

/** A scope that remembers what was accounted for. */
class MemoryPool {
  held = 0;
  peak = 0;
  entered = 0;
  clock = {
    in: 0,
    enter: (): void => {
      this.entered += 1;
    },
    leave: (): void => {
      this.entered -= 1;
    },
    emit: <T>(out: { next(value: T): void }, value: T) => out.next(value),
  };
  reservation() {
    let own = 0;
    const change = (bytes: number): void => {
      own += bytes;
      this.held += bytes;
      this.peak = Math.max(this.peak, this.held);
    };
    return { grow: change, shrink: (bytes: number) => change(-bytes), free: () => change(-own) };
  }
  meter() {
    return this.clock;
  }
}

function collect(
  rows: readonly Timed[],
  duration: number,
  count: number | number[],
  statistic: Statistic | Statistic[],
) {
  return lastValueFrom(
    from(rows).pipe(subclips({ duration, id: 'clip' }, { name: 'visual', count, statistic }), toArray()),
  );
}

function sorted(rows: readonly SubclipRow[]): SubclipRow[] {
  const order = (row: SubclipRow) => row.subclips * 1e6 + row.subclip * 10 + statisticNames.indexOf(row.statistic);
  return [...rows].sort((a, b) => order(a) - order(b));
}

/** Times on a grid, so that ties and times on borders happen; values that repeat. */
const stream = fc
  .record({
    duration: fc.constantFrom(1, 2.5, 10, 7.3),
    dimension: fc.constantFrom(1, 3, 16, 19),
    lead: fc.constantFrom(0, 0.25, 0.48),
    times: fc.array(fc.integer({ min: -8, max: 100 }), { minLength: 1, maxLength: 60 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    relu: fc.boolean(),
  })
  .map(({ duration, dimension, lead, times, seed, relu }) => {
    let state = seed;
    const next = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const rows: Timed[] = [...times]
      .sort((a, b) => a - b)
      .map((step) => {
        const time = (step * duration) / 80;
        const value = () => (relu ? Math.max(0, next() - 0.6) : Math.round(next() * 8) - 4);
        return { time, centre: time + lead, vector: Float32Array.from({ length: dimension }, value) };
      });
    return { duration, dimension, rows };
  });

const counts = fc.uniqueArray(fc.constantFrom(1, 2, 3, 5, 10, 40), { minLength: 1, maxLength: 4 });
const statistics = fc.uniqueArray(fc.constantFrom(...statisticNames), { minLength: 1 });

describe('subclips', () => {
  test('equal the direct computation over all rows, for any times, counts and statistics', async () => {
    await fc.assert(
      fc.asyncProperty(stream, counts, statistics, async ({ duration, rows }, count, statistic) => {
        const got = sorted(await collect(rows, duration, count, statistic));
        const expected = sorted(directSubclips(rows, duration, count, statistic));
        expect(got.length).toBe(expected.length);
        for (const [index, row] of got.entries()) {
          const { vector, ...rest } = row;
          const { vector: expectedVector, ...expectedRest } = expected[index] as SubclipRow;
          expect(rest).toEqual({ item: 'clip', ...expectedRest });
          const apart = vector.map((value, i) => Math.abs(value - (expectedVector[i] as number)));
          expect(Math.max(...apart)).toBeLessThan(1e-6);
          if (row.statistic === 'median') expect(vector).toEqual(expectedVector);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('are the same bytes for any set of other counts and statistics, and any way the stream arrives', async () => {
    await fc.assert(
      fc.asyncProperty(stream, counts, fc.boolean(), async ({ duration, rows }, count, paused) => {
        const all = sorted(await collect(rows, duration, count, [...statisticNames].reverse()));
        const slow = new Observable<Timed>((subscriber) => {
          void (async () => {
            for (const row of rows) {
              if (paused) await null;
              subscriber.next({ ...row, vector: [...row.vector] });
            }
            subscriber.complete();
          })();
        });
        for (const single of count) {
          for (const statistic of statisticNames) {
            const options = { name: 'visual', count: single, statistic };
            const alone = await lastValueFrom(slow.pipe(subclips({ duration, id: 'clip' }, options), toArray()));
            expect(alone).toEqual(all.filter((row) => row.subclips === single && row.statistic === statistic));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('copy what they keep: a producer may reuse its vector', async () => {
    const shared = new Float32Array(2);
    const reused = from([0, 1, 2, 8]).pipe(
      (source) =>
        new Observable<Timed>((subscriber) =>
          source.subscribe({
            next: (time) => {
              shared.fill(time);
              subscriber.next({ time, vector: shared });
            },
            complete: () => subscriber.complete(),
          }),
        ),
    );
    const rows = await lastValueFrom(
      reused.pipe(subclips({ duration: 10 }, { name: 'x', count: 5, statistic: 'median' }), toArray()),
    );
    expect(rows.map((row) => [row.vector[0], row.count])).toEqual([
      [0.5, 2],
      [2, 1],
      [2, 0],
      [2, 0],
      [8, 1],
    ]);
  });

  test('account for every byte and give all back, within the claim', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        counts,
        statistics,
        fc.constantFrom(1, 40, 5000),
        async (length, count, statistic, dimension) => {
          const duration = 20;
          const rate = length / duration;
          const rows = Array.from({ length }, (_, index) => ({
            time: index / rate,
            centre: index / rate + 0.48,
            vector: new Float32Array(dimension).fill(index),
          }));
          const scope = new MemoryPool();
          const options = { name: 'visual', count, statistic, scope };
          await lastValueFrom(from(rows).pipe(subclips({ duration }, options)));
          const claim = subclipsClaim({ duration, rate, dimension, counts: count, statistics: statistic, lead: 0.48 });
          expect(scope.peak).toBeGreaterThanOrEqual(4 * dimension);
          expect(scope.peak).toBeLessThanOrEqual(claim);
          expect(scope.held).toBe(0);
          expect(scope.entered).toBe(0);
          expect(scope.clock.in).toBe(length);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('give everything back on error and on unsubscription', () => {
    const row = { time: 0, vector: [1, 2] };
    for (const end of [NEVER, throwError(() => new Error('decoder'))]) {
      const scope = new MemoryPool();
      const options = { name: 'visual', count: 2, statistic: 'median', scope } as const;
      let failed: unknown;
      const subscription = concat(from([row]), end)
        .pipe(subclips({ duration: 1 }, options))
        .subscribe({
          error: (error) => {
            failed = error;
          },
        });
      if (end === NEVER) {
        expect(scope.held).toBeGreaterThan(0);
        subscription.unsubscribe();
      } else {
        expect((failed as Error).message).toBe('decoder');
      }
      expect(scope.held).toBe(0);
    }
  });

  test('report to the scope of a flow what they hold and how long they take', async () => {
    const flow = new Flow('64MiB');
    const scope = flow.scope('clip');
    const rows = Array.from({ length: 50 }, (_, time) => ({ time, vector: new Float32Array(1000).fill(time) }));
    const options = { name: 'visual', count: 5, statistic: 'medmad', scope } as const;
    await lastValueFrom(from(rows).pipe(subclips({ duration: 50 }, options)));
    const { held, operators } = flow.metrics();
    expect(held).toBe(0);
    const operator = operators.find(({ name }) => name === 'subclips-visual');
    expect(operator).toMatchObject({ in: 50, out: 5 });
    expect(operator?.peakBytes).toBeGreaterThan(10 * 4000);
    expect(operator?.busySeconds).toBeGreaterThan(0);
  });

  test('stop computing when nobody listens any more', async () => {
    const rows = Array.from({ length: 100 }, (_, time) => ({ time, vector: [time] }));
    const first = from(rows).pipe(subclips({ duration: 100 }, { name: 'x', count: 50, statistic: 'mean' }), take(1));
    expect((await lastValueFrom(first)).vector).toEqual(Float32Array.of(0.5));
  });

  test('come as soon as a later row shows that their subclip is over', () => {
    const source = new Subject<Timed>();
    const seen: number[] = [];
    source
      .pipe(subclips({ duration: 4 }, { name: 'x', count: 4, statistic: 'mean' }))
      .subscribe((row) => seen.push(row.subclip));
    source.next({ time: 0, vector: [1] });
    expect(seen).toEqual([]);
    source.next({ time: 2, vector: [1] });
    expect(seen).toEqual([0, 1]);
    source.complete();
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test('keep the digits of a small variance on a large offset', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({ time: index / 1000, vector: [1e6 + (index % 2)] }));
    const [row] = await collect(rows, 10, 1, 'meanvar');
    expect(row?.vector[0]).toBe(1e6 + 0.5);
    expect(row?.vector[1]).toBeCloseTo(0.25, 9);
  });

  test('of a stream without rows are none', async () => {
    expect(await collect([], 10, 10, 'mean')).toEqual([]);
  });

  test('read the duration when the first row arrives, not before', async () => {
    const span = {
      get duration(): number {
        throw new UsageError('not probed yet');
      },
    };
    const options = { name: 'x', count: 1, statistic: 'mean' } as const;
    await expect(lastValueFrom(from([{ time: 0, vector: [1] }]).pipe(subclips(span, options)))).rejects.toThrow(
      'probed',
    );
    expect(await lastValueFrom(from<Timed[]>([]).pipe(subclips(span, options), toArray()))).toEqual([]);
    await expect(collect([{ time: 0, vector: [1] }], Number.NaN, 1, 'mean')).rejects.toThrow(UsageError);
  });

  test('refuse times that do not ascend, naming both', async () => {
    const rows = [
      { time: 2, vector: [1] },
      { time: 1.5, vector: [1] },
    ];
    const failure = await collect(rows, 10, 1, 'mean').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FlowError);
    expect(failure).toMatchObject({ code: 'order', message: expect.stringMatching(/visual.*1\.5 s.*2 s/) });
    await expect(collect([{ time: 2, centre: 1, vector: [1] }], 10, 1, 'mean')).rejects.toThrow('centred before');
    await expect(collect([{ time: Number.NaN, vector: [1] }], 10, 1, 'mean')).rejects.toThrow(FlowError);
  });

  test('refuse a vector of another length, or of none', async () => {
    const rows = [
      { time: 1, vector: [1] },
      { time: 2, vector: [1, 2] },
    ];
    const failure = await collect(rows, 10, 1, 'mean').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FlowError);
    expect(failure).toMatchObject({ code: 'batch-result', message: expect.stringContaining('at 2 s has 2 values') });
    await expect(collect([{ time: 1, vector: [] }], 10, 1, 'mean')).rejects.toThrow('no values');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e39])(
    'refuse the value %s, naming stream and time',
    async (value) => {
      for (let position = 0; position < 6; position += 1) {
        const vector = [1, 2, 3, 4, 5, 6];
        vector[position] = value;
        const failure = await collect([{ time: 3.25, vector }], 10, 1, 'median').catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(FlowError);
        expect((failure as Error).message).toMatch(`stream 'visual': value ${position} of the vector at 3.25 s`);
      }
    },
  );

  test('refuse options that mean nothing', () => {
    const options = { name: 'x', count: 10, statistic: 'mean' } as const;
    expect(() => subclips({ duration: 1 }, { ...options, count: [] })).toThrow(UsageError);
    expect(() => subclips({ duration: 1 }, { ...options, count: 0 })).toThrow(UsageError);
    expect(() => subclips({ duration: 1 }, { ...options, statistic: 'mode' as Statistic })).toThrow("'medmad'");
    expect(() => subclips({ duration: 1 }, { ...options, statistic: [] })).toThrow(UsageError);
    expect(() => subclips({ duration: 1 }, { ...options, name: '' })).toThrow(UsageError);
  });

  test('have vectors of the length that `dimensionOf` states', async () => {
    for (const statistic of statisticNames) {
      const [row] = await collect([{ time: 0, vector: [1, 2, 3] }], 1, 1, statistic);
      expect(row?.vector.length).toBe(dimensionOf(statistic, 3));
    }
  });

  test('stops a source that emits inside subscribe as soon as nobody listens', async () => {
    let given = 0;
    const endless = new Observable<Timed>((out) => {
      for (let index = 0; !out.closed; index++) {
        given++;
        if (given > 1000) throw new Error('still asked for rows');
        out.next({ time: index, vector: [index] });
      }
    });
    const row = await lastValueFrom(
      endless.pipe(subclips({ id: 'a', duration: 100 }, { name: 'x', count: 10, statistic: 'mean' }), take(1)),
    );
    expect([row.subclip, given]).toEqual([0, 11]);
  });
});
