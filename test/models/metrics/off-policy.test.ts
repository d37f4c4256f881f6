import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offPolicy, type PolicyValue } from '../../../src/models/metrics/off-policy.ts';
import { studentQuantile } from '../../../src/models/statistics/student-t.ts';
import { numbersOf } from '../../fixtures/movielens.ts';

type Reference = Readonly<Record<'all' | 'clipped', Readonly<Record<string, number>>>>;
const reference = JSON.parse(readFileSync(new URL('off-policy-reference.json', import.meta.url), 'utf8')) as Reference;

/** The log of off-policy-reference.py. */
function log() {
  const next = numbersOf(31);
  const rows = Array.from({ length: 60 }, () => Array.from({ length: 5 }, next));
  const column = (at: number, of: (value: number) => number) => Float64Array.from(rows, (row) => of(row[at] as number));
  return {
    rewards: column(0, (value) => 5 * value),
    propensities: column(1, (value) => 0.02 + 0.98 * value),
    targets: column(2, (value) => value),
    model: { predicted: column(3, (value) => 5 * value), expected: column(4, (value) => 5 * value) },
  };
}

const columns = fc
  .array(
    fc.record({
      reward: fc.double({ min: -10, max: 10, noNaN: true }),
      propensity: fc.double({ min: 0.01, max: 1, noNaN: true }),
      target: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
    { minLength: 2, maxLength: 40 },
  )
  .map((rows) => ({
    rewards: Float64Array.from(rows, ({ reward }) => reward),
    propensities: Float64Array.from(rows, ({ propensity }) => propensity),
    targets: Float64Array.from(rows, ({ target }) => target),
  }));
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('off-policy estimates', () => {
  it('have intervals over users where rows of a user are alike', () => {
    const once = log();
    const thrice = <Column extends Float64Array>(column: Column) =>
      Float64Array.from({ length: 3 * column.length }, (_, row) => column[Math.floor(row / 3)] as number);
    const repeated = {
      rewards: thrice(once.rewards),
      propensities: thrice(once.propensities),
      targets: thrice(once.targets),
      model: { predicted: thrice(once.model.predicted), expected: thrice(once.model.expected) },
    };
    const users = Int32Array.from(repeated.rewards, (_, row) => Math.floor(row / 3));
    const [single, byUser, byRow] = [offPolicy(once), offPolicy({ ...repeated, users }), offPolicy(repeated)];
    for (const name of ['logged', 'ips', 'snips', 'doublyRobust', 'direct'] as const) {
      const [one, other] = [single[name] as PolicyValue, byUser[name] as PolicyValue];
      expect(other.low).toBeCloseTo(one.low, 9);
      expect(other.high).toBeCloseTo(one.high, 9);
      expect((byRow[name] as PolicyValue).high).toBeLessThan(other.high);
    }
    expect(() => offPolicy({ ...once, users })).toThrow('`users` must have a number for each of 60 rows');
  });

  it.each([
    ['all', undefined],
    ['clipped', 2],
  ] as const)('are those of NumPy, of weights %s', (name, clip) => {
    const found = offPolicy(log(), { clip });
    const told = reference[name];
    const quantile = studentQuantile(0.05, 59);
    for (const [estimate, error] of [
      ['ips', 'ipsError'],
      ['snips', 'snipsError'],
      ['doublyRobust', 'robustError'],
    ] as const) {
      const { value = 0, low = 0, high = 0 } = found[estimate] ?? {};
      expect(value).toBeCloseTo(told[estimate] as number, 10);
      expect((high - low) / 2 / quantile).toBeCloseTo(told[error] as number, 10);
    }
    expect(found.effectiveSampleSize).toBeCloseTo(told.effectiveSampleSize as number, 10);
    expect(found.clipped).toBeCloseTo(told.clipped as number, 12);
  });

  it('are what was earned where both policies are the same', () => {
    fc.assert(
      fc.property(columns, ({ rewards, propensities }) => {
        const found = offPolicy({ rewards, propensities, targets: propensities });
        for (const { value } of [found.ips, found.snips, found.logged]) expect(value).toBeCloseTo(mean(rewards), 9);
        expect(found.effectiveSampleSize).toBeCloseTo(rewards.length, 9);
        expect(found.meanWeight).toBeCloseTo(1, 12);
      }),
    );
  });

  it('move with the reward where weights are normalised, and stay within the rewards', () => {
    fc.assert(
      fc.property(columns, fc.double({ min: -5, max: 5, noNaN: true }), (own, shift) => {
        const { snips } = offPolicy(own);
        const moved = offPolicy({ ...own, rewards: own.rewards.map((reward) => reward + shift) });
        expect(moved.snips.value).toBeCloseTo(snips.value + shift, 6);
        expect(snips.value).toBeGreaterThanOrEqual(Math.min(...own.rewards) - 1e-9);
        expect(snips.value).toBeLessThanOrEqual(Math.max(...own.rewards) + 1e-9);
      }),
    );
  });

  it('need no weights where the model is right', () => {
    fc.assert(
      fc.property(columns, (own) => {
        const expected = own.rewards.map((reward) => reward / 2);
        const found = offPolicy({ ...own, model: { predicted: own.rewards, expected } });
        expect(found.doublyRobust?.value).toBeCloseTo(mean(expected), 9);
        expect(found.direct?.value).toBeCloseTo(mean(expected), 9);
      }),
    );
  });

  it('are right on average, from logs of a policy that is known, and a wrong model does not bias them', () => {
    const [chances, wanted, rewards] = [
      [0.7, 0.2, 0.1],
      [0.1, 0.3, 0.6],
      [1, 2, 4],
    ];
    const truth = wanted.reduce((sum, chance, action) => sum + chance * (rewards[action] as number), 0);
    const next = numbersOf(3);
    const drawn = Array.from({ length: 20_000 }, () => {
      const at = next();
      return at < 0.7 ? 0 : at < 0.9 ? 1 : 2;
    });
    const of = (values: readonly number[]) => Float64Array.from(drawn, (action) => values[action] as number);
    const found = offPolicy({
      rewards: of(rewards).map((reward) => reward + next() - 0.5),
      propensities: of(chances),
      targets: of(wanted),
      model: { predicted: of([3, 3, 3]), expected: new Float64Array(drawn.length).fill(3) },
    });
    for (const estimate of [found.ips, found.snips, found.doublyRobust]) {
      expect(Math.abs((estimate?.value ?? 0) - truth)).toBeLessThan(0.08);
      expect((estimate?.low ?? 9) < truth && truth < (estimate?.high ?? 0)).toBe(true);
    }
    expect(found.logged.value).toBeLessThan(truth - 1);
  });

  it('are refused without rows, and where a number is out of range', () => {
    const own = { rewards: Float64Array.of(1), propensities: Float64Array.of(1), targets: Float64Array.of(1) };
    const none = new Float64Array(0);
    expect(() => offPolicy({ rewards: none, propensities: none, targets: none })).toThrow('at least one row');
    expect(() => offPolicy({ ...own, propensities: Float64Array.of(0) })).toThrow('above 0 and at most 1');
    expect(() => offPolicy({ ...own, targets: Float64Array.of(1.5) })).toThrow('from 0 to 1');
    expect(() => offPolicy({ ...own, targets: none })).toThrow('a number for each of 1 rows');
    expect(() => offPolicy(own, { clip: 0 })).toThrow('clip');
  });
});
