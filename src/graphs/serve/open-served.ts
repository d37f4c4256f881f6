import { basename, resolve } from 'node:path';
import { AskedOnce } from '../../core/asked-once.ts';
import { UsageError } from '../../core/errors.ts';
import { similarityOf } from '../recommenders/content-similarity.ts';
import type { LoadedRecommender } from '../recommenders/load-recommender.ts';
import { type SubclipTime, timesIn } from '../recommenders/subclip-times.ts';
import { openSource, type SourceDataset } from '../reduction/source-dataset.ts';
import { DatasetNow } from './dataset-now.ts';
import { FeatureIndex } from './feature-index.ts';

/** What to serve. */
export interface Served {
  /** A dataset or a training store. */
  readonly features?: string | undefined;
  readonly recommender?: LoadedRecommender | undefined;
}

/** What is served, opened. */
export interface OpenServed {
  readonly features?: FeatureIndex | undefined;
  /** The dataset, or its working copy, if the features are a dataset. */
  readonly dataset?: DatasetNow | undefined;
  readonly recommender?: LoadedRecommender | undefined;
  /** When the subclips of an item begin and end, if the features are a dataset's. */
  timesOf(item: string, subclips: number): Promise<SubclipTime[] | undefined>;
  /** Removes paths of this machine from a text. */
  hidePaths(text: string): string;
  close(): Promise<void>;
}

/**
 * Opens what is served, and starts to read what explanations compare. The caller still owns the
 * recommender.
 *
 * @throws UsageError when there is nothing to serve; what `FeatureIndex.open` throws.
 */
export async function openServed({ features: path, recommender }: Served): Promise<OpenServed> {
  if (path === undefined && recommender === undefined) {
    throw new UsageError('there is nothing to serve', { remedy: 'Give `features`, `recommender`, or both.' });
  }
  const features = path === undefined ? undefined : await FeatureIndex.open(path);
  const directory = features?.directory;
  const dataset = directory === undefined ? undefined : new DatasetNow(directory);
  const paths = [path, directory, recommender?.saved.facts.features?.path].filter((each) => each !== undefined);
  // Longest first: one path may be a prefix of another.
  const hidden = [...new Set(paths.flatMap((each) => [each, resolve(each)]))].sort((a, b) => b.length - a.length);
  const source = new AskedOnce<SourceDataset>();
  const closing = new AbortController();
  // If something cannot be read, whoever asks for it gets the error.
  const warmed =
    recommender &&
    similarityOf(recommender)
      .readAll(closing.signal)
      .catch(() => {});
  return {
    ...{ features, recommender, dataset },
    timesOf: async (item, subclips) => {
      if (directory === undefined) return undefined;
      return timesIn(await source.ask(() => openSource(directory, { onlyTimes: true })), item, subclips);
    },
    hidePaths: (text) =>
      hidden
        .reduce((shown, each) => shown.replaceAll(each, basename(each)), text)
        // Anything else that starts at a root is also a path on this machine.
        .replaceAll(/(?<![\w:/.])\/(?:[^\s/'"`,;]+\/)+([^\s/'"`,;]+)/g, '$1'),
    close: async () => {
      closing.abort();
      await warmed;
      await features?.close();
    },
  };
}
