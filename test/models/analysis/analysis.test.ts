import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bhattacharyya, overlaps } from '../../../src/models/analysis/bhattacharyya.ts';
import { densityOf, densityOverlap } from '../../../src/models/analysis/density.ts';
import { faithfulness } from '../../../src/models/analysis/faithfulness.ts';
import { gaussianOf } from '../../../src/models/analysis/gaussian.ts';
import { predictLabels } from '../../../src/models/analysis/label-prediction.ts';
import { linearProbe } from '../../../src/models/analysis/linear-probe.ts';
import { type Points, pointsAt } from '../../../src/models/analysis/points.ts';
import { silhouette } from '../../../src/models/analysis/silhouette.ts';

/** Values of numpy and scipy: reference.py. */
const reference = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8'));

let state = 1n;
/** The draws of reference.py, which continue from one sample to the next. */
const draw = () => {
  state = (state * 1103515245n + 12345n) % 2147483648n;
  return Number(state) / 2147483648;
};
const sample = (count: number, centre: readonly number[], spread: readonly number[]): Points => ({
  values: Float64Array.from({ length: count * centre.length }, (_, at) => {
    const axis = at % centre.length;
    return (centre[axis] as number) + (spread[axis] as number) * (draw() - 0.5);
  }),
  count,
  dimension: centre.length,
});
const line = (from: number, to: number, count: number) =>
  Array.from({ length: count }, (_, at) => from + ((to - from) * at) / (count - 1));

const left = sample(60, [0, 0], [1, 2]);
const right = sample(45, [0.3, -0.2], [2, 1]);
const ten = sample(90, Array(10).fill(0), Array(10).fill(1));
const eleven = sample(90, Array(10).fill(0.05), line(0.5, 1.5, 10));
const data = sample(80, Array(6).fill(0), [3, 2, 1, 0.5, 0.2, 0.1]);

const joined = (one: Points, other: Points): [Points, Map<string, Int32Array>] => [
  {
    values: Float64Array.from([...one.values, ...other.values]),
    count: one.count + other.count,
    dimension: one.dimension,
  },
  new Map([
    ['one', Int32Array.from({ length: one.count }, (_, row) => row)],
    ['other', Int32Array.from({ length: other.count }, (_, row) => one.count + row)],
  ]),
];
const plane = (points: Points): Points => ({
  values: Float64Array.from(
    { length: points.count * 2 },
    (_, at) => points.values[(at >> 1) * points.dimension + (at & 1)] as number,
  ),
  count: points.count,
  dimension: 2,
});
const third = (of: number) => all(data).filter((row) => row % 3 === of);
const all = (points: Points) => Int32Array.from({ length: points.count }, (_, row) => row);
const thirds = new Map([0, 1, 2].map((of) => [String(of), third(of)]));

describe('the Bhattacharyya coefficient of groups', () => {
  it.each([
    ['nearest', left, right, 'nearest'],
    ['axis', left, right, 'axis'],
    ['ten', ten, eleven, 'nearest'],
  ] as const)('equals that of numpy on inner thirds (%s)', (name, one, other, rule) => {
    const [points, groups] = joined(one, other);
    const { coefficients } = overlaps(points, groups, rule);
    expect(coefficients[1]).toBeCloseTo(reference[name], 9);
    expect(coefficients[2]).toBe(coefficients[1]);
    expect(coefficients[0]).toBeCloseTo(1, 12);
  });

  it('is not there for a group of fewer than ten points', () => {
    const [points, groups] = joined(pointsAt(left, line(0, 8, 9)), right);
    const { coefficients, counts } = overlaps(points, groups);
    expect(Array.from(coefficients, Number.isNaN)).toEqual([true, true, true, false]);
    expect(counts[0]).toEqual({ all: 9, inner: 0 });
  });

  it('gives a ridge to points on a line, and says so', () => {
    const flat = { ...left, values: left.values.map((value, at) => (at % 2 === 0 ? value : 0)) };
    const { coefficients, ridged } = overlaps(...joined(flat, right));
    expect(ridged).toBe(1);
    expect(coefficients[0]).toBeCloseTo(1, 9);
    expect(coefficients[1]).toBeGreaterThan(0);
  });

  it('is not there for points that are all the same', () => {
    const still = { ...left, values: new Float64Array(left.values.length) };
    expect(bhattacharyya(gaussianOf(still), gaussianOf(right))).toBeNaN();
  });
});

describe('a density', () => {
  it('is the smoothed histogram of scipy', () => {
    const { values } = densityOf(left, { x: [-1, 1], y: [-1.5, 1.5] }, 32);
    const { at, peak, row } = reference.density;
    expect(values[at[0] * 32 + at[1]]).toBeCloseTo(peak, 12);
    for (const [column, value] of row.entries()) expect(values[16 * 32 + column]).toBeCloseTo(value, 12);
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
  });

  it('overlaps wholly with itself, and less with another', () => {
    const extent = { x: [-2, 2], y: [-2, 2] } as const;
    const [one, other] = [densityOf(left, extent), densityOf(right, extent)];
    expect(densityOverlap(one, one)).toBeCloseTo(1, 12);
    expect(densityOverlap(one, other)).toBeLessThan(1);
    expect(densityOverlap(one, other)).toBe(densityOverlap(other, one));
  });
});

describe('an embedding', () => {
  it('is as trustworthy and continuous as the definition says', async () => {
    const { trustworthiness, continuity } = await faithfulness(data, plane(data), all(data), 7);
    expect(trustworthiness).toBeCloseTo(reference.trustworthiness, 9);
    expect(continuity).toBeCloseTo(reference.continuity, 9);
  });

  it('is wholly faithful when it is the data', async () => {
    expect(await faithfulness(data, data, all(data))).toMatchObject({ trustworthiness: 1, continuity: 1 });
  });

  it('has the silhouette of the definition', async () => {
    expect(await silhouette(data, thirds, all(data))).toBeCloseTo(reference.silhouette, 9);
  });

  it('counts a point once for each of its groups, and none of them as another', async () => {
    const [first = Int32Array.of(), second = Int32Array.of()] = thirds.values();
    const overlapping = new Map([...thirds, ['both', Int32Array.from([...first, ...second]).sort()]]);
    expect(await silhouette(data, overlapping, all(data))).toBeCloseTo(reference.overlapping, 9);
  });

  it('has no silhouette of one group', async () => {
    expect(await silhouette(data, new Map([['all', all(data)]]), all(data))).toBeNaN();
  });
});

describe('labels from neighbours', () => {
  /** Forty items on a line; those of the upper half have the label `high`. */
  const items: Points = { values: Float64Array.from({ length: 40 }, (_, row) => row), count: 40, dimension: 1 };
  const high = Int32Array.from({ length: 20 }, (_, at) => 20 + at);

  it('are told where neighbours share them, and by chance when exchanged', async () => {
    const { byLabel, macroAuc, shuffled } = await predictLabels(items, new Map([['high', high]]), { k: 5 });
    expect(macroAuc).toBeGreaterThan(0.98);
    expect(byLabel.get('high')).toBe(macroAuc);
    expect(Math.abs(shuffled.mean - 0.5)).toBeLessThan(3 * shuffled.deviation);
  });

  it('can be asked of some items only', async () => {
    const asked = Int32Array.of(0, 10, 25, 39);
    const { macroAuc, asked: counted } = await predictLabels(items, new Map([['high', high]]), { k: 5, asked });
    expect([macroAuc, counted]).toEqual([1, 4]);
  });

  it('of too few items are left out', async () => {
    const { byLabel, macroAuc } = await predictLabels(items, new Map([['rare', high.subarray(0, 9)]]));
    expect(byLabel.size).toBe(0);
    expect(macroAuc).toBeNaN();
  });
});

describe('a linear probe', () => {
  it('finds a number that is a sum of values, and nothing in one that is not', () => {
    const linear = Float64Array.from(
      { length: data.count },
      (_, row) => 2 * (data.values[row * 6] as number) - (data.values[row * 6 + 1] as number) + 5,
    );
    const other = Float64Array.from({ length: data.count }, () => draw());
    expect(linearProbe(data, linear).r2).toBeGreaterThan(0.99);
    expect(linearProbe(data, other).r2).toBeLessThan(0.2);
  });
});
