import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type FileMetaData, parquetMetadata, parquetSchema } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { type CompactOptions, compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import type { UnitTable } from '../../../src/io/dataset/schema.ts';
import { keyOf, temporaryDirectory, type UnitShape, unitTable } from './fixtures.ts';

const description = {
  graphId: 'g1',
  name: 'extraction',
  params: { subclips: [2, 3] },
  models: [{ name: 'net', hash: 'ff' }],
};
const SHAPES: UnitShape[] = ['zebra', 'émile', 'alien', 'Z', '猫'].map((itemId, index) => ({
  itemId,
  counts: [2, 3],
  statistics: ['mean', 'medmad'],
  streams: index === 2 ? { visual: 6 } : { visual: 6, audio: 3, 'optical-flow': 2 },
  seed: index + 1,
}));
const COLUMNS = [
  'item_id',
  'subclip',
  'start',
  'end',
  'frames',
  'patches',
  'partial',
  'optical-flow_rows',
  'visual',
  'audio',
  'optical-flow',
];
/** By UTF-8 bytes. */
const SORTED = ['Z', 'alien', 'zebra', 'émile', '猫'];

async function datasetOf(shapes: readonly UnitShape[]): Promise<{ directory: string; units: Map<string, UnitTable> }> {
  const directory = join(await temporaryDirectory(), 'features');
  const dataset = await Dataset.open(directory, description);
  const units = new Map<string, UnitTable>();
  for (const [index, shape] of shapes.entries()) {
    units.set(shape.itemId, unitTable(shape));
    await dataset.store.commit(keyOf(index), unitTable(shape));
  }
  return { directory, units };
}

async function filesOf(directory: string): Promise<Record<string, string>> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  // The index grows in the order of the work; it is derived from the units. A dataset that is open
  // has a mark of its own.
  const files = names
    .filter((entry) => entry.isFile() && entry.name !== '_index.txt' && !entry.name.endsWith('~open'))
    .map((entry) => join(entry.parentPath, entry.name));
  const hashes = await Promise.all(
    files.map(async (path) => [
      path.slice(directory.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]),
  );
  return Object.fromEntries(hashes.sort());
}

/** Rows by DuckDB, which has the decompressor; the footer by hyparquet. */
async function parquet(path: string): Promise<{ rows: Record<string, unknown>[]; footer: FileMetaData }> {
  const bytes = await readFile(path);
  const footer = parquetMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  );
  const connection = await (await DuckDBInstance.create()).connect();
  const read = await connection.runAndReadAll(`from read_parquet('${path}', hive_partitioning = false)`);
  const rows = read.getRowObjectsJS().map((row) => ({ ...row }));
  connection.closeSync();
  return { rows, footer };
}

function expectRows(
  rows: readonly Record<string, unknown>[],
  units: Map<string, UnitTable>,
  count: number,
  aggregate: string,
): void {
  expect(rows.map((row) => row.item_id)).toEqual(SORTED.flatMap((itemId) => Array(count).fill(itemId)));
  for (const [index, row] of rows.entries()) {
    const unit = units.get(row.item_id as string) as UnitTable;
    const at = unit.subclips.indexOf(count) + (index % count);
    expect(row).toMatchObject({ subclip: index % count, start: unit.start[at], end: unit.end[at] });
    expect([row.frames, row.patches]).toEqual([unit.frames[at], unit.patches[at]]);
    for (const stream of ['visual', 'audio', 'optical-flow']) {
      const column = unit.columns.find((each) => each.stream === stream && each.statistic === aggregate);
      const expected = column && [...column.values.subarray(at * column.dimension, (at + 1) * column.dimension)];
      expect(row[stream] ?? undefined).toEqual(expected);
    }
  }
}

describe('compact', () => {
  test('writes hive-partitioned tables equal to the units bit for bit', async () => {
    const { directory, units } = await datasetOf(SHAPES);
    const tables = await compact(directory);
    expect(tables.map(({ path, rows, items, parts }) => [path, rows, items, parts])).toEqual([
      ['subclips=2/aggregate=mean', 10, 5, 1],
      ['subclips=2/aggregate=medmad', 10, 5, 1],
      ['subclips=3/aggregate=mean', 15, 5, 1],
      ['subclips=3/aggregate=medmad', 15, 5, 1],
    ]);
    for (const { path, subclips, aggregate } of tables) {
      const { rows, footer } = await parquet(join(directory, path, 'part-00000.parquet'));
      expectRows(rows, units, Number(subclips), aggregate);
      expect(parquetSchema(footer).children.map(({ element }) => element.name)).toEqual(COLUMNS);
      const entry = footer.key_value_metadata?.find(({ key }) => key === 'reelflow');
      expect(JSON.parse(entry?.value ?? '')).toMatchObject({ graphId: 'g1', aggregate, models: description.models });
    }
  });

  test('writes what DuckDB reads as one table over all partitions', async () => {
    const { directory, units } = await datasetOf(SHAPES);
    await compact(directory);
    const connection = await (await DuckDBInstance.create()).connect();
    const from = `read_parquet('${directory}/subclips=*/aggregate=*/*.parquet', hive_partitioning = true, union_by_name = true)`;
    const described = await connection.runAndReadAll(`describe select visual, audio, subclips, aggregate from ${from}`);
    expect(described.getRowObjects().map(({ column_type }) => column_type)).toEqual([
      'FLOAT[]',
      'FLOAT[]',
      'BIGINT',
      'VARCHAR',
    ]);
    const read = await connection.runAndReadAll(
      `select * exclude (subclips, aggregate) from ${from} where subclips = 3 and aggregate = 'medmad' order by encode(item_id), subclip`,
    );
    const plain = read.getRowObjectsJS().map((row) => ({ ...row }));
    expectRows(plain, units, 3, 'medmad');
    const nulls = await connection.runAndReadAll(`select count(*)::int as n from ${from} where audio is null`);
    expect(nulls.getRowObjects()).toEqual([{ n: 10 }]);
    connection.closeSync();
  });

  test('writes the same bytes whatever the order of commits, and on every run', async () => {
    const first = await datasetOf(SHAPES);
    await compact(first.directory);
    const files = await filesOf(first.directory);
    await compact(first.directory);
    expect(await filesOf(first.directory)).toEqual(files);

    const second = join(await temporaryDirectory(), 'features');
    const dataset = await Dataset.open(second, description);
    for (const [index, shape] of [...SHAPES.entries()].reverse())
      await dataset.store.commit(keyOf(index), unitTable(shape));
    await compact(second);
    expect(await filesOf(second)).toEqual(files);
  });

  test('cuts parts and row groups at their sizes, and no item in two', async () => {
    const { directory, units } = await datasetOf(
      SHAPES.map((shape) => ({ ...shape, statistics: ['mean'], counts: [3] })),
    );
    const options: CompactOptions = { partBytes: 400, rowGroupBytes: 208 };
    const [table] = await compact(directory, options);
    expect(table?.parts).toBe(3);
    const folder = join(directory, table?.path ?? '');
    const parts = await Promise.all((await readdir(folder)).sort().map((name) => parquet(join(folder, name))));
    expectRows(
      parts.flatMap(({ rows }) => rows),
      units,
      3,
      'mean',
    );
    expect(parts.map(({ rows }) => rows.length)).toEqual([6, 6, 3]);
    expect(parts[0]?.footer.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([2, 2, 2]);
  });

  test('replaces old parts and tables, and leaves other files alone', async () => {
    const { directory } = await datasetOf(SHAPES);
    await compact(directory, { partBytes: 1 });
    expect(await readdir(join(directory, 'subclips=2/aggregate=mean'))).toHaveLength(5);
    const stale = join(directory, 'subclips=99/aggregate=mean');
    await mkdir(stale, { recursive: true });
    await writeFile(join(stale, 'part-00000.parquet'), 'old');
    await writeFile(join(directory, 'subclips=2/aggregate=mean/notes.txt'), 'mine');
    await compact(directory);
    expect(existsSync(join(directory, 'subclips=99'))).toBe(false);
    expect((await readdir(join(directory, 'subclips=2/aggregate=mean'))).sort()).toEqual([
      'notes.txt',
      'part-00000.parquet',
    ]);
  });

  test('lists counts and tables in _dataset.json', async () => {
    const { directory } = await datasetOf(SHAPES);
    await compact(directory);
    const { counts, tables, graphId } = readDatasetFile(directory);
    expect(graphId).toBe('g1');
    expect(counts).toEqual({
      videos: 5,
      frames: 60,
      patches: 24,
      videoSeconds: 50,
      partial: 0,
      dead: 0,
      without: { audio: 1, 'optical-flow': 1, visual: 0 },
    });
    expect(tables[1]).toMatchObject({
      subclips: 2,
      aggregate: 'medmad',
      columns: [
        { name: 'visual', dimension: 12 },
        { name: 'audio', dimension: 6 },
        { name: 'optical-flow', dimension: 4 },
      ],
    });
  });

  test('takes the unit that was committed last where the file of an item has changed, and counts the item once', async () => {
    const { directory } = await datasetOf([...SHAPES, { ...SHAPES[0], itemId: 'zebra', seed: 99 } as UnitShape]);
    const tables = await compact(directory);
    expect(tables[0]?.items).toBe(5);
    expect(readDatasetFile(directory).counts.videos).toBe(5);
    const { store } = await Dataset.open(directory, description);
    const visual = async () => {
      const { rows } = await parquet(join(directory, 'subclips=2/aggregate=mean/part-00000.parquet'));
      return rows.find((row) => row.item_id === 'zebra')?.visual;
    };
    const written = async (index: number) => [
      ...((await store.read(keyOf(index))).columns[0]?.values.subarray(0, 6) ?? []),
    ];
    expect(await visual()).toEqual(await written(5));

    // The file has become again what it was.
    await store.makeCurrent('zebra', keyOf(0));
    await compact(directory);
    expect(await visual()).toEqual(await written(0));
    expect(readDatasetFile(directory).counts.videos).toBe(5);
  });

  test('of a damaged unit fails, naming it, and leaves the old tables as they were', async () => {
    const { directory } = await datasetOf(SHAPES);
    await compact(directory);
    const before = await filesOf(directory);
    const dataset = await Dataset.open(directory, description);
    const path = dataset.store.unitPath(keyOf(3));
    const bytes = await readFile(path);
    bytes[200] = (bytes[200] as number) ^ 1;
    await writeFile(path, bytes);
    await expect(compact(directory)).rejects.toThrow(path);
    const after = await filesOf(directory);
    const name = path.slice(directory.length + 1);
    const { [`${name}.damaged`]: aside, ...others } = after;
    expect(aside).toBeDefined();
    expect({ ...others, [name]: before[name] }).toEqual(before);
  });

  test('of a dataset without units writes no table', async () => {
    const { directory } = await datasetOf([]);
    expect(await compact(directory)).toEqual([]);
    await expect(compact(await temporaryDirectory())).rejects.toMatchObject({ code: 'dataset' });
  });
});
