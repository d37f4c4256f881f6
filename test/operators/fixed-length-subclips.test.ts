import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Flow } from '../../src/operators/flow.ts';
import { type Statistic, statisticNames } from '../../src/operators/statistics.ts';
import {
  type SubclipOptions,
  type SubclipRow,
  subclips,
  subclipsClaim,
  type Timed,
} from '../../src/operators/subclips.ts';

type Cut = Pick<SubclipOptions, 'count' | 'seconds'>;

function cut(rows: readonly Timed[], duration: number, how: Cut & { statistic?: Statistic | Statistic[] }) {
  const { statistic = 'mean', ...cuts } = how;
  return lastValueFrom(from(rows).pipe(subclips({ duration }, { name: 'visual', statistic, ...cuts }), toArray()));
}

/** Rows with ascending times, some on borders, some before the start and behind the end. */
const stream = fc
  .record({
    duration: fc.constantFrom(1, 2.5, 7.3, 10, 10.04),
    seconds: fc.constantFrom(0.3, 0.5, 1, 2.5, 4, 30),
    steps: fc.array(fc.integer({ min: -4, max: 110 }), { minLength: 1, maxLength: 60 }),
    lead: fc.constantFrom(0, 0.48),
  })
  .map(({ duration, seconds, steps, lead }) => ({
    duration,
    seconds,
    rows: [...steps]
      .sort((left, right) => left - right)
      .map((step, index): Timed => {
        const time = (step * duration) / 100;
        return { time, centre: time + lead, vector: [index % 7, step, 1] };
      }),
  }));

describe('subclips of fixed length', () => {
  it('follow one another without a gap, from the start to the end of the span', async () => {
    await fc.assert(
      fc.asyncProperty(stream, async ({ duration, seconds, rows }) => {
        const got = await cut(rows, duration, { seconds });
        expect(got.map(({ subclip }) => subclip)).toEqual(got.map((_, index) => index));
        for (const [index, { start, end, subclips: count, seconds: length }] of got.entries()) {
          expect([start, count, length]).toEqual([index * seconds, got.length, seconds]);
          expect(end).toBe(index === got.length - 1 ? duration : got[index + 1]?.start);
        }
        const last = got.at(-1) as SubclipRow;
        if (got.length > 1) expect(last.end - last.start).toBeGreaterThan(0.09 * seconds);
        expect(last.end - last.start).toBeLessThan(1.11 * seconds);
      }),
      { numRuns: 60 },
    );
  });

  it('have every row once, in subclip floor(t / seconds), the last one at most', async () => {
    await fc.assert(
      fc.asyncProperty(stream, async ({ duration, seconds, rows }) => {
        const got = await cut(rows, duration, { seconds });
        expect(got.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length);
        for (const { subclip, count, vector } of got) {
          const own = rows.filter(({ time }) => {
            const at = Math.floor(time / seconds + 1e-9);
            return Math.max(0, Math.min(at, got.length - 1)) === subclip;
          });
          expect(count).toBe(own.length);
          if (own.length === 0) continue;
          const mean = [0, 1, 2].map(
            (at) => own.reduce((sum, row) => sum + (row.vector[at] as number), 0) / own.length,
          );
          expect([...vector].every((value, at) => Math.abs(value - (mean[at] as number)) < 1e-4)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are the equal parts where the length is that of an equal part', async () => {
    await fc.assert(
      fc.asyncProperty(stream, fc.integer({ min: 1, max: 40 }), async ({ duration, rows }, count) => {
        const statistic = [...statisticNames];
        const equal = await cut(rows, duration, { count, statistic });
        const fixed = await cut(rows, duration, { seconds: duration / count, statistic });
        expect(fixed.length).toBe(equal.length);
        for (const [index, { seconds: _, start, end, ...row }] of fixed.entries()) {
          const { start: equalStart, end: equalEnd, ...other } = equal[index] as SubclipRow;
          expect(row).toEqual(other);
          expect([start, end]).toEqual([expect.closeTo(equalStart, 9), expect.closeTo(equalEnd, 9)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are the same beside other lengths and numbers of subclips, in one pass', async () => {
    await fc.assert(
      fc.asyncProperty(stream, async ({ duration, seconds, rows }) => {
        const statistic: Statistic[] = ['meanvar', 'medmad'];
        const together = await cut(rows, duration, { count: [1, 3], seconds: [seconds, 0.7], statistic });
        for (const alone of [{ count: 3 }, { seconds }, { seconds: 0.7 }]) {
          const own = together.filter((row) =>
            'count' in alone ? row.seconds === undefined && row.subclips === 3 : row.seconds === alone.seconds,
          );
          expect(own).toEqual(await cut(rows, duration, { ...alone, statistic }));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keep no more than they claim: of medians the rows of one subclip, however long the span is', async () => {
    const [rate, dimension, seconds] = [10, 64, 2];
    const claims: number[] = [];
    for (const duration of [20, 400]) {
      const flow = new Flow(2 ** 30);
      const rows = Array.from({ length: duration * rate }, (_, index) => ({
        time: index / rate,
        vector: new Float32Array(dimension).fill(index),
      }));
      const options = { name: 'visual', seconds, statistic: 'medmad', scope: flow.scope('clip') } as const;
      await lastValueFrom(from(rows).pipe(subclips({ duration }, options)));
      const claim = subclipsClaim({ duration, rate, dimension, seconds, statistics: 'medmad' });
      expect(flow.metrics().operators.find(({ name }) => name === 'subclips-visual')?.peakBytes).toBeLessThanOrEqual(
        claim,
      );
      claims.push(claim);
    }
    expect(claims[1]).toBe(claims[0]);
  });

  it('join a rest shorter than a tenth of a subclip to the subclip before it', async () => {
    const rows = [0, 1, 2, 3, 4, 5].map((time) => ({ time, vector: [time] }));
    const ends = async (duration: number) => (await cut(rows, duration, { seconds: 2 })).map(({ end }) => end);
    expect(await ends(5.9)).toEqual([2, 4, 5.9]);
    expect(await ends(6.1)).toEqual([2, 4, 6.1]);
    expect(await ends(6.3)).toEqual([2, 4, 6, 6.3]);
    expect(await ends(0.1)).toEqual([0.1]);
  });

  it('refuse a length that is none', () => {
    const make = (how: Cut) => () => subclips({ duration: 1 }, { name: 'visual', statistic: 'mean', ...how });
    expect(make({ seconds: 0 })).toThrow('`seconds` must be from 0.01 to 1000000 seconds, but is 0');
    expect(make({ seconds: [] })).toThrow('`seconds` must be a length of subclips or a non-empty array of them');
    expect(make({})).toThrow('`count` must be a number of subclips or a non-empty array of them');
  });
});
