import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { writePredictionsCsv } from '../../../src/graphs/experiment/prediction-files.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { recommendToAll } from '../../../src/graphs/recommenders/recommend-all.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { plantedFiles } from '../../fixtures/planted-files.ts';
import { type SmallDisk, smallDisk } from '../../fixtures/small-disk.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';

const disk = smallDisk();
afterAll(() => disk?.remove());

describe.skipIf(disk === undefined)('a full disk (skipped where no file system can be mounted)', () => {
  it('ends lists for all users, and predictions of an experiment, with a typed error and leaves no file', async () => {
    const { path, fill } = disk as SmallDisk;
    const directory = await temporaryDirectory();
    const { ratings } = await plantedFiles(directory);
    await trainRecommender({ recommender: 'popularity', ratings, out: join(directory, 'popularity') });
    const recommender = await loadRecommender(join(directory, 'popularity'));
    onTestFinished(() => recommender.close());
    const filler = join(path, 'filler');
    await fill(filler, 0);
    for (const name of ['lists.csv', 'lists.jsonl']) {
      const out = join(path, name);
      await expect(recommendToAll(recommender, { out }), name).rejects.toMatchObject({
        ...{ code: 'disk-full', message: expect.stringContaining(out) },
      });
    }
    const rows = { users: new Int32Array(9), items: new Int32Array(9) };
    const scored = { ...rows, ratings: new Float64Array(9), predictions: new Float64Array(9) };
    const out = join(path, 'predictions.csv');
    const ids = { ...scored, userIds: ['u'], itemIds: ['i'], values: new Float32Array(9) };
    await expect(writePredictionsCsv(out, scored, ids)).rejects.toMatchObject({ code: 'disk-full' });
    expect(readdirSync(path)).toEqual(['filler']);
    rmSync(filler);
    expect(await recommendToAll(recommender, { out: join(path, 'lists.csv') })).toMatchObject({ usersWithout: 0 });
  });
});
