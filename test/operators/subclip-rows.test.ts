import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { subclips, subclipsClaim, type Timed } from '../../src/operators/subclips.ts';

/**
 * The mean of each of five subclips of ten seconds of a stream of one value, and how many rows it
 * is over.
 */
async function taken(rows: readonly Timed[]): Promise<[value: number | undefined, count: number][]> {
  const options = { name: 'x', count: 5, statistic: 'mean' } as const;
  const subclip = await lastValueFrom(from(rows).pipe(subclips({ duration: 10 }, options), toArray()));
  return subclip.map((row) => [row.vector[0], row.count]);
}

describe('subclips', () => {
  test('without a row of their own take the moment that is showing, or the span that is nearest', async () => {
    // a picture at 3 s and one at 8.5 s: nothing shows before the first, which stands for what is
    // before it too
    const moments = [3, 8.5].map((time) => ({ time, vector: [time] }));
    expect(await taken(moments)).toEqual([
      [3, 0],
      [3, 1],
      [3, 0],
      [3, 0],
      [8.5, 1],
    ]);
    // patches of sound over 1 s each: to 7 s the second is nearer
    const spans = moments.map((row) => ({ ...row, centre: row.time + 0.5 }));
    expect(await taken(spans)).toEqual([
      [3, 0],
      [3, 1],
      [3, 0],
      [8.5, 0],
      [8.5, 1],
    ]);
    // what begins at the very midpoint is showing there
    expect(await taken([0, 5].map((time) => ({ time, vector: [time] })))).toContainEqual([5, 1]);
    expect((await taken([1, 7].map((time) => ({ time, vector: [time] })))).map(([value]) => value)).toEqual([
      1, 1, 1, 7, 7,
    ]);
  });

  test('of a varying rate keep within a claim that knows how close rows can lie', async () => {
    // 200 of 210 rows in the first of ten seconds
    const rows = Array.from({ length: 210 }, (_, index) => ({
      time: index < 200 ? index / 200 : 1 + ((index - 200) * 9) / 10,
      vector: new Float32Array(1000),
    }));
    let [held, peak] = [0, 0];
    const change = (bytes: number): void => {
      held += bytes;
      peak = Math.max(peak, held);
    };
    const reservation = () => ({ grow: change, shrink: (bytes: number) => change(-bytes), free: () => {} });
    const meter = {
      in: 0,
      enter: () => {},
      leave: () => {},
      emit: <T>(out: { next(value: T): void }, value: T) => out.next(value),
    };
    const scope = { reservation, meter: () => meter };
    const options = { name: 'visual', count: 10, statistic: 'median', scope } as const;
    await lastValueFrom(from(rows).pipe(subclips({ duration: 10 }, options)));
    const claim = { duration: 10, rate: 21, dimension: 1000, counts: 10, statistics: 'median' } as const;
    expect(peak).toBeGreaterThan(subclipsClaim(claim));
    expect(peak).toBeLessThanOrEqual(subclipsClaim({ ...claim, peakRate: 200 }));
    // never more than all rows there are
    expect(subclipsClaim({ ...claim, peakRate: 100_000 })).toBe(
      subclipsClaim({ ...claim, counts: 1, peakRate: 21 }) + 0,
    );
  });
});
