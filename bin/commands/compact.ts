import { compact } from '../../src/io/dataset/compact.ts';
import { plannedTables } from '../../src/io/dataset/planned-tables.ts';
import { defineCommand } from '../command.ts';
import { storageOptions } from '../extraction-options.ts';
import { flag } from '../option-table.ts';
import { toldTo } from '../told-to.ts';

/** `reelflow compact`: turns committed units into Parquet tables. */
export const command = defineCommand({
  name: 'compact',
  operands: ['DIR'],
  does: "writes a dataset's committed units as hive-partitioned Parquet",
  options: { ...storageOptions, dryRun: flag('reports which tables would be written; writes nothing') },
  examples: ['reelflow compact features/', 'reelflow compact features/ --compression snappy'],
  async run({ dryRun = false, ...values }, { operands: [directory = ''], console }) {
    if (dryRun) {
      console.result(await plannedTables(directory), ({ tables, areOutOfDate }) =>
        [
          ...tables.map(({ path, rows }) => `${path}: ${rows === undefined ? '' : `${rows} rows `}would be written`),
          areOutOfDate ? 'the existing tables lack units' : 'the existing tables have all units',
          '',
        ].join('\n'),
      );
      return 0;
    }
    console.stage('writing tables');
    console.result({ tables: await compact(directory, { ...values, ...toldTo(console) }) }, ({ tables }) =>
      tables.map(({ path, rows, parts }) => `${path}: ${rows} rows in ${parts} part(s)\n`).join(''),
    );
    return 0;
  },
});
