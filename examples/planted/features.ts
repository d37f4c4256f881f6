import { join } from 'node:path';
import { type ExtractOptions, extract } from '../../src/graphs/extract.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import type { ReduceSummary } from '../../src/graphs/reduction/reduce-options.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { trainingStorePath } from '../../src/io/dataset/training-store-path.ts';
import type { PlantedCorpus } from './corpus.ts';
import { writeShuffledStore } from './shuffled-store.ts';
import { SCENES } from './taste.ts';

/** What the chain made from a planted corpus. */
export interface PlantedFeatures {
  /** The dataset before the reduction. */
  readonly dataset: string;
  /** Training store of the reduced features, under the ids of the clips. */
  readonly store: string;
  /** The same with the link cut (`writeShuffledStore`). */
  readonly shuffledStore: string;
  readonly extraction: RunSummary;
  readonly reduction: ReduceSummary;
}

/**
 * Runs the chain on a planted corpus: `extract` with its two small fixed networks and a subclip for
 * each scene, and `reduce` to 99 % of the visual variance. The directories `features/` and
 * `reduced/` are next to the clips.
 *
 * @throws as `extract` and `reduce` do.
 */
export async function makePlantedFeatures(
  corpus: PlantedCorpus,
  options: Pick<ExtractOptions, 'memory' | 'signal' | 'onProgress' | 'onItem' | 'onMessage'> & {
    readonly seed: number;
  },
): Promise<PlantedFeatures> {
  const { seed, ...running } = options;
  const [dataset, reduced] = [join(corpus.directory, 'features'), join(corpus.directory, 'reduced')];
  const { visual, audio } = corpus.cards;
  const extraction = await extract({
    ...running,
    ...{ inputs: corpus.clips, out: dataset, visual, audio, subclips: [SCENES], statistics: ['mean'] },
  });
  const { signal, onMessage } = running;
  const listening = { signal, onMessage };
  const reduction = await reduce({ input: dataset, out: reduced, variance: 0.99, ...listening });
  const [store, shuffledStore] = [trainingStorePath(reduced), join(reduced, '_training-shuffled.arrow')];
  await writeShuffledStore(store, shuffledStore, seed);
  return { dataset, store, shuffledStore, extraction, reduction };
}
