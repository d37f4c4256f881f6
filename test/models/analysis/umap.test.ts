import { describe, expect, it } from 'vitest';
import { faithfulness } from '../../../src/models/analysis/faithfulness.ts';
import type { Points } from '../../../src/models/analysis/points.ts';
import { rankedNeighbours } from '../../../src/models/analysis/ranked-neighbours.ts';
import { umap } from '../../../src/models/analysis/umap.ts';

/** Points around `centres` centres that lie `apart` from each other in eight dimensions. */
function clouds(centres: number, each: number, apart: number): Points {
  let state = 7;
  const draw = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const values = Float32Array.from(
    { length: centres * each * 8 },
    (_, at) => draw() + (at % 8 === 0 ? apart * Math.floor(at / 8 / each) : 0),
  );
  return { values, count: centres * each, dimension: 8 };
}
const all = (points: Points) => Int32Array.from({ length: points.count }, (_, row) => row);

describe('a layout in the plane', () => {
  it('keeps neighbours, and is the same again', async () => {
    const points = clouds(3, 60, 1);
    const first = await umap(points, { epochs: 200 });
    const again = await umap(points, { epochs: 200 });
    expect(again.points.values).toEqual(first.points.values);
    const { trustworthiness, continuity } = await faithfulness(points, first.points, all(points));
    expect(trustworthiness).toBeGreaterThan(0.75);
    expect(continuity).toBeGreaterThan(0.75);
  });

  it('joins clouds that have no neighbour in common, and says how many there were', async () => {
    const { parts, points } = await umap(clouds(3, 40, 1000), { epochs: 50, neighbours: 5 });
    expect(parts).toBe(3);
    expect(points.values.every(Number.isFinite)).toBe(true);
  });

  it('takes fewer neighbours where there are fewer points', async () => {
    expect((await umap(clouds(1, 6, 0), { epochs: 10 })).neighbours).toBe(5);
  });

  it.each([
    ['too few points', clouds(1, 4, 0), /at least 5 points, but there are 4/],
    [
      'a value that is not finite',
      { ...clouds(1, 9, 0), values: new Float32Array(72).fill(Number.NaN) },
      /value 0 of point 0 is not finite/,
    ],
  ])('refuses %s', async (_, points, message) => {
    await expect(umap(points)).rejects.toThrow(message);
  });

  it('ranks candidates from fewer coordinates by the points themselves', async () => {
    // The first coordinate orders the points one way, all three another.
    const points = { values: Float32Array.of(0, 0, 0, 1, 9, 0, 2, 1, 0, 3, 0, 2), count: 4, dimension: 3 };
    const candidates = {
      runs: Int32Array.of(3, 3, 3, 3),
      indices: Int32Array.of(1, 2, 3, 0, 2, 3, 1, 3, 0, 2, 1, 0),
      distances: new Float64Array(12),
    };
    const { runs, indices, distances } = await rankedNeighbours(points, candidates, 2);
    expect([...runs]).toEqual([2, 2, 2, 2]);
    expect([...indices]).toEqual([2, 3, 2, 0, 0, 3, 2, 0]);
    expect(distances[0]).toBeCloseTo(Math.sqrt(5), 12);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const told = umap(clouds(2, 100, 1), { epochs: 1_000_000, signal: stop.signal, onEpoch: () => stop.abort() });
    await expect(told).rejects.toMatchObject({ code: 'aborted' });
  });
});
