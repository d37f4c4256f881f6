import { nameOfFeatures } from '../../io/dataset/training-store-path.ts';
import { html } from '../../io/report/html.ts';
import type { PageSection } from '../../io/report/page.ts';
import { counted, tableHtml } from '../../io/report/table.ts';
import { datasetFacts } from './dataset-facts.ts';
import type { OpenServed } from './open-served.ts';
import { endpointRows, factsList, servedPage } from './served-page.ts';

/** The page that shows what is served, and what can be asked. */
export async function indexPage(served: OpenServed): Promise<string> {
  const { features, recommender } = served;
  const sections: PageSection[] = [];
  if (features !== undefined) {
    const { streams, items = {}, networks = [], seconds, changed } = await datasetFacts(served);
    const there = Object.entries(items).filter(([, count]) => count > 0);
    const facts = factsList([
      ...there.map(([state, count]) => [`Items ${state}`, counted(count)] as const),
      ['Hours', seconds === undefined ? undefined : (seconds / 3600).toFixed(2)],
      ['Networks', networks.join(', ')],
      ['Last change', changed?.slice(0, 16).replace('T', ' ')],
    ]);
    sections.push({
      id: 'features',
      heading: `Features: ${nameOfFeatures(features.path)}`,
      body: html`${tableHtml(
        'Streams',
        ['stream', 'values a row'],
        streams.map(({ name, dimension }) => [name, dimension]),
      )}${facts}<p><a href="/items">The items</a></p>`,
    });
  }
  if (recommender !== undefined) {
    const { facts, userIds, catalogue, ratings } = recommender.saved;
    sections.push({
      id: 'recommender',
      heading: `Recommender: ${facts.recommender}`,
      body: html`${factsList([
        ['Users', counted(userIds.length)],
        ['Items', counted(catalogue.length)],
        ['Ratings', counted(ratings.values.length)],
      ])}<p><a href="/recommender">Recommend</a></p>`,
    });
  }
  sections.push({
    id: 'endpoints',
    heading: 'What programs can ask',
    body: tableHtml('Endpoints', ['address', 'parameters', 'answer, as JSON'], endpointRows(served)),
  });
  return servedPage(served, 'reelflow: what is served', 'What is served here, and what can be asked.', sections);
}
