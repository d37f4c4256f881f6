/**
 * Reads a whole table and prints its contents as JSON, in a separate process, since a table may
 * crash its reader.
 */
import { ReelflowError } from '../../src/core/errors.ts';
import { openTable } from '../../src/io/dataset/table-reader.ts';

try {
  const table = await openTable(process.argv[2] ?? '');
  const distinct = new Map<string, Set<string>>();
  let rows = 0;
  for await (const { batch } of table.batches()) {
    rows += batch.numRows;
    for (const { name } of batch.schema.fields) {
      const column = batch.getChild(name);
      const seen = distinct.get(name) ?? new Set<string>();
      distinct.set(name, seen);
      // A few are enough: the compared columns have few values.
      for (let row = 0; row < batch.numRows && seen.size < 8; row += 1) seen.add(String(column?.get(row)));
    }
  }
  const columns = table.schema.fields.map(({ name, type }) => ({ name, type: String(type) }));
  await table.close();
  console.log(
    JSON.stringify({
      rows,
      columns,
      distinct: Object.fromEntries([...distinct].map(([name, values]) => [name, [...values]])),
    }),
  );
} catch (error) {
  if (!(error instanceof ReelflowError)) throw error;
  console.error(`reelflow: ${error.message} [${error.code}]`);
  process.exitCode = 2;
}
