import { UsageError } from '../../core/errors.ts';
import { type Html, html } from '../../io/report/html.ts';
import type { PageSection } from '../../io/report/page.ts';
import { counted, tableHtml } from '../../io/report/table.ts';
import {
  type NearestRated,
  type PredictionReasons,
  type RecommendedItem,
  recommend,
} from '../recommenders/recommend.ts';
import { contentOf } from '../recommenders/recommender-names.ts';
import { trainedOn } from '../recommenders/trained-on.ts';
import type { OpenServed } from './open-served.ts';
import { askForm, checkField, factsList, itemLink, servedPage, textField } from './served-page.ts';
import { featureIdOf } from './titles.ts';

/** How many items a list has. */
const NAMED = 20;

/** The page of the recommender: what it was trained on, and a list for a user. */
export async function recommenderPage(served: OpenServed, parameters: URLSearchParams): Promise<string> {
  const { recommender } = served;
  if (recommender === undefined) throw new UsageError('no recommender is served', { code: 'unknown-page' });
  const { saved } = recommender;
  const { recommender: model, options, seed, scale } = saved.facts;
  const user = parameters.get('user') ?? '';
  const cold = parameters.get('cold') === 'true';
  const knowsContent = contentOf(model, options) !== undefined;
  const fields = [
    textField('user', 'User', user),
    ...(knowsContent ? [checkField('cold', 'only items that nobody has rated', cold)] : []),
  ];
  const some = saved.userIds
    .slice(0, 5)
    .map((id) => html` <a href="/recommender?user=${encodeURIComponent(id)}">${id}</a>`);
  const sections: PageSection[] = [
    {
      id: 'ask',
      heading: 'For whom',
      body: html`${askForm('/recommender', 'Recommend for a user', fields, 'Recommend')}<p class="note">${counted(saved.userIds.length, 'user')}, such as${some}</p>`,
    },
  ];
  if (user !== '') {
    const { items, rated, candidates, predicts } = await recommend(recommender, {
      ...{ user, k: NAMED, coldOnly: cold, explain: true },
    });
    sections.push({
      id: 'list',
      heading: `For user ${user}`,
      body: html`<p>The user has rated ${counted(rated, 'item')}; the best of ${counted(candidates, 'other')}${predicts === 'scores' ? ', by scores that are not ratings' : ''}.</p>${
        items.length === 0 ? html`<p>There is no item left.</p>` : listTable(served, items, predicts)
      }`,
    });
  }
  const settings = Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)] as const);
  sections.push({
    id: 'trained',
    heading: 'What it is based on',
    body: html`${trainedOn(recommender).map((sentence) => html`<p>${sentence}.</p>`)}${factsList([
      ['seed', seed],
      ['scale', `${scale.minimum} to ${scale.maximum}`],
      ...settings,
    ])}`,
  });
  return servedPage(served, `Recommender: ${model}`, 'What a user would rate highest, and why.', sections);
}

function listTable(served: OpenServed, items: readonly RecommendedItem[], predicts: string): Html {
  const isComputed = items.some(({ reasons }) => reasons !== undefined);
  const why = isComputed ? 'computed from' : 'rated items like it';
  return tableHtml(
    'Recommended items',
    ['item', predicts === 'scores' ? 'score' : 'prediction', 'ratings', 'genres', why],
    items.map(({ itemId, title, prediction, ratings, genres, nearest = [], reasons }) => [
      itemLink(featureIdOf(served, itemId), title ?? itemId),
      ...[prediction.toFixed(2), ratings, genres.join(', ')],
      [...(reasons === undefined ? [] : [computedFrom(reasons)]), likeText(nearest, isComputed)]
        .filter(Boolean)
        .join('; '),
    ]),
    { captioned: false },
  );
}

/** The rated items that are similar in content. */
function likeText(nearest: readonly NearestRated[], isComputed: boolean): string {
  const named = nearest.map((each) => `${each.title ?? each.itemId} (${each.rating})`).join(', ');
  return isComputed && named !== '' ? `like ${named}` : named;
}

/** The heaviest ratings that a prediction was computed from, or the parts of a blend. */
function computedFrom({ ratings, parts = [], by }: PredictionReasons): string {
  const named = ratings
    .slice(0, 3)
    .map(({ title, itemId, userId, rating }) => `${title ?? itemId ?? `user ${userId}`} (${rating})`);
  const others = ratings.length > 3 ? [`${ratings.length - 3} more`] : [];
  const mixed = parts.map(({ recommender, score }) => `${recommender} (${score.toFixed(2)})`);
  return [...(by === undefined ? [] : [`by ${by}`]), ...named, ...others, ...mixed].join(', ');
}
