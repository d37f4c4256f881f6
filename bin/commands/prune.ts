import { type PruneSummary, prune } from '../../src/graphs/prune.ts';
import { defineCommand } from '../command.ts';
import { flag, repeated, text } from '../option-table.ts';
import { toldTo } from '../told-to.ts';

/** `reelflow prune`: removes items from a dataset. */
export const command = defineCommand({
  name: 'prune',
  operands: ['DIR'],
  does: 'removes items that are no longer inputs, or that you name, from a dataset',
  options: {
    remove: repeated('ITEM', 'removes this item instead', (items) => items),
    cache: text('URI', 'also removes the entries of these items from this cache'),
    dryRun: flag('only lists what would be removed'),
  },
  examples: [
    'reelflow prune features/ --dry-run',
    'reelflow prune features/ --remove heat --remove alien --cache sqlite:///var/cache/reelflow.sqlite',
  ],
  async run(values, { operands: [directory = ''], console }) {
    const summary = await prune(directory, { ...values, ...toldTo(console) });
    console.result(summary, (pruned) => pruneText(pruned, values.dryRun ?? false), {
      isNews: summary.items.length > 0,
    });
    return 0;
  },
});

function pruneText({ items, units, letters, cacheEntries, tablesWritten }: PruneSummary, dryRun: boolean): string {
  const lines = items.map(({ item, path }) => `${item}${path === undefined ? '' : `  ${path}`}`);
  const done = `${units} unit(s), ${letters} dead letter(s), ${cacheEntries} cache entries removed`;
  lines.push(
    dryRun
      ? `${items.length} item(s) would be removed`
      : `${items.length} item(s) removed: ${done}${tablesWritten ? ', tables rewritten' : ''}`,
  );
  return `${lines.join('\n')}\n`;
}
