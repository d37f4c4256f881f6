import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Draws } from '../../../src/io/ratings/draws.ts';
import { type CatalogueEvaluationInput, evaluateCatalogue } from '../../../src/models/metrics/evaluate-catalogue.ts';
import { firstItems } from '../../../src/models/metrics/first-items.ts';

interface Reference {
  /** 0: not met, 1: training, 2: test; users x items. */
  readonly state: number[][];
  readonly scores: number[][];
  readonly expected: Record<string, Record<string, number>>;
}

function pairsWith(state: readonly (readonly number[])[], wanted: number) {
  const found = state.flatMap((row, user) => row.flatMap((value, item) => (value === wanted ? [[user, item]] : [])));
  return {
    users: Int32Array.from(found, ([user]) => user as number),
    items: Int32Array.from(found, ([, item]) => item as number),
  };
}

function inputOf(
  state: readonly (readonly number[])[],
  scoreOf: (user: number, item: number) => number,
): CatalogueEvaluationInput {
  const seen = pairsWith(state, 1);
  const [userCount, itemCount] = [state.length, state[0]?.length ?? 0];
  const ids = (count: number) => Array.from({ length: count }, (_, index) => String(index));
  return {
    score: (users, items) => Float64Array.from(users, (user, row) => scoreOf(user, items[row] as number)),
    relevant: pairsWith(state, 2),
    ...{ seen, training: seen, userCount, itemCount },
    tieOrder: new Draws(1, 'ties').ofPairs(ids(userCount), ids(itemCount)),
  };
}

test('all figures are those of scikit-learn and numpy to 1e-9', async () => {
  const file = new URL('reference/ranking.json', import.meta.url);
  const { state, scores, expected } = JSON.parse(readFileSync(file, 'utf8')).catalogue as Reference;
  const input = inputOf(state, (user, item) => scores[user]?.[item] as number);
  const result = await evaluateCatalogue({ ...input, ks: [1, 5, 10, 50] });
  expect(result).toMatchObject({ users: 11, items: 40, constant: 0 });
  expect(Object.keys(result.at)).toEqual(Object.keys(expected));
  for (const [k, figures] of Object.entries(expected)) {
    expect(Object.keys(result.at[k] ?? {}).sort()).toEqual(Object.keys(figures).sort());
    for (const [name, value] of Object.entries(result.at[k] ?? {})) {
      expect(Math.abs(value - (figures[name] as number)), `${name}@${k}`).toBeLessThan(1e-9);
    }
  }
});

test('items of one score are drawn: low ids have no advantage, and the same seed draws the same', async () => {
  // Each of 200 users has met nothing and chose item 0; all scores are equal.
  const state = Array.from({ length: 200 }, () => [2, ...new Array<number>(19).fill(0)]);
  const input = inputOf(state, () => 1);
  const result = await evaluateCatalogue({ ...input, ks: [5] });
  // Item 0 is among 5 of 20 in a quarter of the lists: 50 of 200, with a deviation of 6.
  expect(result.at['5']?.recall).toBeGreaterThan(0.15);
  expect(result.at['5']?.recall).toBeLessThan(0.35);
  expect(result.at['5']?.coverage).toBe(1);
  expect(result.constant).toBe(1);
  expect(await evaluateCatalogue({ ...input, ks: [5] })).toEqual(result);
});

test('pairs are asked for in blocks of a bounded size, each once, and none that the user has met', async () => {
  const state = Array.from({ length: 30 }, (_, user) =>
    Array.from({ length: 9000 }, (_, item) => (item === user ? 2 : item % 3 === 0 ? 1 : 0)),
  );
  const input = inputOf(state, (_user, item) => -item);
  const asked = new Set<number>();
  const blocks: number[] = [];
  let met = 0;
  await evaluateCatalogue({
    ...input,
    score(users, items) {
      blocks.push(users.length);
      for (const [row, user] of users.entries()) {
        if (state[user]?.[items[row] as number] === 1) met++;
        asked.add(user * 9000 + (items[row] as number));
      }
      return input.score(users, items);
    },
  });
  const pairs = state.flat().filter((value) => value !== 1).length;
  expect(asked.size).toBe(pairs);
  expect(met).toBe(0);
  expect(blocks.reduce((sum, block) => sum + block, 0)).toBe(pairs);
  expect(Math.max(...blocks)).toBeLessThanOrEqual(1 << 17);
});

test('a score that is not a number, and test ratings none of which is relevant, are refused', async () => {
  const input = inputOf([[2, 0, 1]], () => Number.NaN);
  await expect(evaluateCatalogue(input)).rejects.toThrow('the score of user 0 and item 0 is not a number');
  await expect(evaluateCatalogue(inputOf([[0, 0, 1]], () => 1))).rejects.toThrow('no test rating is relevant');
});

test('the first of some items are those of a whole sort', () => {
  const values = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 70 }), (scores, k) => {
      const before = (one: number, other: number) =>
        scores[one] === scores[other] ? one < other : (scores[one] as number) > (scores[other] as number);
      const sorted = [...scores.keys()].sort((one, other) => (before(one, other) ? -1 : 1));
      expect([...firstItems(Int32Array.from(scores.keys()), k, before)]).toEqual(sorted.slice(0, k));
    }),
  );
});
