import { join } from 'node:path';
import { type ExtractOptions, extract } from '../../src/graphs/extract.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { demonstratePlanted, type PlantedReport } from '../planted/demonstration.ts';
import { writeDemoClips } from './clips.ts';
import { itemMeans } from './item-means.ts';

/** How one clip compares with the others in one stream of features. */
export interface Likeness {
  readonly item: string;
  /**
   * The other clip whose features have the largest cosine similarity, after subtracting the corpus
   * mean.
   */
  readonly nearest: string;
  readonly cosine: number;
}

/** What the demo did. */
export interface DemoReport {
  readonly clips: readonly string[];
  readonly first: RunSummary;
  /** A second run over the same clips, which finds everything committed. */
  readonly second: RunSummary;
  readonly visual: readonly Likeness[];
  readonly audio: readonly Likeness[];
  /** From clips to recommendations, on a corpus with a planted taste factor. */
  readonly planted: PlantedReport;
}

/**
 * The guided demo: writes synthetic clips, extracts them, extracts them again to show the resume,
 * and compares the clips by their features. The networks have random weights. Then it shows the
 * whole path to recommendations, on synthetic clips and ratings with a planted taste factor.
 *
 * @throws as `extract`, `reduce`, `runExperiment` and `trainRecommender` do.
 *
 * @example
 * const report = await runDemo('demo/', { memory: '1GiB' });
 */
export async function runDemo(
  directory: string,
  options: Omit<ExtractOptions, 'inputs' | 'manifest' | 'out'> & { readonly seconds?: number | undefined } = {},
): Promise<DemoReport> {
  const { seconds = 8, ...extraction } = options;
  const out = join(directory, 'features');
  options.onMessage?.('First, six made-up clips: three looks, each with its own sound, in two variants each.');
  const clips = await writeDemoClips(join(directory, 'clips'), { seconds });
  options.onMessage?.(
    'They are embedded by networks with random weights, which can nevertheless tell looks and sounds apart.',
  );
  const first = await extract({ ...extraction, inputs: clips, out });
  options.onMessage?.('Again: everything is already there, and nothing is decoded.');
  const second = await extract({ ...extraction, inputs: clips, out });
  const [visual, audio] = [await likenesses(out, 'visual'), await likenesses(out, 'audio')];

  const planted = await demonstratePlanted(join(directory, 'planted'), options);
  return { clips, first, second, visual, audio, planted };
}

/**
 * The nearest other item of each item, by the cosine of the item means over all subclips, centred
 * on the corpus.
 */
async function likenesses(dataset: string, stream: string): Promise<Likeness[]> {
  const items = [...(await itemMeans(dataset, stream))].sort(([left], [right]) => (left < right ? -1 : 1));
  const means = items.map(([, mean]) => Float64Array.from(mean));
  const dimension = means[0]?.length ?? 0;
  const centre = new Float64Array(dimension);
  for (const mean of means)
    for (let i = 0; i < dimension; i++) centre[i] = (centre[i] ?? 0) + (mean[i] ?? 0) / means.length;
  for (const mean of means) for (let i = 0; i < dimension; i++) mean[i] = (mean[i] ?? 0) - (centre[i] ?? 0);
  return items.map(([item], index) => {
    let best = { nearest: '', cosine: Number.NEGATIVE_INFINITY };
    for (const [other, [nearest]] of items.entries()) {
      if (other === index) continue;
      const cosine = cosineOf(means[index] as Float64Array, means[other] as Float64Array);
      if (cosine > best.cosine) best = { nearest, cosine };
    }
    return { item, ...best };
  });
}

function cosineOf(a: Float64Array, b: Float64Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.max(Math.sqrt(aa * bb), 1e-12);
}
