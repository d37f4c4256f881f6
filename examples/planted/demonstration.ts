import { join } from 'node:path';
import { replaceFile } from '../../src/core/atomic-file.ts';
import type { ExtractOptions } from '../../src/graphs/extract.ts';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { recommend } from '../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import { RunRecord } from '../../src/graphs/reports/run-record.ts';
import { runReport } from '../../src/graphs/reports/run-report.ts';
import { tableHtml } from '../../src/io/report/table.ts';
import { type StoryStep, writeExperimentPage, writeFeaturesPage, writeRatingsPage, writeStory } from '../demo/pages.ts';
import { type PlantedCorpus, writePlantedCorpus } from './corpus.ts';
import { type EvidenceRow, plantedEvidence } from './evidence.ts';
import { makePlantedFeatures } from './features.ts';

const RECOMMENDER = 'dcf-av-1';
const SEED = 1;
const SIZE = { items: 28, unrated: 4, users: 120, ratingsPerUser: 16, seed: SEED };

/** A movie that nobody has rated, as it was recommended to a user. */
export interface ColdRecommendation {
  readonly user: string;
  /** What was planted: 1 likes clips that go from dark to bright, -1 the others. */
  readonly taste: 1 | -1;
  readonly title: string;
  readonly prediction: number;
  /**
   * The hidden order of the movie's scenes: near 1 for dark to bright and low to high, near -1 for
   * the reverse.
   */
  readonly order: number;
}

/** The results on a small planted corpus. Everything in it is synthetic. */
export interface PlantedReport {
  readonly clips: number;
  readonly users: number;
  readonly unratedMovies: number;
  readonly recommendations: readonly ColdRecommendation[];
  /**
   * In the hard-cold start: a recommender that sees the clips, one that does not, and the first
   * with clips and movies shuffled.
   */
  readonly evidence: readonly EvidenceRow[];
  /** Path of the page that shows everything, and links to the others. */
  readonly report: string;
}

/**
 * From clips to recommendations in seconds: writes a small planted corpus, extracts and reduces it,
 * trains a recommender that sees clips, and asks it about movies that nobody has rated, for a user
 * of each taste; then runs the experiment that shows where its knowledge comes from.
 *
 * @throws as `extract`, `reduce`, `runExperiment` and `trainRecommender` do.
 */
export async function demonstratePlanted(
  directory: string,
  options: Pick<ExtractOptions, 'memory' | 'signal' | 'onProgress' | 'onMessage'> = {},
): Promise<PlantedReport> {
  const { memory, signal, onProgress, onMessage } = options;
  const steps: StoryStep[] = [];
  const { items: clips, users, unrated: unratedMovies } = SIZE;

  onMessage?.(
    `1. A corpus with a secret: ${clips} made-up clips, and made-up ratings of ${users} users that follow it.`,
  );
  const corpus = await writePlantedCorpus(directory, { ...SIZE, signal });
  steps.push({
    heading: 'A corpus with a secret',
    says: `${clips} synthetic clips, and ratings by ${users} synthetic users. Half of them like clips that go from dark to bright with rising tones, the others the reverse. Every clip has the same brightnesses and tones: only their order differs. Nobody has rated ${unratedMovies} of the movies.`,
    page: await writeRatingsPage(directory, directory),
  });

  onMessage?.('2. Clips become numbers: pictures and sound are decoded, embedded scene by scene, and reduced.');
  const record = new RunRecord();
  const features = await makePlantedFeatures(corpus, {
    seed: SEED,
    ...{ memory, signal, onMessage },
    onProgress: (progress) => {
      record.progress(progress);
      onProgress?.(progress);
    },
    onItem: (item) => record.item(item),
  });
  await replaceFile(join(directory, 'run.html'), runReport(features.extraction, record));
  const { frames, patches } = features.extraction;
  steps.push({
    heading: 'Clips become numbers',
    says: `${frames} frames and ${patches} pieces of sound went through two small fixed networks, and became features, which were reduced by PCA. A run that is interrupted continues where it was.`,
    page: 'run.html',
  });

  onMessage?.('3. What is in the numbers: every scene is laid out in the plane, and genres are searched for.');
  steps.push({
    heading: 'What is in the numbers',
    says: 'Every scene as a point: scenes of the same brightness and tone are close together, whatever the movie. Genres were drawn at random here, so they are predicted no better than by chance.',
    page: await writeFeaturesPage(directory, features.store, {
      ...{ movies: join(directory, 'movies.csv'), trailers: join(directory, 'ml-youtube.csv'), signal },
    }),
  });

  onMessage?.(
    `4. A recommender that sees: ${RECOMMENDER} learns from ratings and clips, and is asked for what nobody has rated.`,
  );
  const recommendations = await recommendUnrated(corpus, features.store, signal);
  steps.push({
    heading: 'A recommender that sees',
    says: `${RECOMMENDER} learnt from ratings and clips, and was asked about the ${unratedMovies} movies that nobody has rated.`,
    body: tableHtml(
      'The best unrated movie for a user of each taste',
      ['user', 'likes', 'was given', 'predicted', 'it goes'],
      recommendations.map(({ user, taste, title, prediction, order }) => [
        ...[user, way(taste), title, prediction.toFixed(1), way(order)],
      ]),
    ),
  });

  onMessage?.('5. Is it so? An experiment compares it with recommenders that see nothing, or the wrong clips.');
  const evidence = await plantedEvidence(corpus, features, {
    ...{ recommenders: ['baseline', RECOMMENDER], scenarios: ['hard-cold'], seeds: [SEED] },
  });
  steps.push({
    heading: 'Is it so?',
    says: 'Movies without any rating in training, ranked for each user (AUC 0.5 is chance). Shuffled: the same recommender, each movie with the features of another: what it knew came from the clips. Mean-colour and mean-features: ridge regressions on the average of each clip, which reveals nothing here.',
    body: tableHtml(
      'Test movies without any rating in training',
      ['recommender', 'AUC', 'NDCG@4', 'RMSE'],
      evidence.map(({ label, auc, ndcg, rmse }) => [label, ...[auc, ndcg, rmse].map(({ mean }) => mean.toFixed(3))]),
    ),
    page: await writeExperimentPage(directory, join(directory, 'experiment', 'hard-cold')),
  });
  const report = await writeStory(
    directory,
    {
      title: 'From clips to recommendations (SYNTHETIC)',
      warning:
        'SYNTHETIC clips and ratings with a planted taste: this demonstrates the process, and proves nothing about real films.',
      summary: 'What `reelflow demo` did, step by step.',
    },
    steps,
  );
  return { clips, users, unratedMovies, recommendations, evidence, report };
}

function way(direction: number): string {
  return direction > 0 ? 'dark to bright' : 'bright to dark';
}

/** The best unrated movie for the first user of each taste. */
async function recommendUnrated(
  corpus: PlantedCorpus,
  store: string,
  signal: AbortSignal | undefined,
): Promise<ColdRecommendation[]> {
  const out = join(corpus.directory, 'recommender');
  await trainRecommender({
    ...{ recommender: RECOMMENDER, ratings: corpus.directory, features: store, out, seed: SEED },
    signal,
  });
  const recommender = await loadRecommender(out);
  try {
    const users = ([1, -1] as const).flatMap((taste) =>
      [...corpus.tastes].filter(([, each]) => each === taste).slice(0, 1),
    );
    const found: ColdRecommendation[] = [];
    for (const [user, taste] of users) {
      const { items } = await recommend(recommender, { user, k: 1, coldOnly: true });
      for (const { itemId, title = itemId, prediction } of items) {
        found.push({ user, taste, title, prediction, order: corpus.hidden.get(itemId)?.order ?? Number.NaN });
      }
    }
    return found;
  } finally {
    await recommender.close();
  }
}
