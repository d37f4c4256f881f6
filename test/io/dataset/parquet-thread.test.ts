import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromArrays, tableFromIPC } from 'apache-arrow';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { ParquetFault, ParquetThread } from '../../../src/io/dataset/parquet-thread.ts';
import { temporaryDirectory } from './fixtures.ts';
import { expectedRows, fixedBatches, readVectors, writeParquet } from './tables.ts';

const MIB = 1024 * 1024;

describe('Parquet is read', () => {
  test('also where its page index is not what the format demands, which some writers leave so', async () => {
    const path = join(await temporaryDirectory(), 'table.parquet');
    await writeParquet(path, fixedBatches(300, 4, 50, [7]), 100);
    const whole = await readVectors(path);
    const bytes = await readFile(path);
    const footer = await parquetMetadataAsync(await asyncBufferFromFile(path));
    let indexes = 0;
    for (const { columns } of footer.row_groups) {
      for (const { offset_index_offset: offset, offset_index_length: length } of columns) {
        if (offset === undefined || length === undefined) continue;
        // A struct of Thrift without the fields that it must have.
        bytes.fill(0, Number(offset), Number(offset) + Number(length));
        indexes += 1;
      }
    }
    expect(indexes).toBe(6);
    await writeFile(path, bytes);
    const read = await readVectors(path, { batchBytes: 400 });
    expect(read.rows).toEqual(expectedRows(path, 300, 4, [7]));
    expect(read.rows).toEqual(whole.rows);
    expect(read.schema.names).toEqual(['n', 'visual']);
  });

  test('in bounded memory: a file of some kilobytes that unpacks to more ends with an error, and the next is read', async () => {
    const directory = await temporaryDirectory();
    const [large, small] = [join(directory, 'large.parquet'), join(directory, 'small.parquet')];
    const [batch] = tableFromArrays({ n: ['a'.repeat(96 * MIB)] }).batches;
    await writeParquet(large, [batch as never]);
    await writeParquet(small, fixedBatches(5, 2));
    expect((await readFile(large)).length).toBeLessThan(MIB);
    const thread = new ParquetThread(64 * MIB);
    const rows = { type: 'rows', group: 0, offset: 0, limit: 1, columns: undefined } as const;
    try {
      await expect(thread.ask(large, rows)).rejects.toBeInstanceOf(ParquetFault);
      const bytes = (await thread.ask(small, { ...rows, limit: 5 })) as Uint8Array;
      expect(tableFromIPC(bytes).numRows).toBe(5);
    } finally {
      await thread.close();
    }
    const roomy = new ParquetThread(1024 * MIB);
    try {
      expect(((await roomy.ask(large, rows)) as Uint8Array).length).toBeGreaterThan(96 * MIB);
    } finally {
      await roomy.close();
    }
  });
});
