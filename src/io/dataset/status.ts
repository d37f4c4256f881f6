import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { atDataset, openDatasetPlace } from '../objects/at-dataset.ts';
import { CommitStore } from './commit-store.ts';
import { areTablesOutOfDate, readDatasetFile } from './dataset-file.ts';
import { ITEM_STATES, type ItemFacts, type ItemState } from './item-facts.ts';
import { itemsNow } from './items-now.ts';

/** A Parquet table of a dataset, and how old it is. */
export interface TableStatus {
  readonly path: string;
  readonly items: number;
  readonly rows: number;
  /** When it was written, ISO 8601; undefined if its files do not exist. */
  readonly written: string | undefined;
}

/** What is in a dataset. */
export interface DatasetStatus {
  readonly name: string;
  readonly graphId: string;
  /** Number of items by state. */
  readonly items: Readonly<Record<ItemState, number>>;
  /** Number of dead and superseded items by reason. */
  readonly codes: Readonly<Record<string, number>>;
  /** Total length of the committed items in seconds. */
  readonly seconds: number;
  readonly tables: readonly TableStatus[];
  /** Whether the tables have exactly the units that are current. */
  readonly tablesAreCurrent: boolean;
  /** When the state of an item was last changed, ISO 8601. */
  readonly changed: string | undefined;
  /** The software versions that last changed the items, and how many items each. */
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * Every item of a dataset in its current state, sorted by id: where its file is, its content hash,
 * its unit, its state, and what is known about its media. Writes nothing.
 *
 * @throws UsageError `dataset` when the directory is not a dataset; DatasetError when one of its
 * units is damaged.
 *
 * @example
 * for await (const { id, path, state } of datasetItems('features/')) console.log(id, path, state);
 */
export async function* datasetItems(directory: string): AsyncGenerator<ItemFacts> {
  const place = await openDatasetPlace(directory);
  try {
    readDatasetFile(place.directory);
    yield* itemsNow(await CommitStore.open(place.directory, { create: false }), 'throw');
  } catch (error) {
    throw place.speaking(error);
  } finally {
    await place.close();
  }
}

/**
 * What is in a dataset: items by state, how old the tables are, and which versions made it.
 * Writes nothing.
 *
 * @throws what `datasetItems` throws.
 *
 * @example
 * const { items } = await datasetStatus('features/');
 * console.log(`${items.waiting} left`);
 */
export function datasetStatus(directory: string): Promise<DatasetStatus> {
  return atDataset(directory, statusOf);
}

async function statusOf(directory: string): Promise<DatasetStatus> {
  const { name, graphId, tables, software } = readDatasetFile(directory);
  const states = Object.fromEntries(ITEM_STATES.map((state) => [state, 0])) as Record<ItemState, number>;
  const codes: Record<string, number> = {};
  const versions: Record<string, number> = {};
  let seconds = 0;
  let last: string | undefined;
  for await (const { state, code, version = software, when, duration = 0 } of datasetItems(directory)) {
    states[state] += 1;
    const failed = state === 'dead' || state === 'superseded';
    if (failed && code !== undefined) codes[code] = (codes[code] ?? 0) + 1;
    if (state === 'committed' || state === 'partial') seconds += duration;
    versions[version] = (versions[version] ?? 0) + 1;
    if (when !== undefined && (last === undefined || when > last)) last = when;
  }
  return {
    name,
    graphId,
    items: states,
    codes,
    seconds,
    tables: tables.map(({ path, items, rows }) => ({ path, items, rows, written: writtenAt(join(directory, path)) })),
    tablesAreCurrent: !areTablesOutOfDate(directory),
    changed: last,
    versions,
  };
}

function writtenAt(table: string): string | undefined {
  if (statSync(table, { throwIfNoEntry: false }) === undefined) return undefined;
  const times = readdirSync(table)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => statSync(join(table, name)).mtimeMs);
  return times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString();
}
