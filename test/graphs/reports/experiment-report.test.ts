import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { experimentReport } from '../../../src/graphs/reports/experiment-report.ts';
import { readExperiment } from '../../../src/graphs/reports/saved-experiment.ts';
import { barriersOf, cutOffIn, hasChromium, type OpenPage, openPage } from '../../fixtures/chromium.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

const HOSTILE = '</script><img src=x onerror="window.broken=1">';
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (...names: string[]) => join(place.path, ...names);

beforeAll(async () => {
  place = await temporaryDirectory();
  const ratings = await writeMovieLens(at('movielens'), { users: 25, movies: 30 });
  const config = {
    ...{ ratings, recommenders: ['random', 'baseline', 'deepcf'], scenarios: ['non-cold', 'hard-cold'] as const },
    ...{ set: { deepcf: { epochs: 2 } }, compareTo: 'baseline', predictions: true },
  };
  await runExperiment(config, { out: at('results') });
  writeFileSync(at('report.html'), await experimentReport(at('results')));
});
afterAll(() => place.remove());

describe('the report of an experiment', () => {
  it('has the figures of its tables, the best in bold', () => {
    const page = readFileSync(at('report.html'), 'utf8');
    const { tables } = JSON.parse(readFileSync(at('results/results.json'), 'utf8'));
    const accuracy = tables.find((table: { kind: string }) => table.kind === 'accuracy');
    expect(accuracy.rows).toHaveLength(3);
    for (const row of accuracy.rows) expect(page).toContain(`>${row.cells.rmse.mean.toFixed(3)}<`);
    const best = accuracy.rows.find((row: { label: string }) => row.label === accuracy.marks.rmse.best);
    expect(page).toContain(`<strong>${best.cells.rmse.mean.toFixed(3)}</strong>`);
    expect(page).not.toContain('NaN');
  });

  it('has a section for everything that the directory has', () => {
    const page = readFileSync(at('report.html'), 'utf8');
    const headings = [...page.matchAll(/<h2[^>]*>([^<]*)</g)].map(([, heading]) => heading);
    expect(headings).toEqual([
      ...['Cold against non-cold', 'Differences from baseline, tested'],
      ...['Curves, non-cold start', 'Curves, hard-cold start', 'Learning curves', 'How predictions are distributed'],
      ...['Tables, non-cold start', 'Tables, hard-cold start', 'How it was made'],
    ]);
  });

  it('counts every test rating and its prediction once, each half star in a bin of its own', async () => {
    const { counts, courses, edges } = await readExperiment(at('results'));
    const { rows } = JSON.parse(readFileSync(at('results/results.json'), 'utf8'));
    expect(counts.map(({ scenario, label }) => [scenario, label])).toEqual(
      rows.map(({ scenario, label }: { scenario: string; label: string }) => [scenario, label]),
    );
    expect([edges[0], edges.at(-1), edges.length]).toEqual([0.25, 5.25, 11]);
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    for (const { predictions, ratings } of counts) expect(total(predictions)).toBe(total(ratings));
    expect(total(counts[0]?.ratings as Float64Array)).toBeGreaterThan(100);
    expect(courses.map(({ label, history }) => [label, history.length])).toEqual(Array(4).fill([courses[0]?.label, 2]));
  });

  it('calls metrics in its figures and tests what its tables call them', () => {
    const page = readFileSync(at('report.html'), 'utf8').replaceAll(/<pre[\s\S]*?<\/pre>/g, '');
    expect(page).toMatch(/>difference in NDCG-rel@\d+[^<]*<\/text>/);
    expect(page).not.toMatch(/ndcgRelevant|>(difference in )?(auc|rmse)\b/);
  });

  it('says that a directory has no results', async () => {
    await expect(experimentReport(at('movielens'))).rejects.toMatchObject({ code: 'dataset' });
    for (const text of ['{}', '{"rows": []', '[]', 'null']) {
      mkdirSync(at('other'), { recursive: true });
      writeFileSync(join(at('other'), 'results.json'), text);
      await expect(experimentReport(at('other')), text).rejects.toMatchObject({ code: 'dataset' });
    }
  });
});

describe.skipIf(!hasChromium)('the report of an experiment in Chromium (skipped where it is not installed)', () => {
  let open: OpenPage;
  beforeAll(async () => {
    const path = at('results/results.json');
    const text = readFileSync(path, 'utf8').replaceAll('"deepcf"', JSON.stringify(HOSTILE));
    writeFileSync(path, text);
    writeFileSync(at('hostile.html'), await experimentReport(at('results')));
    open = await openPage(pathToFileURL(at('hostile.html')).href, 'dark');
  });
  afterAll(() => open.close());

  it('shows a hostile name as text, can be read by everybody, and reports no error', async () => {
    expect(await open.page.locator('th', { hasText: 'onerror' }).first().textContent()).toContain(HOSTILE);
    expect(await open.page.locator('img').count()).toBe(0);
    expect(await open.page.evaluate('window.broken')).toBeUndefined();
    expect(await barriersOf(open.page)).toEqual([]);
    expect(await cutOffIn(open.page)).toEqual([]);
    expect(open.faults).toEqual([]);
  });
});
