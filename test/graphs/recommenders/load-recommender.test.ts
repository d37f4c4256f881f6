import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitRecommender } from '../../../src/graphs/recommenders/fit-recommender.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { readTrainingInputs } from '../../../src/graphs/recommenders/training-sources.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { withValidation } from '../../../src/io/ratings/validation.ts';
import { plantedFiles } from '../../fixtures/planted-files.ts';
import { smallNetwork } from './planted-ratings.ts';

let directory: string;
let files: { ratings: string; features: string };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'load-model-'));
  files = await plantedFiles(directory);
});
afterAll(() => rm(directory, { recursive: true }));

describe('a saved recommender, of synthetic ratings', () => {
  it.each([
    ['svd', { factors: 4 }],
    ['user-knn', { k: 4 }],
    ['content-ridge', { components: 3 }],
    ['ease-content', {}],
    ['switch', { cold: { recommender: 'content-knn', options: { neighbours: 3 } }, warm: 'svd++' }],
    ['genre-content', {}],
    ['dcf-av-2', { ...smallNetwork, form: 'thesis', epochs: 4, batchNormalisation: true, beta: 'learnt' }],
    ['dcf-av-1', { ...smallNetwork, epochs: 4 }],
    ['lstm-av', { ...smallNetwork, epochs: 4, streamWeights: { audio: 0.2 } }],
  ])('%s predicts as the one that was trained, to the last bit', async (recommender, options) => {
    const out = join(directory, recommender);
    await trainRecommender({ ...files, recommender, options, out, seed: 4 });
    const inputs = await readTrainingInputs(recommender as 'svd', options, files);
    const { ratings, scale, genres, features } = inputs;
    const rows = Int32Array.from(ratings.values.keys());
    const none = new Int32Array(0);
    const isNetwork = recommender.includes('av');
    const whole = { name: 'all', train: rows, validation: none, test: none };
    const { train, validation } = isNetwork ? withValidation(ratings, whole, { kind: 'item-cold' }, 4) : whole;
    const data = { ratings, train, validation, scale, genres, features };
    const fitted = await fitRecommender(data, { recommender, options, seed: 4 });
    const loaded = await loadRecommender(out);
    const items = Int32Array.from(ratings.itemIds.keys());
    for (const user of [0, 7]) {
      const users = new Int32Array(items.length).fill(user);
      expect(await loaded.predict(users, items)).toEqual(await fitted.predict(users, items));
    }
    expect(loaded.saved.catalogue.map(({ id }) => id)).toEqual(ratings.itemIds);
    await loaded.close();
    await fitted.close?.();
    await features?.close();
  });

  it('is read as earlier versions wrote it: `model.json`, with the name under `model`', async () => {
    const out = join(directory, 'earlier');
    const train = { ...files, recommender: 'baseline', out };
    await trainRecommender(train);
    const { recommender, ...facts } = JSON.parse(readFileSync(join(out, 'recommender.json'), 'utf8'));
    const earlier = { ...facts, format: 'reelflow-model-2', model: recommender };
    writeFileSync(join(out, 'model.json'), JSON.stringify(earlier));
    rmSync(join(out, 'recommender.json'));
    const loaded = await loadRecommender(out);
    expect(loaded.saved.facts.recommender).toBe('baseline');
    await loaded.close();
    expect((await trainRecommender(train)).alreadyTrained).toBe(true);
    await trainRecommender({ ...train, options: { method: 'sgd' }, refit: true });
    expect(
      readdirSync(out)
        .filter((name) => name.endsWith('.json'))
        .sort(),
    ).toEqual(['ids.json', 'recommender.json']);
  });

  it('is refused when its features were changed since', async () => {
    await trainRecommender({
      ...files,
      recommender: 'lstm-av',
      options: { ...smallNetwork, widths: [4], epochs: 1 },
      out: join(directory, 'av'),
    });
    const shape = { subclips: 3, streams: [{ name: 'visual', dimension: 4 }] };
    const writer = await ItemStoreWriter.create(join(directory, 'changed.arrow'), shape, {});
    await writer.add({ itemId: '101', vectors: { visual: new Float32Array(12) } });
    await writer.close();
    const changed = writer.path;
    await expect(loadRecommender(join(directory, 'av'), { features: changed })).rejects.toThrow('it has changed since');
  });

  it('is refused when its files do not fit each other, hashes or not', async () => {
    const out = join(directory, 'tampered');
    await trainRecommender({ ...files, recommender: 'baseline', out });
    const facts = JSON.parse(readFileSync(join(out, 'recommender.json'), 'utf8'));
    const put = (ids: unknown) => {
      const text = JSON.stringify(ids);
      const hash = createHash('sha256').update(text).digest('hex');
      writeFileSync(join(out, 'ids.json'), text);
      writeFileSync(
        join(out, 'recommender.json'),
        JSON.stringify({ ...facts, files: { ...facts.files, 'ids.json': hash } }),
      );
    };
    const item = { id: '101', genres: [] };
    put({ users: ['u1'], items: [item], features: [null] });
    await expect(loadRecommender(out)).rejects.toThrow(/users has \d+, but there are 1/);
    for (const ids of [
      {},
      null,
      { users: ['u1'], items: [item], features: [] },
      { users: [1], items: [], features: [] },
    ]) {
      put(ids);
      await expect(loadRecommender(out)).rejects.toMatchObject({ code: 'weights' });
    }
    writeFileSync(join(out, 'recommender.json'), JSON.stringify({ ...facts, recommender: 'oracle' }));
    await expect(loadRecommender(out)).rejects.toThrow(/recommender.json cannot be read: `recommender` must be one of/);
  });
});
