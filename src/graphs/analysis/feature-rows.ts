import { existsSync, statSync } from 'node:fs';
import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { isObjectAddress } from '../../core/object-address.ts';
import { contentFingerprint } from '../../io/dataset/content-fingerprint.ts';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { copyFeatures } from '../../io/dataset/far-features.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf, randomStreams } from '../../io/dataset/random-streams.ts';
import type { UnitColumn } from '../../io/dataset/schema.ts';
import { trainingStorePath } from '../../io/dataset/training-store-path.ts';
import { type DatasetPlace, openDatasetPlace } from '../../io/objects/at-dataset.ts';
import type { Points } from '../../models/analysis/points.ts';
import { openSource, readCut, type SourceDataset } from '../reduction/source-dataset.ts';
import type { TableChoice } from '../table-choice.ts';

/** All vectors of one stream, in memory. */
export interface FeatureRows {
  readonly stream: string;
  /** float32: one row for each subclip of each item that has the stream. */
  readonly points: Points;
  readonly itemIds: readonly string[];
  /** int32[rows]: which item each row belongs to, as an index into `itemIds`. */
  readonly items: Int32Array;
  /** int32[rows]: the number of each row's subclip, from 0. */
  readonly subclips: Int32Array;
  /** Rows for which the stream has no vector. */
  readonly without: number;
}

/** One item's vectors of a stream. */
export interface ItemRows {
  readonly itemId: string;
  /** One for each subclip; undefined where the stream has none. */
  readonly vectors: readonly (Float32Array | undefined)[];
}

/** Features that can be read stream by stream. */
export interface FeatureTable {
  readonly path: string;
  /**
   * Directory of the dataset, or the working copy of one in an object store; a training store has
   * none.
   */
  readonly directory: string | undefined;
  /** Rewords an error about that directory for the caller who named the path. */
  speaking(error: unknown): unknown;
  readonly streams: readonly { readonly name: string; readonly dimension: number }[];
  readonly statistic: string | undefined;
  /** Streams made by a network with random weights. */
  readonly random: readonly string[];
  /**
   * How many items there are, and a hash of their ids and of what their vectors were computed from.
   */
  identity(): Promise<{ readonly items: number; readonly contents: string }>;
  /** Reads a whole stream into memory. */
  read(stream: string): Promise<FeatureRows>;
  /** Reads a stream item by item in bounded memory, or one item only if it is named. */
  items(stream: string, only?: string): AsyncGenerator<ItemRows>;
  close(): Promise<void>;
}

/**
 * Opens the features of a dataset (for one number of subclips and one statistic), or of a
 * training store.
 *
 * @throws UsageError `dataset` when it is neither, or when the choice is missing or does not exist.
 */
export async function openFeatureTable(path: string, choice: TableChoice = {}): Promise<FeatureTable> {
  if (isObjectAddress(path)) {
    return path.endsWith('.arrow') ? farStoreTable(path) : farTable(path, await openDatasetPlace(path), choice);
  }
  const isDataset = existsSync(datasetFilePath(path));
  const store = isDataset ? path : trainingStorePath(path);
  const isFile = statSync(store, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? storeTable(await ItemStore.open(store)) : datasetTable(path, await openSource(path, choice));
}

/** Opens a dataset in an object store, whose units are read in place. */
async function farTable(
  path: string,
  place: DatasetPlace,
  choice: Parameters<typeof openSource>[1],
): Promise<FeatureTable> {
  try {
    return {
      ...datasetTable(path, await openSource(place.directory, choice)),
      directory: place.directory,
      speaking: place.speaking,
      close: () => place.close(),
    };
  } catch (error) {
    await place.close();
    throw place.speaking(error);
  }
}

/** Opens a training store in an object store. It is read in random order, so it is copied first. */
async function farStoreTable(path: string): Promise<FeatureTable> {
  const copy = await copyFeatures(path);
  try {
    const table = storeTable(await ItemStore.open(copy.path));
    return {
      ...{ ...table, path: copy.named, speaking: copy.speaking },
      close: () =>
        closeAll(
          () => table.close(),
          () => copy.remove(),
        ),
    };
  } catch (error) {
    await copy.remove();
    throw copy.speaking(error);
  }
}

function datasetTable(path: string, source: SourceDataset): FeatureTable {
  const streams = source.table.columns.map(({ stream, dimension }) => ({ name: stream, dimension }));
  async function* items(stream: string, only?: string): AsyncGenerator<ItemRows> {
    dimensionOf(streams, stream, path);
    for (const { key, facts } of source.units) {
      if (only !== undefined && facts.itemId !== only) continue;
      const cut = await readCut(source, key);
      if (cut === undefined) continue;
      const column = cut.columns.find((each) => each.stream === stream);
      const vectors = Array.from({ length: cut.rows }, (_, subclip) =>
        column?.valid[subclip] === 1 ? vectorAt(column, subclip) : undefined,
      );
      yield { itemId: cut.unit.itemId, vectors };
    }
  }
  return {
    ...{ path, directory: path, speaking: (error) => error },
    streams,
    statistic: source.table.statistic,
    random: randomStreams(
      source.file.models,
      streams.map(({ name }) => name),
    ),
    identity: async () => {
      const { file, units } = source;
      return { items: units.length, contents: sha256(file.graphId, ...units.map(({ key }) => key)) };
    },
    read: (stream) => collected(stream, dimensionOf(streams, stream, path), items(stream)),
    items,
    close: async () => {},
  };
}

function storeTable(store: ItemStore): FeatureTable {
  const { streams, subclips } = store.shape;
  async function* items(stream: string, only?: string): AsyncGenerator<ItemRows> {
    const dimension = dimensionOf(streams, stream, store.path);
    const ids = only === undefined ? store.itemIds : store.itemIds.filter((id) => id === only);
    for (const itemId of ids) {
      const values = (await store.read(itemId)).vectors[stream];
      const vectors = Array.from({ length: subclips }, (_, subclip) =>
        values?.subarray(subclip * dimension, (subclip + 1) * dimension),
      );
      yield { itemId, vectors };
    }
  }
  return {
    ...{ path: store.path, directory: undefined, speaking: (error) => error },
    streams,
    statistic: store.metadata.aggregate,
    random: randomStreams(
      networksOf(store.metadata),
      streams.map(({ name }) => name),
    ),
    identity: async () => ({ items: store.itemIds.length, contents: await contentFingerprint(store.path) }),
    read: (stream) => collected(stream, dimensionOf(streams, stream, store.path), items(stream)),
    items,
    close: () => store.close(),
  };
}

async function collected(stream: string, dimension: number, items: AsyncIterable<ItemRows>): Promise<FeatureRows> {
  const rows = new RowCollector(stream, dimension);
  for await (const { itemId, vectors } of items) {
    for (const [subclip, vector] of vectors.entries()) {
      if (vector === undefined) rows.without++;
      else rows.add(itemId, subclip, vector);
    }
  }
  return rows.finish();
}

function vectorAt({ values, dimension }: UnitColumn, row: number): Float32Array {
  return values.subarray(row * dimension, (row + 1) * dimension);
}

export function dimensionOf(streams: FeatureTable['streams'], stream: string, path: string): number {
  const found = streams.find(({ name }) => name === stream);
  if (found !== undefined) return found.dimension;
  throw new UsageError(`${path} has no stream '${stream}'; it has: ${streams.map(({ name }) => name).join(', ')}`, {
    code: 'dataset',
  });
}

/** Rows that arrive one by one, in memory that grows by doubling. */
class RowCollector {
  without = 0;
  readonly #stream: string;
  readonly #dimension: number;
  readonly #itemIds: string[] = [];
  readonly #items: number[] = [];
  readonly #subclips: number[] = [];
  #values: Float32Array;

  constructor(stream: string, dimension: number) {
    this.#stream = stream;
    this.#dimension = dimension;
    this.#values = new Float32Array(1024 * dimension);
  }

  /** Adds a row; those of an item come one after another. */
  add(itemId: string, subclip: number, vector: Float32Array): void {
    const at = this.#items.length * this.#dimension;
    if (at + this.#dimension > this.#values.length) {
      const doubled = new Float32Array(2 * this.#values.length);
      doubled.set(this.#values);
      this.#values = doubled;
    }
    this.#values.set(vector, at);
    if (this.#itemIds.at(-1) !== itemId) this.#itemIds.push(itemId);
    this.#items.push(this.#itemIds.length - 1);
    this.#subclips.push(subclip);
  }

  finish(): FeatureRows {
    const count = this.#items.length;
    return {
      stream: this.#stream,
      points: { values: this.#values.slice(0, count * this.#dimension), count, dimension: this.#dimension },
      itemIds: this.#itemIds,
      items: Int32Array.from(this.#items),
      subclips: Int32Array.from(this.#subclips),
      without: this.without,
    };
  }
}
