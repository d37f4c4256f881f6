import { printable } from '../../core/printable.ts';
import { randomDoubts } from './feature-doubts.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { guaranteeText } from './private-options.ts';
import { rankingOf } from './ranking.ts';

/** What a prediction is based on, in sentences to show along with it. */
export function trainedOn({ saved, features }: LoadedRecommender): string[] {
  const { ratings, userIds, facts } = saved;
  const items = rankingOf(saved).rated;
  const learnt = `Recommender ${facts.recommender}, trained on ${ratings.values.length} ratings of ${items} items by ${userIds.length} users: those who rate, and what they chose to rate, are not everybody and everything`;
  const isPrivate = facts.privacy === undefined ? [] : [`Its weights have ${guaranteeText(facts.privacy)}`];
  if (features === undefined) return [learnt, ...isPrivate];
  const names = features.networks.map((network) => (network as { readonly name?: unknown } | null)?.name);
  const known = names.filter((name) => typeof name === 'string').map(printable);
  const made = known.length === 0 ? [] : [`Features by ${known.join(', ')}`];
  return [learnt, ...isPrivate, ...made, ...randomDoubts(features.networks, features.modalities)];
}
