import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePlantedCorpus } from '../../examples/planted/corpus.ts';
import { type EvidenceRow, plantedEvidence } from '../../examples/planted/evidence.ts';
import { makePlantedFeatures, type PlantedFeatures } from '../../examples/planted/features.ts';

// The demo measures dcf-av-1 on a corpus like this one (test/bin/commands.test.ts).
const audiovisual = ['lstm-av', 'dcf-av-2'];
const minutes = 60_000;

describe('a planted corpus from clips to an experiment: synthetic clips and ratings that share a hidden taste factor', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-planted-'));
  let features: PlantedFeatures;
  let rows: EvidenceRow[];

  beforeAll(async () => {
    const corpus = await writePlantedCorpus(directory, { items: 28, users: 100, ratingsPerUser: 16, seed: 1 });
    features = await makePlantedFeatures(corpus, { seed: 1 });
    rows = await plantedEvidence(corpus, features, {
      ...{ recommenders: ['baseline', 'user-knn', 'item-knn', 'deepcf', ...audiovisual], seeds: [1] },
      scenarios: ['hard-cold', 'non-cold'],
    });
  }, 25 * minutes);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const row = (scenario: string, label: string): EvidenceRow => {
    const found = rows.find((each) => each.scenario === scenario && each.label === label);
    if (found === undefined) throw new Error(`there is no row ${scenario}, ${label}`);
    return found;
  };

  it('every clip goes through extract and reduce, with all of its subclips', () => {
    expect(features.extraction.videos).toMatchObject({ committed: 28, dead: 0, partial: 0 });
    expect(features.reduction).toMatchObject({ items: 28, rows: 28 * 8, rowsWithout: 0 });
    expect(features.reduction.varianceKept).toBeGreaterThan(0.99);
  });

  const blind = ['baseline', 'user-knn', 'item-knn', 'deepcf', 'mean-colour', 'mean-features'];

  it.each(audiovisual)(
    'in the hard-cold start %s beats every model that does not see clips in their order',
    (model) => {
      const own = row('hard-cold', model);
      for (const label of blind) {
        const other = row('hard-cold', label);
        expect(own.auc.mean, label).toBeGreaterThan(other.auc.mean + 0.25);
        expect(own.ndcg.mean, label).toBeGreaterThan(other.ndcg.mean + 0.05);
        expect(own.rmse.mean, label).toBeLessThan(0.75 * other.rmse.mean);
      }
    },
  );

  it('nothing that does not see the order of scenes and tones ranks unrated movies better than chance', () => {
    for (const label of blind) expect(row('hard-cold', label).auc.mean, label).toBeLessThan(0.62);
  });

  it.each(audiovisual)('in the non-cold start %s is no worse than deepcf', (model) => {
    const [own, ratingsOnly] = [row('non-cold', model), row('non-cold', 'deepcf')];
    expect(own.auc.mean).toBeGreaterThan(ratingsOnly.auc.mean - 0.02);
    expect(own.ndcg.mean).toBeGreaterThan(ratingsOnly.ndcg.mean - 0.02);
    expect(own.rmse.mean).toBeLessThan(ratingsOnly.rmse.mean + 0.05);
  });

  it.each(audiovisual)('with features shuffled between the movies %s gains nothing in the hard-cold start', (model) => {
    const [cut, baseline] = [row('hard-cold', `${model} (shuffled)`), row('hard-cold', 'baseline')];
    expect(Math.abs(cut.auc.mean - 0.5)).toBeLessThan(0.2);
    expect(cut.auc.mean).toBeLessThan(row('hard-cold', model).auc.mean - 0.25);
    expect(cut.rmse.mean).toBeGreaterThan(0.95 * baseline.rmse.mean);
  });
});
