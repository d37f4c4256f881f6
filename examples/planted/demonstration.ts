import { join } from 'node:path';
import type { ExtractOptions } from '../../src/graphs/extract.ts';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { recommend } from '../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
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
   * The hidden order of the movie's scenes: near 1 from dark to bright and low to high, near -1 the
   * other way round.
   */
  readonly order: number;
}

/** What came of a small planted corpus. Everything in it is synthetic. */
export interface PlantedReport {
  readonly clips: number;
  readonly users: number;
  readonly unratedMovies: number;
  readonly recommendations: readonly ColdRecommendation[];
  /**
   * In the hard-cold start: a model that sees the clips, one that does not, and the first with
   * clips and movies shuffled.
   */
  readonly evidence: readonly EvidenceRow[];
}

/**
 * From clips to recommendations in seconds: writes a small planted corpus, extracts and reduces it,
 * trains a model that sees clips, and asks it about movies that nobody has rated, for a user of
 * each taste; then the experiment that shows where its knowledge is from.
 *
 * @throws as `extract`, `reduce`, `runExperiment` and `trainRecommender` do.
 */
export async function demonstratePlanted(
  directory: string,
  options: Pick<ExtractOptions, 'memory' | 'signal' | 'onProgress' | 'onMessage'> = {},
): Promise<PlantedReport> {
  const { memory, signal, onProgress, onMessage } = options;
  onMessage?.(
    `writing ${SIZE.items} small synthetic clips with a hidden taste factor, and synthetic ratings that follow it`,
  );
  const corpus = await writePlantedCorpus(directory, { ...SIZE, signal });
  onMessage?.('extracting and reducing them');
  const features = await makePlantedFeatures(corpus, {
    seed: SEED,
    ...{ memory, signal },
    ...{ onProgress, onMessage },
  });
  onMessage?.(`training ${RECOMMENDER}, which sees the clips`);
  const recommendations = await recommendUnrated(corpus, features.store, signal);
  onMessage?.('comparing it with recommenders that see nothing, or the wrong clips');
  const evidence = await plantedEvidence(corpus, features, {
    ...{ recommenders: ['baseline', RECOMMENDER], scenarios: ['hard-cold'], seeds: [SEED] },
  });
  const { items: clips, users, unrated: unratedMovies } = SIZE;
  return { clips, users, unratedMovies, recommendations, evidence };
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
