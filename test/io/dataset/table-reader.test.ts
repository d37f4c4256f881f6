import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Data, type Field, type RecordBatch, tableFromArrays, tableToIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { recordBatch } from '../../../src/io/dataset/batch-columns.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';
import { duckdb, expectedRows, fixedBatches, ipc, put, readVectors, writeParquet } from './tables.ts';

describe('openTable', () => {
  test('reads our Parquet by its bytes, not by its name, over row groups, with nulls', async () => {
    const path = join(await temporaryDirectory(), 'table.bin');
    await writeParquet(path, fixedBatches(97, 5, 20, [0, 40, 96]), 30);
    const { rows, schema } = await readVectors(path);
    expect(rows).toEqual(expectedRows(path, 97, 5, [0, 40, 96]));
    expect(schema.names).toEqual(['n', 'visual']);
  });

  test.each(['file', 'stream'] as const)(
    'reads an Arrow IPC %s of several record batches, with nulls',
    async (form) => {
      const directory = await temporaryDirectory();
      const path = await put(join(directory, 'table.parquet'), ipc(fixedBatches(50, 4, 16, [3, 17]), form));
      const { rows, metadata } = await readVectors(path);
      expect(rows).toEqual(expectedRows(path, 50, 4, [3, 17]));
      expect(metadata.get('made')).toBe('here');
    },
  );

  test('gives batches no larger than asked for, of any format', async () => {
    const directory = await temporaryDirectory();
    const batches = fixedBatches(100, 16);
    const paths = [
      await put(join(directory, 'a'), ipc(batches, 'file')),
      await put(join(directory, 'b'), ipc(batches, 'stream')),
      join(directory, 'c'),
    ];
    await writeParquet(join(directory, 'c'), batches, 60);
    for (const path of paths) {
      const { rows, sizes } = await readVectors(path, { batchBytes: 700 });
      expect(rows).toEqual(expectedRows(path, 100, 16));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(11);
    }
  });

  test('reads the wanted columns only, and names those that exist when one does not', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'table.parquet');
    await writeParquet(path, fixedBatches(4, 3));
    const arrow = await put(join(directory, 'table.arrow'), ipc(fixedBatches(4, 3), 'file'));
    for (const file of [path, arrow]) {
      const { rows, schema } = await readVectors(file, { columns: ['visual'] });
      expect(schema.names).toEqual(['visual']);
      expect(rows).toEqual(expectedRows(file, 4, 3));
      await expect(openTable(file, { columns: ['audio'] })).rejects.toMatchObject({
        code: 'dataset',
        message: `${file} has no column 'audio'; its columns are: n, visual`,
      });
    }
  });

  test('reads what DuckDB writes: plain lists of float32 and float64 in several row groups', async () => {
    const path = join(await temporaryDirectory(), 'duck.parquet');
    const list = (type: string) =>
      `list_transform(range(6), lambda i: (((n * 7919 + i * 104729) % 2003) / 8.0 - 100)::${type})`;
    await duckdb(
      `copy (select n::int as n, ${list('float')} as visual, ${list('double')} as wide from range(5000) t(n)) to '${path}' (row_group_size 2048)`,
    );
    const expected = expectedRows(path, 5000, 6);
    expect((await readVectors(path, { batchBytes: 50_000 })).rows).toEqual(expected);
    expect((await readVectors(path, { column: 'wide', columns: ['wide'] })).rows).toEqual(expected);
  });

  test('reads tables without rows', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'empty.parquet');
    await duckdb(`copy (select 1 as n, [1.0::float] as visual where false) to '${path}'`);
    const arrow = await put(
      join(directory, 'empty.arrow'),
      ipc(
        fixedBatches(4, 3).map((batch) => batch.slice(0, 0)),
        'file',
      ),
    );
    for (const file of [path, arrow]) {
      const { rows, schema } = await readVectors(file);
      expect(rows).toEqual([]);
      expect(schema.names).toEqual(['n', 'visual']);
    }
  });

  test('reads the parts of a table of a dataset in their order, and refuses to mix two tables', async () => {
    const directory = join(await temporaryDirectory(), 'features');
    const dataset = await Dataset.open(directory, { graphId: 'g', name: 'extraction', params: {}, models: [] });
    const items = ['a', 'b', 'c'];
    const units = items.map((itemId, seed) =>
      unitTable({ itemId, counts: [2], statistics: ['mean', 'medmad'], seed: seed + 1 }),
    );
    for (const [index, unit] of units.entries()) await dataset.store.commit(keyOf(index), unit);
    await compact(directory, { partBytes: 1 });
    const table = join(directory, 'subclips=2/aggregate=mean');
    const { rows } = await readVectors(table, { columns: ['visual'] });
    expect(rows.map(({ file, row }) => [file.slice(-18), row])).toEqual(
      items.flatMap((_, part) => [0, 1].map((row) => [`part-0000${part}.parquet`, row])),
    );
    const visual = units.map(({ columns }) =>
      columns.find(({ stream, statistic }) => stream === 'visual' && statistic === 'mean'),
    );
    expect(rows.flatMap(({ vector }) => vector)).toEqual(visual.flatMap((column) => [...(column?.values ?? [])]));
    await expect(readVectors(directory)).rejects.toMatchObject({
      code: 'dataset',
      message: /visual: .*aggregate=medmad' where .*visual: .*aggregate=mean'/,
    });
  });

  test('walks hive partitions in the order of their names, and passes over hidden files', async () => {
    const directory = await temporaryDirectory();
    for (const [partition, rows] of [
      ['k=b', 2],
      ['k=a', 3],
    ] as const) {
      await mkdir(join(directory, partition));
      await writeParquet(join(directory, partition, 'part-00000.parquet'), fixedBatches(rows, 2));
    }
    await writeFile(join(directory, '_SUCCESS.parquet'), '');
    await writeFile(join(directory, '.part.parquet'), '');
    const { rows } = await readVectors(directory);
    expect(rows).toEqual([
      ...expectedRows(join(directory, 'k=a/part-00000.parquet'), 3, 2),
      ...expectedRows(join(directory, 'k=b/part-00000.parquet'), 2, 2),
    ]);
  });

  test('gives the keys of hive partitions as columns, numbers where all are, null where Hive says so', async () => {
    const directory = await temporaryDirectory();
    for (const [number, partition] of [
      'genre=Com%C3%A9die%2F%C3%BC%20a/year=1999',
      'genre=Drama/year=-7',
      'genre=__HIVE_DEFAULT_PARTITION__/year=0',
      'genre=100%/n=5',
    ].entries()) {
      await mkdir(join(directory, partition), { recursive: true });
      await writeParquet(join(directory, partition, 'part-0.parquet'), fixedBatches(number + 1, 2));
    }
    const read = async (columns?: readonly string[]) => {
      const table = await openTable(directory, columns === undefined ? {} : { columns });
      const rows: unknown[] = [];
      for await (const { batch } of table.batches()) {
        expect(batch.schema.names).toEqual(table.schema.names);
        rows.push(...batch.toArray().map((row) => JSON.parse(`${row}`)));
      }
      await table.close();
      return rows;
    };
    const keys = (genre: string | null, year: number | null, rows: number) => Array(rows).fill({ genre, year });
    const expected = [...keys('100%', null, 4), ...keys('Comédie/ü a', 1999, 1), ...keys('Drama', -7, 2)];
    expected.push(...keys(null, 0, 3));
    expect(await read(['genre', 'year'])).toEqual(expected);
    // A key that is a column of the files too is theirs.
    expect((await read(['year', 'n'])).slice(0, 4)).toEqual([0, 1, 2, 3].map((n) => ({ n, year: null })));
    expect((await read()).map((row) => Object.keys(row as object).join())).toEqual(
      Array(10).fill('n,visual,genre,year'),
    );
    await expect(openTable(directory, { columns: ['country'] })).rejects.toThrow(
      "has no column 'country'; its columns are: n, visual, genre, year",
    );
  });

  test('reads parts that have their columns in another order, and names what one lacks', async () => {
    const directory = await temporaryDirectory();
    const swapped = (batch: RecordBatch) => {
      const columns = batch.schema.fields.map((field, index) => ({ field, data: batch.data.children[index] as Data }));
      return recordBatch(columns.reverse(), batch.numRows);
    };
    await writeParquet(join(directory, 'a.parquet'), fixedBatches(3, 2));
    await writeParquet(join(directory, 'b.parquet'), fixedBatches(4, 2).map(swapped));
    await put(join(directory, 'c.arrow'), ipc(fixedBatches(2, 2).map(swapped), 'file'));
    const { rows, schema } = await readVectors(directory);
    expect(schema.names).toEqual(['n', 'visual']);
    expect(rows).toEqual(
      [3, 4, 2].flatMap((count, part) =>
        expectedRows(join(directory, ['a.parquet', 'b.parquet', 'c.arrow'][part] as string), count, 2),
      ),
    );
    const table = await openTable(directory);
    for await (const { batch } of table.batches()) expect(batch.schema.names).toEqual(['n', 'visual']);
    await table.close();

    const [batch] = fixedBatches(2, 2);
    const alone = {
      field: (batch as RecordBatch).schema.fields[0] as Field,
      data: (batch as RecordBatch).data.children[0] as Data,
    };
    await put(join(directory, 'd.arrow'), ipc([recordBatch([alone], 2)], 'file'));
    await expect(readVectors(directory)).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringMatching(/d\.arrow has no such column where .*a\.parquet has 'visual: /),
    });
  });

  test('can be read twice, by two readers at a time, and left in the middle', async () => {
    const path = join(await temporaryDirectory(), 'table.parquet');
    await writeParquet(path, fixedBatches(40, 3), 10);
    const table = await openTable(path, { batchBytes: 100 });
    for await (const { firstRow } of table.batches()) if (firstRow > 10) break;
    const count = async () => {
      let rows = 0;
      for await (const { batch } of table.batches()) rows += batch.numRows;
      return rows;
    };
    expect(await Promise.all([count(), count()])).toEqual([40, 40]);
    await table.close();
  });

  test('keeps dictionaries of an Arrow file', async () => {
    const path = join(await temporaryDirectory(), 'table.arrow');
    await put(path, tableToIPC(tableFromArrays({ name: ['a', 'b', 'a'] }), 'file'));
    const table = await openTable(path);
    const names: unknown[] = [];
    for await (const { batch } of table.batches()) names.push(...batch.toArray().map((row) => row?.name));
    await table.close();
    expect(names).toEqual(['a', 'b', 'a']);
  });

  test('says what is wrong with a path', async () => {
    const directory = await temporaryDirectory();
    await expect(openTable(join(directory, 'none'))).rejects.toMatchObject({
      code: 'dataset',
      message: /cannot be read/,
    });
    await expect(openTable(directory)).rejects.toMatchObject({ code: 'dataset', message: /has no parts/ });
    await expect(openTable('/dev/null')).rejects.toMatchObject({ code: 'dataset', message: /neither/ });
    await expect(openTable(directory, { batchBytes: 0 })).rejects.toMatchObject({ code: 'usage' });
    await expect(openTable('')).rejects.toMatchObject({ code: 'usage' });
  });
});
