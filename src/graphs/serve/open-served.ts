import { basename, resolve } from 'node:path';
import { AskedOnce } from '../../core/asked-once.ts';
import { UsageError } from '../../core/errors.ts';
import { similarityOf } from '../recommenders/content-similarity.ts';
import type { LoadedRecommender } from '../recommenders/load-recommender.ts';
import { type SubclipTime, timesIn } from '../recommenders/subclip-times.ts';
import { openSource, type SourceDataset } from '../reduction/source-dataset.ts';
import { DatasetNow } from './dataset-now.ts';
import { FeatureIndex } from './feature-index.ts';

/** What is there to be asked for. */
export interface Served {
  /** A dataset or a training store. */
  readonly features?: string | undefined;
  readonly recommender?: LoadedRecommender | undefined;
}

/** What is served, open. */
export interface OpenServed {
  readonly features?: FeatureIndex | undefined;
  /** The dataset, or its working copy, where the features are one. */
  readonly dataset?: DatasetNow | undefined;
  readonly recommender?: LoadedRecommender | undefined;
  /** When the subclips of an item begin and end, where the features are a dataset's. */
  timesOf(item: string, subclips: number): Promise<SubclipTime[] | undefined>;
  /** A text without the paths of this machine that it may have. */
  hidePaths(text: string): string;
  close(): Promise<void>;
}

/**
 * Opens what is served, and begins to read what explanations compare. The recommender stays its
 * owner's.
 *
 * @throws UsageError when there is nothing to serve; as `FeatureIndex.open`.
 */
export async function openServed({ features: path, recommender }: Served): Promise<OpenServed> {
  if (path === undefined && recommender === undefined) {
    throw new UsageError('there is nothing to serve', { remedy: 'Give `features`, `recommender`, or both.' });
  }
  const features = path === undefined ? undefined : await FeatureIndex.open(path);
  const directory = features?.directory;
  const dataset = directory === undefined ? undefined : new DatasetNow(directory);
  const paths = [path, directory, recommender?.saved.facts.features?.path].filter((each) => each !== undefined);
  // The longest first: one path may begin as another does.
  const hidden = [...new Set(paths.flatMap((each) => [each, resolve(each)]))].sort((a, b) => b.length - a.length);
  const source = new AskedOnce<SourceDataset>();
  const closing = new AbortController();
  // What cannot be read is said to whoever asks for it.
  const warmed =
    recommender &&
    similarityOf(recommender)
      .readAll(closing.signal)
      .catch(() => {});
  return {
    ...{ features, recommender, dataset },
    timesOf: async (item, subclips) => {
      if (directory === undefined) return undefined;
      return timesIn(await source.ask(() => openSource(directory, {})), item, subclips);
    },
    hidePaths: (text) =>
      hidden
        .reduce((shown, each) => shown.replaceAll(each, basename(each)), text)
        // What else begins at a root is a path of this machine too.
        .replaceAll(/(?<![\w:/.])\/(?:[^\s/'"`,;]+\/)+([^\s/'"`,;]+)/g, '$1'),
    close: async () => {
      closing.abort();
      await warmed;
      await features?.close();
    },
  };
}
