/**
 * Compares the recommenders of docs/systems with simple ones, on ratings of MovieLens and features
 * of REAL trailers (MMTF-14K: 107 aesthetic visual values and i-vectors of 100 values), in one
 * table: warm, where the last rating of each user is to be found among all movies that the user has
 * not rated (`leave-last-out`), and hard-cold, where the movies of the test have no ratings in
 * training. Every recommender has its default options, except that those that train in epochs run
 * for at most `--epochs`.
 *
 *   node dist/bench/systems.js --features DIR --ratings ml-latest-small [--seeds 1] [--users 300]
 *     [--movies 600] [--epochs 40] [--out DIR] [--recommenders popularity,ease,sasrec:content=true]
 *
 * DIR of `--features` holds the two files of MMTF-14K named in `files`. A recommender that follows
 * sequences appears three times: with ids, with ids and content, and with content alone; `gat` with
 * ids, with the visual stream, with the audio stream, and with everything. Results are kept in
 * `--out`: the same command continues.
 */
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExperimentConfig } from '../src/graphs/experiment/experiment-config.ts';
import { type ExperimentResult, runExperiment } from '../src/graphs/experiment/run-experiment.ts';
import type { Json } from '../src/graphs/graph.ts';
import { importFeatures } from '../src/graphs/import/import-features.ts';
import { type RecommenderName, trainsInEpochs } from '../src/graphs/recommenders/recommender-names.ts';
import { parseOptionText } from '../src/graphs/recommenders/recommender-options.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import { cataloguePrefix } from '../src/models/metrics/catalogue-metrics.ts';
import { benchOptions } from './clips.ts';

const sequences = ['gru4rec', 'sasrec', 'bert4rec'];
const arms = [
  ...['gat:content=false', 'gat:id=false', 'gat:id=false:modalities=visual', 'gat:id=false:modalities=audio', 'gat'],
  ...['gat:genres=true', 'multimodal-cnn:content=false', 'multimodal-cnn', 'multimodal-cnn:id=true:coldRate=0.5'],
  ...['bst-kmeans', 'bst-kmeans:rerank=10', 'bst-kmeans:id=false'],
  ...['m5', 'm5:content=false', 'm5:interests=1', 'm5:gate=0.5', 'm5:contentLoss=0'],
];
const options = benchOptions({
  ...{ features: '', ratings: 'ml-latest-small', seeds: '1', users: '300', movies: '600', epochs: '40' },
  out: join(tmpdir(), 'reelflow-systems'),
  recommenders: [
    ...['random', 'popularity', 'user-mean', 'baseline', 'content-knn', 'ease', 'ease-content', 'svd++'],
    ...['asymmetric-svd', 'autorec', 'autorec:side=user', 'deep-ae', 'multi-dae', 'multi-vae', ...sequences],
    ...sequences.flatMap((name) => [`${name}:content=true`, `${name}:id=false`]),
    ...arms,
  ].join(','),
});
const [out, ratings, epochs] = [options.out as string, options.ratings as string, Number(options.epochs)];
const files = {
  visual: 'fused_llm_mmtf_avf_avg.csv',
  audio: 'fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_100.csv',
};
/** Included in every experiment, so that all use the movies that have features. */
const readsFeatures = 'content-knn';

interface Contender {
  readonly label: string;
  readonly name: RecommenderName;
  readonly set: Readonly<Record<string, Json>>;
}

const contenders = (options.recommenders as string).split(',').map((label): Contender => {
  const [name = '', ...settings] = label.split(':');
  const recommender = name as RecommenderName;
  const given = settings.map((setting) => {
    const [key = '', value = ''] = setting.split('=');
    return [key, parseOptionText(recommender, key, value)] as const;
  });
  return {
    ...{ label, name: recommender },
    set: trainsInEpochs(recommender) ? { epochs, ...Object.fromEntries(given) } : Object.fromEntries(given),
  };
});

/** Contenders with different names together; those with the same name are in different groups. */
function groups(): Contender[][] {
  const found: Contender[][] = [];
  for (const each of contenders) {
    const free = found.find((group) => group.every(({ name }) => name !== each.name));
    if (free) free.push(each);
    else found.push([each]);
  }
  return found;
}

async function run(
  scenario: string,
  group: readonly Contender[],
  place: number,
  features: string,
): Promise<ExperimentResult> {
  const config: ExperimentConfig = {
    ...{ ratings, features, scenarios: [scenario], protocol: 'catalogue', k: [10] },
    ...{ users: Number(options.users), movies: Number(options.movies), folds: 2 },
    seeds: (options.seeds as string).split(',').map(Number),
    recommenders: [...new Set([readsFeatures, ...group.map(({ name }) => name)])],
    set: Object.fromEntries(group.map(({ name, set }) => [name, set])),
    compareTo: readsFeatures,
  };
  return runExperiment(config, {
    out: join(out, `${scenario}-${place}`),
    onMessage: (message) => console.log(message),
    onProgress: ({ point, epoch, done, total }) => {
      if (epoch === undefined) console.log(JSON.stringify({ scenario, point, done, total, load: loadavg()[0] }));
    },
  });
}

const features = join(out, 'items.arrow');
const paths = Object.entries(files).map(([name, file]) => `${name}=${join(options.features as string, file)}`);
await importFeatures(paths, features, { missing: 'mean' });
const tables = new Map<string, string[][]>();
for (const scenario of ['leave-last-out', 'hard-cold']) {
  const columns = ['ndcg@10', 'recall@10', 'coverage@10', 'auc', 'rmse'];
  const lines: string[][] = [];
  for (const [place, group] of groups().entries()) {
    const { rows } = await run(scenario, group, place, features);
    for (const { label, name } of group) {
      const row = rows.find(({ recommender }) => recommender === name);
      const figure = (column: string): string => {
        const { mean = Number.NaN } = row?.metrics[`${cataloguePrefix}${column}`] ?? row?.metrics[column] ?? {};
        return Number.isFinite(mean) ? mean.toFixed(3) : '-';
      };
      lines.push([label, ...columns.map(figure), (row?.metrics.trainSeconds?.mean ?? Number.NaN).toFixed(0)]);
    }
  }
  tables.set(scenario, [['', ...columns, 'seconds'], ...lines]);
}
for (const [scenario, lines] of tables) {
  console.log(
    `\n${scenario}, ${options.users} users, ${options.movies} movies, seeds ${options.seeds}, ${epochs} epochs at most`,
  );
  console.log(alignedRows(lines).join('\n'));
}
