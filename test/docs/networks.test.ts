import { describe, expect, it } from 'vitest';
import { namedNetwork, networkNames } from '../../src/models/networks/network-registry.ts';
import { officialSources } from '../../src/models/networks/official-sources.ts';
import { pageText } from '../fixtures/docs.ts';

/** Cells of the rows of docs/networks.md whose first cell is that name. */
function rowsOf(name: string): string[][] {
  const rows = pageText('docs/networks.md').split('\n');
  return rows.map((row) => row.split('|').map((cell) => cell.trim())).filter(([, first]) => first === `\`${name}\``);
}

describe('docs/networks.md', () => {
  it.each(networkNames)('says the default layer of %s, and how many values it gives', (name) => {
    const card = namedNetwork(name)?.card;
    const told = rowsOf(name).map((cells) => cells.slice(2, 4));
    expect(told).toContainEqual([expect.stringContaining(`\`${card?.output.name}\``), String(card?.output.dimension)]);
  });

  it.each(officialSources)('says where the weights of $network are published', ({ network, file }) => {
    expect(rowsOf(network).map(([, , told]) => told)).toContain(`\`${file}\``);
  });
});
