import { UsageError } from '../../src/core/errors.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { readStorage, storageOptions } from '../extraction-options.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow compact`: committed units to Parquet tables. */
export const command: Command = {
  name: 'compact',
  usage: 'DIR [options]',
  does: "writes a dataset's committed units as hive-partitioned Parquet",
  options: { ...storageOptions, json: { type: 'boolean', does: 'prints the tables as JSON' } },
  examples: ['reelflow compact features/', 'reelflow compact features/ --compression snappy'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [directory, ...rest] = args.positionals;
  if (directory === undefined || rest.length > 0)
    throw new UsageError('`reelflow compact` takes one dataset directory');
  const tables = await compact(directory, {
    ...readStorage(args),
    onMessage: (message) => process.stderr.write(`${message}\n`),
  });
  if (args.flag('json')) process.stdout.write(`${JSON.stringify({ tables })}\n`);
  else
    for (const table of tables) process.stdout.write(`${table.path}: ${table.rows} rows in ${table.parts} part(s)\n`);
  return 0;
}
