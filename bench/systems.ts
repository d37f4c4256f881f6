/**
 * Compares the recommenders of docs/systems with simple ones, on ratings of MovieLens and features
 * of REAL trailers (MMTF-14K: 107 aesthetic visual values and i-vectors of 100 values), in one
 * table: warm, where the last rating of each user is to be found among all movies that the user has
 * not rated (`leave-last-out`), and hard-cold, where the movies of the test have no ratings in
 * training. Every recommender has its default options, except that those that train in epochs run
 * for at most `--epochs`.
 *
 *   node dist/bench/systems.js --features DIR --ratings ml-latest-small [--seeds 1] [--users 300]
 *     [--movies 600] [--epochs 40] [--out DIR] [--scenarios leave-last-out,hard-cold]
 *     [--recommenders popularity,ease,sasrec:content=true]
 *
 * DIR of `--features` holds the two files of MMTF-14K named in `files`. A recommender that follows
 * sequences appears three times: with ids, with ids and content, and with content alone; `gat` with
 * ids, with the visual stream, with the audio stream, and with everything. Results are kept in
 * `--out`: the same command continues. Lines are printed as they are known, and all together at
 * the end.
 *
 * The last columns are paired tests over users (each user's mean over seeds and folds): the
 * difference in NDCG@10 from `ease` (hard-cold: `content-knn`) and in RMSE from `baseline`
 * (hard-cold: `user-mean`), with p of a paired t-test, at the end with Holm's correction over all
 * lines.
 */
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Comparison } from '../src/graphs/experiment/comparison.ts';
import type { ExperimentConfig } from '../src/graphs/experiment/experiment-config.ts';
import { type ExperimentResult, runExperiment } from '../src/graphs/experiment/run-experiment.ts';
import type { Json } from '../src/graphs/graph.ts';
import { importFeatures } from '../src/graphs/import/import-features.ts';
import { type RecommenderName, trainsInEpochs } from '../src/graphs/recommenders/recommender-names.ts';
import { parseOptionText } from '../src/graphs/recommenders/recommender-options.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import { cataloguePrefix } from '../src/models/metrics/catalogue-metrics.ts';
import { holm } from '../src/models/statistics/holm.ts';
import { benchOptions } from './clips.ts';

const sequences = ['gru4rec', 'sasrec', 'bert4rec'];
const arms = [
  ...['gat:content=false', 'gat:id=false', 'gat:id=false:modalities=visual', 'gat:id=false:modalities=audio', 'gat'],
  ...['gat:genres=true', 'multimodal-cnn:content=false', 'multimodal-cnn', 'multimodal-cnn:id=true:coldRate=0.5'],
  ...['bst-kmeans', 'bst-kmeans:rerank=10', 'bst-kmeans:id=false'],
  ...['m5', 'm5:content=false', 'm5:interests=1', 'm5:gate=0.5', 'm5:contentLoss=0'],
];
const simple = ['random', 'popularity', 'user-mean', 'baseline', 'content-knn', 'ease'];
const options = benchOptions({
  ...{ features: '', ratings: 'ml-latest-small', seeds: '1', users: '300', movies: '600', epochs: '40' },
  ...{ scenarios: 'leave-last-out,hard-cold', out: join(tmpdir(), 'reelflow-systems') },
  recommenders: [
    ...[...simple, 'ease-content', 'content-ridge', 'item-knn', 'svd', 'svd++', 'asymmetric-svd', 'federated-svd'],
    ...['autorec', 'autorec:side=user', 'deep-ae', 'multi-dae', 'multi-vae', ...sequences],
    ...['gmf', 'deepcf', 'dcf-av-1', 'dcf-av-2', 'lstm-av', 'feature-mlp', 'greedy-reward', 'ddpg', 'td3'],
    ...sequences.flatMap((name) => [`${name}:content=true`, `${name}:id=false`]),
    ...arms,
  ].join(','),
});
const [out, ratings, epochs] = [options.out as string, options.ratings as string, Number(options.epochs)];
const files = {
  visual: 'fused_llm_mmtf_avf_avg.csv',
  audio: 'fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_100.csv',
};
/** What each scenario's NDCG@10 and RMSE are compared with. */
const references: Readonly<Record<string, readonly [ndcg: string, rmse: string]>> = {
  'leave-last-out': ['ease', 'baseline'],
  'hard-cold': ['content-knn', 'user-mean'],
};

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
  compareTo: string,
): Promise<ExperimentResult> {
  const config: ExperimentConfig = {
    ...{ ratings, features, scenarios: [scenario], protocol: 'catalogue', k: [10] },
    ...{ users: Number(options.users), movies: Number(options.movies), folds: 2 },
    seeds: (options.seeds as string).split(',').map(Number),
    // The simple ones are in every experiment: one reads features, so all use the movies with any.
    recommenders: [...new Set([...simple, ...group.map(({ name }) => name)])],
    set: Object.fromEntries(group.map(({ name, set }) => [name, set])),
    compareTo,
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

/** A line of a table: figures, and tests against the two references. */
interface Line {
  readonly label: string;
  readonly figures: readonly string[];
  readonly tests: readonly (Comparison | undefined)[];
}

const columns = ['ndcg@10', 'recall@10', 'coverage@10', 'auc', 'rmse'];
const tested = [`${cataloguePrefix}ndcg@10`, 'rmse'];

/** The lines of a group; the second test takes the points of the first one as they are. */
async function linesOf(scenario: string, group: readonly Contender[], place: number): Promise<Line[]> {
  const results: ExperimentResult[] = [];
  for (const reference of references[scenario] ?? []) results.push(await run(scenario, group, place, reference));
  return group.map(({ label, name }) => {
    const row = results[0]?.rows.find(({ recommender }) => recommender === name);
    const figure = (column: string): string => {
      const { mean = Number.NaN, deviation } =
        row?.metrics[`${cataloguePrefix}${column}`] ?? row?.metrics[column] ?? {};
      const spread = deviation === undefined || !Number.isFinite(deviation) ? '' : ` \u00b1 ${deviation.toFixed(3)}`;
      return Number.isFinite(mean) ? `${mean.toFixed(3)}${spread}` : '-';
    };
    const seconds = (row?.metrics.trainSeconds?.mean ?? Number.NaN).toFixed(0);
    const tests = results.map(({ comparisons }, at) =>
      comparisons.find(({ label, metric, over }) => label === row?.label && metric === tested[at] && over === 'users'),
    );
    return { label, figures: [...columns.map(figure), seconds], tests };
  });
}

/** The lines as a table, with these p-values of each test. */
function tableOf(scenario: string, lines: readonly Line[], ps: readonly (readonly number[])[]): string {
  const [ndcg, rmse] = references[scenario] ?? [];
  const testText = (test: Comparison | undefined, p: number | undefined): string =>
    test === undefined ? '' : `${test.difference < 0 ? '' : '+'}${test.difference.toFixed(3)} (p ${p?.toPrecision(2)})`;
  return alignedRows([
    ['', ...columns, 'seconds', `ndcg@10 - ${ndcg}`, `rmse - ${rmse}`],
    ...lines.map(({ label, figures, tests }, line) => [
      label,
      ...figures,
      ...tests.map((test, at) => testText(test, ps[at]?.[line])),
    ]),
  ]).join('\n');
}

for (const scenario of (options.scenarios as string).split(',')) {
  const lines: Line[] = [];
  for (const [place, group] of groups().entries()) {
    const own = await linesOf(scenario, group, place);
    lines.push(...own);
    console.log(`\n${scenario}, so far, p without correction`);
    console.log(
      tableOf(
        scenario,
        own,
        [0, 1].map((at) => own.map(({ tests }) => tests[at]?.t.p ?? Number.NaN)),
      ),
    );
  }
  const corrected = [0, 1].map((at) => holm(lines.map(({ tests }) => tests[at]?.t.p ?? Number.NaN)));
  console.log(
    `\n${scenario}, ${options.users} users, ${options.movies} movies, seeds ${options.seeds}, ${epochs} epochs at most`,
  );
  console.log(tableOf(scenario, lines, corrected));
}
