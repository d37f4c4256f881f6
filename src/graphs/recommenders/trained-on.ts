import { printable } from '../../core/printable.ts';
import { randomDoubts } from './feature-doubts.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { rankingOf } from './ranking.ts';

/** What a prediction is based on, in sentences to show along with it. */
export function trainedOn({ saved, features }: LoadedRecommender): string[] {
  const { ratings, userIds, facts } = saved;
  const items = rankingOf(saved).counts.reduce((sum, count) => sum + Number(count > 0), 0);
  const learnt = `Recommender ${facts.recommender}, trained on ${ratings.values.length} ratings of ${items} items by ${userIds.length} users: those who rate, and what they chose to rate, are not everybody and everything`;
  if (features === undefined) return [learnt];
  const names = features.networks.map((network) => (network as { readonly name?: unknown } | null)?.name);
  const known = names.filter((name) => typeof name === 'string').map(printable);
  const made = known.length === 0 ? [] : [`Features by ${known.join(', ')}`];
  return [learnt, ...made, ...randomDoubts(features.networks, features.modalities)];
}
