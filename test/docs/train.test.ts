import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recommenderNames } from '../../src/graphs/recommenders/recommender-names.ts';
import { recommenderOptions } from '../../src/graphs/recommenders/recommender-options.ts';

const page = readFileSync(new URL('../../docs/train.md', import.meta.url), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));
/** The row of a recommender, and of those that its row refers to. */
function rowsOf(model: string): string {
  const row = rows.find((line) => line.split('|')[1]?.includes(`\`${model}\``)) ?? '';
  const other = /those of `([a-z0-9+-]+)`/.exec(row)?.[1] ?? (row.includes('the same') ? 'regsvd' : undefined);
  return other === undefined ? row : row + rowsOf(other);
}

describe('docs/train.md', () => {
  it.each(recommenderNames)('has every option of %s', (model) => {
    const names = recommenderOptions(model).flatMap(({ key, alias }) => (alias === undefined ? [key] : [key, alias]));
    const told = rowsOf(model);
    expect(told).not.toBe('');
    expect(names.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
  });
});
