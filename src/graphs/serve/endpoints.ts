import { UsageError } from '../../core/errors.ts';
import { explainItem } from '../recommenders/explain-item.ts';
import { rankUsers } from '../recommenders/rank-users.ts';
import { recommend } from '../recommenders/recommend.ts';
import { similarItems } from '../recommenders/similar-items.ts';
import { datasetFacts } from './dataset-facts.ts';
import type { OpenServed } from './open-served.ts';

/** Results of an answer at most. */
const MOST = 1000;
/** Users that an explanation of an item asks. */
const MOST_ASKED = 200;
/** Subclips that are chosen at most: for each, all others are tried. */
const MOST_CHOSEN = 20;

/** A parameter of an endpoint. */
export interface Parameter {
  readonly type: 'string' | 'integer' | 'boolean' | 'number';
  readonly does: string;
}

/** An endpoint: what it takes, for the page that lists them and for MCP. */
export interface Endpoint {
  readonly name: string;
  readonly does: string;
  readonly takes: Readonly<Record<string, Parameter>>;
  /** Parameters that must be there. */
  readonly must: readonly string[];
  readonly needs: 'features' | 'recommender';
}

const item: Parameter = { type: 'string', does: 'id of an item' };
const k: Parameter = { type: 'integer', does: 'how many to find; default 10' };
const user: Parameter = { type: 'string', does: 'id of a user of the training ratings' };
const cold: Parameter = { type: 'boolean', does: 'only items that nobody has rated' };

/** All endpoints, under `/api/`; tools of MCP by the same names. */
export const endpoints: readonly Endpoint[] = [
  {
    name: 'dataset',
    does: 'what is in the features: streams, networks, items by state, and what is wrong with them',
    takes: {},
    must: [],
    needs: 'features',
  },
  {
    name: 'search',
    does: 'what is most like an item or a subclip, by its features (cosine, exact)',
    takes: {
      ...{ item, subclip: { type: 'integer', does: 'a subclip of it, from 0: subclips are found' } },
      ...{ stream: { type: 'string', does: 'which stream; default the first' }, k },
    },
    must: ['item'],
    needs: 'features',
  },
  {
    name: 'recommend',
    does: 'the best items for a user; as POST with { "ratings": { "ID": 4.5 } } for a new user',
    takes: { user, k, cold },
    must: ['user'],
    needs: 'recommender',
  },
  {
    name: 'explain',
    does: 'the same, and why: the rated items that are nearest',
    takes: { user, k, cold },
    must: ['user'],
    needs: 'recommender',
  },
  {
    name: 'similar',
    does: 'the items most like another, by content or by what was learnt from ratings',
    takes: { item, by: { type: 'string', does: 'content (default) or factors' }, k },
    must: ['item'],
    needs: 'recommender',
  },
  {
    name: 'audience',
    does: 'the share of users who would like an item, with an interval, and the users who would like it most',
    takes: { item, threshold: { type: 'number', does: 'the prediction from which on a user counts' }, k },
    must: ['item'],
    needs: 'recommender',
  },
  {
    name: 'explain-item',
    does: 'what each subclip of an item adds to its predictions, and the subclips that one user would like best',
    takes: {
      ...{ item, user },
      choose: { type: 'integer', does: `of user: how many subclips, at most ${MOST_CHOSEN}; default 3` },
    },
    must: ['item'],
    needs: 'recommender',
  },
];

/** The endpoints that have something to answer from. */
export function endpointsOf(served: OpenServed): readonly Endpoint[] {
  return endpoints.filter(({ needs }) => served[needs] !== undefined);
}

/**
 * The answer of an endpoint; undefined where there is none of that name.
 *
 * @throws UsageError when a parameter is wrong, or the item or user is not known.
 */
export async function answerOf(
  name: string,
  parameters: URLSearchParams,
  body: unknown,
  served: OpenServed,
): Promise<object | undefined> {
  const endpoint = endpointsOf(served).find((each) => each.name === name);
  if (endpoint === undefined) return undefined;
  for (const given of parameters.keys()) {
    if (Object.hasOwn(endpoint.takes, given)) continue;
    const takes = Object.keys(endpoint.takes);
    const what = takes.length === 0 ? 'it takes none' : `it takes ${takes.join(', ')}`;
    throw new UsageError(`${name} has no parameter '${given}'; ${what}`);
  }
  const { features, recommender } = served;
  const textOf = (parameter: string) => parameters.get(parameter) ?? undefined;
  const asked = { item: textOf('item') ?? '', k: countOf(parameters, 'k', MOST) ?? 10 };
  if (name === 'dataset') return datasetFacts(served);
  if (features !== undefined && name === 'search') {
    return features.search({ ...asked, stream: textOf('stream'), subclip: whole(parameters, 'subclip') });
  }
  if (recommender === undefined) return undefined;
  switch (name) {
    case 'similar':
      return similarItems(recommender, { ...asked, by: textOf('by') as 'content' | 'factors' | undefined });
    case 'audience': {
      const threshold = textOf('threshold');
      return rankUsers(recommender, { ...asked, threshold: threshold === undefined ? undefined : Number(threshold) });
    }
    case 'explain-item': {
      const choose = countOf(parameters, 'choose', MOST_CHOSEN);
      return explainItem(recommender, { item: asked.item, user: textOf('user'), choose, users: MOST_ASKED });
    }
    default: {
      const ratings = body === undefined ? undefined : ratingsOf(body);
      return recommend(recommender, {
        user: ratings === undefined ? (textOf('user') ?? '') : undefined,
        ratings,
        ...{ k: asked.k, coldOnly: truth(parameters, 'cold'), explain: name === 'explain' },
      });
    }
  }
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

function countOf(parameters: URLSearchParams, name: string, most: number): number | undefined {
  const count = whole(parameters, name);
  if (count === undefined || (count >= 1 && count <= most)) return count;
  throw new UsageError(`\`${name}\` must be from 1 to ${most}, but is ${count}`, { option: name });
}

function ratingsOf(body: unknown): Map<string, number> {
  const ratings = (body as { ratings?: unknown } | null)?.ratings;
  const entries = typeof ratings === 'object' && ratings !== null ? Object.entries(ratings) : [];
  if (entries.length > 0 && entries.every(([, value]) => typeof value === 'number' && Number.isFinite(value))) {
    return new Map(entries as [string, number][]);
  }
  throw new UsageError('the body must be { "ratings": { "ID": 4.5 } }, with at least one rating', { code: 'bad-body' });
}
