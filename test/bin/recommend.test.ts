import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recommendations } from '../../src/graphs/recommenders/recommend.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { plantedFiles, smallNetworkFlags } from '../fixtures/planted-files.ts';
import { plantedRating, plantedRatings } from '../graphs/recommenders/planted-ratings.ts';

let directory: string;
let files: { ratings: string; features: string };
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recommend-'));
  files = await plantedFiles(directory);
  const network = [...smallNetworkFlags, '--epochs', '40', '--features', files.features];
  for (const [model, flags] of Object.entries({
    ...{ 'item-knn': ['--k', '5'], 'dcf-av-2': network, 'lstm-av': network },
    'genre-content': [],
    switch: ['--cold', 'content-knn', '--warm', 'svd', '--features', files.features],
  })) {
    const out = at(model);
    const { code, stderr } = await callReelflow(['train', model, '--ratings', files.ratings, '--out', out, ...flags]);
    expect(code, stderr).toBe(0);
  }
});
afterAll(() => rm(directory, { recursive: true }));

async function recommended(model: string, ...flags: string[]): Promise<Recommendations> {
  const { code, stdout, stderr } = await callReelflow(['recommend', at(model), '--json', ...flags]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('reelflow recommend, on synthetic ratings and features', () => {
  it('ranks the items that the user has not rated, with their titles', async () => {
    const { items, rated, candidates } = await recommended('item-knn', '--user', 'u2', '--k', '3');
    const { users, items: all, itemIds } = plantedRatings();
    const own = new Set(Array.from(users.keys(), (row) => (users[row] === 1 ? itemIds[all[row] as number] : '')));
    expect(rated + candidates).toBe(20);
    expect(items.length).toBe(3);
    expect(items.every(({ itemId, title }) => !own.has(itemId) && title?.startsWith(`Film ${itemId}`))).toBe(true);
    const predictions = items.map(({ prediction }) => prediction);
    expect(predictions).toEqual([...predictions].sort((a, b) => b - a));
  });

  it('ranks for somebody new by a file of ratings, with or without a column of users', async () => {
    await writeFile(at('me.csv'), 'movieId,rating\n101,5\n102.0,1\n999,4\n');
    await writeFile(at('named.csv'), 'userId,movieId,rating\nme,101,5\nme,102,1\nme,999,4\n');
    const own = await recommended('item-knn', '--ratings-of', at('me.csv'), '--k', '3');
    expect(own).toMatchObject({ rated: 2, unknownItems: 1 });
    expect(own.items.map(({ itemId }) => itemId)).not.toContain('101');
    expect(await recommended('item-knn', '--ratings-of', at('named.csv'), '--k', '3')).toEqual(own);
    expect(await recommended('dcf-av-2', '--ratings-of', at('me.csv'))).toMatchObject({ rated: 2, unknownItems: 1 });
    const failed = async (...args: string[]) => (await callReelflow(['recommend', at('item-knn'), ...args])).stderr;
    await writeFile(at('off.csv'), 'movieId,rating\n101,50\n');
    expect(await failed('--ratings-of', at('off.csv'))).toMatch(/50.*0\.5 to 5/s);
    await writeFile(at('unknown.csv'), 'movieId,rating\n999,5\n');
    const { stdout } = await callReelflow(['recommend', at('item-knn'), '--ratings-of', at('unknown.csv')]);
    expect(stdout).toContain('rated 0 items that it knows (1 others are left out)');
    expect(await failed('--user', 'u99')).toContain("Give the ratings of 'u99' instead (`--ratings-of`)");
  });

  it('writes what every user is recommended into a file, and with --dry-run says so alone', async () => {
    const args = ['recommend', at('item-knn'), '--all-users', '--out', at('all.csv'), '--k', '2'];
    const planned = await callReelflow([...args, '--dry-run']);
    expect(planned.code, planned.stderr).toBe(0);
    expect(existsSync(at('all.csv'))).toBe(false);
    const { code, stderr } = await callReelflow(args);
    expect(code, stderr).toBe(0);
    const [header = '', ...lines] = readFileSync(at('all.csv'), 'utf8').trimEnd().split('\n');
    expect(header.split(',').slice(0, 2)).toEqual(['user', 'rank']);
    expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(plantedRatings().userIds.length);
  });

  it.each([
    ['--item', '101', '--cold-only'],
    ['--similar', '101', '--explain'],
  ])('refuses %s %s with %s, which does nothing there', async (...flags) => {
    const { code, stderr } = await callReelflow(['recommend', at('item-knn'), ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(`\`${flags[2]}\` has no effect without \`--user\``);
  });

  it('ranks items that nobody has rated by their content, better than chance', async () => {
    let [right, pairs] = [0, 0];
    for (const user of [1, 3, 6]) {
      const flags = ['--user', `u${user + 1}`, '--cold-only', '--k', '10'];
      const { items, candidates } = await recommended('lstm-av', ...flags);
      expect(candidates).toBe(4);
      expect(items.every(({ ratings }) => ratings === 0)).toBe(true);
      for (const [place, better] of items.entries()) {
        for (const worse of items.slice(place + 1)) {
          const difference =
            plantedRating(user, Number(better.itemId) - 101) - plantedRating(user, Number(worse.itemId) - 101);
          if (difference !== 0) pairs++;
          if (difference > 0) right++;
        }
      }
    }
    expect(right / pairs).toBeGreaterThan(0.7);
  });

  it('explains by the rated items nearest in content, and by what each branch predicts alone', async () => {
    const found = await recommended('dcf-av-2', '--user', 'u4', '--k', '4', '--cold-only', '--explain');
    expect(found.branchNote).toContain("The user's mean rating (average)");
    for (const { prediction, nearest = [], branches } of found.items) {
      expect(nearest.length).toBe(3);
      expect(nearest.every(({ basis, title }) => basis === 'features' && title?.startsWith('Film'))).toBe(true);
      expect(nearest[0]?.similarity).toBeGreaterThan(0.5);
      const outputs = Object.values(branches ?? {});
      expect(outputs.length).toBe(3);
      expect(outputs.every(Number.isFinite)).toBe(true);
      // Nobody has rated it: the content says all that there is beside the user's mean.
      expect(Math.min(5, Math.max(0.5, branches?.content ?? 0))).toBeCloseTo(prediction, 5);
      expect(branches?.collaborative).toBeCloseTo(branches?.average ?? 0, 5);
    }
    // Without either branch nothing is known of the item; by content alone the items differ.
    const alone = (branch: 'content' | 'average') => new Set(found.items.map(({ branches }) => branches?.[branch]));
    expect(alone('average').size).toBe(1);
    expect(alone('content').size).toBeGreaterThan(1);
    const text = await callReelflow(['recommend', at('dcf-av-2'), '--user', 'u4', '--k', '2', '--explain']);
    expect(text.stdout).toMatch(/by ratings alone \d\.\d\d, by content alone \d\.\d\d, by neither \d\.\d\d/);
    expect(text.stdout).toContain('are similar in content: the predictions are not computed from them.');
  });

  it('explains by the ratings that a prediction was computed from, which add up to it', async () => {
    for (const recommender of ['genre-content', 'item-knn']) {
      const { items } = await recommended(recommender, '--user', 'u4', '--explain');
      for (const { prediction, nearest, reasons } of items) {
        expect(nearest).toBe(undefined);
        const { base = 0, ratings = [] } = reasons ?? {};
        expect(ratings.every(({ itemId, title }) => itemId !== undefined && title?.startsWith('Film'))).toBe(true);
        const sum = ratings.reduce((total, { contribution }) => total + contribution, base);
        expect(Math.min(5, Math.max(0.5, sum))).toBeCloseTo(prediction, 4);
      }
      expect(items.some(({ reasons }) => (reasons?.ratings.length ?? 0) > 1)).toBe(true);
    }
    const { stdout } = await callReelflow(['recommend', at('item-knn'), '--user', 'u4', '--explain']);
    expect(stdout).toMatch(/[+-]\d\.\d{3} {2}Film .* is rated [\d.]+ {2}\(weight \d\.\d{3}\)/);
    expect(stdout).not.toContain('similar in content');
  });

  it('explains by what is similar where the part that predicted cannot tell what it used', async () => {
    const { items } = await recommended('switch', '--user', 'u4', '--explain');
    expect(items.map(({ reasons }) => [reasons?.by, reasons?.ratings.length])).toContainEqual(['svd', 0]);
    expect(items.every(({ nearest, reasons }) => (nearest === undefined) === (reasons?.ratings.length !== 0))).toBe(
      true,
    );
    const { stdout } = await callReelflow(['recommend', at('switch'), '--user', 'u4', '--explain']);
    expect(stdout).toMatch(/by svd\n +like Film/);
  });

  it('says what is wrong: an unknown user, a recommender without content, a directory without a recommender, features that changed', async () => {
    const failed = async (...args: string[]) => {
      const { code, stderr } = await callReelflow(['recommend', ...args]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await failed(at('item-knn'), '--user', 'u99')).toMatch(/unknown-user.*\n.*It knows 24 users, such as 'u1'/);
    expect(await failed(at('item-knn'), '--user', 'u1', '--cold-only')).toContain('[no-content]');
    expect(await failed(directory, '--user', 'u1')).toContain('[no-recommender]');
    const moved = at('moved.arrow');
    await rename(files.features, moved);
    expect(await failed(at('lstm-av'), '--user', 'u1')).toContain('does not exist');
    expect((await recommended('lstm-av', '--user', 'u1', '--features', moved)).items.length).toBe(9);
    await rename(moved, files.features);
    await writeFile(join(at('item-knn'), 'ids.json'), '{}');
    expect(await failed(at('item-knn'), '--user', 'u1')).toContain('[hash]');
  });
});
