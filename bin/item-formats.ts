import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { csvField } from '../src/core/csv-field.ts';
import { temporaryFolder } from '../src/core/temporary-folder.ts';
import type { ItemFacts } from '../src/io/dataset/item-facts.ts';
import { ITEM_COLUMNS, itemBatches, itemRow } from '../src/io/dataset/items-file.ts';
import { ParquetWriter } from '../src/io/dataset/parquet.ts';
import { softwareVersion } from '../src/io/dataset/software.ts';

const ROW_GROUP_ROWS = 65_536;
const CHUNK_BYTES = 1 << 20;

/** Collects all items, since any of them may have a column that the others lack. */
async function gathered(items: AsyncIterable<ItemFacts>): Promise<{ items: ItemFacts[]; more: string[] }> {
  const all: ItemFacts[] = [];
  const more = new Set<string>();
  for await (const item of items) {
    all.push(item);
    for (const name of Object.keys(item.more ?? {})) more.add(name);
  }
  return { items: all, more: [...more] };
}

/** Items as CSV with a header; unknown values are empty. */
export async function* csvLines(items: AsyncIterable<ItemFacts>): AsyncGenerator<string> {
  const { items: all, more } = await gathered(items);
  const names = [...ITEM_COLUMNS, ...more];
  yield `${names.map(csvField).join(',')}\n`;
  for (const item of all) {
    const row = itemRow(item);
    yield `${names.map((name) => csvField(String(row[name] ?? ''))).join(',')}\n`;
  }
}

/** Items as JSON, one object per line; unknown values are left out. */
export async function* jsonLines(items: AsyncIterable<ItemFacts>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(itemRow(item))}\n`;
}

/** Items as a Parquet file. */
export async function* parquetBytes(items: AsyncIterable<ItemFacts>): AsyncGenerator<Uint8Array> {
  const { items: all, more } = await gathered(items);
  const folder = await temporaryFolder('reelflow-items~');
  try {
    const path = join(folder.path, 'items.parquet');
    const writer = await ParquetWriter.create(path, {
      rowGroupRows: ROW_GROUP_ROWS,
      metadata: JSON.stringify({ table: 'items' }),
      createdBy: softwareVersion(),
      scalarColumns: [...ITEM_COLUMNS, ...more],
    });
    async function* each() {
      yield* all;
    }
    for await (const batch of itemBatches(each(), more)) await writer.write(batch);
    await writer.close();
    const file = await open(path);
    try {
      for await (const chunk of file.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })) yield chunk;
    } finally {
      await file.close();
    }
  } finally {
    await folder.remove();
  }
}
