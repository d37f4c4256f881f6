import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { guaranteeText, privacyWithKey } from '../../../src/graphs/recommenders/private-options.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { trainedOn } from '../../../src/graphs/recommenders/trained-on.ts';
import { twoTastes } from '../../models/privacy/planted-units.ts';

let directory: string;
let ratings: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-private-'));
  const { users, items, values } = twoTastes(false, 60, 12).ratings;
  const lines = Array.from(values, (value, row) => `u${users[row]},i${items[row]},${value}`);
  ratings = join(directory, 'ratings.csv');
  await writeFile(ratings, ['userId,movieId,rating', ...lines, ''].join('\n'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const dp = { noise: 1, clip: 0.5, delta: 0.001, repeatable: true };
const options = { side: 'user', hidden: 4, dropout: 0.2, noise: 0.2, epochs: 4, batch: 10, dp };

function train(name: string, more: object = {}, changed: object = {}) {
  const out = join(directory, name);
  return trainRecommender({ recommender: 'autorec', ratings, out, options: { ...options, ...changed }, ...more });
}

const weightsOf = (name: string) => readFile(join(directory, name, 'weights.safetensors'));

describe('private training into a directory', () => {
  it('plans epsilon before it begins, and keeps and tells it', async () => {
    const planned = await train('whole', { dryRun: true });
    const summary = await train('whole');
    expect(summary.privacy).toMatchObject({ unit: 'user', delta: 0.001, rate: 10 / 60, steps: 24, repeatable: true });
    expect(planned.privacy).toEqual(summary.privacy);
    expect(summary.validationRatings).toBe(0);
    const facts = JSON.parse(await readFile(join(directory, 'whole', 'recommender.json'), 'utf8'));
    expect(facts.privacy).toEqual(summary.privacy);
    const loaded = await loadRecommender(join(directory, 'whole'));
    try {
      expect(trainedOn(loaded).join(' ')).toContain(`epsilon ${facts.privacy.epsilon.toFixed(2)} at delta 0.001`);
      expect((await recommend(loaded, { user: 'u3', k: 2 })).items).toHaveLength(2);
      const mine = await recommend(loaded, { ratings: new Map([['i1', 4.5]]), k: 2 });
      expect(mine.items).toHaveLength(2);
    } finally {
      await loaded.close();
    }
    expect(guaranteeText(facts.privacy)).toContain('whoever knows the seed can subtract it');
  });

  it('ends with the same weights when it is stopped and goes on', async () => {
    const stop = new AbortController();
    const stopping = {
      signal: stop.signal,
      onProgress: ({ epoch, share }: { epoch: number; share?: number | undefined }) => {
        if (epoch === 2 && share === undefined) stop.abort();
      },
    };
    await expect(train('stopped', stopping)).rejects.toThrow();
    expect((await train('stopped')).resumed).toBe(true);
    expect(await weightsOf('stopped')).toEqual(await weightsOf('whole'));
  });

  it('keeps a secret key beside the checkpoint, and forgets it at the end', async () => {
    const stop = new AbortController();
    const secret = { dp: { ...dp, repeatable: false } };
    await expect(train('secret', { signal: stop.signal, onProgress: () => stop.abort() }, secret)).rejects.toThrow();
    expect(await readdir(join(directory, 'secret'))).toContain('checkpoint-noise-key');
    const path = join(directory, 'secret', 'checkpoint-noise-key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await train('secret', {}, secret);
    expect((await readdir(join(directory, 'secret'))).sort()).toEqual([
      'ids.json',
      'ratings.safetensors',
      'recommender.json',
      'weights.safetensors',
    ]);
    expect(await weightsOf('secret')).not.toEqual(await weightsOf('whole'));
  });

  it('derives another key from the secret for another training in the same place', async () => {
    const place = join(directory, 'place');
    const key = async (training: string) => (await privacyWithKey({ dp: 1 }, place, training))?.key;
    const first = await key('first');
    expect(first).toHaveLength(32);
    expect(await key('first')).toEqual(first);
    expect(await key('second')).not.toEqual(first);
    const secret = await readFile(`${place}-noise-key`);
    expect(Buffer.from(first as Uint8Array).equals(secret)).toBe(false);
    await writeFile(`${place}-noise-key`, 'damaged');
    expect(await key('first')).not.toEqual(first);
    expect(await privacyWithKey({ dp }, place, 'first')).toEqual(dp);
  });

  it('says below the tables of an experiment that repeatable noise can be subtracted', async () => {
    const run = async (repeatable: boolean) => {
      const set = { gmf: { dp: { ...dp, repeatable }, epochs: 1, embedding: 2 } };
      const config = { ratings, scenarios: ['non-cold' as const], recommenders: ['gmf'], set, folds: 2 };
      const { tables } = await runExperiment(config, { out: join(directory, `experiment-${repeatable}`) });
      return tables[0]?.note;
    };
    const subtracted = 'whoever knows the seed can subtract it';
    expect(await run(true)).toMatch(new RegExp(`gmf: epsilon [\\d.]+ at delta 0.001 .*${subtracted}`));
    expect(await run(false)).not.toContain(subtracted);
  });

  it('refuses a part of another recommender that should be private', async () => {
    const part = { recommender: 'gmf', options: { dp: 1 } };
    for (const [recommender, options] of [
      ['blend', { parts: ['svd', part] }],
      ['switch', { cold: 'user-mean', warm: { recommender: 'federated-svd', options: { dp: 1 } } }],
    ] as const) {
      const refused = trainRecommender({ recommender, ratings, out: join(directory, 'part'), options });
      await expect(refused).rejects.toMatchObject({
        code: 'no-privacy',
        message: expect.stringContaining('cannot be trained privately as a part of another recommender'),
      });
    }
  });

  it('of a federated recommender keeps the weights of the items, and does not learn again', async () => {
    const out = join(directory, 'federated');
    const said: string[] = [];
    const own = { factors: 3, rounds: 10, dp: { noise: 1, delta: 0.001 } };
    const summary = await trainRecommender({
      ...{ recommender: 'federated-svd', ratings, out, options: own },
      onMessage: (text) => said.push(text),
    });
    expect(summary.privacy).toMatchObject({ unit: 'user', steps: 10, repeatable: false });
    expect(said.join(' ')).toMatch(/10 rounds, \d+ visits of 60 clients, \d\.\d MiB sent to them and \d\.\d MiB back/);
    const predicted = async () => {
      const loaded = await loadRecommender(out);
      try {
        return await loaded.predict(Int32Array.of(0, 1), Int32Array.of(2, 3));
      } finally {
        await loaded.close();
      }
    };
    expect(await predicted()).toEqual(await predicted());
  });

  it('refuses validation, and recommenders that cannot be trained so, naming those that can', async () => {
    await expect(train('refused', { validation: { kind: 'ratings' } })).rejects.toMatchObject({ code: 'no-privacy' });
    await expect(train('refused', {}, { dp: { noise: 1, sigma: 2 } })).rejects.toThrow("`dp` has no 'sigma'");
    for (const recommender of ['svd', 'gat']) {
      const refused = trainRecommender({ recommender, ratings, out: join(directory, 'no'), options: { dp } });
      await expect(refused).rejects.toMatchObject({
        code: 'no-privacy',
        remedy: expect.stringContaining('Take one of federated-svd, regsvd-adam, gmf, deepcf, autorec'),
      });
    }
  });
});
