import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory, temporaryPath } from '../../core/atomic-file.ts';
import { numberColumn, recordBatch, textColumn } from '../../io/dataset/batch-columns.ts';
import { ParquetWriter } from '../../io/dataset/parquet.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import type { FeatureAnalysis } from './analyse-features.ts';
import type { StreamAnalysis } from './analyse-stream.ts';
import type { FeatureRows } from './feature-rows.ts';

/** Rows that are turned into columns at a time. */
const BLOCK_ROWS = 65_536;

/**
 * Writes the layout of each stream as a Parquet file in the directory, `visual.parquet`: a row for
 * each subclip of each item, with columns `x`, `y`, `item`, `title`, `subclip` (from 0, as in the
 * dataset's tables), `genre` (the first), `genres` and `text`, a text that combines them. Returns
 * the paths.
 *
 * DuckDB reads the files directly (tested); embedding-atlas takes the names of the columns:
 * `embedding-atlas visual.parquet --x x --y y --text text`.
 *
 * @throws UsageError `disk-full`, or when the directory cannot be made.
 * @example
 * const [visual] = await writePoints(await analyseFeatures('reduced/'), 'points/');
 */
export async function writePoints(analysis: FeatureAnalysis, directory: string): Promise<string[]> {
  await makeDirectory(directory);
  const paths: string[] = [];
  for (const stream of analysis.streams) {
    const rows = analysis.of.get(stream.stream);
    if (rows === undefined) continue;
    const path = join(directory, `${stream.stream}.parquet`);
    await writeStream(path, stream, rows, analysis);
    paths.push(path);
  }
  return paths;
}

async function writeStream(
  path: string,
  stream: StreamAnalysis,
  rows: FeatureRows,
  analysis: FeatureAnalysis,
): Promise<void> {
  const directory = join(path, '..');
  const temporary = temporaryPath(directory);
  const writer = await ParquetWriter.create(temporary, {
    rowGroupRows: BLOCK_ROWS,
    metadata: JSON.stringify({ of: analysis.name, stream: stream.stream, random: stream.random }),
    createdBy: softwareVersion(),
    scalarColumns: ['x', 'y', 'item', 'title', 'subclip', 'genre', 'genres', 'text'],
  });
  try {
    for (let start = 0; start < stream.rows; start += BLOCK_ROWS) {
      await writer.write(blockOf(stream, rows, analysis.items, start, Math.min(start + BLOCK_ROWS, stream.rows)));
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error);
    throw error;
  }
  await rename(temporary, path);
  await syncDirectory(directory);
}

function blockOf(
  { plane }: StreamAnalysis,
  { items, itemIds, subclips }: FeatureRows,
  labels: FeatureAnalysis['items'],
  start: number,
  end: number,
) {
  const rows = Array.from({ length: end - start }, (_, at) => {
    const item = itemIds[items[start + at] as number] as string;
    const { title = item, genres = [] } = labels.get(item) ?? {};
    return { item, title, genres, subclip: subclips[start + at] as number };
  });
  const texts = (name: string, textOf: (row: (typeof rows)[number]) => string) =>
    textColumn(
      name,
      rows.map((row) => ({ text: textOf(row), count: 1 })),
    );
  const axis = (number: 0 | 1) => Float64Array.from(rows, (_, at) => plane.values[2 * (start + at) + number] as number);
  return recordBatch(
    [
      numberColumn('x', axis(0)),
      numberColumn('y', axis(1)),
      texts('item', ({ item }) => item),
      texts('title', ({ title }) => title),
      numberColumn(
        'subclip',
        Int32Array.from(rows, ({ subclip }) => subclip),
      ),
      texts('genre', ({ genres }) => genres[0] ?? ''),
      texts('genres', ({ genres }) => genres.join(', ')),
      texts('text', ({ title, subclip, genres }) =>
        [`${title}, subclip ${subclip}`, ...(genres.length > 0 ? [genres.join(', ')] : [])].join(': '),
      ),
    ],
    rows.length,
  );
}
