import { basename, resolve } from 'node:path';
import { html } from '../../io/report/html.ts';
import { type PageSection, pageHtml } from '../../io/report/page.ts';
import { tableHtml } from '../../io/report/table.ts';
import { openFeatureTable } from '../analysis/feature-rows.ts';
import { endpoints, type Served } from './endpoints.ts';

/** The page that says what is served, and what can be asked. */
export async function indexPage(served: Served): Promise<string> {
  const { features, recommender } = served;
  const sections: PageSection[] = [];
  const warnings: string[] = [];
  if (features !== undefined) {
    const table = await openFeatureTable(features);
    await table.close();
    if (table.random.length > 0) {
      warnings.push(`${table.random.join(' and ')}: made by networks with random weights, so likeness means nothing.`);
    }
    sections.push({
      id: 'features',
      heading: `Features: ${basename(resolve(features))}`,
      body: tableHtml(
        'Streams',
        ['stream', 'values a row'],
        table.streams.map(({ name, dimension }) => [name, dimension]),
      ),
    });
  }
  if (recommender !== undefined) {
    const { facts, userIds, catalogue, ratings } = recommender.saved;
    sections.push({
      id: 'recommender',
      heading: `Recommender: ${facts.recommender}`,
      body: tableHtml(
        'What it was trained with',
        ['what', 'how many'],
        [
          ['Users', userIds.length],
          ['Items', catalogue.length],
          ['Ratings', ratings.values.length],
        ],
      ),
    });
  }
  sections.push({
    id: 'endpoints',
    heading: 'What can be asked',
    body: html`${tableHtml(
      'Endpoints',
      ['address', 'parameters', 'answer, as JSON'],
      endpoints
        .filter(({ needs }) => served[needs] !== undefined)
        .map(({ path, takes, does }) => [path, takes.join(', '), does]),
    )}`,
  });
  return pageHtml({
    title: 'reelflow: what is served',
    warnings,
    summary: 'What is served here, and what can be asked.',
    sections,
  });
}
