/**
 * The audiovisual path end to end on SYNTHETIC corpora with a planted taste factor: clips are made,
 * extracted and reduced, and an experiment compares the recommenders in both scenarios with ridge
 * regressions on mean colour and mean features, and with features shuffled between movies
 * (hard-cold start only). There is one corpus per corpus seed; figures are mean and deviation over
 * the seeds of the folds, corpus by corpus, then over all corpora.
 *
 *   node dist/bench/planted.js [--corpora 1,2,3,4] [--seeds 1] [--items 48] [--users 150] [--per-user 20] [--recommenders ...]
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePlantedCorpus } from '../examples/planted/corpus.ts';
import { type EvidenceRow, evidenceTable, plantedEvidence } from '../examples/planted/evidence.ts';
import { makePlantedFeatures } from '../examples/planted/features.ts';
import { seedMean } from '../src/graphs/experiment/summarise.ts';
import { benchOptions } from './clips.ts';
import { scratchDirectory } from './scratch.ts';

const options = benchOptions({
  ...{ corpora: '1,2,3,4', seeds: '1', items: '48', users: '150', 'per-user': '20' },
  recommenders: 'baseline,user-knn,item-knn,regsvd,genre-content,deepcf,lstm-av,dcf-av-1,dcf-av-2',
});
const numbers = (name: string) => (options[name] ?? '').split(',').map(Number);

const results: EvidenceRow[][] = [];
const scratch = scratchDirectory('planted');
for (const seed of numbers('corpora')) {
  const directory = join(scratch, `corpus-${seed}`);
  mkdirSync(directory);
  try {
    const started = performance.now();
    const [items, users, ratingsPerUser] = [options.items, options.users, options['per-user']].map(Number);
    const size = { items: items as number, users: users as number, ratingsPerUser: ratingsPerUser as number };
    const corpus = await writePlantedCorpus(directory, { ...size, seed });
    const written = performance.now();
    const features = await makePlantedFeatures(corpus, { seed });
    const extracted = performance.now();
    const rows = await plantedEvidence(corpus, features, {
      ...{
        recommenders: (options.recommenders ?? '').split(','),
        scenarios: ['hard-cold', 'non-cold'],
        seeds: numbers('seeds'),
      },
    });
    results.push(rows);
    const seconds = [written - started, extracted - written, performance.now() - extracted].map((ms) =>
      (ms / 1000).toFixed(1),
    );
    const { components, dimension, varianceKept } = features.reduction;
    console.log(
      `corpus ${seed}: clips ${seconds[0]} s, extract and reduce ${seconds[1]} s (${dimension} to ${components}, ${(100 * varianceKept).toFixed(1)} %), experiment ${seconds[2]} s`,
    );
    console.log(`${evidenceTable(rows).join('\n')}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const mean = (rows: readonly EvidenceRow[], metric: 'auc' | 'ndcg' | 'rmse') =>
  seedMean(rows.map((row) => row[metric].mean));
const overall = (results[0] ?? []).map(({ scenario, label }, place): EvidenceRow => {
  const own = results.map((rows) => rows[place] as EvidenceRow);
  return { scenario, label, auc: mean(own, 'auc'), ndcg: mean(own, 'ndcg'), rmse: mean(own, 'rmse') };
});
console.log(
  `SYNTHETIC: mean ± deviation over corpora ${options.corpora}, each the mean of fold seeds ${options.seeds}`,
);
console.log(evidenceTable(overall).join('\n'));
