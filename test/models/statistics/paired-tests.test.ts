import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { holm } from '../../../src/models/statistics/holm.ts';
import { bootstrapInterval, meanInterval } from '../../../src/models/statistics/intervals.ts';
import { normalP } from '../../../src/models/statistics/normal-p.ts';
import { pairedTTest } from '../../../src/models/statistics/paired-t-test.ts';
import { randomisationTest } from '../../../src/models/statistics/randomisation-test.ts';
import { differencesOf, meanOf } from '../../../src/models/statistics/sample.ts';
import { studentP } from '../../../src/models/statistics/student-t.ts';
import { wilcoxonTest } from '../../../src/models/statistics/wilcoxon-test.ts';

/** Of SciPy; `reference.py` beside it is the program. */
const reference = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8')) as {
  cases: {
    left: number[];
    right: number[];
    t: [number, number];
    interval: [number, number];
    wilcoxon: [number, number];
    randomisation: number | null;
  }[];
  tails: [number, number, number][];
  normal: [number, number][];
};

describe('paired tests', () => {
  it.each(reference.cases.map((each) => [each.left.length, each] as const))(
    'of %i pairs have the statistics and p-values of SciPy to 1e-9',
    (_, { left, right, t, interval, wilcoxon, randomisation }) => {
      const student = pairedTTest(left, right);
      expect(Math.abs(student.statistic / t[0] - 1)).toBeLessThan(1e-9);
      expect(Math.abs(student.p / t[1] - 1)).toBeLessThan(1e-9);
      const { low, high } = meanInterval(differencesOf(left, right));
      expect(Math.abs(low - interval[0])).toBeLessThan(1e-9);
      expect(Math.abs(high - interval[1])).toBeLessThan(1e-9);
      const signed = wilcoxonTest(left, right);
      expect(signed.statistic).toBe(wilcoxon[0]);
      expect(Math.abs(signed.p / wilcoxon[1] - 1)).toBeLessThan(1e-9);
      if (randomisation === null) return;
      expect(Math.abs(randomisationTest(left, right).p - randomisation)).toBeLessThan(1e-9);
    },
  );

  it('take the tails of Student and of the normal distribution to 1e-9 of themselves', () => {
    for (const [t, degrees, p] of reference.tails) {
      if (p > 1e-290) expect(Math.abs(studentP(t, degrees) / p - 1), `t ${t}, ${degrees}`).toBeLessThan(1e-9);
    }
    for (const [z, p] of reference.normal) expect(Math.abs(normalP(z) / p - 1), `z ${z}`).toBeLessThan(1e-9);
  });

  it('find nothing where no pair differs, and have no p-value of too few pairs', () => {
    const same = [1, 2, 3];
    expect([pairedTTest, wilcoxonTest, randomisationTest].map((test) => test(same, same).p)).toEqual([1, 1, 1]);
    expect(pairedTTest([1], [2]).p).toBeNaN();
    expect([wilcoxonTest([], []).p, randomisationTest([], []).p]).toEqual([Number.NaN, Number.NaN]);
  });

  it('refuse samples that are not pairs, and values that are not numbers', () => {
    expect(() => pairedTTest([1, 2], [1])).toThrow('have 2 and 1');
    expect(() => wilcoxonTest([1, Number.NaN], [1, 2])).toThrow('NaN');
  });

  it('draw the same signs for the same seed, near the exact p-value of fewer pairs', () => {
    const [left, right] = [
      Array.from({ length: 13 }, (_, at) => at % 5),
      Array.from({ length: 13 }, (_, at) => at % 3),
    ];
    const exact = randomisationTest(left, right, { resamples: 2 ** 13 }).p;
    const drawn = randomisationTest(left, right, { resamples: 8000, seed: 3 }).p;
    expect(drawn).toBe(randomisationTest(left, right, { resamples: 8000, seed: 3 }).p);
    expect(drawn).not.toBe(exact);
    expect(Math.abs(drawn - exact)).toBeLessThan(0.03);
  });
});

describe('the correction of Holm', () => {
  it('multiplies the least by the number of tests, the next by one fewer, and never descends', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([0.02, Number.NaN, 0.5])).toEqual([0.04, Number.NaN, 0.5]);
  });
});

describe('intervals', () => {
  it('by bootstrap agree with those of Student for many values, and the seed decides them', () => {
    const values = reference.cases.find(({ left }) => left.length === 1500)?.left ?? [];
    const student = meanInterval(values);
    const drawn = bootstrapInterval(values, { seed: 5 });
    expect(drawn).toEqual(bootstrapInterval(values, { seed: 5 }));
    expect(Math.abs(drawn.low - student.low)).toBeLessThan(0.002);
    expect(Math.abs(drawn.high - student.high)).toBeLessThan(0.002);
    expect(drawn.low).toBeLessThan(meanOf(values));
  });

  it('of one value by Student, and of none by bootstrap, are not numbers', () => {
    expect(meanInterval([1]).low).toBeNaN();
    expect(bootstrapInterval([]).high).toBeNaN();
  });
});
