import { expect, it } from 'vitest';
import { randomIntegers } from '../../../src/core/random-integers.ts';
import { ItemDirections, type Summary } from '../../../src/graphs/recommenders/item-directions.ts';

const dimensions = [5, 150, 2];
const next = randomIntegers('item-directions');

function unit(length: number): Float32Array {
  const values = Float32Array.from({ length }, () => (next() >>> 0) / 2 ** 32 - 0.5);
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

/** Of 200 items, some with all streams, some with a few, some with none. */
const summaries: Summary[] = Array.from({ length: 200 }, (_, item) =>
  dimensions.map((dimension, stream) => ((item * 7 + stream * 3) % (stream + 2) === 0 ? undefined : unit(dimension))),
);

function meanCosine(one: Summary, other: Summary): number | undefined {
  const cosines = dimensions.flatMap((_, stream) => {
    const [left, right] = [one[stream], other[stream]];
    if (left === undefined || right === undefined) return [];
    return [left.reduce((sum, value, axis) => sum + value * (right[axis] as number), 0)];
  });
  return cosines.length === 0 ? undefined : cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
}

it('the nearest items are those of comparing all, by the mean over the streams that both have', async () => {
  const directions = new ItemDirections(dimensions);
  for (const [item, summary] of summaries.entries()) directions.add(item, summary);
  for (const item of [0, 1, 2, 3, 5, 11, 199]) {
    const own = summaries[item] as Summary;
    const expected = summaries
      .flatMap((summary, other) => {
        const similarity = other === item ? undefined : meanCosine(own, summary);
        return similarity === undefined ? [] : [{ item: other, similarity }];
      })
      .sort((a, b) => b.similarity - a.similarity || a.item - b.item)
      .slice(0, 12);
    const found = await directions.nearest(item, own, 12);
    expect(found.map(({ item: other }) => other)).toEqual(expected.map(({ item: other }) => other));
    for (const [place, { similarity }] of expected.entries())
      expect(found[place]?.similarity).toBeCloseTo(similarity, 6);
    for (const other of [0, 77])
      expect(directions.haveCommon(other, own)).toBe(meanCosine(own, summaries[other] as Summary) !== undefined);
  }
});

it('what was added of an item can be read again', () => {
  const directions = new ItemDirections(dimensions);
  for (const [item, summary] of summaries.entries()) directions.add(item, summary);
  for (const item of [0, 1, 2, 77, 199]) {
    const own = summaries[item] as Summary;
    if (own.every((vector) => vector === undefined)) expect(directions.summaryOf(item)).toBeUndefined();
    else
      for (const [stream, vector] of own.entries()) {
        const again = directions.summaryOf(item)?.[stream];
        expect(again === undefined).toBe(vector === undefined);
        for (const [axis, value] of (vector ?? []).entries()) expect(again?.[axis]).toBeCloseTo(value, 6);
      }
  }
});
