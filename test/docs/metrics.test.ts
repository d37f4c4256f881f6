import { describe, expect, it } from 'vitest';
import { metricNames } from '../../src/models/metrics/metrics.ts';
import { pageText } from '../fixtures/docs.ts';

const all = metricNames('ratings', 'first-k', 'users', 'lists');

/** The metrics of a page's tables: what stands between backticks in the first cell of a row. */
function rowsOf(page: string): string[] {
  const rows = pageText(page)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

describe('docs/metrics.md', () => {
  it('has a row for every metric, which defines it once', () => {
    const rows = rowsOf('docs/metrics.md');
    expect(all.filter((name) => rows.filter((row) => row === name).length !== 1)).toEqual([]);
  });
});

describe('docs/evaluate.md', () => {
  it('names every metric of the report', () => {
    const report = /## The report\n([\s\S]*?)\n## |## The report\n([\s\S]*)$/.exec(pageText('docs/evaluate.md'));
    const words = new Set((report?.[0] ?? '').match(/\w+/g));
    expect(all.filter((name) => !words.has(name))).toEqual([]);
  });
});
