import { UsageError } from '../../src/core/errors.ts';
import { type PruneSummary, prune } from '../../src/graphs/prune.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow prune`: takes items out of a dataset. */
export const command: Command = {
  name: 'prune',
  usage: 'DIR [options]',
  does: 'takes items that are no inputs any more, or named ones, out of a dataset',
  options: {
    remove: { type: 'string', value: 'ITEM', does: 'takes out this item instead; may be given again', multiple: true },
    cache: { type: 'string', value: 'URI', does: 'the entries of these items in this cache go too' },
    'dry-run': { type: 'boolean', does: 'only says what would be taken out' },
    json: { type: 'boolean', does: 'prints JSON' },
  },
  examples: [
    'reelflow prune features/ --dry-run',
    'reelflow prune features/ --remove heat --remove alien --cache sqlite:///var/cache/reelflow.sqlite',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [directory, ...rest] = args.positionals;
  if (directory === undefined || rest.length > 0) throw new UsageError('`reelflow prune` takes one dataset directory');
  const remove = args.texts('remove');
  const dryRun = args.flag('dry-run');
  const summary = await prune(directory, {
    ...(remove.length > 0 ? { remove } : {}),
    dryRun,
    cache: args.text('cache'),
    onMessage: (message) => void process.stderr.write(`${message}\n`),
  });
  process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : text(summary, dryRun));
  return 0;
}

function text({ items, units, letters, cacheEntries, tablesWritten }: PruneSummary, dryRun: boolean): string {
  const lines = items.map(({ item, path }) => `${item}${path === undefined ? '' : `  ${path}`}`);
  const done = `${units} unit(s), ${letters} dead letter(s), ${cacheEntries} cache entries removed`;
  lines.push(
    dryRun
      ? `${items.length} item(s) would be taken out`
      : `${items.length} item(s) taken out: ${done}${tablesWritten ? ', tables written anew' : ''}`,
  );
  return `${lines.join('\n')}\n`;
}
