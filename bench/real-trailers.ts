/**
 * Recommenders on features of REAL trailers (MMTF-14K: 107 aesthetic visual values and i-vectors of
 * 100 values, for the movies of MovieLens that have both), 40 ratings per user, paired by user. The
 * library imports the features, robustly standardised, with the genres of the list of movies; every
 * recommender has its default options except those given. `shuffled`: visual and audio features
 * assigned to other movies, with a different permutation for each seed.
 *
 *   node dist/bench/real-trailers.js --features DIR --ratings ml-latest-small [--seeds 1,2,3,4,5] [--folds 2] [--kind hard-cold]
 *     [--recommenders dcf-av-1,dcf-av-1:form=thesis,lstm-av,user-mean,content-knn,content-ridge] [--sets genres,genres+av,shuffled]
 *     [--against LABEL]
 *
 * DIR holds the two files of MMTF-14K named in `files`. Recommenders that are not in the registry
 * are left out, and named. Each line of the table is a mean over seeds and folds; the difference of
 * each from `--against` (default: the first line) is over users, each the mean over seeds and
 * folds, with t and p of a paired test.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { randomIntegers } from '../src/core/random-integers.ts';
import { importFeatures } from '../src/graphs/import/import-features.ts';
import { fitRecommender } from '../src/graphs/recommenders/fit-recommender.ts';
import { type RecommenderName, recommenderNames } from '../src/graphs/recommenders/recommender-names.ts';
import { parseOptionText, recommenderOptions } from '../src/graphs/recommenders/recommender-options.ts';
import { refitFromAll } from '../src/graphs/recommenders/refit-plan.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import { ItemStore } from '../src/io/dataset/item-store.ts';
import { openMovieLens } from '../src/io/ratings/movielens.ts';
import { makeScenario, type Scenario } from '../src/io/ratings/scenarios.ts';
import type { Split } from '../src/io/ratings/split.ts';
import { benchOptions } from './clips.ts';
import { fileNameOf, scratchDirectory } from './scratch.ts';

const options = benchOptions({
  ...{
    features: '',
    ratings: 'ml-latest-small',
    seeds: '1,2,3,4,5',
    folds: '2',
    kind: 'hard-cold',
    against: '',
    splits: '',
    keep: '',
  },
  recommenders: 'dcf-av-1,dcf-av-1:form=thesis,lstm-av,user-mean,content-knn,content-ridge',
  sets: 'genres,genres+av,shuffled',
});
const list = (name: string) => (options[name] as string).split(',');
const files = {
  visual: 'fused_llm_mmtf_avf_avg.csv',
  audio: 'fused_llm_mmtf_audio_IVec_splitItem_fold_1_gmm_512_tvDim_100.csv',
};
const relevant = 3.5;

/** A recommender with options and the features it is given. */
interface Contender {
  readonly label: string;
  readonly recommender: RecommenderName;
  readonly options: Readonly<Record<string, never>>;
  /** Undefined if it reads none. */
  readonly set: string | undefined;
}

/** A file of features in which every movie has those of another. */
function shuffledFile(from: string, to: string, seed: number): void {
  const [header, ...lines] = readFileSync(from, 'utf8').trimEnd().split('\n');
  const next = randomIntegers(`real trailers ${seed}`);
  const ids = lines.map((line) => line.slice(0, line.indexOf(',')));
  for (let last = ids.length - 1; last > 0; last--) {
    const other = (next() >>> 0) % (last + 1);
    [ids[last], ids[other]] = [ids[other] as string, ids[last] as string];
  }
  const shuffled = lines.map((line, index) => `${ids[index]}${line.slice(line.indexOf(','))}`);
  writeFileSync(to, [header, ...shuffled, ''].join('\n'));
}

/**
 * Both streams and the genres as a training store; `seed` shuffles both streams in the same way.
 */
async function storeOf(directory: string, seed?: number): Promise<ItemStore> {
  const paths = Object.entries(files).map(([name, file]) => {
    const given = join(options.features as string, file);
    if (seed === undefined) return `${name}=${given}`;
    const own = join(directory, `${name}-${seed}.csv`);
    shuffledFile(given, own, seed);
    return `${name}=${own}`;
  });
  const out = join(directory, `items-${seed ?? 'own'}.arrow`);
  await importFeatures(paths, out, { genres: join(options.ratings as string, 'movies.csv'), missing: 'mean' });
  return ItemStore.open(out);
}

/** The items that have both streams. */
async function itemsWithBoth(store: ItemStore): Promise<Set<string>> {
  const both = new Set<string>();
  for (const id of store.itemIds) {
    const { vectors } = await store.read(id);
    if (Object.keys(files).every((name) => vectors[name] !== undefined)) both.add(id);
  }
  return both;
}

/** The training, validation and test parts of a fold as CSV files, for other software. */
function writeSplit(name: string, { ratings }: Scenario, split: Split): void {
  mkdirSync(options.splits as string, { recursive: true });
  for (const part of ['train', 'validation', 'test'] as const) {
    const lines = Array.from(
      split[part],
      (row) =>
        `${ratings.userIds[ratings.users[row] as number]},${ratings.itemIds[ratings.items[row] as number]},${ratings.values[row]}`,
    );
    writeFileSync(join(options.splits as string, `${name}-${part}.csv`), ['user,item,rating', ...lines, ''].join('\n'));
  }
}

function contenders(): Contender[] {
  const found: Contender[] = [];
  for (const text of list('recommenders')) {
    const [name = '', ...settings] = text.split(':');
    if (!(recommenderNames as readonly string[]).includes(name)) {
      console.log(`${name}: not in the registry, left out`);
      continue;
    }
    const recommender = name as RecommenderName;
    const own = Object.fromEntries(
      settings.map((setting) => {
        const [key = '', value = ''] = setting.split('=');
        return [key, parseOptionText(recommender, key, value) as never];
      }),
    );
    const isOfContent = recommenderOptions(recommender).some(({ key }) => key === 'modalities');
    for (const set of isOfContent ? list('sets') : [undefined]) {
      found.push({ label: set === undefined ? text : `${text} (${set})`, recommender, options: own, set });
    }
  }
  return found;
}

/** Root mean square error, and each user's AUC and mean squared error. */
interface Figures {
  readonly rmse: number;
  readonly auc: ReadonlyMap<string, number>;
  readonly squares: ReadonlyMap<string, number>;
}

function judge(
  { ratings }: Scenario,
  rows: Int32Array,
  predicted: ArrayLike<number>,
  scores: ArrayLike<number>,
): Figures {
  const byUser = new Map<string, number[]>();
  let sum = 0;
  const errors = Float64Array.from(
    rows,
    (row, index) => ((predicted[index] as number) - (ratings.values[row] as number)) ** 2,
  );
  for (const [index, row] of rows.entries()) {
    sum += errors[index] as number;
    const user = String(ratings.userIds[ratings.users[row] as number]);
    const own = byUser.get(user);
    if (own) own.push(index);
    else byUser.set(user, [index]);
  }
  const auc = new Map<string, number>();
  const squares = new Map<string, number>();
  for (const [user, own] of byUser) {
    squares.set(user, own.reduce((total, index) => total + (errors[index] as number), 0) / own.length);
    const isGood = (index: number) => (ratings.values[rows[index] as number] as number) > relevant;
    const good = own.filter(isGood);
    const bad = own.filter((index) => !isGood(index));
    if (good.length === 0 || bad.length === 0) continue;
    let won = 0;
    for (const a of good) {
      for (const b of bad) {
        const difference = (scores[a] as number) - (scores[b] as number);
        won += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
      }
    }
    auc.set(user, won / good.length / bad.length);
  }
  return { rmse: Math.sqrt(sum / rows.length), auc, squares };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));

/** The result that `--keep` already has for this fold; otherwise computes and keeps it. */
async function kept(name: string, compute: () => Promise<Figures>): Promise<Figures> {
  if (options.keep === '') return compute();
  const path = join(options.keep as string, `${fileNameOf(name)}.json`);
  if (existsSync(path)) {
    const { rmse, auc, squares } = JSON.parse(readFileSync(path, 'utf8'));
    return { rmse, auc: new Map(auc), squares: new Map(squares) };
  }
  const figures = await compute();
  mkdirSync(options.keep as string, { recursive: true });
  writeFileSync(path, JSON.stringify({ ...figures, auc: [...figures.auc], squares: [...figures.squares] }));
  return figures;
}

/** Each user's mean over seeds and folds. */
function byUser(figures: readonly Figures[], of: 'auc' | 'squares'): Map<string, number> {
  const all = new Map<string, number[]>();
  for (const each of figures) for (const [user, value] of each[of]) all.set(user, [...(all.get(user) ?? []), value]);
  return new Map([...all].map(([user, values]) => [user, mean(values)]));
}

/**
 * The mean difference over users that both have, its t, and the two-sided p by the normal
 * approximation (there are hundreds of users).
 */
function paired(own: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): string {
  const differences = [...own].flatMap(([user, value]) => {
    const there = other.get(user);
    return there === undefined ? [] : [value - there];
  });
  const difference = mean(differences);
  const error = deviation(differences) / Math.sqrt(differences.length);
  if (!(error > 0)) return `${difference.toFixed(4)}`;
  const t = difference / error;
  return `${difference >= 0 ? '+' : ''}${difference.toFixed(4)} (t ${t.toFixed(1)}, p ${twoSided(Math.abs(t)).toPrecision(1)}, n ${differences.length})`;
}

/** 2 (1 - Phi(t)), by the continued fraction of Mills' ratio above 1, by integration below. */
function twoSided(t: number): number {
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (t > 1) {
    let tail = t;
    for (let k = 60; k >= 1; k--) tail = t + k / tail;
    return (2 * density(t)) / tail;
  }
  let inside = 0;
  for (let k = 0; k < 1000; k++) inside += (density(((k + 0.5) * t) / 1000) * t) / 1000;
  return 1 - 2 * inside;
}

const directory = scratchDirectory('real');
try {
  const own = await storeOf(directory);
  const both = await itemsWithBoth(own);
  const { ratings, movies, scale } = await openMovieLens(options.ratings as string);
  const all = contenders();
  const results = new Map<string, Figures[]>(all.map(({ label }) => [label, []]));
  const genreNames = [...new Set([...movies.values()].flatMap((movie) => movie.genres))].sort();
  for (const seed of list('seeds').map(Number)) {
    const shuffled = list('sets').includes('shuffled') ? await storeOf(directory, seed) : undefined;
    const scenario = makeScenario(
      ratings,
      {
        ...{ kind: options.kind as 'hard-cold', filter: { itemsWithFeatures: both }, ratingsPerUser: 40, seed },
        ...{
          folds: Number(options.folds),
          validation: { kind: options.kind === 'hard-cold' ? 'item-cold' : 'ratings' },
        },
      },
      movies,
    );
    const table = scenario.ratings;
    const flags = new Uint8Array(table.itemIds.length * genreNames.length);
    for (const [item, id] of table.itemIds.entries()) {
      for (const genre of movies.get(id)?.genres ?? []) flags[item * genreNames.length + genreNames.indexOf(genre)] = 1;
    }
    for (const [fold, split] of scenario.splits.entries()) {
      const { train, validation, test } = split;
      if (options.splits !== '') writeSplit(`${seed}-${fold}`, scenario, split);
      const pairs = [table.users, table.items].map((column) => Int32Array.from(test, (row) => column[row] as number));
      const [users, items] = pairs as [Int32Array, Int32Array];
      for (const { label, recommender, options: given, set } of all) {
        const figures = await kept(`${options.kind}-${seed}-${fold}-${label}`, async () => {
          const fitted = await refitFromAll(
            fitRecommender,
            {
              ...{ ratings: table, train, validation, scale, genres: { genreCount: genreNames.length, flags } },
              features: set === undefined ? undefined : set === 'shuffled' ? shuffled : own,
            },
            {
              ...{ recommender, seed: 10 * seed + fold },
              options: set === 'genres' ? { ...given, modalities: ['genres'] } : given,
            },
          );
          const predicted = await fitted.predict(users, items);
          const found = judge(scenario, test, predicted, await fitted.score(users, items));
          await fitted.close?.();
          const auc = mean([...found.auc.values()]);
          console.log(JSON.stringify({ seed, fold, label, rmse: found.rmse, auc, load: loadavg()[0] }));
          return found;
        });
        results.get(label)?.push(figures);
      }
    }
    await shuffled?.close();
  }
  await own.close();
  const against = options.against || (all[0]?.label as string);
  const reference = results.get(against);
  if (reference === undefined) throw new Error(`--against must be one of ${[...results.keys()].join(', ')}`);
  console.log(
    `\n${options.kind}, ${both.size} movies with both streams, seeds ${options.seeds}, ${options.folds} folds; differences to ${against}, by user`,
  );
  const lines = [...results].map(([label, figures]) => {
    const each = (of: (figures: Figures) => number) => figures.map(of);
    return [
      label,
      mean(each(({ rmse }) => rmse)).toFixed(4),
      mean(each(({ auc }) => mean([...auc.values()]))).toFixed(4),
      label === against ? '' : paired(byUser(figures, 'auc'), byUser(reference, 'auc')),
      label === against ? '' : paired(byUser(figures, 'squares'), byUser(reference, 'squares')),
    ];
  });
  console.log(alignedRows([['', 'RMSE', 'AUC', 'AUC difference', 'squared error difference'], ...lines]).join('\n'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
