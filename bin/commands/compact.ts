import { compact } from '../../src/io/dataset/compact.ts';
import { defineCommand } from '../command.ts';
import { storageOptions } from '../extraction-options.ts';
import { toldTo } from '../told-to.ts';

/** `reelflow compact`: committed units to Parquet tables. */
export const command = defineCommand({
  name: 'compact',
  operands: ['DIR'],
  does: "writes a dataset's committed units as hive-partitioned Parquet",
  options: storageOptions,
  examples: ['reelflow compact features/', 'reelflow compact features/ --compression snappy'],
  async run(values, { operands: [directory = ''], console }) {
    console.stage('writing tables');
    console.result({ tables: await compact(directory, { ...values, ...toldTo(console) }) }, ({ tables }) =>
      tables.map(({ path, rows, parts }) => `${path}: ${rows} rows in ${parts} part(s)\n`).join(''),
    );
    return 0;
  },
});
