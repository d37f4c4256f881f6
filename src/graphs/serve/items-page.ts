import { basename } from 'node:path';
import { ITEM_STATES, type ItemFacts } from '../../io/dataset/item-facts.ts';
import { type Html, html } from '../../io/report/html.ts';
import type { PageSection } from '../../io/report/page.ts';
import { tableHtml } from '../../io/report/table.ts';
import type { DatasetNow } from './dataset-now.ts';
import type { OpenServed } from './open-served.ts';
import { askForm, itemLink, servedPage, textField } from './served-page.ts';
import { titleOf } from './titles.ts';

/** Items per page. */
const PER_PAGE = 50;
/** How many dead letters to show. */
const LETTERS = 50;

/** The page of all items, split into pages; for a dataset, with their states and failures. */
export async function itemsPage(served: OpenServed, parameters: URLSearchParams): Promise<string> {
  const wanted = { state: parameters.get('state') ?? '', text: parameters.get('text') ?? '' };
  const page = Math.max(1, Number.parseInt(parameters.get('page') ?? '1', 10) || 1);
  const items: ItemFacts[] = [];
  let count = 0;
  const first = (page - 1) * PER_PAGE;
  for await (const item of itemsOf(served)) {
    const title = titleOf(served, item.id) ?? '';
    if (wanted.state !== '' && item.state !== wanted.state) continue;
    if (!`${item.id}\n${title}`.toLowerCase().includes(wanted.text.toLowerCase())) continue;
    if (count >= first && items.length < PER_PAGE) items.push(item);
    count++;
  }
  const pages = Math.max(1, Math.ceil(count / PER_PAGE));
  const isDataset = served.dataset !== undefined;
  const sections: PageSection[] = [
    {
      id: 'items',
      heading: 'Items',
      body: html`${filterForm(wanted, isDataset)}${
        items.length === 0 ? html`<p>There is no such item.</p>` : tableOf(served, items, isDataset)
      }${turning(page, pages, wanted)}`,
    },
  ];
  if (served.dataset !== undefined) {
    const { table, count: letters } = await lettersOf(served, served.dataset);
    if (table !== undefined) sections.push({ id: 'dead', heading: `Dead letters: ${letters}`, body: table });
  }
  const shown = count === 0 ? 'No' : `${first + 1} to ${Math.min(count, first + PER_PAGE)} of ${count}`;
  return servedPage(served, 'Items', `${shown} items.`, sections);
}

async function* itemsOf({ dataset, features }: OpenServed): AsyncGenerator<ItemFacts> {
  if (dataset !== undefined) yield* dataset.items();
  else for (const id of (await features?.itemIds()) ?? []) yield { id, state: 'committed' };
}

function filterForm(wanted: { readonly state: string; readonly text: string }, isDataset: boolean): Html {
  const option = (state: string, name: string) =>
    state === wanted.state
      ? html`<option value="${state}" selected>${name}</option>`
      : html`<option value="${state}">${name}</option>`;
  const states = html`<label>State<select name="state">${option('', 'any')}${ITEM_STATES.map((state) => option(state, state))}</select></label>`;
  return askForm(
    '/items',
    'Choose items',
    [textField('text', 'In id or title', wanted.text), ...(isDataset ? [states] : [])],
    'Show',
  );
}

function tableOf(served: OpenServed, items: readonly ItemFacts[], isDataset: boolean): Html {
  const name = (item: ItemFacts) => itemLink(item.id, undefined);
  if (!isDataset) {
    return tableHtml(
      'Items',
      ['item', 'title'],
      items.map((item) => [name(item), titleOf(served, item.id) ?? '-']),
      {
        captioned: false,
      },
    );
  }
  const columns: readonly (readonly [head: string, value: (item: ItemFacts) => Html | string])[] = [
    ['item', name],
    ['title', ({ id }) => titleOf(served, id) ?? ''],
    ['state', ({ state }) => state],
    ['why', ({ code }) => code ?? ''],
    ['seconds', ({ duration }) => duration?.toFixed(1) ?? ''],
    ['picture', ({ width, height }) => (width === undefined ? '' : `${width} x ${height}`)],
    ['file', ({ path }) => (path === undefined ? '' : basename(path))],
  ];
  return tableHtml(
    'Items and their states',
    columns.map(([head]) => head),
    items.map((item) => columns.map(([, value]) => value(item))),
    { captioned: false },
  );
}

function turning(
  page: number,
  pages: number,
  wanted: { readonly state: string; readonly text: string },
): Html | undefined {
  if (pages === 1) return undefined;
  const to = (number: number, name: string) =>
    html`<a href="/items?${new URLSearchParams({ ...wanted, page: String(number) }).toString()}">${name}</a>`;
  return html`<nav class="turn" aria-label="Other parts"><span>Page ${page} of ${pages}</span>${
    page > 1 ? to(page - 1, 'Before') : undefined
  }${page < pages ? to(page + 1, 'Next') : undefined}</nav>`;
}

/** What failed, in the decoder's words, without paths of files. */
async function lettersOf(
  served: OpenServed,
  dataset: DatasetNow,
): Promise<{ readonly count: number; readonly table: Html | undefined }> {
  const letters = await dataset.letters();
  if (letters.length === 0) return { count: 0, table: undefined };
  const rows = letters
    .slice(0, LETTERS)
    .map(({ letter }) => [
      ...[itemLink(letter.item, undefined), letter.code, served.hidePaths(letter.message)],
      letter.decoderLines.map((line) => served.hidePaths(line)).join(' / '),
    ]);
  const more = letters.length > LETTERS ? html`<p>The first ${LETTERS} of ${letters.length}.</p>` : undefined;
  return {
    count: letters.length,
    table: html`${more}${tableHtml('Dead letters', ['item', 'code', 'what was wrong', 'the decoder said'], rows, { captioned: false })}`,
  };
}
