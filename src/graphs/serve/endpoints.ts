import { UsageError } from '../../core/errors.ts';
import { searchFeatures } from '../analysis/search-features.ts';
import type { LoadedRecommender } from '../recommenders/load-recommender.ts';
import { recommend } from '../recommenders/recommend.ts';
import { similarItems } from '../recommenders/similar-items.ts';

/** What is there to be asked for. */
export interface Served {
  /** A dataset or a training store. */
  readonly features?: string | undefined;
  readonly recommender?: LoadedRecommender | undefined;
}

/** Most results of an answer. */
const MOST = 1000;

/** An endpoint: what it takes, for the page that lists them. */
export interface Endpoint {
  readonly path: string;
  readonly does: string;
  readonly takes: readonly string[];
  readonly needs: keyof Served;
}

/** All endpoints. */
export const endpoints: readonly Endpoint[] = [
  {
    path: '/api/search',
    does: 'what is most like an item or a subclip, by its features',
    takes: ['item', 'subclip', 'stream', 'k'],
    needs: 'features',
  },
  {
    path: '/api/recommend',
    does: 'the best items for a user; as POST with { "ratings": { "ID": 4.5 } } for somebody new',
    takes: ['user', 'k', 'cold'],
    needs: 'recommender',
  },
  {
    path: '/api/explain',
    does: 'the same, and why: the rated items that are nearest',
    takes: ['user', 'k', 'cold'],
    needs: 'recommender',
  },
  {
    path: '/api/similar',
    does: 'the items most like another, by content or by what was learnt from ratings',
    takes: ['item', 'by', 'k'],
    needs: 'recommender',
  },
];

/**
 * The answer of an endpoint; undefined where there is none of that path.
 *
 * @throws UsageError when a parameter is wrong, or the item or user is not known.
 */
export async function answerOf(
  path: string,
  parameters: URLSearchParams,
  body: unknown,
  { features, recommender }: Served,
): Promise<object | undefined> {
  const endpoint = endpoints.find((each) => each.path === path);
  if (endpoint === undefined) return undefined;
  for (const name of parameters.keys()) {
    if (!endpoint.takes.includes(name)) {
      throw new UsageError(`${path} has no parameter '${name}'; it takes ${endpoint.takes.join(', ')}`);
    }
  }
  if (path === '/api/search') {
    if (features === undefined) return undefined;
    const { path: _, ...search } = await searchFeatures(features, {
      ...{ item: parameters.get('item') ?? undefined, stream: parameters.get('stream') ?? undefined },
      ...{ subclip: whole(parameters, 'subclip'), k: countOf(parameters) },
    });
    return search;
  }
  if (recommender === undefined) return undefined;
  if (path === '/api/similar') {
    const by = parameters.get('by') ?? undefined;
    return similarItems(recommender, {
      ...{ item: parameters.get('item') ?? '', k: countOf(parameters) },
      by: by as 'content' | 'factors' | undefined,
    });
  }
  const ratings = body === undefined ? undefined : ratingsOf(body);
  return recommend(recommender, {
    user: ratings === undefined ? (parameters.get('user') ?? '') : undefined,
    ratings,
    ...{ k: countOf(parameters), coldOnly: truth(parameters, 'cold'), explain: path === '/api/explain' },
  });
}

function truth(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name) ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new UsageError(`\`${name}\` must be true or false, but is '${text}'`, { option: name });
}

function whole(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`\`${name}\` must be a whole number, but is '${text}'`, { option: name });
}

function countOf(parameters: URLSearchParams): number {
  const k = whole(parameters, 'k') ?? 10;
  if (k >= 1 && k <= MOST) return k;
  throw new UsageError(`\`k\` must be from 1 to ${MOST}, but is ${k}`, { option: 'k' });
}

function ratingsOf(body: unknown): Map<string, number> {
  const ratings = (body as { ratings?: unknown } | null)?.ratings;
  const entries = typeof ratings === 'object' && ratings !== null ? Object.entries(ratings) : [];
  if (entries.length > 0 && entries.every(([, value]) => typeof value === 'number' && Number.isFinite(value))) {
    return new Map(entries as [string, number][]);
  }
  throw new UsageError('the body must be { "ratings": { "ID": 4.5 } }, with at least one rating', { code: 'bad-body' });
}
