import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genreVectors } from '../../../src/models/genres.ts';
import { ListCollector } from '../../../src/models/metrics/lists.ts';
import { rankedList } from '../../../src/models/metrics/ranked-list.ts';

const itemCount = 7;
const genreCount = 4;

/** The definitions, pair by pair. */
function direct(lists: readonly (readonly number[])[], flags: Uint8Array) {
  const rowOf = (item: number) => flags.subarray(item * genreCount, (item + 1) * genreCount);
  const pairs = <T>(values: readonly T[]) =>
    values.flatMap((one, n) => values.slice(n + 1).map((two) => [one, two] as const));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
  const cosine = (one: ArrayLike<number>, two: ArrayLike<number>) => {
    let [dot, first, second] = [0, 0, 0];
    for (let index = 0; index < one.length; index++) {
      dot += (one[index] as number) * (two[index] as number);
      first += (one[index] as number) ** 2;
      second += (two[index] as number) ** 2;
    }
    return first * second === 0 ? 0 : dot / Math.sqrt(first * second);
  };
  const binary = (list: readonly number[]) =>
    Array.from({ length: itemCount }, (_, item) => Number(list.includes(item)));
  const apart = (one: readonly number[], two: readonly number[]) =>
    one.length === 0 && two.length === 0 ? 0 : 1 - cosine(binary(one), binary(two));
  return {
    diversity: mean(lists.map((list) => mean(pairs(list).map(([one, two]) => 1 - cosine(rowOf(one), rowOf(two)))))),
    personalisation: mean(pairs(lists).map(([one, two]) => apart(one, two))),
    coverage: new Set(lists.flat()).size / itemCount,
  };
}

test('diversity and personalisation equal the means over all pairs', () => {
  const items = Array.from({ length: itemCount }, (_, item) => item);
  const lists = fc.array(fc.shuffledSubarray(items), { minLength: 1, maxLength: 8 });
  const flags = fc.uint8Array({ min: 0, max: 1, minLength: itemCount * genreCount, maxLength: itemCount * genreCount });
  fc.assert(
    fc.property(lists, flags, fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY), (recommended, genres, depth) => {
      const vectors = genreVectors({ genreCount, flags: genres }, itemCount);
      const collector = new ListCollector(depth, itemCount, { genreCount, vectors });
      for (const list of recommended) {
        const predictions = list.map((_, rank) => 5 - rank / 10);
        collector.add(rankedList({ items: list, ratings: list, predictions }, 3.5, 'gt'));
      }
      const expected = direct(
        recommended.map((list) => list.slice(0, depth)),
        genres,
      );
      const result = collector.result(itemCount, false);
      expect(result.diversity).toBeCloseTo(expected.diversity, 10);
      expect(result.personalisation).toBeCloseTo(expected.personalisation, 10);
      expect(result.coverage).toBeCloseTo(expected.coverage, 12);
    }),
  );
});
