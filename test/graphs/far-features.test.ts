import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import { plannedReduction } from '../../src/graphs/reduction/planned-reduction.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { FeatureIndex } from '../../src/graphs/serve/feature-index.ts';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { loadRatings } from '../../src/io/ratings/read-ratings.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { numbersOf, writeMovieLens } from '../fixtures/movielens.ts';
import { ObjectServer } from '../fixtures/object-server.ts';
import { duckdb } from '../io/dataset/tables.ts';

const server = new ObjectServer();
let directory: string;
let env: Record<string, string>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-far-features-'));
  env = await server.start();
});
beforeEach(() => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.stubEnv('TMPDIR', mkdtempSync(join(directory, 'tmp-')));
});
afterEach(() => {
  // Nothing is left of the copies.
  expect(readdirSync(process.env.TMPDIR as string).filter((name) => name.startsWith('reelflow-'))).toEqual([]);
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('an object store', () => {
  it('has features and ratings that a recommender learns from where they are, and knows without them', async () => {
    const lens = await writeMovieLens(join(directory, 'movielens'), { users: 12, movies: 8 });
    const store = join(directory, 'items.arrow');
    const writer = await ItemStoreWriter.create(
      store,
      { subclips: 1, streams: [{ name: 'visual', dimension: 2 }] },
      {},
    );
    for (let item = 1; item <= 8; item++) {
      await writer.add({ itemId: String(item), vectors: { visual: Float32Array.of(item, 1 / item) } });
    }
    await writer.close();
    const put = (name: string, path: string) => server.put(name, readFileSync(path));
    put('learn/items.arrow', store);
    put('learn/reduced/_training.arrow', store);
    put('learn/ratings.csv', join(lens, 'ratings.csv'));
    const [table] = await duckdb(
      `COPY (SELECT * FROM '${lens}/ratings.csv') TO '${directory}/ratings.parquet' (FORMAT parquet); SELECT 1 AS made`,
    );
    expect(table).toEqual({ made: 1 });
    put('learn/ratings.parquet', join(directory, 'ratings.parquet'));
    const train = (ratings: string, features: string, out: string) =>
      trainRecommender({ recommender: 'content-ridge', ratings, features, out: join(directory, out) });
    const near = await train(join(directory, 'ratings.parquet'), store, 'near');
    const scores: unknown[] = [];
    for (const features of ['learn/items.arrow', 'learn/reduced/']) {
      const far = await train(
        's3://films/learn/ratings.parquet',
        `s3://films/${features}`,
        features.replace(/\W/g, '-'),
      );
      expect(far.ratings).toBe(near.ratings);
    }
    // The store is not asked again.
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    for (const out of ['near', 'learn-items-arrow', 'learn-reduced-']) {
      const recommender = await loadRecommender(join(directory, out));
      scores.push([...(await recommender.predict(Int32Array.of(0, 1), Int32Array.of(2, 3)))]);
      await recommender.close();
    }
    expect(scores[1]).toEqual(scores[0]);
    expect(scores[2]).toEqual(scores[0]);
    vi.stubEnv('AWS_ENDPOINT_URL', env.AWS_ENDPOINT_URL);
    const refused = { code: 'object-store', remedy: expect.stringContaining('aws s3') };
    await expect(train('s3://films/learn', store, 'x')).rejects.toMatchObject({ code: 'ratings' });
    await expect(train('s3://films/learn/ratings.csv', store, 'x')).rejects.toThrow('s3://films/learn/ratings.csv');
    await expect(train(lens, 's3://films/learn/none', 'x')).rejects.toMatchObject({ code: 'dataset' });
    await expect(loadRecommender('s3://films/learn')).rejects.toMatchObject(refused);
    await expect(
      loadRecommender(join(directory, 'near'), { features: 's3://films/learn/items.arrow' }),
    ).rejects.toMatchObject(refused);
    await expect(
      trainRecommender({ recommender: 'item-knn', ratings: lens, out: 's3://films/recommender' }),
    ).rejects.toMatchObject(refused);
    expect(existsSync('s3:')).toBe(false);
  });

  it('has a table that is reduced, or looked at before, and ratings that are read, by one copy of each', async () => {
    const made = await duckdb(
      `COPY (SELECT i AS id, [i, 1.0 / (1 + i), i * i]::FLOAT[] AS visual FROM range(40) t(i)) TO '${directory}/vectors.parquet' (FORMAT parquet); COPY (SELECT i AS userId, i % 7 AS movieId, 3.0 AS rating FROM range(40) t(i)) TO '${directory}/rated.parquet' (FORMAT parquet); SELECT 1 AS made`,
    );
    expect(made).toEqual([{ made: 1 }]);
    for (const name of ['vectors.parquet', 'rated.parquet'])
      server.put(`once/${name}`, readFileSync(join(directory, name)));
    const copiesOf = async (name: string, work: () => Promise<unknown>) => {
      const from = server.requests.length;
      await work();
      return server.requests.slice(from).filter((seen) => seen.method === 'GET' && seen.name === `once/${name}`).length;
    };
    const choice = { id: 'id', components: 2 };
    const options = { input: 's3://films/once/vectors.parquet', out: join(directory, 'far-reduced'), ...choice };
    expect(await copiesOf('vectors.parquet', () => plannedReduction(options))).toBe(1);
    expect(await copiesOf('vectors.parquet', () => reduce(options))).toBe(1);
    await reduce({ ...options, input: join(directory, 'vectors.parquet'), out: join(directory, 'near-reduced') });
    const stored = (out: string) => readFileSync(join(directory, out, 'reduced.parquet'));
    expect(stored('far-reduced').equals(stored('near-reduced'))).toBe(true);
    expect(await copiesOf('rated.parquet', () => loadRatings('s3://films/once/rated.parquet', {}))).toBe(1);
    await expect(reduce({ ...options, column: 'audio', out: join(directory, 'none') })).rejects.toThrow(
      's3://films/once/vectors.parquet',
    );
    await expect(
      reduce({ ...options, input: 's3://films/nothing', out: join(directory, 'none') }),
    ).rejects.toMatchObject({
      code: 'dataset',
    });
  });

  it('has features that are too large for memory and searched by the copy that was made first', async () => {
    const path = join(directory, 'searched.arrow');
    const shape = { subclips: 2, streams: [{ name: 'visual', dimension: 3 }] };
    const writer = await ItemStoreWriter.create(path, shape, {});
    const next = numbersOf(1);
    for (let item = 0; item < 9; item++) {
      await writer.add({
        itemId: `m${item}`,
        vectors: { visual: Float32Array.from({ length: 6 }, () => next() - 0.5) },
      });
    }
    await writer.close();
    server.put('searched.arrow', readFileSync(path));
    const [held, read] = [await FeatureIndex.open(path), await FeatureIndex.open('s3://films/searched.arrow', 0)];
    const from = server.requests.length;
    for (const question of [
      { item: 'm3', k: 4 },
      { item: 'm3', subclip: 1, k: 4 },
    ]) {
      const [one, other] = [await held.search(question), await read.search(question)];
      expect(other.found.map(({ item, subclip }) => [item, subclip])).toEqual(
        one.found.map(({ item, subclip }) => [item, subclip]),
      );
    }
    expect((await read.nearestSubclips('m3', [0, 1], 'visual')).map((found) => found?.item)).toEqual(
      (await held.nearestSubclips('m3', [0, 1], 'visual')).map((found) => found?.item),
    );
    expect(server.requests.length).toBe(from);
    await Promise.all([held.close(), read.close()]);
  });

  it.each([
    ['train', 'item-knn', '--ratings', 'x', '--out', 's3://films/out'],
    ['experiment', '--ratings', 'x', '--out', 's3://films/out'],
    ['analyze', 'x', '--out', 's3://films/page.html'],
    ['report', 'x', '--out', 's3://films/page.html'],
    ['recommend', 'x', '--all-users', '--out', 's3://films/lists.csv'],
    ['recommend', 's3://films/recommender', '--user', '1'],
    ['serve', '--recommender', 's3://films/recommender'],
    ['import-features', 'x.csv', '--out', 's3://films/items.arrow'],
    ['analyze', '--ratings', 's3://films/ml', '--out', 'page.html'],
    ['worker', '--queue', 'redis://localhost:1', '--out', 's3://films/features'],
    ['demo', '--out', 's3://films/demo'],
    ['fetch', '--list', 'x.csv', '--out', 's3://films/files'],
  ])('is refused by the command line with what to do, where it cannot be: %s %s %s %s', async (...args) => {
    const { code, stderr } = await callReelflow(args);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/in an object store, .*\[object-store\]\n.*(aws s3|directory)/s),
    ]);
  });
});
