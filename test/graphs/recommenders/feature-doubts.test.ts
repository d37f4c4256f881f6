import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrainingFeatures } from '../../../src/graphs/import/training-store.ts';
import { featureDoubts } from '../../../src/graphs/recommenders/feature-doubts.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { keyOf, unitTable } from '../../io/dataset/fixtures.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-doubts-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function store(name: string, metadata: Record<string, string>): Promise<ItemStore> {
  const path = join(directory, name);
  const streams = [
    { name: 'visual', dimension: 1 },
    { name: 'audio', dimension: 1 },
  ];
  const writer = await ItemStoreWriter.create(path, { subclips: 1, streams }, metadata);
  await writer.add({ itemId: 'a', vectors: { visual: Float32Array.of(1), audio: undefined } });
  await writer.close();
  return ItemStore.open(path);
}

describe('features to learn from', () => {
  it.each([
    [
      'of one stream',
      '[{ "stream": "visual", "random": true }, { "stream": "audio", "random": false }]',
      ['visual of'],
    ],
    ['of all streams', '[{ "name": "own", "random": true }]', ['visual and audio of']],
    ['of none', '[{ "stream": "visual", "random": false }]', []],
    ['that are not told', 'no JSON', []],
    ['that are no list', '{}', []],
  ])('are doubtful where their networks had random weights (%s)', async (name, models, begin) => {
    await using features = await store(name, { models });
    const doubts = featureDoubts(features);
    expect(doubts).toHaveLength(begin.length);
    for (const [at, words] of begin.entries()) expect(doubts[at]).toContain(words);
  });

  it('are doubtful too where a dataset is given as it is, without a training store', async () => {
    const features = join(directory, 'features');
    const models = [{ stream: 'visual', name: 'tiny', random: true }];
    const dataset = await Dataset.open(features, { graphId: 'abc', name: 'extraction', params: {}, models });
    for (const seed of [1, 2]) {
      await dataset.store.commit(keyOf(seed), unitTable({ itemId: `film-${seed}`, seed, streams: { visual: 3 } }));
    }
    await dataset.close();
    await compact(features);
    const warnings: string[] = [];
    const opened = await openTrainingFeatures(features, {
      onMessage: (text, { isWarning } = {}) => void (isWarning && warnings.push(text)),
    });
    await opened.close();
    expect(warnings).toEqual([expect.stringContaining('visual of the features: made with RANDOM WEIGHTS')]);
  });

  it('are not doubtful where nothing is told, or where there are none', async () => {
    await using features = await store('silent', {});
    expect(featureDoubts(features)).toEqual([]);
    expect(featureDoubts(undefined)).toEqual([]);
  });
});
