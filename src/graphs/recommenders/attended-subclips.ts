import { attentionShares } from '../../models/recommenders/neural/attention-pool.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import type { SavedRecommender } from './saved-recommender.ts';
import type { ItemFeatures } from './store-features.ts';
import { type SubclipTime, subclipTimes } from './subclip-times.ts';

/** The subclip of a stream that counts most in a network that pools by attention. */
export interface AttendedSubclip extends Partial<SubclipTime> {
  readonly stream: string;
  /** Counted from 0. */
  readonly subclip: number;
  /** Its share of the attention; those of all subclips sum to 1. */
  readonly share: number;
}

/** How much each subclip of each stream counts; empty without attention. */
export function sharesOfStreams(
  { weights, facts }: SavedRecommender,
  vectors: ItemFeatures,
): ReadonlyMap<string, Float64Array> {
  if (facts.options.pool !== 'attention' || weights === undefined) return new Map();
  const values = new Map([...weights].map(([name, own]) => [name, own.values]));
  return new Map(
    Object.entries(vectors).flatMap(([stream, own]) => {
      const shares = own && attentionShares(values, stream, own);
      return shares === undefined ? [] : [[stream, shares] as const];
    }),
  );
}

/** The subclip that counts most in each stream of an item; undefined without attention. */
export async function mostAttended(
  { saved, features }: Pick<LoadedRecommender, 'saved' | 'features'>,
  item: number,
): Promise<AttendedSubclip[] | undefined> {
  if (saved.facts.options.pool !== 'attention' || features === undefined || !features.has(item)) return undefined;
  const streams = sharesOfStreams(saved, await features.vectorsOf(item));
  const [path, id] = [saved.facts.features?.path, saved.featureIds[item]];
  const [first] = streams.values();
  const times = path && id && first ? await subclipTimes(path, id, first.length) : undefined;
  return [...streams].map(([stream, shares]) => {
    const subclip = shares.reduce((most, share, at) => (share > (shares[most] as number) ? at : most), 0);
    return { stream, subclip, share: shares[subclip] as number, ...times?.[subclip] };
  });
}
