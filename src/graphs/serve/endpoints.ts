import { checkOneOf } from '../../core/check.ts';
import { explainItem } from '../recommenders/explain-item.ts';
import type { LoadedRecommender } from '../recommenders/load-recommender.ts';
import { rankUsers } from '../recommenders/rank-users.ts';
import { recommend } from '../recommenders/recommend.ts';
import { similarItems, similarityBases } from '../recommenders/similar-items.ts';
import { datasetFacts } from './dataset-facts.ts';
import type { FeatureIndex } from './feature-index.ts';
import type { OpenServed } from './open-served.ts';
import { type Parameter, Question, type Takes } from './question.ts';

/** Maximum results in an answer. */
const MOST = 1000;
/** How many users an explanation of an item is averaged over. */
const MOST_ASKED = 200;
/** Maximum number of subclips to choose: for each of them, all others are tried. */
const MOST_CHOSEN = 20;

interface Described extends Takes {
  readonly does: string;
}

interface FeatureEndpoint extends Described {
  readonly needs: 'features';
  answer(features: FeatureIndex, question: Question, served: OpenServed): Promise<object>;
}

interface RecommenderEndpoint extends Described {
  readonly needs: 'recommender';
  answer(recommender: LoadedRecommender, question: Question): Promise<object>;
}

/** An endpoint: its parameters, for the page that lists them and for MCP, and its answer. */
export type Endpoint = FeatureEndpoint | RecommenderEndpoint;

const item: Parameter = { type: 'string', does: 'id of an item' };
const k: Parameter = { type: 'integer', does: 'how many to find; default 10' };
const user: Parameter = { type: 'string', does: 'id of a user in the training ratings' };
const cold: Parameter = { type: 'boolean', does: 'only items that nobody has rated' };

const countOf = (question: Question) => question.count('k', MOST) ?? 10;

const recommending = (explain: boolean): Omit<RecommenderEndpoint, 'name' | 'does'> => ({
  takes: { user, k, cold },
  must: ['user'],
  takesRatings: true,
  needs: 'recommender',
  answer: (recommender, question) => {
    const { ratings } = question;
    const who = ratings === undefined ? { user: question.required('user') } : { ratings };
    return recommend(recommender, { ...who, k: countOf(question), coldOnly: question.truth('cold'), explain });
  },
});

/** All endpoints, under `/api/`; they are also MCP tools of the same names. */
const endpoints: readonly Endpoint[] = [
  {
    name: 'dataset',
    does: 'what is in the features: streams, networks, items by state, and what is wrong with them',
    takes: {},
    must: [],
    needs: 'features',
    answer: (_features, _question, served) => datasetFacts(served),
  },
  {
    name: 'search',
    does: 'what is most similar to an item or a subclip, by its features (cosine, exact)',
    takes: {
      ...{ item, subclip: { type: 'integer', does: 'a subclip of it, from 0; then subclips are found' } },
      ...{ stream: { type: 'string', does: 'which stream; default: the first' }, k },
    },
    must: ['item'],
    needs: 'features',
    answer: (features, question) =>
      features.search({
        ...{ item: question.required('item'), k: countOf(question) },
        ...{ stream: question.text('stream'), subclip: question.whole('subclip') },
      }),
  },
  {
    name: 'recommend',
    does: 'the best items for a user; as POST with { "ratings": { "ID": 4.5 } } for a new user',
    ...recommending(false),
  },
  { name: 'explain', does: 'the same, with the reasons: the nearest rated items', ...recommending(true) },
  {
    name: 'similar',
    does: 'the items most similar to another, by content or by what was learnt from ratings',
    takes: { item, by: { type: 'string', does: 'content (default) or factors' }, k },
    must: ['item'],
    needs: 'recommender',
    answer: (recommender, question) => {
      const by = question.text('by');
      return similarItems(recommender, {
        ...{ item: question.required('item'), k: countOf(question) },
        by: by === undefined ? undefined : checkOneOf('by', by, similarityBases),
      });
    },
  },
  {
    name: 'audience',
    does: 'the share of users who would like an item, with an interval, and the users who would like it most',
    takes: { item, threshold: { type: 'number', does: 'the prediction from which a user counts' }, k },
    must: ['item'],
    needs: 'recommender',
    answer: (recommender, question) =>
      rankUsers(recommender, {
        ...{ item: question.required('item'), k: countOf(question), threshold: question.number('threshold') },
      }),
  },
  {
    name: 'explain-item',
    does: 'what each subclip of an item adds to its predictions, and the subclips that one user would like best',
    takes: {
      ...{ item, user },
      choose: { type: 'integer', does: `for user: how many subclips, at most ${MOST_CHOSEN}; default 3` },
    },
    must: ['item'],
    needs: 'recommender',
    answer: (recommender, question) =>
      explainItem(recommender, {
        ...{ item: question.required('item'), user: question.text('user'), users: MOST_ASKED },
        choose: question.count('choose', MOST_CHOSEN),
      }),
  },
];

/** The endpoints that have data to answer from. */
export function endpointsOf(served: OpenServed): readonly Endpoint[] {
  return endpoints.filter(({ needs }) => served[needs] !== undefined);
}

/**
 * The answer of an endpoint; undefined if there is no endpoint of that name.
 *
 * @throws UsageError when a parameter is wrong or missing, or the item or user is unknown.
 */
export async function answerOf(
  name: string,
  parameters: URLSearchParams,
  body: unknown,
  served: OpenServed,
): Promise<object | undefined> {
  const endpoint = endpointsOf(served).find((each) => each.name === name);
  if (endpoint === undefined) return undefined;
  const question = new Question(endpoint, parameters, body);
  const { features, recommender } = served;
  return endpoint.needs === 'features'
    ? features && endpoint.answer(features, question, served)
    : recommender && endpoint.answer(recommender, question);
}
