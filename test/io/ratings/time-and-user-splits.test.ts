import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kCore } from '../../../src/io/ratings/k-core.ts';
import type { RatingTable } from '../../../src/io/ratings/rating-table.ts';
import { readRatings } from '../../../src/io/ratings/read-ratings.ts';
import type { ScenarioKind } from '../../../src/io/ratings/scenario-kinds.ts';
import { makeScenario, type ScenarioParameters } from '../../../src/io/ratings/scenarios.ts';
import type { Split } from '../../../src/io/ratings/split.ts';
import { readScenario, saveScenario } from '../../../src/io/ratings/split-file.ts';
import { fileOf, ratingsOf, temporaryDirectory } from './fixtures.ts';

const none = { validation: { kind: 'none' } } as const;

async function tableOf(lines: readonly string[]): Promise<RatingTable> {
  const path = await fileOf(`user,item,rating,timestamp\n${lines.join('\n')}\n`);
  return (await readRatings(path, { timestamps: true })).ratings;
}

/** `user item` of the rows of a part. */
function pairs(table: RatingTable, rows: Int32Array | undefined): string[] {
  return ratingsOf(table, rows).map(([user, item]) => `${user} ${item}`);
}

/** 20 users rate 5 to 14 of 30 items, a rating a day. */
const lines = Array.from({ length: 20 }, (_, user) =>
  Array.from({ length: 5 + (user % 10) }, (_, place) => {
    const day = (user * 37 + place * 11) % 200;
    return `${user},${(user * 11 + place * 7) % 30},${(place % 5) + 1},${1_400_000_000 + day * 86_400}`;
  }),
).flat();

describe('leave-last-out', () => {
  test('the last rating of each user is tested and the last but one validation; who has two or one lacks a part', async () => {
    const table = await tableOf(['a,1,5,30', 'a,2,4,10', 'a,3,3,20', 'b,1,2,9', 'b,2,2,8', 'c,1,1,1']);
    const { ratings, splits } = makeScenario(table, { kind: 'leave-last-out' });
    expect(splits).toHaveLength(1);
    const [{ train, validation, test }] = splits as [Split];
    expect(pairs(ratings, test)).toEqual(['a 1', 'b 1']);
    expect(pairs(ratings, validation)).toEqual(['a 3']);
    expect(pairs(ratings, train)).toEqual(['a 2', 'b 2', 'c 1']);
  });

  test('of ratings of one second the one later in the file is the last, after a draw of ratings too', async () => {
    const table = await tableOf(['a,9,5,7', 'a,3,5,7', 'a,5,5,7', 'b,5,5,1', 'b,2,5,1', 'b,7,5,1']);
    for (const parameters of [{}, { ratingsPerUser: 3 }]) {
      const { ratings, splits } = makeScenario(table, { kind: 'leave-last-out', ...parameters });
      expect(pairs(ratings, splits[0]?.test)).toEqual(['a 5', 'b 7']);
      expect(pairs(ratings, splits[0]?.validation)).toEqual(['a 3', 'b 2']);
    }
  });

  test('without validation the last but one is learnt from', async () => {
    const { splits } = makeScenario(await tableOf(['a,1,5,3', 'a,2,4,1', 'a,3,3,2']), {
      kind: 'leave-last-out',
      ...none,
    });
    expect(splits[0]?.train).toHaveLength(2);
    expect(splits[0]?.validation).toHaveLength(0);
  });
});

describe('a split by time', () => {
  test('has the given share of ratings before the moment, validation just before it, and no time on both sides', async () => {
    const table = await tableOf(lines);
    const { ratings, splits } = makeScenario(table, { kind: 'time', cut: 0.7, validation: { share: 0.2 } });
    const [{ train, validation, test }] = splits as [Split];
    const times = (rows: Int32Array) => [...rows].map((row) => ratings.timestamps?.[row] as number);
    expect(Math.max(...times(train))).toBeLessThan(Math.min(...times(validation)));
    expect(Math.max(...times(validation))).toBeLessThan(Math.min(...times(test)));
    expect(train.length + validation.length + test.length).toBe(lines.length);
    const sorted = [...(ratings.timestamps as Float64Array)].sort((one, other) => one - other);
    const moment = sorted[Math.floor(0.7 * sorted.length)] as number;
    expect(Math.min(...times(test))).toBe(moment);
    expect(test).toHaveLength(sorted.filter((time) => time >= moment).length);
  });

  test('divides at a date, in files with seconds and with milliseconds', async () => {
    const seconds = ['a,1,5,1420070399', 'a,2,5,1420070400', 'b,1,5,1300000000'];
    const milliseconds = seconds.map((line) => `${line}000`);
    for (const form of [seconds, milliseconds]) {
      const { ratings, splits } = makeScenario(await tableOf(form), { kind: 'time', cut: '2015-01-01', ...none });
      expect(pairs(ratings, splits[0]?.test)).toEqual(['a 2']);
      expect(splits[0]?.train).toHaveLength(2);
    }
  });

  test('refuses a date beyond all ratings with their range, a cut that is none, and ratings without times', async () => {
    const table = await tableOf(lines);
    const make =
      (parameters: Partial<ScenarioParameters>, from: RatingTable = table) =>
      () =>
        makeScenario(from, { kind: 'time', ...parameters });
    expect(make({ cut: '1999-01-01' })).toThrow('all are at or after it; they are from 2014-05-13 to');
    expect(make({ cut: 1.5 })).toThrow('`cut` must be a share above 0 and below 1, or a date');
    expect(make({ cut: 'soon' })).toThrow("but is 'soon'");
    const { timestamps: _times, ...timeless } = table;
    expect(make({}, timeless)).toThrow('needs the times of the ratings');
    expect(make({ kind: 'leave-last-out' }, timeless)).toThrow('needs the times of the ratings');
  });
});

describe.each(['user', 'user-cold'] as const)('folds over the users, %s', (kind) => {
  test('test every user once and learn nothing of them', async () => {
    const { ratings, splits } = makeScenario(await tableOf(lines), { kind, folds: 4, ...none });
    const tested = splits.map(({ train, test, foldIn = new Int32Array(0) }) => {
      const users = (rows: Int32Array) => new Set([...rows].map((row) => ratings.users[row] as number));
      const [learnt, own] = [users(train), users(test)];
      for (const user of own) expect(learnt.has(user)).toBe(false);
      expect(own.size).toBe(5);
      expect(new Set([...train, ...test, ...foldIn]).size).toBe(lines.length);
      for (const user of own) {
        const count = (rows: Int32Array) => rows.filter((row) => ratings.users[row] === user).length;
        const all = count(test) + count(foldIn);
        // Of five ratings one is tested, of fourteen two: a fifth, rounded down.
        expect(count(test)).toBe(kind === 'user' ? Math.floor(all / 5 + 1e-9) : all);
      }
      return [...own];
    });
    expect(tested.flat().sort((one, other) => one - other)).toEqual([...ratings.userIds.keys()]);
    expect(splits.every((split) => (split.foldIn === undefined) === (kind === 'user-cold'))).toBe(true);
  });

  test('are the same whatever the order of the lines, and others by another seed', async () => {
    const split = async (from: readonly string[], seed: number) => {
      const { ratings, splits } = makeScenario(await tableOf(from), { kind, seed, ...none });
      return splits.map(({ test }) => pairs(ratings, test));
    };
    expect(await split(lines.toReversed(), 3)).toEqual(await split(lines, 3));
    expect(await split(lines, 4)).not.toEqual(await split(lines, 3));
  });
});

test.each<ScenarioKind>(['leave-last-out', 'time', 'user', 'user-cold', 'random'])(
  'a saved %s scenario reads back with its times and fold-in ratings',
  async (kind) => {
    const directory = join(await temporaryDirectory(), 'saved');
    const scenario = makeScenario(await tableOf(lines), { kind, core: 2 });
    await saveScenario(scenario, directory);
    expect(await readScenario(directory)).toEqual(scenario);
    expect(await readFile(join(directory, 'ratings.csv'), 'utf8')).toMatch(/^user,item,rating,timestamp\n0,0,1,14/);
  },
);

test('a k-core is counted again until every user and every item has k ratings', async () => {
  // Without user c, item 3 has one rating; without item 3, user b has one; without b, item 2 has
  // one; then a and d hold each other up with items 1 and 4.
  const table = await tableOf(['a,1', 'a,2', 'a,4', 'd,1', 'd,4', 'b,2', 'b,3', 'c,3'].map((pair) => `${pair},5,1`));
  expect(pairs(table, kCore(table, 2))).toEqual(['a 1', 'a 4', 'd 1', 'd 4']);
  expect(kCore(table, 1)).toHaveLength(8);
  expect(kCore(table, 3)).toHaveLength(0);
  expect(() => makeScenario(table, { kind: 'random', core: 3 })).toThrow('no ratings are left after the 3-core');
  expect(makeScenario(table, { kind: 'random', core: 2 }).counts.coreRatings).toBe(4);
});
