import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importFeatures } from '../../../src/graphs/import/import-features.ts';
import type { FeatureInput, ImportOptions, ImportSummary } from '../../../src/graphs/import/import-options.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';

/** Vectors of items by stream: undefined where an item has none. */
export type StoreContent = Record<string, Record<string, readonly number[] | undefined>>;

/** A file in a directory of its own, removed when the test is over. */
export async function fileWith(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), name);
  await writeFile(path, content);
  return path;
}

/** All that a store has. */
export async function contentOf(path: string): Promise<StoreContent> {
  const store = await ItemStore.open(path);
  try {
    const content: StoreContent = {};
    for (const itemId of store.itemIds) {
      const { vectors } = await store.read(itemId);
      content[itemId] = Object.fromEntries(
        Object.entries(vectors).map(([name, values]) => [name, values && [...values]]),
      );
    }
    return content;
  } finally {
    await store.close();
  }
}

/**
 * Imports, as the values are unless an option says otherwise, and gives the summary and all that
 * the store has.
 */
export async function imported(
  files: readonly (string | FeatureInput)[],
  options: ImportOptions = {},
): Promise<{ summary: ImportSummary; content: StoreContent; out: string }> {
  const out = join(await temporaryDirectory(), 'items.arrow');
  const summary = await importFeatures(files, out, { standardise: 'none', ...options });
  return { summary, content: await contentOf(out), out };
}
