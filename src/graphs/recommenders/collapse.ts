import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import { distinctItems } from '../../models/recommenders/reinforcement/logged-episodes.ts';

/** Number of users whose lists are examined, and the length of each list. */
const [users, length] = [100, 10];
/** Share of the possible different items below which a policy has collapsed. */
const least = 0.03;

/**
 * A sentence about how different a policy's lists for some training users are: a policy that
 * pleases nobody but its critic recommends the same few items to everybody.
 */
export async function collapseOf(
  name: string,
  training: TrainingRatings,
  score: (users: Int32Array, items: Int32Array) => Promise<Float32Array>,
): Promise<{ readonly text: string; readonly isCollapsed: boolean }> {
  const rated = new Map<number, Set<number>>();
  for (const [row, user] of training.users.entries()) {
    const own = rated.get(user) ?? new Set();
    own.add(training.items[row] as number);
    rated.set(user, own);
  }
  const known = Int32Array.from(new Set(training.items)).sort();
  const shown: number[] = [];
  for (const [user, own] of [...rated].sort(([a], [b]) => a - b).slice(0, users)) {
    const items = known.filter((item) => !own.has(item));
    const scores = await score(
      items.map(() => user),
      items,
    );
    const order = [...items.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    for (const at of order.slice(0, length)) shown.push(items[at] as number);
  }
  const distinct = distinctItems(shown);
  const isCollapsed = distinct < length + least * Math.min(shown.length, known.length);
  const text = `${name} recommends ${distinct} different items in ${shown.length} recommendations`;
  return { text: isCollapsed ? `warning: ${text}: it has collapsed to the same few for everybody` : text, isCollapsed };
}
