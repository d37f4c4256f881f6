import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateRecommender } from '../../src/graphs/recommender-evaluation.ts';
import { plantedRatings, plantedStore } from './recommenders/planted-ratings.ts';

describe('evaluateRecommender', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-evaluate-'));
  const at = (name: string) => join(directory, name);
  beforeAll(async () => {
    await (await plantedStore(directory)).close();
    const { users, items, values, userIds, itemIds } = plantedRatings();
    const lines = Array.from(users, (user, row) => `${userIds[user]},${itemIds[items[row] as number]},${values[row]}`);
    const head = 'user,item,rating';
    const part = (keep: (row: number) => boolean, more: readonly string[]) =>
      [head, ...lines.filter((_, row) => keep(row)), ...more].join('\n');
    // 900 and 901 have no features.
    writeFileSync(
      at('train.csv'),
      part((row) => row % 4 !== 0, ['u1,900,3', 'u2,900,4']),
    );
    writeFileSync(
      at('test.csv'),
      part((row) => row % 4 === 0, ['u3,900,3', 'u4,901,1']),
    );
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const files = { train: at('train.csv'), test: at('test.csv') };
  const features = at('items.arrow');

  it('leaves out the ratings of items without features, as training does, and says how many', async () => {
    const found = await evaluateRecommender({ ...files, recommender: 'content-knn', features });
    expect(found.leftOut).toEqual({ ratings: 4, items: 2 });
    expect(found.warnings.join()).toContain('4 ratings of 2 items without features are left out');
    const all = await evaluateRecommender({ ...files, recommender: 'user-mean' });
    expect(all.leftOut).toEqual({ ratings: 0, items: 0 });
    expect(all.ratings - found.ratings).toBe(2);
  });

  it('refuses a test file of which no item has features', async () => {
    writeFileSync(at('none.csv'), 'user,item,rating\nu3,900,3\nu4,901,1\n');
    const options = { train: files.train, test: at('none.csv'), recommender: 'content-knn', features };
    writeFileSync(at('without.csv'), 'user,item,rating\nu1,101,3\nu2,102,2\n');
    await expect(evaluateRecommender({ ...options, train: at('without.csv') })).rejects.toThrow('`test` has features');
  });

  it('gives figures of groups of users, of lists over the catalogue too, and no errors of scores', async () => {
    const users = plantedRatings().userIds.map((id, user) => `${id},${user % 2 === 0 ? 'F' : 'M'}`);
    writeFileSync(at('users.csv'), ['userId,gender', ...users].join('\n'));
    const options = { ...files, demographics: at('users.csv'), protocol: 'catalogue', ks: [5] } as const;
    const rated = await evaluateRecommender({ ...options, recommender: 'user-mean' });
    const [first, second] = rated.groups ?? [];
    expect([first?.group, second?.group]).toEqual(['F', 'M']);
    expect((first?.users ?? 0) + (second?.users ?? 0)).toBe(rated.users.evaluated);
    expect(first?.metrics.rmse).toBeGreaterThan(0);
    const weighted = (name: string) =>
      ((first?.metrics[name] ?? 0) * (first?.users ?? 0) + (second?.metrics[name] ?? 0) * (second?.users ?? 0)) /
      rated.users.evaluated;
    expect(weighted('ndcg@5')).toBeCloseTo(rated.ranking['5']?.ndcg ?? 0, 12);
    expect(first?.metrics['catalogue.ndcg@5']).toBeGreaterThanOrEqual(0);
    const scored = await evaluateRecommender({ ...options, recommender: 'popularity' });
    expect(Object.keys(scored.groups?.[0]?.metrics ?? {})).toContain('ndcg@5');
    expect(Object.keys(scored.groups?.[0]?.metrics ?? {})).not.toContain('rmse');
  });

  it('names what has no effect beside a recommender', async () => {
    const said = await evaluateRecommender({
      ...files,
      ...{ recommender: 'user-knn', features, options: { shrinkage: 50, biases: { method: 'sgd' } } },
    });
    expect(said.warnings.filter((warning) => warning.includes('no effect'))).toEqual([
      '`features` have no effect: user-knn reads none',
      "`shrinkage` of recommender user-knn has no effect: it is of `similarity: 'pearson-baseline'`",
      "`biases` of recommender user-knn has no effect: it is of `similarity: 'pearson-baseline'` and `prediction: 'baseline'`",
    ]);
    const used = { similarity: 'pearson-baseline', shrinkage: 50, biases: { method: 'sgd' } };
    const silent = await evaluateRecommender({ ...files, recommender: 'user-knn', options: used });
    expect(silent.warnings.filter((warning) => warning.includes('no effect'))).toEqual([]);
  });
});
