import { basename } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { ItemFacts } from '../../io/dataset/item-facts.ts';
import { type Html, html } from '../../io/report/html.ts';
import type { PageSection } from '../../io/report/page.ts';
import { counted, tableHtml } from '../../io/report/table.ts';
import { explainItem } from '../recommenders/explain-item.ts';
import { rankUsers } from '../recommenders/rank-users.ts';
import { rankingOf } from '../recommenders/ranking.ts';
import { contentOf } from '../recommenders/recommender-names.ts';
import type { SubclipTime } from '../recommenders/subclip-times.ts';
import type { OpenServed } from './open-served.ts';
import { factsList, itemLink, servedPage } from './served-page.ts';
import { catalogueNumber, titleOf } from './titles.ts';

/** How many items and users to name. */
const NAMED = 10;
/** How many subclips to show: each is compared with all rows. */
const SHOWN = 50;
/** More products of two numbers than this take longer than a page may: the reader asks for them. */
const MOST_PRODUCTS = 1e8;
/** How many users an explanation is averaged over. */
const ASKED = 200;

/** The page of an item: its subclips, similar items, and what the recommender predicts for it. */
export async function itemPage(served: OpenServed, parameters: URLSearchParams): Promise<string> {
  const id = parameters.get('id') ?? '';
  const { features, dataset } = served;
  const facts = await dataset?.item(id);
  const streams = features?.streams.map(({ name }) => name) ?? [];
  const subclips = new Map<string, readonly number[]>();
  for (const stream of streams) subclips.set(stream, (await features?.subclipsOf(id, stream)) ?? []);
  const there = streams.filter((stream) => (subclips.get(stream)?.length ?? 0) > 0);
  const number = catalogueNumber(served, id);
  if (facts === undefined && there.length === 0 && number === undefined) {
    throw new UsageError(`there is no item '${id}'`, { code: 'unknown-item' });
  }
  const sections: PageSection[] = [];
  if (facts !== undefined) sections.push({ id: 'facts', heading: 'What is known', body: factsOfFile(facts) });
  if (there.length > 0) {
    const tables: Html[] = [];
    for (const stream of there) tables.push(await similarTo(served, id, stream));
    sections.push({ id: 'like', heading: 'Like it', body: html`<div class="pair">${tables}</div>` });
  }
  const [first] = there;
  if (first !== undefined) {
    const isAsked = parameters.get('nearest') === 'true';
    sections.push(await subclipsOf(served, id, { stream: first, numbers: subclips.get(first) ?? [], isAsked }));
  }
  if (number !== undefined)
    sections.push(...(await recommenderOf(served, number, parameters.get('explain') === 'true')));
  const title = titleOf(served, id);
  return servedPage(served, title ?? id, `Item ${id}${facts === undefined ? '' : `, ${facts.state}`}.`, sections);
}

function factsOfFile({ state, code, path, duration, fps, width, height, streams, leftOut, when }: ItemFacts): Html {
  return factsList([
    ['State', code === undefined ? state : `${state}: ${code}`],
    ['File', path === undefined ? undefined : basename(path)],
    ['Seconds', duration?.toFixed(1)],
    ['Picture', width === undefined ? undefined : `${width} x ${height}, ${fps?.toFixed(2)} frames a second`],
    ['Decoded', streams],
    ['Left out', leftOut],
    ['Last change', when?.slice(0, 16).replace('T', ' ')],
  ]);
}

async function similarTo(served: OpenServed, item: string, stream: string): Promise<Html> {
  const search = await served.features?.search({ item, stream, k: NAMED });
  const rows = (search?.found ?? []).map(({ item: other, similarity }) => [
    ...[itemLink(other, titleOf(served, other)), similarity.toFixed(4)],
  ]);
  return tableHtml(`Like it: ${stream}, by the cosine of the items' means`, ['item', 'cosine'], rows);
}

async function subclipsOf(
  served: OpenServed,
  item: string,
  {
    stream,
    numbers,
    isAsked,
  }: { readonly stream: string; readonly numbers: readonly number[]; readonly isAsked: boolean },
): Promise<PageSection> {
  const times = await served.timesOf(item, (numbers.at(-1) ?? -1) + 1);
  const shown = numbers.slice(0, SHOWN);
  const isAll = shown.length === numbers.length;
  const rest = isAll ? undefined : html`<p class="note">The first ${shown.length} of ${numbers.length} subclips.</p>`;
  const products = (await served.features?.productsOf(stream)) ?? Number.POSITIVE_INFINITY;
  if (!isAsked && products * shown.length > MOST_PRODUCTS) {
    const plain = tableHtml(
      'Subclips, numbered from 0',
      ['subclip', 'seconds'],
      shown.map((subclip) => [subclip, secondsOf(times?.[subclip])]),
    );
    const ask = html`<p><a href="/item?id=${encodeURIComponent(item)}&amp;nearest=true#subclips">Find the nearest subclip of another item for each</a>.</p>`;
    return { id: 'subclips', heading: 'Subclips', body: html`${plain}${rest}${ask}` };
  }
  const nearest = (await served.features?.nearestSubclips(item, shown, stream)) ?? [];
  const rows = shown.map((subclip, place) => {
    const found = nearest[place];
    const like =
      found === undefined
        ? ['-', '-', '-']
        : [itemLink(found.item, titleOf(served, found.item)), found.subclip ?? '-', found.similarity.toFixed(4)];
    return [subclip, secondsOf(times?.[subclip]), ...like];
  });
  const table = tableHtml(
    `The nearest ${stream} subclip of another item; subclips are numbered from 0`,
    ['subclip', 'seconds', 'nearest', 'its subclip', 'cosine'],
    rows,
  );
  return { id: 'subclips', heading: 'Subclips', body: html`${table}${rest}` };
}

function secondsOf({ start, end }: Partial<SubclipTime> = {}): string {
  return start === undefined || end === undefined ? '-' : `${start.toFixed(1)} - ${end.toFixed(1)}`;
}

async function recommenderOf(served: OpenServed, number: number, isExplained: boolean): Promise<PageSection[]> {
  const { recommender } = served;
  const known = recommender?.saved.catalogue[number];
  if (recommender === undefined || known === undefined) return [];
  const { recommender: model, options } = recommender.saved.facts;
  const content = contentOf(model, options);
  const isRated = (rankingOf(recommender.saved).counts[number] as number) > 0;
  if (!isRated && content === undefined) return [];
  const { users, mean, audience, trainedOn } = await rankUsers(recommender, { item: known.id, k: NAMED });
  const share =
    audience === undefined
      ? undefined
      : html`<p>${(100 * audience.share).toFixed(1)} % of ${counted(audience.users, 'user')} who have not rated it are predicted at ${audience.threshold} or more (95 % over users: ${(100 * audience.interval.low).toFixed(1)} to ${(100 * audience.interval.high).toFixed(1)} %), mean ${mean.toFixed(2)}.</p>`;
  const rests = trainedOn.map((sentence) => html`<p class="note">${sentence}.</p>`);
  const audienceSection: PageSection = {
    id: 'audience',
    heading: 'Who would like it',
    body: html`${share}${tableHtml(
      'Users with the highest prediction',
      ['user', 'prediction'],
      users.map(({ user, prediction }) => [
        html`<a href="/recommender?user=${encodeURIComponent(user)}">${user}</a>`,
        prediction.toFixed(2),
      ]),
    )}${rests}`,
  };
  if (content !== 'features' || recommender.features?.has(number) !== true) return [audienceSection];
  const explained: PageSection = {
    id: 'explain',
    heading: 'What each subclip adds',
    body: isExplained
      ? await explanationOf(recommender, known.id)
      : html`<p><a href="/item?id=${encodeURIComponent(known.id)}&amp;explain=true#explain">Leave out one subclip after another</a>, which takes some seconds.</p>`,
  };
  return [audienceSection, explained];
}

async function explanationOf(recommender: NonNullable<OpenServed['recommender']>, item: string): Promise<Html> {
  const { subclips, users } = await explainItem(recommender, { item, users: ASKED });
  return tableHtml(
    `Mean change of the prediction of ${counted(users, 'user')} when the subclip is replaced by the mean of all`,
    ['subclip', 'seconds', 'it adds'],
    subclips.map((each) => [each.subclip, secondsOf(each), `${each.change < 0 ? '' : '+'}${each.change.toFixed(3)}`]),
  );
}
