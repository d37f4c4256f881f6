import { join } from 'node:path';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { ParquetWriter } from '../../../src/io/dataset/parquet.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';
import { duckdb, expectedRows, fixedBatches, readVectors } from './tables.ts';

const MODELS = [
  { stream: 'visual', name: 'alexnet', cardHash: 'c1', weightsHash: 'w1', random: true, card: { dimension: 6 } },
  { stream: 'audio', name: 'vggish', cardHash: 'c2', weightsHash: 'w2', random: false, card: { dimension: 3 } },
  { name: 'of every stream', cardHash: 'c3' },
];
const PART = 'subclips=2/aggregate=medmad/part-00000.parquet';

async function dataset(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'features');
  const params = { subclips: [2] };
  const { store } = await Dataset.open(directory, {
    graphId: 'g1',
    name: 'extraction',
    version: 1,
    params,
    models: MODELS,
  });
  for (const [index, itemId] of ['a', 'b', 'c'].entries()) {
    const streams = index === 1 ? { visual: 6 } : { visual: 6, audio: 3 };
    await store.commit(
      keyOf(index),
      unitTable({ itemId, streams, counts: [2], statistics: ['mean', 'medmad'], seed: index + 1 }),
    );
  }
  return directory;
}

const footerOf = async (path: string): Promise<FileMetaData> => parquetMetadataAsync(await asyncBufferFromFile(path));

function encodings(footer: FileMetaData): Map<string, string[]> {
  const columns = footer.row_groups[0]?.columns ?? [];
  return new Map(
    columns.map(({ meta_data }) => [meta_data?.path_in_schema[0] ?? '', [...(meta_data?.encodings ?? [])].map(String)]),
  );
}

describe('the encodings of Parquet tables', () => {
  test('byte-stream-split stores vectors so, other columns not, and DuckDB and we read the same values', async () => {
    const directory = await dataset();
    const path = join(directory, PART);
    await compact(directory);
    const plain = encodings(await footerOf(path));
    const byDuck = await duckdb(`from read_parquet('${path}')`);
    const byUs = await readVectors(path);
    expect(plain.get('visual')).not.toContain('BYTE_STREAM_SPLIT');

    const [table] = await compact(directory, { encoding: 'byte-stream-split' });
    expect(table?.encoding).toBe('byte-stream-split');
    expect(readDatasetFile(directory).tables.map(({ encoding }) => encoding)).toEqual([
      'byte-stream-split',
      'byte-stream-split',
    ]);
    const split = encodings(await footerOf(path));
    expect(split.get('visual')).toContain('BYTE_STREAM_SPLIT');
    expect(split.get('audio')).toContain('BYTE_STREAM_SPLIT');
    for (const name of ['item_id', 'subclip', 'start', 'end', 'frames', 'patches', 'partial']) {
      expect(split.get(name), name).toEqual(plain.get(name));
    }
    expect(await duckdb(`from read_parquet('${path}')`)).toEqual(byDuck);
    expect((await readVectors(path)).rows).toEqual(byUs.rows);
  });

  test('refuses an encoding that there is not', async () => {
    const directory = await dataset();
    await expect(compact(directory, { encoding: 'delta' as never })).rejects.toMatchObject({
      code: 'usage',
      message: "`encoding` must be one of 'plain', 'byte-stream-split', but is 'delta'",
    });
  });

  test('row groups have the size that was asked for, and a whole table is one where it fits', async () => {
    const path = join(await temporaryDirectory(), 'table.parquet');
    const batches = fixedBatches(1000, 8, 10);
    const writer = await ParquetWriter.create(path, {
      rowGroupRows: 256,
      metadata: '{}',
      createdBy: 'a test',
      scalarColumns: ['n'],
    });
    for (const batch of batches) await writer.write(batch);
    await writer.close();
    const footer = await footerOf(path);
    expect(footer.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([256, 256, 256, 232]);
    expect((await readVectors(path)).rows).toEqual(expectedRows(path, 1000, 8));
  });
});

describe('the compression of Parquet tables', () => {
  test.each(['zstd', 'snappy', 'gzip', 'none'] as const)(
    'can be %s: DuckDB and we read the same values',
    async (compression) => {
      const directory = await dataset();
      const path = join(directory, PART);
      await compact(directory);
      const byDuck = await duckdb(`from read_parquet('${path}')`);
      const byUs = await readVectors(path);
      const [table] = await compact(directory, { compression });
      expect(table?.compression).toBe(compression);
      const codecs = (await footerOf(path)).row_groups.flatMap(({ columns }) =>
        columns.map(({ meta_data }) => meta_data?.codec),
      );
      expect(new Set(codecs)).toEqual(new Set([compression === 'none' ? 'UNCOMPRESSED' : compression.toUpperCase()]));
      // parquetjs-lite knows neither ZSTD nor dictionaries.
      const used = [...encodings(await footerOf(path)).values()].flat();
      expect(used.some((name) => name.includes('DICTIONARY'))).toBe(compression === 'zstd');
      expect(await duckdb(`from read_parquet('${path}')`)).toEqual(byDuck);
      expect((await readVectors(path)).rows).toEqual(byUs.rows);
    },
  );

  test('is refused when there is no such', async () => {
    await expect(compact(await dataset(), { compression: 'lzma' as never })).rejects.toMatchObject({
      code: 'usage',
      message: "`compression` must be one of 'zstd', 'snappy', 'gzip', 'none', but is 'lzma'",
    });
  });
});

describe('a Parquet file found alone', () => {
  test('tells the graph, its parameters and the networks with their cards and hashes to DuckDB and hyparquet', async () => {
    const directory = await dataset();
    await compact(directory);
    const path = join(directory, PART);
    const [row] = await duckdb(
      `select decode(value) as text from parquet_kv_metadata('${path}') where decode(key) = 'reelflow'`,
    );
    const entry = (await footerOf(path)).key_value_metadata?.find(({ key }) => key === 'reelflow');
    expect(entry?.value).toBe(row?.text);
    expect(JSON.parse(String(row?.text))).toEqual({
      graphId: 'g1',
      name: 'extraction',
      version: 1,
      subclips: 2,
      aggregate: 'medmad',
      encoding: 'plain',
      models: MODELS,
      params: { subclips: [2] },
    });
  });

  test('tells of every vector column the networks that made it, in its Arrow schema', async () => {
    const directory = await dataset();
    await compact(directory);
    const table = await openTable(join(directory, PART));
    const facts = new Map(table.schema.fields.map(({ name, metadata }) => [name, Object.fromEntries(metadata)]));
    await table.close();
    expect(table.metadata.get('reelflow')).toContain('"graphId":"g1"');
    expect(facts.get('item_id')).toEqual({});
    expect(facts.get('visual')).toEqual({
      graph: 'g1',
      stream: 'visual',
      aggregate: 'medmad',
      subclips: '2',
      dimension: '12',
      models: JSON.stringify([
        { stream: 'visual', name: 'alexnet', cardHash: 'c1', weightsHash: 'w1', random: true },
        { name: 'of every stream', cardHash: 'c3' },
      ]),
    });
    expect(JSON.parse(facts.get('audio')?.models ?? '')[0]).toMatchObject({ name: 'vggish', random: false });
  });
});
