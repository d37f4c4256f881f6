import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSavedSplits } from '../../src/graphs/experiment/saved-splits.ts';
import { readSavedRecommender } from '../../src/graphs/recommenders/saved-recommender.ts';
import { readLetter } from '../../src/io/dataset/dead-letter.ts';
import { readCheckpoint } from '../../src/models/autodiff/checkpoint.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';

describe('a directory where a file is read', () => {
  it('is named, with the system’s words, in an error of its kind', async () => {
    const place = await temporaryDirectory();
    const at = (...names: string[]) => join(place.path, ...names);
    for (const name of ['split/scenario.json', 'model/recommender.json', 'letter.json', 'checkpoint']) {
      mkdirSync(at(name), { recursive: true });
    }
    await expect(openSavedSplits(at('split'))).rejects.toMatchObject({
      ...{ code: 'ratings', message: `${at('split')}/scenario.json cannot be read: it is a directory` },
    });
    await expect(readSavedRecommender(at('model'))).rejects.toMatchObject({
      ...{ code: 'weights', message: `${at('model', 'recommender.json')} cannot be read: it is a directory` },
    });
    expect(() => readCheckpoint(at('checkpoint'), [], '')).toThrow(
      `checkpoint ${at('checkpoint')} cannot be read: it is a directory`,
    );
    expect(readLetter(at('letter.json'))).toBe('damaged');
    await place.remove();
  });
});
